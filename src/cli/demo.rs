//! `demo`: the whole road in one command, step by step before the newcomer's eyes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::Outcome;
use super::args::Demo;
use super::send;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::clock::SystemClock;
use crate::desk;
use crate::desk::demo::{OUTBOX, stock, unpack};
use crate::desk::send::Request;
use crate::web;

pub(super) async fn run(asked: &Demo, terminal: &Terminal) -> Result<Outcome, AppError> {
    let folder = throw_away()?;
    unpack(&folder)?;
    let listener = if asked.once { None } else { Some(listen(asked.listen).await?) };
    let address = format!("http://{}", listener.as_ref().and_then(|listener| listener.local_addr().ok()).unwrap_or(asked.listen));
    let environment = vec![("MASTHEAD_PUBLICATION__BASE_URL".to_owned(), address.clone())];
    let newsroom = Newsroom::open(&folder, &environment, Arc::new(SystemClock)).await?;
    terminal.findings(newsroom.warnings());
    terminal.say(&format!("1. a sample newsroom, to be thrown away: {}", folder.display()));
    let stocked = stock(&newsroom).await?;
    let entered = stocked.import.imported.entries() - stocked.import.imported.duplicates;
    terminal.say(&format!(
        "2. its archive has {} back issues, its list {entered} readers (pending and departed ones among them)",
        stocked.back_issues
    ));
    let report = desk::check::check(&newsroom, std::slice::from_ref(&stocked.issue)).await?;
    terminal.findings(&report.all());
    terminal.say(&format!("3. `masthead check {}` finds nothing that forbids to send it", stocked.issue));
    terminal.say(&format!("4. `masthead send {}`: one personal message for every confirmed reader", stocked.issue));
    let request = Request { issue: stocked.issue, now: true, wait: std::time::Duration::ZERO, joined: None, edition: None };
    let sent = send::watched(&newsroom, &request, terminal).await?;
    send::print(&sent, &newsroom, terminal)?;
    let again = send::watched(&newsroom, &request, terminal).await?;
    let repeated = again.tally.accepted - sent.tally.accepted;
    terminal.say(&format!("5. the same command a second time sends {repeated} messages: an issue goes out once"));
    let outbox = folder.join(OUTBOX);
    let Some(listener) = listener else {
        terminal.say(&format!("the mail is in {}", outbox.display()));
        return Ok(if sent.is_finished && repeated == 0 { Outcome::Clean } else { Outcome::Findings });
    };
    terminal.say(&format!("\nread the mail at {address}/outbox , or in {}\nwhat everybody may read is at {address}/\nCtrl-C ends the demo and removes its folder", outbox.display()));
    // The mailing has listened to SIGTERM, which ends nothing by itself from then on.
    let mut interruptions = send::Interruptions::listen();
    web::serve(newsroom, outbox, listener, async move { interruptions.next().await }).await.map_err(AppError::io("serve", address))?;
    std::fs::remove_dir_all(&folder).map_err(AppError::io("remove", &folder))?;
    Ok(Outcome::Clean)
}

/// Listens where it was asked to, or, if something else listens there, at a port that is free.
async fn listen(asked: SocketAddr) -> Result<TcpListener, AppError> {
    match TcpListener::bind(asked).await {
        Err(fault) if fault.kind() == std::io::ErrorKind::AddrInUse => TcpListener::bind((asked.ip(), 0)).await,
        bound => bound,
    }
    .map_err(AppError::io("listen on", asked.to_string()))
}

/// A fresh folder of our own among the system's temporary ones.
fn throw_away() -> Result<PathBuf, AppError> {
    let base = std::env::temp_dir();
    for attempt in 0..1000 {
        let folder = base.join(format!("masthead-demo-{}-{attempt}", std::process::id()));
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(fault) if fault.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(AppError::Io { deed: "make the folder", path: folder, cause }),
        }
    }
    Err(AppError::Refused(format!("there are too many demos in {}", base.display())))
}
