//! The tray: what editors have dropped, as the press sees it, and the word that they get about each file.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use super::check::{self, Checked};
use super::proof::{self, Circumstances};
use super::schedule::{self, Calendar};
use super::telling::Told;
use super::{approval, correction, feeds, links};
use crate::app::{AppError, Newsroom};
use crate::config::Config;
use crate::dateline::IssueId;
use crate::diagnostic::{Diagnostic, has_errors};
use crate::edition;
use crate::intake::problems;
use crate::intake::watch::Still;
use crate::issue::Issue;
use crate::manuscript::front_matter::Status;
use crate::schedule::calendar::Due;

/// How long the word to the editors waits for other people's servers. What comes later is told later.
const BRIEFLY: Duration = Duration::from_millis(1200);

/// What the findings that are about no issue are called in letters.
const FOLDER: &str = "the folder";

/// What waits in the folder.
#[derive(Debug, Clone, Default)]
pub struct Tray {
    /// When each issue is due, and which run has none.
    pub calendar: Calendar,
    /// How the files of the issues stand that are not out.
    pub states: BTreeMap<IssueId, State>,
    /// Whether somebody could not be told something: another look is wanted soon.
    pub is_untold: bool,
    /// Whether links are still to be tried.
    pub has_open_links: bool,
}

/// How a file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Something must be mended.
    Faulty,
    /// The editor has not released it.
    Draft,
    /// Somebody is writing it just now.
    Moving,
    /// Clean and released; the latest proof, of this edition, is what goes out.
    Ready(String),
}

/// Looks through the folder: every fault is told beside its file and by mail, every clean issue that is released is shown
/// to the editors, and what has changed in an issue that is out corrects its page. What was told is not told again.
pub async fn look(newsroom: &Newsroom, still: &Still) -> Result<Tray, AppError> {
    let has_open_links = ask_around(newsroom, BRIEFLY).await?.is_open;
    let report = check::check(newsroom, &[]).await?;
    let under_way: BTreeSet<IssueId> = newsroom.store().mailings().await?.into_iter().map(|mailing| mailing.issue).collect();
    let checked: Vec<Checked> = report.issues.into_iter().filter(|checked| !under_way.contains(&checked.id)).collect();
    let calendar = schedule::of(newsroom, &checked).await?;
    let mut word = Word { newsroom, still, faulty: BTreeSet::new(), is_untold: false };
    let mut states = BTreeMap::new();
    for checked in &checked {
        let due = calendar.due_of(&checked.id);
        states.insert(checked.id.clone(), word.about(checked, due).await?);
    }
    word.about_folder(&report.diagnostics).await?;
    word.about_corrections().await?;
    word.sweep();
    Ok(Tray { calendar, states, is_untold: word.is_untold, has_open_links })
}

/// What editors are told.
struct Word<'n> {
    newsroom: &'n Newsroom,
    still: &'n Still,
    /// What has, or may have, its faults beside it.
    faulty: BTreeSet<IssueId>,
    is_untold: bool,
}

impl Word<'_> {
    /// Tells what there is to tell of an issue, and returns how its file stands.
    async fn about(&mut self, checked: &Checked, due: Option<&Due>) -> Result<State, AppError> {
        if !checked.is_as(self.still) {
            self.faulty.insert(checked.id.clone());
            return Ok(State::Moving);
        }
        let status = checked.issue.as_ref().map_or(Status::Ready, |issue| issue.status);
        let Some(issue) = checked.issue.as_ref().filter(|_| checked.edition.is_some() && !has_errors(&checked.diagnostics)) else {
            self.beside(&checked.id, &checked.diagnostics);
            if status == Status::Ready || self.is_new(&checked.id).await? {
                let told = proof::tell_findings(self.newsroom, checked.id.as_str(), &checked.file, &checked.diagnostics).await?;
                self.heard(&told);
                self.met(&checked.id, &told).await?;
            }
            return Ok(State::Faulty);
        };
        match status {
            Status::Draft => {
                proof::mended(self.newsroom, checked.id.as_str()).await?;
                if self.is_new(&checked.id).await? {
                    self.show(checked, issue, due).await?;
                }
                Ok(State::Draft)
            }
            Status::Ready => self.show(checked, issue, due).await.map(State::Ready),
        }
    }

    /// Whether editors have never heard of a draft: of one they hear once, so that they know that it was seen, and then
    /// only when it is released. What there is to mend stands beside it all the while.
    async fn is_new(&self, issue: &IssueId) -> Result<bool, AppError> {
        Ok(self.newsroom.store().told(&met(issue)).await?.is_none())
    }

    async fn met(&self, issue: &IssueId, told: &Told) -> Result<(), AppError> {
        if told.is_done() {
            self.newsroom.store().first_time(&met(issue), self.newsroom.now()).await?;
        }
        Ok(())
    }

    /// Shows a clean issue to the editors, unless they have seen it as it is. What they have approved stays as they saw it,
    /// also if it would be printed otherwise now. Returns the edition that goes out.
    async fn show(&mut self, checked: &Checked, issue: &Issue, due: Option<&Due>) -> Result<String, AppError> {
        let newsroom = self.newsroom;
        let latest = newsroom.store().proofs(&checked.id).await?.into_iter().next();
        if let Some(latest) = latest.filter(|latest| Some(&latest.draft) == checked.fingerprint.as_ref()) {
            let standing = approval::standing(newsroom, &checked.id, &latest.edition).await?;
            let is_printed_so = checked.edition.as_ref().is_some_and(|edition| edition.hash == latest.edition);
            let is_kept = is_printed_so || standing.needed > 0 && standing.is_enough;
            // Whoever was told of faults was promised a proof once they are mended, also where that undid the last change.
            let is_awaited = is_kept && proof::mended(newsroom, checked.id.as_str()).await? && is_printed_so;
            if is_kept && !is_awaited {
                if !proof::is_told(newsroom, &latest).await? {
                    let told = proof::tell(newsroom, checked, &circumstances(newsroom, issue, due).await?).await?;
                    self.heard(&told);
                    self.met(&checked.id, &told).await?;
                } else if self.has_new_warnings(checked).await? {
                    let told = proof::tell_findings(newsroom, checked.id.as_str(), &checked.file, &checked.diagnostics).await?;
                    self.heard(&told);
                    self.warned(checked, &told).await?;
                }
                return Ok(latest.edition);
            }
        }
        let shown = proof::show(newsroom, checked, &circumstances(newsroom, issue, due).await?).await?;
        self.heard(&shown.told);
        self.met(&checked.id, &shown.told).await?;
        self.warned(checked, &shown.told).await?;
        Ok(shown.proof.edition)
    }

    /// Whether there are warnings that the proof did not tell: what links came to may be known only later.
    async fn has_new_warnings(&self, checked: &Checked) -> Result<bool, AppError> {
        Ok(!checked.diagnostics.is_empty() && self.newsroom.store().told(&warned(checked)).await?.is_none())
    }

    async fn warned(&self, checked: &Checked, told: &Told) -> Result<(), AppError> {
        if told.is_done() {
            self.newsroom.store().first_time(&warned(checked), self.newsroom.now()).await?;
        }
        Ok(())
    }

    /// Findings about names in the folder that are nearly issues.
    async fn about_folder(&mut self, found: &[Diagnostic]) -> Result<(), AppError> {
        if found.is_empty() {
            proof::mended(self.newsroom, FOLDER).await?;
            return Ok(());
        }
        let shown = self.newsroom.shown(&self.newsroom.config().issues_folder);
        let told = proof::tell_findings(self.newsroom, FOLDER, &shown, found).await?;
        self.heard(&told);
        Ok(())
    }

    /// Issues that are out and whose files have changed.
    async fn about_corrections(&mut self) -> Result<(), AppError> {
        for correction in correction::correct(self.newsroom, self.still).await? {
            let mut told = correction.told;
            if !correction.faults.is_empty() {
                self.beside(&correction.issue, &correction.faults);
                let (issue, file) = (correction.issue.as_str(), &correction.file);
                told = proof::tell_findings(self.newsroom, issue, file, &correction.faults).await?;
            }
            self.heard(&told);
        }
        Ok(())
    }

    /// Writes findings beside the file. A folder that cannot be written keeps nothing from going on: there is the mail.
    fn beside(&mut self, issue: &IssueId, found: &[Diagnostic]) {
        self.faulty.insert(issue.clone());
        if let Err(fault) = problems::write(&self.newsroom.config().issues_folder, issue, &edition::problems(found)) {
            tracing::warn!(%issue, %fault, "the findings could not be written beside the file");
        }
    }

    /// Takes away what stands beside files that have no faults any more.
    fn sweep(&self) {
        let folder = &self.newsroom.config().issues_folder;
        let mended = problems::listed(folder).map(|listed| listed.into_iter().filter(|issue| !self.faulty.contains(issue)));
        let swept = mended.and_then(|mut mended| mended.try_for_each(|issue| problems::remove(folder, &issue).map(drop)));
        if let Err(fault) = swept {
            tracing::warn!(%fault, "old findings could not be taken away");
        }
    }

    fn heard(&mut self, told: &Told) {
        if let Some(fault) = &told.fault {
            tracing::warn!(%fault, "editors could not be told; it will be tried again");
        }
        self.is_untold |= !told.is_done();
    }
}

/// The mark under which it is noted that editors have heard of an issue.
fn met(issue: &IssueId) -> String {
    format!("met {issue}")
}

/// The mark under which it is noted that editors know of an issue's warnings as they are.
fn warned(checked: &Checked) -> String {
    let words = digest(&SHA256, edition::problems(&checked.diagnostics).as_bytes());
    format!("warned {} {}", checked.id, HEXLOWER.encode(words.as_ref()))
}

/// What a proof says beside the edition.
async fn circumstances(newsroom: &Newsroom, issue: &Issue, due: Option<&Due>) -> Result<Circumstances, AppError> {
    proof::circumstances(newsroom, &issue.id, proof::departs(newsroom, issue, due).await?).await
}

/// What came of asking other people's servers.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Whether something new is known.
    pub is_news: bool,
    /// Whether the time did not suffice for all.
    pub is_open: bool,
}

/// Tries the links of the issues that wait, and asks the feeds, as far as what is known of them is old.
pub async fn ask_around(newsroom: &Newsroom, deadline: Duration) -> Result<Asked, AppError> {
    let progress = links::Progress::default();
    let (links, feeds) = tokio::join!(links::look_up(newsroom, &[], deadline, &progress), feeds::fetch(newsroom, deadline));
    let (links, feeds) = (links?, feeds?);
    Ok(Asked { is_news: links.tried + feeds.tried > 0, is_open: links.open + feeds.open > 0 })
}

impl Tray {
    /// What comes next, in a line: "2014-12 goes out on Monday, December 1, 2014, 09:00 EST".
    pub fn line(&self, config: &Config) -> String {
        let coming = self.calendar.issues.iter().filter(|entry| matches!(self.states.get(&entry.id), Some(State::Ready(_))));
        let next = coming.filter_map(|entry| Some((entry.at()?, &entry.id))).min();
        match (next, self.states.len()) {
            (Some((at, issue)), _) => format!("{issue} goes out on {}", schedule::in_words(at, &config.zone)),
            (None, 0) => "no issue waits".to_owned(),
            (None, waiting) => format!("none of {waiting} issues in the folder is ready"),
        }
    }
}
