//! A run in rounds: seeds and canary first, then everybody, then those who asked to be tried later, until nothing is due.

mod others;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::dispatch::{Dispatch, End, Errand};
use super::worker::Crew;
use super::{Halt, Progress, composer, fleet, holding, sharing};
use crate::app::{AppError, Attendance, Newsroom};
use crate::clock::{after, before};
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::mailing::{Mailing, MailingId, Pause, Scope};
use crate::store::{self, Duty, Store, Wave};
use crate::subscription::SubscriberId;
use crate::traffic::{Day, Gate, Tallied};

/// How many deliveries of a provider are claimed ahead, for each connection: enough that nobody waits for the ledger,
/// few enough that little is in doubt after a power cut.
const AHEAD: usize = 16;

/// The fewest that are claimed at a time.
const LEAST_AHEAD: usize = 64;

/// How often a run looks whether somebody else has paused or cancelled it, and what has come due.
const WATCH: Duration = Duration::from_secs(1);

/// How far back traffic counts for the limits of an hour and a day.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// How far back traffic counts for warming up.
const A_MONTH: SignedDuration = SignedDuration::from_hours(24 * 31);

/// Sends what is due until nothing is or until the run must stop. Returns why it stopped before its time.
pub(super) async fn drive(
    newsroom: &Newsroom,
    mailing: &Mailing,
    edition: &Edition,
    wait: Duration,
    progress: &Arc<Progress>,
) -> Result<Option<Halt>, AppError> {
    let patience = after(newsroom.now(), SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX));
    under_way(newsroom, mailing, edition, progress, Part::Drives(patience)).await
}

/// Sends along with the node that drives a mailing. Returns why it ends before nothing is due any more.
pub(super) async fn help(
    newsroom: &Newsroom,
    mailing: &Mailing,
    edition: &Edition,
    progress: &Arc<Progress>,
) -> Result<Option<Halt>, AppError> {
    under_way(newsroom, mailing, edition, progress, Part::Helps).await
}

/// What a run has to do with its mailing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It brings it to its end, and stays for what is not due yet until this moment.
    Drives(Timestamp),
    /// Another node does.
    Helps,
}

async fn under_way(
    newsroom: &Newsroom,
    mailing: &Mailing,
    edition: &Edition,
    progress: &Arc<Progress>,
    part: Part,
) -> Result<Option<Halt>, AppError> {
    let _share = sharing::ask(newsroom, progress).await;
    // Read once: what the watch is to notice is what differs from what the gate was told.
    let pauses = newsroom.store().pauses().await?;
    let crew = crew(newsroom, mailing, edition, progress, &pauses).await?;
    let attendance = Arc::clone(newsroom.attendance());
    let drives = part != Part::Helps;
    let watch = tokio::spawn(keep_watch(Arc::clone(&crew), mailing.issue.clone(), pauses, drives.then(|| Arc::clone(&attendance))));
    let follower = tokio::spawn(sharing::follow(Arc::clone(&crew), attendance));
    let outcome = match part {
        Part::Drives(patience) => Rounds { newsroom, mailing, crew: &crew, patience, progress }.run().await,
        Part::Helps => Rounds { newsroom, mailing, crew: &crew, patience: newsroom.now(), progress }.help().await,
    };
    watch.abort();
    follower.abort();
    // Nobody may change what the next run goes by.
    let _ = follower.await;
    outcome
}

async fn crew(
    newsroom: &Newsroom,
    mailing: &Mailing,
    edition: &Edition,
    progress: &Arc<Progress>,
    pauses: &[(Scope, Pause)],
) -> Result<Arc<Crew>, AppError> {
    let config = newsroom.config();
    let attendance = Arc::clone(newsroom.attendance());
    let connections: usize = config.relays.iter().map(|relay| relay.connections).sum();
    let dispatch = Dispatch::new(
        newsroom.shared_store(),
        newsroom.clock(),
        Arc::clone(progress),
        Errand { mailing: mailing.id, ahead: (connections * AHEAD).max(LEAST_AHEAD), zone: config.zone.clone(), attendance },
        gate(newsroom, mailing.id, pauses).await?,
        fleet::roster(newsroom),
    );
    Ok(Arc::new(Crew {
        store: newsroom.shared_store(),
        clock: newsroom.clock(),
        relays: fleet::relays(newsroom)?,
        names: config.relays.iter().map(|relay| relay.name.as_str().into()).collect(),
        mailing: mailing.id,
        composer: composer(newsroom, edition).await?,
        plan: config.plan,
        on_doubt: config.on_doubt,
        dispatch,
        progress: Arc::clone(progress),
    }))
}

/// The gate as the ledger knows it: limits count what an earlier run sent, and pauses last.
async fn gate(newsroom: &Newsroom, mailing: MailingId, pauses: &[(Scope, Pause)]) -> Result<Gate, AppError> {
    let now = newsroom.now();
    let (history, days) = history(newsroom.store(), now).await?;
    let mut gate = Gate::new(newsroom.config().rules(), &history, &days, pauses, now).for_mailing(mailing);
    if newsroom.attendance().is_shared() {
        gate.share(sharing::first(newsroom), &history, &days, now);
    }
    Ok(gate)
}

/// What was sent, for limits of an hour and a day, and for warming up.
pub(super) async fn history(store: &dyn Store, now: Timestamp) -> store::Result<(Vec<Tallied>, Vec<Day>)> {
    Ok((store.traffic(before(now, A_DAY)).await?, store.days(before(now, A_MONTH)).await?))
}

/// One run and how long it may take.
struct Rounds<'r> {
    newsroom: &'r Newsroom,
    mailing: &'r Mailing,
    crew: &'r Arc<Crew>,
    /// Up to when the run stays for what is not due yet.
    patience: Timestamp,
    progress: &'r Arc<Progress>,
}

/// How a round ended.
enum Round {
    /// Nothing is left that may go now; perhaps a limit would let more pass at this moment.
    Over(Option<Timestamp>),
    Stopped(Halt),
}

impl Rounds<'_> {
    async fn run(&self) -> Result<Option<Halt>, AppError> {
        if self.mailing.is_canaried
            && let Some(halt) = self.canary().await?
        {
            return Ok(Some(halt));
        }
        loop {
            let began = self.newsroom.now();
            let later = match self.round(Wave::Rest).await? {
                Round::Over(later) => later,
                Round::Stopped(halt) => return Ok(Some(halt)),
            };
            let waiting = self.store().waiting(self.mailing.id, Wave::Rest).await?;
            // What was due before is held back by something else, which may last.
            let due = waiting.iter().filter_map(|waits| waits.next_due).filter(|due| *due > began).min();
            let next = [due, later].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= self.patience || *next <= self.newsroom.now()) else {
                if self.others_go_on(&waiting).await? {
                    match self.stay_for_others().await? {
                        Some(halt) => return Ok(Some(halt)),
                        None => continue,
                    }
                }
                let held = holding::what_holds_back(self.newsroom, self.mailing, &waiting).await?;
                let held = held.map(|reason| Halt { reason, is_news: self.progress.settled() > 0 });
                return Ok(held.or_else(|| later.map(|later| self.limited(later))));
            };
            let what = if due == Some(next) { "those who asked to be tried later" } else { "a limit that lets nothing pass before" };
            if let Some(halt) = self.stay_until(next, what).await? {
                return Ok(Some(halt));
            }
        }
    }

    /// Sends to the seeds and the canary, and stays until their answers have had time to come. Returns why the run ends
    /// with that.
    async fn canary(&self) -> Result<Option<Halt>, AppError> {
        let until = if let Some(until) = self.mailing.canary_until {
            until
        } else {
            for wave in [Wave::Seeds, Wave::Canary] {
                if let Some(halt) = self.all_of(wave).await? {
                    return Ok(Some(halt));
                }
            }
            let hold = self.newsroom.config().canary.map_or(Duration::ZERO, |canary| canary.hold);
            let until = after(self.newsroom.now(), SignedDuration::try_from(hold).unwrap_or_default());
            let fell = holding::how_the_canary_fell(self.newsroom, self.mailing.id).await?;
            if let Some(reason) = &fell {
                let pause = Pause { since: self.newsroom.now(), until: None, reason: reason.clone(), slow_to: None };
                self.store().pause(&Scope::Mailing(self.mailing.id), pause).await?;
            }
            self.store().canary_sent(self.mailing.id, until).await?;
            if let Some(reason) = fell {
                return Ok(Some(Halt { reason, is_news: true }));
            }
            tracing::info!(issue = %self.mailing.issue, %until, "the canary is out");
            until
        };
        self.stay_until(until, "the canary: the others get theirs then").await
    }

    /// Sends to all of the waves up to this one, however long limits make it last. What a pause holds back goes later.
    async fn all_of(&self, wave: Wave) -> Result<Option<Halt>, AppError> {
        loop {
            let later = match self.round(wave).await? {
                Round::Over(None) => {
                    let waiting = self.store().waiting(self.mailing.id, wave).await?;
                    if !self.crew.dispatch.is_elsewhere(&waiting) {
                        return Ok(None);
                    }
                    // Nobody helps with these: they wait until there is a share for them.
                    match self.stay_for_others().await? {
                        Some(halt) => return Ok(Some(halt)),
                        None => continue,
                    }
                }
                Round::Over(Some(later)) => later,
                Round::Stopped(halt) => return Ok(Some(halt)),
            };
            if later > self.patience && later > self.newsroom.now() {
                return Ok(Some(self.limited(later)));
            }
            if let Some(halt) = self.stay_until(later, "a limit that lets nothing pass before").await? {
                return Ok(Some(halt));
            }
        }
    }

    /// Lets all connections work on what may be claimed now.
    async fn round(&self, wave: Wave) -> Result<Round, AppError> {
        let tally = self.store().tally(self.mailing.id).await?;
        self.progress.total.store(self.progress.settled() + tally.open() - tally.doubtful, Ordering::Relaxed);
        let waiting = self.store().waiting(self.mailing.id, wave).await?;
        self.crew.dispatch.begin(wave, &waiting, self.patience);
        fleet::work(self.crew, &fleet::places(self.newsroom)).await;
        let (left, end, later) = self.crew.dispatch.finish().await;
        self.progress.wait_for(None);
        let released = self.release(&left).await;
        if let Some(end) = end {
            return self.ended(end).map(Round::Stopped);
        }
        released?;
        if self.progress.must_stop() {
            return Ok(Round::Stopped(stopped()));
        }
        Ok(Round::Over(later))
    }

    /// Gives back what was claimed and not sent. Where others wait for it, it is tried until the store can be written.
    async fn release(&self, left: &[SubscriberId]) -> store::Result<()> {
        loop {
            match self.store().release(self.mailing.id, left).await {
                Err(fault) if fault.is_transient() && self.newsroom.attendance().is_shared() => {
                    if !self.crew.dispatch.store_is_out(&fault).await {
                        return Err(fault);
                    }
                }
                outcome => return outcome,
            }
        }
    }

    /// What it means that the run has ended before its time.
    fn ended(&self, end: End) -> Result<Halt, AppError> {
        match end {
            End::Failed(fault) => Err(fault),
            End::Halted(reason) => Ok(Halt { reason, is_news: !self.progress.must_stop() }),
        }
    }

    fn limited(&self, later: Timestamp) -> Halt {
        // Whoever sets a limit knows of it.
        Halt { reason: format!("a limit lets nothing pass before {}", self.local(later)), is_news: false }
    }

    /// Waits until that moment. Returns why the run ends before it, if it does.
    async fn stay_until(&self, at: Timestamp, what: &str) -> Result<Option<Halt>, AppError> {
        let dispatch = &self.crew.dispatch;
        let left = || Duration::try_from(at.duration_since(self.newsroom.now())).unwrap_or_default();
        // By the clock, which may be set meanwhile, as it is after a machine has slept; at the latest when it should have come.
        let latest = Instant::now() + left();
        let left = || left().min(latest.saturating_duration_since(Instant::now()));
        if !left().is_zero() {
            self.progress.wait_for(Some(format!("waiting until {} for {what}", self.local(at))));
            while !left().is_zero() {
                tokio::select! {
                    () = tokio::time::sleep(left().min(WATCH)) => {}
                    () = dispatch.ended() => break,
                }
            }
            self.progress.wait_for(None);
        }
        self.end_of_stay()
    }

    /// Why the run ends after it has waited for something, if it does.
    fn end_of_stay(&self) -> Result<Option<Halt>, AppError> {
        if let Some(end) = self.crew.dispatch.take_end() {
            return self.ended(end).map(Some);
        }
        Ok(self.progress.must_stop().then(stopped))
    }

    fn local(&self, at: Timestamp) -> String {
        at.to_zoned(self.newsroom.config().zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
    }

    fn store(&self) -> &dyn Store {
        self.newsroom.store()
    }
}

/// The end of a run that somebody has ended.
fn stopped() -> Halt {
    Halt { reason: "it was asked to stop".to_owned(), is_news: false }
}

/// Looks every second, and when other nodes call out, what others have done: a pause or its end, a mailing cancelled, deferred
/// deliveries come due. Whoever drives it also takes back what nodes held that have died, and stops when another drives it.
async fn keep_watch(crew: Arc<Crew>, issue: IssueId, mut known: Vec<(Scope, Pause)>, driver: Option<Arc<Attendance>>) {
    let mut tick = tokio::time::interval(WATCH);
    let mut deaths = driver.as_ref().map(|attendance| attendance.deaths());
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = heard(crew.store.as_ref()) => {}
        }
        if driver.as_ref().is_some_and(|attendance| attendance.has_lost(Duty::Sending)) {
            tracing::warn!(%issue, "another node drives this mailing now");
            crew.progress.ask_to_stop();
        }
        if let (Some(deaths), Some(nodes)) = (&mut deaths, crew.store.shared())
            && deaths.has_changed().unwrap_or(false)
            && let Ok(recovered) = nodes.take_back(crew.mailing, crew.on_doubt, crew.clock.now()).await
        {
            deaths.mark_unchanged();
            tracing::warn!(%issue, claimed = recovered.claimed, doubtful = recovered.doubtful, "what a dead node held is taken back");
        }
        // A store that cannot be read just now is asked again in a second; sending stops by itself meanwhile.
        let (Ok(pauses), Ok(mailing)) = (crew.store.pauses().await, crew.store.mailing(&issue).await) else { continue };
        for (scope, pause) in pauses.iter().filter(|pause| !known.contains(pause)) {
            crew.dispatch.pause(scope, pause.clone());
        }
        for (scope, _) in known.iter().filter(|(scope, _)| !pauses.iter().any(|(other, _)| other == scope)) {
            crew.dispatch.resume(scope);
        }
        known = pauses;
        if mailing.is_some_and(|mailing| mailing.cancelled_at.is_some()) {
            crew.dispatch.halt("it was cancelled".to_owned());
        }
        if let Ok(waiting) = crew.store.waiting(crew.mailing, crew.dispatch.wave()).await {
            crew.dispatch.arm(&waiting);
        }
    }
}

/// Returns when other nodes call out; never where there are none.
async fn heard(store: &dyn Store) {
    match store.shared() {
        Some(nodes) => nodes.hear().await,
        None => std::future::pending().await,
    }
}
