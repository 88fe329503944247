//! A run in rounds: seeds and canary first, then everybody, then those who asked to be tried later, until nothing is due.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::dispatch::{Dispatch, End};
use super::worker::Crew;
use super::{Progress, composer, fleet};
use crate::app::{AppError, Newsroom};
use crate::edition::Edition;
use crate::mailing::{Mailing, MailingId, Scope};
use crate::store::{Store, Traffic, Wave};
use crate::traffic::{Gate, Tallied};

/// How many deliveries of a provider are claimed ahead, for each connection: enough that nobody waits for the ledger,
/// few enough that little is in doubt after a power cut.
const AHEAD: usize = 16;

/// The fewest that are claimed at a time.
const LEAST_AHEAD: usize = 64;

/// A limit that lets nothing pass for longer than this ends a run that was not asked to wait.
const PATIENCE: SignedDuration = SignedDuration::from_mins(2);

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
) -> Result<Option<String>, AppError> {
    let crew = crew(newsroom, mailing, edition, progress).await?;
    let patience = after(newsroom.now(), SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX));
    let watch = tokio::spawn(keep_watch(Arc::clone(&crew)));
    let outcome = Rounds { newsroom, mailing, crew: &crew, patience, progress }.run().await;
    watch.abort();
    outcome
}

async fn crew(newsroom: &Newsroom, mailing: &Mailing, edition: &Edition, progress: &Arc<Progress>) -> Result<Arc<Crew>, AppError> {
    let config = newsroom.config();
    let connections: usize = config.relays.iter().map(|relay| relay.connections).sum();
    let dispatch = Dispatch::new(
        newsroom.shared_store(),
        newsroom.clock(),
        Arc::clone(progress),
        mailing.id,
        (connections * AHEAD).max(LEAST_AHEAD),
        gate(newsroom, mailing.id).await?,
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
async fn gate(newsroom: &Newsroom, mailing: MailingId) -> Result<Gate, AppError> {
    let (store, now) = (newsroom.store(), newsroom.now());
    let history: Vec<Tallied> = store.traffic(before(now, A_DAY)).await?.into_iter().map(tallied).collect();
    let days = store.days(before(now, A_MONTH)).await?;
    let days: Vec<_> = days.into_iter().map(|day| (day.provider, day.date, day.accepted, day.block)).collect();
    let pauses = store.pauses().await?;
    Ok(Gate::new(newsroom.config().rules(), &history, &days, &pauses, now).for_mailing(mailing))
}

fn tallied(traffic: Traffic) -> Tallied {
    let Traffic { relay, provider, minute, attempts, accepted, deferred, hard, block } = traffic;
    Tallied { relay, provider, minute, attempts, accepted, deferred, hard, block }
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
    Stopped(String),
}

impl Rounds<'_> {
    async fn run(&self) -> Result<Option<String>, AppError> {
        if self.mailing.is_canaried
            && let Some(reason) = self.canary().await?
        {
            return Ok(Some(reason));
        }
        loop {
            let later = match self.round(Wave::Rest).await? {
                Round::Over(later) => later,
                Round::Stopped(reason) => return Ok(Some(reason)),
            };
            let due = self.store().tally(self.mailing.id).await?.next_due;
            let Some(next) = [due, later].into_iter().flatten().min() else { return self.what_holds_back().await };
            if next > self.patience && next > self.newsroom.now() {
                return Ok(later.map(|later| format!("a limit lets nothing pass before {}", self.local(later))));
            }
            if !self.stay_until(next, "those who asked to be tried later").await {
                return Ok(Some(STOPPED.to_owned()));
            }
        }
    }

    /// Sends to the seeds and the canary, and stays until their answers have had time to come. Returns why the run ends
    /// with that.
    async fn canary(&self) -> Result<Option<String>, AppError> {
        let until = if let Some(until) = self.mailing.canary_until {
            until
        } else {
            if let Round::Stopped(reason) = self.round(Wave::Canary).await? {
                return Ok(Some(reason));
            }
            let hold = self.newsroom.config().canary.map_or(Duration::ZERO, |canary| canary.hold);
            let until = after(self.newsroom.now(), SignedDuration::try_from(hold).unwrap_or_default());
            self.store().canary_sent(self.mailing.id, until).await?;
            tracing::info!(issue = %self.mailing.issue, %until, "the canary is out");
            until
        };
        let stayed = self.stay_until(until, "the canary: the others get theirs").await;
        Ok((!stayed).then(|| STOPPED.to_owned()))
    }

    /// Lets all connections work on what may be claimed now.
    async fn round(&self, wave: Wave) -> Result<Round, AppError> {
        let tally = self.store().tally(self.mailing.id).await?;
        self.progress.total.store(self.progress.settled() + tally.open() - tally.doubtful, Ordering::Relaxed);
        let waiting = self.store().waiting(self.mailing.id, wave).await?;
        let patience = self.patience.max(after(self.newsroom.now(), PATIENCE));
        self.crew.dispatch.begin(wave, &waiting, patience);
        fleet::work(self.crew, &fleet::places(self.newsroom)).await;
        let (left, end, later) = self.crew.dispatch.finish().await;
        let released = self.store().release(self.mailing.id, &left).await;
        match end {
            Some(End::Failed(fault)) => return Err(fault),
            Some(End::Halted(reason)) => return Ok(Round::Stopped(reason)),
            None => {}
        }
        released?;
        if self.progress.must_stop() {
            return Ok(Round::Stopped(STOPPED.to_owned()));
        }
        Ok(Round::Over(later))
    }

    /// Why something is left although nothing is due: a pause that only a person ends.
    async fn what_holds_back(&self) -> Result<Option<String>, AppError> {
        let waiting = self.store().waiting(self.mailing.id, Wave::Rest).await?;
        let pauses = self.store().pauses().await?;
        let held = pauses.iter().find(|(scope, pause)| {
            pause.slow_to.is_none()
                && match scope {
                    Scope::Provider(provider) => waiting.iter().any(|waits| waits.provider == *provider && waits.queued > 0),
                    Scope::Mailing(mailing) => *mailing == self.mailing.id,
                    Scope::Relay(_) => waiting.iter().any(|waits| waits.queued > 0),
                }
        });
        Ok(held.map(|(scope, pause)| match scope {
            Scope::Provider(provider) => format!("{provider} is paused: {}", pause.reason),
            Scope::Relay(relay) => format!("relay `{relay}` is paused: {}", pause.reason),
            Scope::Mailing(_) => format!("it is paused: {}", pause.reason),
        }))
    }

    /// Waits until that moment; `false` if the run is to stop before it.
    async fn stay_until(&self, at: Timestamp, what: &str) -> bool {
        let left = Duration::try_from(at.duration_since(self.newsroom.now())).unwrap_or_default();
        if left.is_zero() {
            return !self.crew.dispatch.must_stop();
        }
        self.progress.wait_for(Some(format!("waiting until {} for {what}", self.local(at))));
        tokio::select! {
            () = tokio::time::sleep(left) => {}
            () = self.crew.dispatch.ended() => {}
        }
        self.progress.wait_for(None);
        !self.crew.dispatch.must_stop()
    }

    fn local(&self, at: Timestamp) -> String {
        at.to_zoned(self.newsroom.config().zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
    }

    fn store(&self) -> &dyn Store {
        self.newsroom.store()
    }
}

/// Why a run ends that somebody has ended.
const STOPPED: &str = "it was asked to stop";

/// Looks every second what others have done: a pause or its end, a mailing cancelled, deferred deliveries come due.
async fn keep_watch(crew: Arc<Crew>) {
    let mut known = crew.store.pauses().await.unwrap_or_default();
    let mut tick = tokio::time::interval(WATCH);
    loop {
        tick.tick().await;
        // A store that cannot be read just now is asked again in a second; sending stops by itself meanwhile.
        let (Ok(pauses), Ok(mailings)) = (crew.store.pauses().await, crew.store.mailings().await) else { continue };
        for (scope, pause) in pauses.iter().filter(|pause| !known.contains(pause)) {
            crew.dispatch.pause(scope, pause.clone());
        }
        for (scope, _) in known.iter().filter(|(scope, _)| !pauses.iter().any(|(other, _)| other == scope)) {
            crew.dispatch.resume(scope);
        }
        known = pauses;
        if mailings.iter().any(|mailing| mailing.id == crew.mailing && mailing.cancelled_at.is_some()) {
            crew.dispatch.halt("it was cancelled".to_owned());
        }
        if let Ok(waiting) = crew.store.waiting(crew.mailing, crew.dispatch.wave()).await {
            crew.dispatch.arm(&waiting);
        }
    }
}

fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

fn before(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_sub(span).unwrap_or(Timestamp::MIN)
}
