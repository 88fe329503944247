//! `archive build`: the public pages as a folder of files.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::Outcome;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::desk::reading::build::build;
use crate::diagnostic::print::counted;

/// The archive as files.
#[derive(Debug, Args)]
#[command(
    after_help = "The pages are those that `serve` shows, but for the search. They belong at the `base_url` of the settings; a web\nserver that finds `index.html` in a folder needs no further word. Run it again after each issue: the folder is\nreplaced whole, or stays as it was."
)]
pub(super) struct Build {
    /// The folder: a new one, an empty one, or one that this command made
    pub folder: PathBuf,
}

pub(super) async fn run(newsroom: Newsroom, asked: Build, terminal: &Terminal) -> Result<Outcome, AppError> {
    let newsroom = Arc::new(newsroom);
    let built = build(&newsroom, &asked.folder).await?;
    for name in &built.left_out {
        terminal.say(&format!("left out: {name}, which a web server would have browsers run"));
    }
    let (pages, files) = (counted(built.pages, "page"), counted(built.files, "file"));
    terminal.write(|out| writeln!(out, "{}: {pages}, {files} of issues", built.folder.display()))
}
