//! The daemon: attends to the folder, the calendar, the mailings under way and the pages, until it is asked to stop.
//!
//! It decides nothing by itself. What an issue's turn is, the desk says from the ledger, so that a restart, a sleep or a
//! clock that was set makes no difference; the daemon only asks again whenever something may have changed.

mod calls;
mod duty;
mod helping;
mod office;
mod pages;
mod reloading;
mod run;
mod scouring;
mod systemd;
mod vacancy;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::app::{AppError, Newsroom};
use crate::desk::adopt;
use crate::intake::watch::Watch;
use office::Office;
use vacancy::Vacancy;

pub use calls::{Call, Calls};

/// How often the clock is looked at. It is looked at rather than waited for: it may be set, and the machine may sleep.
const TICK: Duration = Duration::from_secs(1);

/// How long those are waited for who are at work when we are asked to stop, mailings apart: those end by themselves.
const FAREWELL: Duration = Duration::from_secs(10);

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Whatever was in flight has been seen to.
    AtRest,
    /// It was asked twice, and has left at once.
    AtOnce,
}

/// Looks after a newsroom until it is asked to stop. `environment` overrides the settings, now and when they are read
/// again.
pub async fn serve(newsroom: Newsroom, environment: Vec<(String, String)>, mut calls: Calls) -> Result<End, AppError> {
    let _lock = newsroom.hold_office()?;
    if !adopt::is_at_home(&newsroom).await? {
        tracing::warn!("nothing goes out: the database is at home elsewhere, and `masthead adopt` says that it is meant");
    }
    // Before the first is erased, and also if another program does that: whoever was must be known to all pages at once.
    newsroom.seal_store()?;
    let presence = newsroom.attend().await?;
    if newsroom.config().node.keeps_office {
        newsroom.attendance().stands_for_office();
    }
    let mut folder = watch_over(&newsroom);
    let (current, newsrooms) = watch::channel(Arc::new(newsroom));
    let pages = pages::open(newsrooms).await?;
    let mut office = Office::new(current, environment);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut vacancy = Vacancy::default();
    office.ready();
    loop {
        tokio::select! {
            call = calls.next() => match call {
                Call::Stop => break,
                Call::Reload => {
                    if office.reload().await {
                        folder = watch_over(&office.newsroom());
                    }
                }
            },
            still = folder.settled() => office.folder_changed(still),
            () = office.something_ended() => {}
            _ = tick.tick() => {}
        }
        office.go_on();
        vacancy.look(office.newsroom().attendance());
    }
    let end = farewell(&mut office, &mut calls).await;
    pages.close().await;
    let newsroom = office.newsroom();
    let end = match end {
        End::AtRest if newsroom.attendance().has_office() => last_scouring(&newsroom, &mut calls).await,
        end => end,
    };
    presence.leave().await;
    Ok(end)
}

async fn last_scouring(newsroom: &Newsroom, calls: &mut Calls) -> End {
    tokio::select! {
        end = scouring::scour(newsroom) => {
            if let Err(fault) = end {
                tracing::warn!(%fault, "files could not be scoured of those who were erased; that is done after the next start");
            }
            End::AtRest
        }
        () = stopped(calls) => End::AtOnce,
    }
}

/// Waits until it is asked to stop once more.
async fn stopped(calls: &mut Calls) {
    while calls.next().await != Call::Stop {}
}

fn watch_over(newsroom: &Newsroom) -> Watch {
    Watch::new(&newsroom.config().issues_folder, newsroom.config().settle)
}

/// Sends nothing more, and waits until what is in flight has its answer.
async fn farewell(office: &mut Office, calls: &mut Calls) -> End {
    office.stop();
    let deadline = Instant::now() + FAREWELL;
    while office.is_busy(Instant::now() < deadline) {
        tokio::select! {
            call = calls.next() => if call == Call::Stop { return End::AtOnce },
            () = office.something_ended() => {}
            () = tokio::time::sleep(TICK) => office.is_alive(),
        }
    }
    End::AtRest
}
