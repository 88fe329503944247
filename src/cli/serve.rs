//! `serve`: the daemon, as systemd or a person at a terminal starts it; and `adopt`, for a database that was moved.

use clap::Args;

use super::Outcome;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::daemon::{self, Calls, End};
use crate::desk;

/// Look after the newsroom.
#[derive(Debug, Args)]
#[command(
    after_help = "SIGTERM or Ctrl-C ends it when the messages in flight have their answers, a second one at once; nothing is lost either way.\nSIGHUP reads settings and templates again; where they have a fault, the old ones stay.\nIts log goes to standard error; RUST_LOG says how much of it, such as `debug`."
)]
pub(super) struct Serve {}

pub(super) async fn run(newsroom: Newsroom, environment: Vec<(String, String)>, terminal: &Terminal) -> Result<Outcome, AppError> {
    let calls = Calls::of_the_system().map_err(AppError::io("listen for", "signals"))?;
    match daemon::serve(newsroom, environment, calls).await? {
        End::AtRest => Ok(Outcome::Clean),
        End::AtOnce => {
            terminal.complain("stopped at once; what was in flight is in doubt, and the next run sees to it");
            std::process::exit(1);
        }
    }
}

pub(super) async fn adopt(newsroom: &Newsroom, terminal: &Terminal) -> Result<Outcome, AppError> {
    let words = if desk::adopt::adopt(newsroom).await? {
        "this database sends from here now; its twin, if there is one, must not"
    } else {
        "this database was at home here already"
    };
    terminal.write(|out| writeln!(out, "{words}"))
}
