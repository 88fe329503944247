//! What `check` asks of the network before it tells what it found: the feeds, then the links, with a bar for whoever
//! watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::feeds;
use crate::desk::links::{self, Progress};

/// How long a person waits for other people's servers.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Fetches the feeds, and says if not all could be asked.
pub(super) async fn fetch(newsroom: &Newsroom, terminal: &Terminal) -> Result<(), AppError> {
    match feeds::fetch(newsroom, PATIENCE).await {
        Ok(round) if round.open > 0 => terminal.say(&format!("{} feeds did not answer in time", round.open)),
        Ok(_) => {}
        Err(AppError::Fetch(fault)) => terminal.say(&format!("no feed was asked: {fault}")),
        Err(fault) => return Err(fault),
    }
    Ok(())
}

/// Tries what is not known, and says if not all could be. Where nobody can be asked at all, the rest is checked all the
/// same.
pub(super) async fn look_up(newsroom: &Newsroom, ids: &[IssueId], terminal: &Terminal) -> Result<(), AppError> {
    let progress = Progress::default();
    let bar = if terminal.is_attended() { bar() } else { ProgressBar::hidden() };
    let moving = async {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            bar.set_length(progress.total());
            bar.set_position(progress.tried());
        }
    };
    let looked_up = tokio::select! {
        looked_up = links::look_up(newsroom, ids, PATIENCE, &progress) => looked_up,
        () = moving => return Ok(()),
    };
    bar.finish_and_clear();
    match looked_up {
        Ok(round) if round.open > 0 => {
            terminal.say(&format!("{} links were not tried in time; the next `check` goes on with them", round.open));
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(AppError::Fetch(fault)) => {
            terminal.say(&format!("no link was tried: {fault}"));
            Ok(())
        }
        Err(fault) => Err(fault),
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("trying links {bar:30} {pos} of {len}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}
