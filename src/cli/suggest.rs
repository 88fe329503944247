//! `suggest`: lines to paste under the related items, and why each of them.

use clap::Args;

use super::Outcome;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::suggest::suggest;

/// Related items.
#[derive(Debug, Args)]
#[command(
    after_help = "The lines go to standard output and why to standard error: `masthead suggest 2014-12 2>/dev/null` gives what is to be pasted.\nWith `related: auto 4` above the text the press lists the first four itself."
)]
pub(super) struct Suggest {
    /// Which issue of the folder
    pub id: IssueId,
    /// How many at most
    #[arg(long, default_value = "10", value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub most: u16,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) async fn run(newsroom: &Newsroom, asked: &Suggest, terminal: &Terminal) -> Result<Outcome, AppError> {
    let suggestions = suggest(newsroom, &asked.id, usize::from(asked.most)).await?;
    if asked.json {
        return terminal.json(&suggestions);
    }
    if suggestions.is_empty() {
        terminal.say(&format!("nothing that was out before {} has to do with it", asked.id));
    }
    for suggestion in &suggestions {
        let why: Vec<String> = suggestion.article.why.iter().map(ToString::to_string).collect();
        let why = why.join("; ");
        if suggestion.article.is_listed {
            terminal.say(&format!("listed already: \"{}\" ({})\n    {why}", suggestion.article.title, suggestion.date));
        } else {
            terminal.write(|out| writeln!(out, "{}", suggestion.line))?;
            terminal.say(&format!("    {why}"));
        }
    }
    Ok(Outcome::Clean)
}
