//! What the daemon has in hand: the newsroom as it is now, one duty and one mailing at a time, and what comes next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant};

use super::duty::{self, Attended};
use super::helping::Helping;
use super::reloading;
use super::run::{Run, Unfinished};
use super::scouring::Scouring;
use super::systemd;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::notice::{self, Notice};
use crate::desk::tray::{self, Asked, Tray};
use crate::intake::watch::Still;

/// How soon a duty that failed is tried again: a relay that was down, a disk that was full.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// How often the desk is asked although nothing has happened that we know of: other programs write the ledger too.
const ANYWAY: SignedDuration = SignedDuration::from_mins(1);

/// After so many tries in vain somebody is told; the first few may only meet a person's own `send`.
const STUCK: u32 = 3;

/// What has gone wrong for so long is told to somebody.
const LASTING: SignedDuration = SignedDuration::from_mins(3);

/// How often links and feeds are looked at whose answers may have grown old, and for how long at a time.
const ERRANDS: SignedDuration = SignedDuration::from_mins(10);
const ERRAND: Duration = Duration::from_mins(2);

/// What keeps the daemon from working.
struct Trouble {
    reason: String,
    since: Timestamp,
    is_told: bool,
}

/// What the daemon has in hand.
pub(super) struct Office {
    newsroom: watch::Sender<Arc<Newsroom>>,
    environment: Vec<(String, String)>,
    /// What systemd was told last.
    status: String,
    watchdog: Option<Duration>,
    last_sign: Instant,
    /// What the clock showed last.
    last_now: Timestamp,
    /// The folder as it stands.
    folder: Option<Arc<Still>>,
    /// Whether the desk is to look at it, or to look again.
    must_look: bool,
    /// When it looks again although nothing has changed: somebody could not be told something.
    look_again: Timestamp,
    /// The issues that wait, as the desk saw them last.
    tray: Arc<Tray>,
    /// When the desk is asked next, whatever happens until then.
    next: Timestamp,
    /// Issues whose mailing is to be opened, with their editions.
    go: VecDeque<(IssueId, String)>,
    unfinished: Unfinished,
    duty: Option<JoinHandle<Result<Attended, AppError>>>,
    run: Option<Run>,
    helping: Helping,
    /// Whether the office was this node's when it was last asked.
    was_ours: bool,
    /// How often in a row a mailing could not be opened, or not go on.
    failed: BTreeMap<IssueId, u32>,
    /// Links that are tried and feeds that are asked while everything else goes on.
    errand: Option<JoinHandle<Result<Asked, AppError>>>,
    /// When the next errand is due.
    next_errand: Timestamp,
    scouring: Scouring,
    /// What waits for a person, in words.
    kept: Vec<String>,
    /// What went wrong last, so that it is logged once.
    trouble: Option<Trouble>,
}

impl Office {
    pub(super) fn new(newsroom: watch::Sender<Arc<Newsroom>>, environment: Vec<(String, String)>) -> Self {
        let watchdog = systemd::watchdog(&environment);
        Self {
            newsroom,
            environment,
            status: String::new(),
            watchdog,
            last_sign: Instant::now(),
            last_now: Timestamp::MIN,
            folder: None,
            must_look: false,
            look_again: Timestamp::MAX,
            tray: Arc::default(),
            next: Timestamp::MIN,
            go: VecDeque::new(),
            unfinished: Unfinished::default(),
            duty: None,
            run: None,
            helping: Helping::new(),
            was_ours: false,
            failed: BTreeMap::new(),
            errand: None,
            next_errand: Timestamp::MAX,
            scouring: Scouring::new(),
            kept: Vec::new(),
            trouble: None,
        }
    }

    /// The newsroom as it is now.
    pub(super) fn newsroom(&self) -> Arc<Newsroom> {
        Arc::clone(&self.newsroom.borrow())
    }

    pub(super) fn ready(&self) {
        tracing::info!(newsroom = %self.newsroom().root().display(), "at work");
        systemd::ready();
    }

    /// Reads settings and templates again; what is being sent goes on by the new ones. The old ones stay where the new have a
    /// fault. Returns whether they are new.
    pub(super) async fn reload(&mut self) -> bool {
        systemd::reloading();
        let newsroom = reloading::reopened(&self.newsroom(), &self.environment).await;
        let is_new = newsroom.is_some();
        if let Some(newsroom) = newsroom {
            self.newsroom.send_replace(Arc::new(newsroom));
            self.break_off();
        }
        self.must_look = true;
        systemd::ready();
        is_new
    }

    /// Something in the folder has changed, and is still.
    pub(super) fn folder_changed(&mut self, still: Still) {
        self.folder = Some(Arc::new(still));
        self.must_look = true;
    }

    /// Begins whatever may begin, says how we fare, and gives a sign of life.
    pub(super) fn go_on(&mut self) {
        let now = self.newsroom().now();
        if now < self.last_now {
            // The clock was set back: what was to come then comes now.
            (self.next, self.next_errand) = (now, self.next_errand.min(after(now, ERRANDS)));
            self.look_again = self.look_again.min(after(now, AGAIN));
        }
        self.last_now = now;
        if now >= self.look_again {
            (self.must_look, self.look_again) = (true, Timestamp::MAX);
        }
        if self.newsroom().attendance().has_office() {
            if !std::mem::replace(&mut self.was_ours, true) {
                // Whoever had it before may have seen another folder, or an older one.
                (self.must_look, self.next) = (true, now);
            }
            self.attend(now);
        } else {
            self.stand_by();
        }
        if self.run.is_none() {
            self.helping.go_on(self.newsroom(), now);
        }
        self.tell_status();
        self.is_alive();
    }

    /// Begins what only one node does.
    fn attend(&mut self, now: Timestamp) {
        if self.duty.is_none() && self.folder.is_some() && (self.must_look || now >= self.next) {
            let folder = self.folder.clone().filter(|_| std::mem::take(&mut self.must_look));
            // If nothing comes of it, it is tried again.
            self.next = after(now, ANYWAY);
            tracing::debug!(looks = folder.is_some(), "a duty begins");
            self.duty = Some(tokio::spawn(duty::attend(self.newsroom(), Arc::clone(&self.tray), folder)));
        }
        let may_send = !self.newsroom().attendance().another_sends();
        if may_send {
            self.helping.stop();
        }
        if let Some(run) = &self.run
            && (!self.go.is_empty() || self.unfinished.is_another_due(&run.issue, now))
        {
            run.give_way(now);
        }
        if self.run.is_none() && may_send && !self.helping.is_under_way() {
            self.run = match self.go.pop_front() {
                Some((issue, edition)) => Some(Run::open(self.newsroom(), issue, edition)),
                None => self.unfinished.due(now).map(|issue| Run::take_up(self.newsroom(), issue.clone())),
            };
        }
        if self.errand.is_none() && now >= self.next_errand {
            self.next_errand = after(now, ERRANDS);
            self.errand = Some(errand(self.newsroom()));
        }
        if self.run.is_none() {
            // A mailing writes all the time, and would have to wait.
            self.scouring.go_on(self.newsroom(), now);
        }
    }

    /// Another node attends to everything, or may by now: nothing of that kind goes on here. A mailing under way waits for the
    /// store, or learns that another drives it.
    fn stand_by(&mut self) {
        self.was_ours = false;
        if let Some(duty) = self.duty.take() {
            duty.abort();
        }
        if let Some(errand) = self.errand.take() {
            errand.abort();
        }
        self.scouring.break_off();
        self.go.clear();
        self.unfinished.meet(Vec::new());
        self.kept.clear();
        self.trouble = None;
    }

    /// Waits until something in hand has ended, and settles what that means.
    pub(super) async fn something_ended(&mut self) {
        let drives = self.run.is_some();
        tokio::select! {
            ended = ended(self.duty.as_mut()) => {
                self.duty = None;
                self.attended(ended);
            }
            ended = ended(self.errand.as_mut()) => {
                self.errand = None;
                // What the links came to may be a finding, or the size of a file.
                self.must_look |= ended.as_ref().is_ok_and(|asked| asked.is_news);
                if let Err(fault) = ended {
                    tracing::warn!(%fault, "links and feeds could not be looked at");
                }
            }
            () = self.helping.something_ended(drives, || Arc::clone(&self.newsroom.borrow())) => {}
            ended = self.scouring.ended() => self.scouring.settle(&ended, self.newsroom.borrow().now()),
            ended = ended(self.run.as_mut().map(|run| &mut run.task)) => {
                if let Some(run) = self.run.take() {
                    let now = self.newsroom().now();
                    self.unfinished.settle(&run.issue, ended.as_ref().ok(), run.progress.must_stop(), now);
                    // An issue that is out is an archive's, and others may refer to it.
                    self.must_look = true;
                    self.stuck(run.issue, ended.as_ref().err());
                    self.hears_of(ended.err());
                }
            }
        }
    }

    /// Tells operators of a mailing that cannot go on, once it has been tried a few times.
    fn stuck(&mut self, issue: IssueId, fault: Option<&AppError>) {
        let Some(fault) = fault else {
            self.failed.remove(&issue);
            return;
        };
        let tries = self.failed.entry(issue.clone()).or_default();
        *tries += 1;
        if *tries == STUCK {
            tell(Notice::Stuck { issue, reason: fault.to_string() }, self.newsroom());
        }
    }

    fn attended(&mut self, ended: Result<Attended, AppError>) {
        tracing::debug!(is_ok = ended.is_ok(), "a duty has ended");
        match ended {
            Ok(attended) => {
                let now = self.newsroom().now();
                (self.tray, self.kept) = (attended.tray, attended.kept);
                self.next = attended.next.min(after(now, ANYWAY));
                self.look_again = attended.look_again;
                let under_way = self.run.as_ref().map(|run| &run.issue);
                let (go, rests): (VecDeque<_>, VecDeque<_>) = attended
                    .go
                    .into_iter()
                    .filter(|(issue, _)| Some(issue) != under_way)
                    .partition(|(issue, _)| self.unfinished.may(issue, now));
                let rested = rests.iter().map(|(issue, _)| self.unfinished.rested(issue)).min();
                (self.go, self.next) = (go, self.next.min(rested.unwrap_or(Timestamp::MAX)));
                self.unfinished.meet(attended.unfinished);
                let errands = if self.tray.has_open_links { now } else { after(now, ERRANDS) };
                self.next_errand = self.next_errand.min(errands);
                self.hears_of(None);
            }
            Err(fault) => {
                // Nothing goes out on the word of an older look.
                self.go.clear();
                self.look_again = after(self.newsroom().now(), AGAIN);
                self.hears_of(Some(fault));
            }
        }
    }

    /// Logs what went wrong, if it was not that already; and tells operators, if it lasts.
    fn hears_of(&mut self, fault: Option<AppError>) {
        let now = self.newsroom().now();
        self.trouble = fault.map(|fault| fault.to_string()).map(|reason| match self.trouble.take() {
            Some(known) if known.reason == reason => known,
            _ => {
                tracing::error!(trouble = %reason, "it will be tried again");
                Trouble { reason, since: now, is_told: false }
            }
        });
        if let Some(trouble) = self.trouble.as_mut().filter(|trouble| !trouble.is_told && now >= after(trouble.since, LASTING)) {
            trouble.is_told = true;
            let notice = Notice::Trouble { reason: trouble.reason.clone(), since: trouble.since };
            tell(notice, self.newsroom());
        }
    }

    /// Asks everything in hand to end.
    pub(super) fn stop(&mut self) {
        tracing::info!("stopping after the messages in flight");
        systemd::stopping();
        if let Some(run) = &self.run {
            run.progress.ask_to_leave();
        }
        self.helping.leave();
    }

    /// Asks what is being sent to end after the messages in flight; it goes on as soon as it may.
    fn break_off(&self) {
        if let Some(run) = &self.run {
            run.progress.ask_to_stop();
        }
        self.helping.stop();
    }

    /// Whether something in hand must still end. A duty is only waited for while `patient`.
    pub(super) fn is_busy(&self, patient: bool) -> bool {
        self.run.is_some() || self.helping.is_under_way() || (patient && (self.duty.is_some() || self.scouring.is_under_way()))
    }

    /// Tells a watchdog, where there is one, that the loop turns: three times as often as it asks.
    pub(super) fn is_alive(&mut self) {
        if self.watchdog.is_some_and(|span| self.last_sign.elapsed() * 3 >= span) {
            systemd::alive();
            self.last_sign = Instant::now();
        }
    }

    /// Says how we fare; the same line twice is said once.
    fn tell_status(&mut self) {
        let line = self.line();
        if line != self.status {
            systemd::status(&line);
            self.newsroom().attendance().says(&line);
            self.status = line;
        }
    }

    fn line(&self) -> String {
        let newsroom = self.newsroom();
        let stands_by = || match newsroom.attendance().office_elsewhere() {
            Some(other) => format!("standing by; `{other}` has the office"),
            None if newsroom.config().node.keeps_office => "standing by; nobody has the office".to_owned(),
            None => "standing by; nobody has the office: it wants a node with `office = true`".to_owned(),
        };
        match (&self.run, &self.trouble) {
            (Some(run), _) => run.line(),
            _ if let Some(line) = self.helping.line() => line,
            _ if !newsroom.attendance().has_office() => stands_by(),
            (None, Some(trouble)) => format!("in trouble: {}", trouble.reason),
            (None, None) if !self.kept.is_empty() => self.kept.join("; "),
            (None, None) => self.tray.line(self.newsroom().config()),
        }
    }
}

/// Tells it while everything else goes on.
pub(super) fn tell(notice: Notice, newsroom: Arc<Newsroom>) {
    tokio::spawn(async move { notice::tell(&newsroom, &notice).await.map(drop) });
}

/// Asks other people's servers for as long as it takes.
fn errand(newsroom: Arc<Newsroom>) -> JoinHandle<Result<Asked, AppError>> {
    tokio::spawn(async move { tray::ask_around(&newsroom, ERRAND).await })
}

/// The end of a task, if there is one; it does not return if there is none.
pub(super) async fn ended<T>(task: Option<&mut JoinHandle<Result<T, AppError>>>) -> Result<T, AppError> {
    match task {
        Some(task) => task.await.unwrap_or_else(|fault| Err(AppError::Refused(format!("a task broke: {fault}")))),
        None => std::future::pending().await,
    }
}

/// So long after an instant, or the end of time.
pub(super) fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
