//! What the preview holds: every issue that somebody looks at, read again whenever its file changes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::preview::{self, Printed, Sheet};
use crate::intake::watch::{Still, Watch};

/// Most issues that are kept fresh at once.
const MOST: usize = 4;

/// How an issue stands for whoever looks at it.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    /// Another one for every change.
    pub(super) revision: u64,
    /// The issue as it was read last.
    pub(super) sheet: Option<Arc<Sheet>>,
    /// Why it could not be read.
    pub(super) trouble: Option<String>,
    /// The last rendering without a fault.
    good: Option<Arc<Printed>>,
    /// How long reading it took.
    pub(super) took: Duration,
    /// When, on the publication's clock: "20:14:03".
    pub(super) at: String,
}

impl Shown {
    /// What there is to show: the issue as it is, else the last rendering that was good, else as far as it can be printed.
    pub(super) fn printed(&self) -> Option<&Printed> {
        let latest = self.sheet.as_ref().and_then(|sheet| sheet.printed.as_deref());
        if self.is_faulty() { self.good.as_deref().or(latest) } else { latest }
    }

    /// Whether what is shown is not what would be sent.
    pub(super) fn is_faulty(&self) -> bool {
        self.trouble.is_some() || self.sheet.as_ref().is_none_or(|sheet| sheet.is_faulty())
    }

    /// Whether what is shown was good once.
    pub(super) fn was_good(&self) -> bool {
        self.good.is_some()
    }

    /// One word for programs.
    pub(super) fn state(&self) -> &'static str {
        if self.is_faulty() { "faulty" } else { "clean" }
    }

    /// Whether it says the same as another.
    fn says(&self, other: &Self) -> bool {
        let printed = |shown: &Self| shown.sheet.as_ref().and_then(|sheet| sheet.printed.clone());
        let is_printed_alike = match (printed(self), printed(other)) {
            (Some(a), Some(b)) => a.html == b.html && a.text == b.text && a.head == b.head && a.is_ready == b.is_ready,
            (a, b) => a.is_none() && b.is_none(),
        };
        let findings = |shown: &Self| shown.sheet.as_ref().map(|sheet| sheet.findings.clone());
        self.trouble == other.trouble && findings(self) == findings(other) && is_printed_alike
    }
}

/// The preview of one newsroom.
pub(super) struct Room {
    newsroom: Newsroom,
    /// By what names this machine calls the preview.
    hosts: [String; 3],
    /// What somebody looks at; the latest to be asked for comes last.
    shelf: Mutex<Vec<(IssueId, Shown)>>,
    /// The latest revision of all.
    turn: watch::Sender<u64>,
    is_closing: watch::Sender<bool>,
}

impl Room {
    pub(super) fn new(newsroom: Newsroom, port: u16) -> Self {
        let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
        // A browser that is still there from an earlier preview must not take ours for what it has.
        let turn = u64::try_from(newsroom.now().as_millisecond()).unwrap_or(0);
        Self { newsroom, hosts, shelf: Mutex::default(), turn: watch::Sender::new(turn), is_closing: watch::Sender::new(false) }
    }

    pub(super) fn newsroom(&self) -> &Newsroom {
        &self.newsroom
    }

    pub(super) fn publication(&self) -> &str {
        &self.newsroom.config().imprint.publication.name
    }

    /// Whether this is one of our own names.
    pub(super) fn is_named(&self, host: &str) -> bool {
        self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    /// The issue of this id as it stands, if the folder has it.
    pub(super) async fn shown(&self, id: &str) -> Option<(IssueId, Shown)> {
        let id: IssueId = id.parse().ok()?;
        let shown = match self.on_shelf(&id) {
            Some(shown) => shown,
            None => self.refresh(&id, true).await?,
        };
        Some((id, shown))
    }

    /// Waits until an issue has another revision than this one.
    pub(super) async fn other_than(&self, id: &IssueId, revision: &str) -> Shown {
        let mut turn = self.turn.subscribe();
        loop {
            if let Some(shown) = self.on_shelf(id).filter(|shown| shown.revision.to_string() != revision) {
                return shown;
            }
            if turn.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Keeps what somebody looks at fresh, for ever.
    pub(super) async fn keep(self: Arc<Self>, mut watch: Watch, mut before: Still) {
        loop {
            let still = watch.settled().await;
            let touched: BTreeSet<IssueId> = still.news(&before).chain(still.gone(&before)).cloned().collect();
            let mut ids: Vec<IssueId> = self.shelf().iter().map(|(id, _)| id.clone()).collect();
            // An issue may refer to another; but first comes the one that somebody writes.
            ids.sort_by_key(|id| !touched.contains(id));
            for id in ids {
                self.refresh(&id, touched.contains(&id)).await;
            }
            before = still;
        }
    }

    /// Reads an issue again. Where nothing has touched its files and it says the same, nobody is told.
    async fn refresh(&self, id: &IssueId, is_touched: bool) -> Option<Shown> {
        let began = Instant::now();
        let read = preview::sheet(&self.newsroom, id).await;
        let took = began.elapsed();
        let mut kept = self.shelf();
        let place = kept.iter().position(|(other, _)| other == id);
        let (sheet, trouble) = match read {
            Ok(sheet) => (Some(Arc::new(sheet)), None),
            Err(AppError::Refused(_)) if place.is_none() => return None,
            Err(fault) => (None, Some(fault.to_string())),
        };
        let earlier = place.map(|at| kept.remove(at).1);
        let printed = sheet.as_ref().filter(|sheet| !sheet.is_faulty()).and_then(|sheet| sheet.printed.clone());
        let good = printed.or_else(|| earlier.as_ref()?.good.clone());
        let at = self.newsroom.now().to_zoned(self.newsroom.config().zone.clone()).strftime("%H:%M:%S").to_string();
        let mut shown = Shown { revision: *self.turn.borrow() + 1, sheet, trouble, good, took, at };
        if let Some(same) = earlier.filter(|earlier| !is_touched && earlier.says(&shown)) {
            shown = same;
        }
        kept.push((id.clone(), shown.clone()));
        let surplus = kept.len().saturating_sub(MOST);
        kept.drain(..surplus);
        // Still under the lock, so that no two changes ever have one number.
        self.turn.send_if_modified(|turn| std::mem::replace(turn, shown.revision.max(*turn)) < shown.revision);
        Some(shown)
    }

    fn on_shelf(&self, id: &IssueId) -> Option<Shown> {
        self.shelf().iter().find(|(other, _)| other == id).map(|(_, shown)| shown.clone())
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Vec<(IssueId, Shown)>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends home whoever waits for news.
    pub(super) fn close(&self) {
        self.is_closing.send_replace(true);
    }

    /// Waits until the preview ends.
    pub(super) async fn closed(&self) {
        let _ = self.is_closing.subscribe().wait_for(|is_closing| *is_closing).await;
    }
}
