//! `preview`: an issue in the browser while it is being written.

use std::net::Ipv4Addr;

use clap::Args;
use tokio::net::TcpListener;

use super::Outcome;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::{desk, web};

/// Show an issue while it is being written.
#[derive(Debug, Args)]
#[command(
    after_help = "Open the address that is printed. The page is fresh a moment after each save; Ctrl-C ends it.\nOnly this machine can see it."
)]
pub(super) struct Preview {
    /// Which issue; the newest that is not out if left out
    pub id: Option<IssueId>,
    /// At which port; a free one if left out
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub port: u16,
}

pub(super) async fn run(newsroom: Newsroom, asked: Preview, terminal: &Terminal) -> Result<Outcome, AppError> {
    let id = match asked.id {
        Some(id) => Some(desk::preview::sheet(&newsroom, &id).await?.id),
        None => desk::preview::newest(&newsroom).await?,
    };
    let asked_for = format!("127.0.0.1:{}", asked.port);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, asked.port)).await.map_err(AppError::io("listen on", &asked_for))?;
    let address = listener.local_addr().map_err(AppError::io("listen on", &asked_for))?;
    terminal.write(|out| writeln!(out, "http://{address}/{}", id.as_ref().map_or("", IssueId::as_str)))?;
    if terminal.is_attended() {
        terminal.say("Ctrl-C ends it");
    }
    web::preview::serve(newsroom, listener, async {
        let _ = tokio::signal::ctrl_c().await;
    })
    .await
    .map_err(AppError::io("serve", asked_for))?;
    Ok(Outcome::Clean)
}
