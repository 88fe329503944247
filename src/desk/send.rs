//! Sends an issue: opens its mailing or takes it up again, and drives it until nothing is due any more.

mod pace;
mod worker;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinSet;

use super::{check, report};
use crate::app::{AppError, Newsroom};
use crate::config::{RelayConfig, RelayPlace, secret};
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::issue::Issue;
use crate::mailing::compose::Composer;
use crate::mailing::{Delivery, Mailing, MailingId};
use crate::manuscript::front_matter::Status;
use crate::relay::Relay;
use crate::relay::folder::FolderRelay;
use crate::relay::smtp::{Credentials, SmtpRelay, SmtpSettings, Timeouts};
use crate::store::{Opening, Recovered, Tally};
use crate::subscription::{List, ListId, Standing, SubscriberId};
use worker::{Shared, Worker};

/// Most deliveries that are claimed ahead, for each connection.
const AHEAD: usize = 8;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which issue.
    pub issue: IssueId,
    /// Even though its `publish_at` has not come.
    pub now: bool,
    /// How long to stay for deferred deliveries when nothing else is left.
    pub wait: Duration,
}

/// How far a run has come; read it as often as you like.
#[derive(Debug, Default)]
pub struct Progress {
    settled: AtomicU64,
    accepted: AtomicU64,
    total: AtomicU64,
    waiting: AtomicBool,
    asked_to_stop: AtomicBool,
    stop: Notify,
}

impl Progress {
    /// Tries settled in this run, whatever became of them.
    pub fn settled(&self) -> u64 {
        self.settled.load(Ordering::Relaxed)
    }

    /// Accepted in this run.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Deliveries that were open when the run began.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Whether the run stays only for deferred deliveries.
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Asks the run to finish what is in flight and to send nothing more.
    pub fn ask_to_stop(&self) {
        self.asked_to_stop.store(true, Ordering::SeqCst);
        self.stop.notify_waiters();
    }

    fn must_stop(&self) -> bool {
        self.asked_to_stop.load(Ordering::SeqCst)
    }

    /// Ends when somebody asks to stop.
    async fn stopped(&self) {
        loop {
            let asked = self.stop.notified();
            if self.must_stop() {
                return;
            }
            asked.await;
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Report {
    /// The mailing.
    pub mailing: Mailing,
    /// Whether this run opened it.
    pub is_new: bool,
    /// What a dead run had left.
    pub recovered: Recovered,
    /// The ledger now.
    pub tally: Tally,
    /// Why the run stopped before its time, in words.
    pub halted: Option<String>,
    /// Whether everything is at rest and the issue is in the archive.
    pub is_finished: bool,
}

/// Sends an issue, or takes up a mailing that was broken off. If it has gone out, nothing is sent.
pub async fn send(newsroom: &Newsroom, request: &Request, progress: &Arc<Progress>) -> Result<Report, AppError> {
    let _held = newsroom.hold()?;
    let store = newsroom.store();
    let (mailing, is_new) = match store.mailing(&request.issue).await? {
        Some(mailing) => (mailing, false),
        None => open(newsroom, request).await?,
    };
    if mailing.finished_at.is_some() {
        let tally = store.tally(mailing.id).await?;
        return Ok(Report { mailing, is_new, recovered: Recovered::default(), tally, halted: None, is_finished: true });
    }
    let edition = frozen(newsroom, &mailing).await?;
    let recovered = store.recover(mailing.id, newsroom.config().on_doubt, newsroom.now()).await?;
    tracing::info!(issue = %mailing.issue, edition = %mailing.edition, is_new, "mailing under way");
    let halted = drive(newsroom, &mailing, &edition, request.wait, progress).await?;
    let is_finished = store.finish(mailing.id, newsroom.now()).await?;
    let tally = store.tally(mailing.id).await?;
    tracing::info!(issue = %mailing.issue, accepted = tally.accepted, open = tally.open(), is_finished, "run ended");
    if is_finished || halted.is_some() && !progress.must_stop() {
        report::tell(newsroom, &mailing.issue, halted.as_deref()).await;
    }
    Ok(Report { mailing, is_new, recovered, tally, halted, is_finished })
}

async fn frozen(newsroom: &Newsroom, mailing: &Mailing) -> Result<Edition, AppError> {
    let edition = newsroom.store().edition(&mailing.edition).await?;
    edition.ok_or_else(|| AppError::Refused(format!("the store has lost the edition of {}", mailing.issue)))
}

async fn open(newsroom: &Newsroom, request: &Request) -> Result<(Mailing, bool), AppError> {
    let (issue, edition) = releasable(newsroom, request).await?;
    if newsroom.store().back_issues().await?.iter().any(|out| out.id == issue.id) {
        return Err(AppError::Refused(format!("{} is in the archive: it went out before; give the new issue another name", issue.id)));
    }
    // A relay that cannot be used must be mended first: from here on the edition is frozen.
    relay(newsroom, first_relay(newsroom)?)?;
    if newsroom.store().audience(&issue.lists).await? == 0 {
        return Err(AppError::Refused(format!("nobody would get it: {} has no confirmed subscriber", names(&issue.lists))));
    }
    let now = newsroom.now();
    let opening = Opening { archived: issue.archived(now), lists: issue.lists.clone(), edition, at: now };
    let opened = newsroom.store().open_mailing(opening).await?;
    Ok((opened.mailing, opened.is_new))
}

fn names(lists: &[ListId]) -> String {
    lists.iter().map(ListId::as_str).collect::<Vec<_>>().join(", ")
}

/// The issue and edition, if editor and calendar have released them.
async fn releasable(newsroom: &Newsroom, request: &Request) -> Result<(Issue, Edition), AppError> {
    let (issue, edition) = check::check_issue(newsroom, &request.issue).await?.clean()?;
    if issue.status != Status::Ready {
        return Err(AppError::Refused(format!("{} is a draft: write `status: ready` in its front matter when it may go out", issue.id)));
    }
    if let Some(local) = issue.publish_at
        && !request.now
        && issue.bears(&newsroom.config().zone) > newsroom.now()
    {
        return Err(AppError::Refused(format!("{} is to go out at {local}: pass `--now` to send it before that", issue.id)));
    }
    Ok((issue, edition))
}

fn first_relay(newsroom: &Newsroom) -> Result<&RelayConfig, AppError> {
    let relays = &newsroom.config().relays;
    relays.first().ok_or_else(|| AppError::Refused("no relay is configured: add a table `[[relay]]` with `name` and `url`".to_owned()))
}

/// Every relay, in order of duty, ready to be connected to.
pub(super) fn relays(newsroom: &Newsroom) -> Result<Vec<Relay>, AppError> {
    newsroom.config().relays.iter().map(|config| relay(newsroom, config)).collect()
}

/// A relay ready to be connected to.
fn relay(newsroom: &Newsroom, config: &RelayConfig) -> Result<Relay, AppError> {
    Ok(match &config.place {
        RelayPlace::Folder(folder) => Relay::Folder(FolderRelay::new(&config.name, folder)),
        RelayPlace::Smtp { host, port, security } => {
            let credentials = match (&config.user, &config.password_file) {
                (Some(user), Some(file)) => Some(Credentials {
                    user: user.clone(),
                    password: secret::read(&newsroom.secret_path(file), crate::app::credentials().as_deref())?,
                }),
                _ => None,
            };
            let messages = u32::try_from(config.messages_per_connection).ok().and_then(std::num::NonZeroU32::new);
            Relay::Smtp(SmtpRelay::new(SmtpSettings {
                name: config.name.clone(),
                host: host.clone(),
                port: *port,
                security: *security,
                ehlo_name: config.ehlo_name.clone(),
                credentials,
                ca_file: config.ca_file.clone(),
                max_messages_per_connection: messages,
                timeouts: Timeouts::default(),
            })?)
        }
    })
}

/// What composes this newsroom's messages. It knows all lists of the store: a reader may be owed mail on account of one
/// that is not configured any more.
pub(super) async fn composer(newsroom: &Newsroom, edition: &Edition) -> Result<Composer, AppError> {
    let lists: Vec<List> = newsroom.store().lists().await?.into_iter().map(|tally| tally.list).collect();
    Ok(Composer::new(edition, &lists, newsroom.keys()?).signed_by(newsroom.signer()?))
}

/// Sends what is due, with one worker for each connection, until nothing is or until it must stop. Returns why it
/// stopped before its time.
async fn drive(
    newsroom: &Newsroom,
    mailing: &Mailing,
    edition: &Edition,
    wait: Duration,
    progress: &Arc<Progress>,
) -> Result<Option<String>, AppError> {
    let config = first_relay(newsroom)?;
    let settings = newsroom.config();
    let shared = Arc::new(Shared {
        store: newsroom.shared_store(),
        clock: newsroom.clock(),
        relay: relay(newsroom, config)?,
        pace: pace::Pace::new(config.rate),
        mailing: mailing.id,
        composer: composer(newsroom, edition).await?,
        plan: settings.plan,
        on_doubt: settings.on_doubt,
        claimed: Mutex::new(VecDeque::new()),
        ahead: config.connections * AHEAD,
        progress: Arc::clone(progress),
        halted: std::sync::Mutex::new(None),
    });
    let began = newsroom.now();
    loop {
        let before = newsroom.store().tally(mailing.id).await?;
        progress.total.store(progress.settled() + before.open() - before.doubtful, Ordering::Relaxed);
        let result = run_workers(&shared, config.connections).await;
        let left: Vec<SubscriberId> = shared.claimed.lock().await.drain(..).map(|delivery| delivery.subscriber).collect();
        newsroom.store().release(mailing.id, &left).await?;
        result?;
        if let Some(reason) = shared.halt_reason() {
            return Ok(Some(reason));
        }
        if progress.must_stop() {
            return Ok(Some("it was asked to stop".to_owned()));
        }
        let Some(due) = newsroom.store().tally(mailing.id).await?.next_due else { return Ok(None) };
        let end = began.checked_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX);
        let now = newsroom.now();
        if due <= now {
            continue;
        }
        if due > end {
            return Ok(None);
        }
        progress.waiting.store(true, Ordering::Relaxed);
        let until = Duration::try_from(due.duration_since(now)).unwrap_or_default();
        tokio::select! {
            () = tokio::time::sleep(until) => {}
            () = progress.stopped() => {}
        }
        progress.waiting.store(false, Ordering::Relaxed);
    }
}

async fn run_workers(shared: &Arc<Shared>, connections: usize) -> Result<(), AppError> {
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        let shared = Arc::clone(shared);
        workers.spawn(async move { Worker::new(&shared).run().await });
    }
    let mut result = Ok(());
    while let Some(ended) = workers.join_next().await {
        let ended = ended.unwrap_or_else(|fault| Err(AppError::Refused(format!("a worker broke down: {fault}"))));
        if ended.is_err() {
            shared.progress.ask_to_stop();
            result = result.and(ended);
        }
    }
    result
}

/// Writes every message that would go out as a file, and touches neither ledger nor relay. Returns how many.
pub async fn dry_run(newsroom: &Newsroom, request: &Request, folder: &Path) -> Result<(u64, PathBuf), AppError> {
    let (issue, edition) = check::check_issue(newsroom, &request.issue).await?.clean()?;
    let composer = composer(newsroom, &edition).await?;
    let numbered = newsroom.store().lists().await?;
    let relay = Relay::Folder(FolderRelay::new("dry run", folder));
    let mut connection = relay.connect().await?;
    let (mut after, mut count) = (SubscriberId(0), 0);
    loop {
        let page = newsroom.store().readers(None, after, 500).await?;
        let Some(last) = page.last() else { return Ok((count, folder.to_owned())) };
        after = last.subscriber.id;
        for reader in page.into_iter().filter(|reader| !reader.suppressed) {
            let on = |list: &&ListId| reader.subscriptions.iter().any(|s| s.list == **list && s.standing == Standing::Confirmed);
            let Some(on_account_of) = issue.lists.iter().find(on) else { continue };
            let delivery = Delivery {
                mailing: MailingId(0),
                subscriber: reader.subscriber.id,
                address: reader.subscriber.address,
                name: reader.subscriber.name,
                list: on_account_of.clone(),
                list_number: numbered.iter().find(|tally| tally.list.id == *on_account_of).map_or(0, |tally| tally.number),
                attempt: 1,
                first_attempt_at: newsroom.now(),
            };
            let message = composer.compose(&delivery)?;
            connection.submit(&message.envelope, &message.octets).await?;
            count += 1;
        }
    }
}
