//! `subscribers`: add, remove, show; whole audiences are in `audience`.

use std::io::{self, Write};

use serde::Serialize;

use super::args::Subscribers;
use super::terminal::Terminal;
use super::{Outcome, audience};
use crate::app::{AppError, Newsroom};
use crate::desk::subscribers as desk;
use crate::store::{Dossier, Enrolled, Suppression};
use crate::subscription::{EmailAddress, Format, PersonName};

pub(super) async fn run(newsroom: &Newsroom, asked: Subscribers, terminal: &Terminal) -> Result<Outcome, AppError> {
    match asked {
        Subscribers::Add { address, name, list } => {
            let list = desk::list(newsroom, list.as_ref())?;
            let outcome = desk::add(newsroom, address.clone(), name, &list).await?;
            let said = match outcome {
                Enrolled::AlreadyThere => "is there already",
                Enrolled::Suppressed => "is suppressed and was not entered; `masthead subscribers show` says why",
                Enrolled::Entered | Enrolled::Changed | Enrolled::LeftBefore => "is on the list",
            };
            terminal.write(|out| writeln!(out, "{address} {said}: {list}"))?;
            Ok(if outcome == Enrolled::Suppressed { Outcome::Findings } else { Outcome::Clean })
        }
        Subscribers::Import(asked) => audience::import(newsroom, asked, terminal).await,
        Subscribers::Sync(asked) => audience::sync(newsroom, asked, terminal).await,
        Subscribers::Export(asked) => audience::export(newsroom, asked).await,
        Subscribers::Erase(asked) => audience::erase(newsroom, asked, terminal).await,
        Subscribers::Remove { address, list } => {
            let list = list.map(|list| desk::list(newsroom, Some(&list))).transpose()?;
            let ended = desk::remove(newsroom, &address, list.as_ref()).await?;
            let names: Vec<&str> = ended.iter().map(crate::subscription::ListId::as_str).collect();
            let said = if names.is_empty() { "was on no such list".to_owned() } else { format!("is off {}", names.join(", ")) };
            terminal.write(|out| writeln!(out, "{address} {said}"))
        }
        Subscribers::Show { address, json } => {
            let (dossier, suppression) = desk::show(newsroom, &address).await?;
            match (dossier, suppression) {
                (Some(dossier), _) if json => terminal.json(&dossier),
                (Some(dossier), _) => terminal.write(|out| print_dossier(out, &dossier)),
                (None, suppression) if json => terminal.json(&Stranger { address, suppression }),
                (None, suppression) => terminal.write(|out| {
                    writeln!(out, "{address}  is no reader")?;
                    print_suppression(out, suppression.as_ref())
                }),
            }
        }
    }
}

/// An address that is no reader's, and is not to be written to.
#[derive(Serialize)]
struct Stranger {
    address: EmailAddress,
    suppression: Option<Suppression>,
}

fn print_suppression(out: &mut dyn Write, suppression: Option<&Suppression>) -> io::Result<()> {
    let Some(suppression) = suppression else { return Ok(()) };
    writeln!(out, "suppressed since {}: {}", suppression.at, suppression.reason)
}

fn print_dossier(out: &mut dyn Write, dossier: &Dossier) -> io::Result<()> {
    let reader = &dossier.reader;
    let name = reader.subscriber.name.as_ref().map_or("(no name)", PersonName::as_str);
    writeln!(out, "{}  {name}, known since {}", reader.subscriber.address, reader.subscriber.since)?;
    if reader.subscriber.format == Format::Text {
        writeln!(out, "format     plain text alone")?;
    }
    for subscription in &reader.subscriptions {
        writeln!(out, "list       {}: {} since {}", subscription.list, subscription.standing, subscription.since)?;
    }
    print_suppression(out, dossier.suppression.as_ref())?;
    for line in &dossier.consents {
        writeln!(out, "consent    {}  {} {} by {}: {}", line.at, line.list, line.standing, line.evidence.channel, line.evidence.detail)?;
    }
    for line in &dossier.deliveries {
        writeln!(
            out,
            "delivery   {}  {} after {} tries {}",
            line.issue,
            line.fate,
            line.attempts,
            line.last_answer.as_deref().unwrap_or("")
        )?;
    }
    Ok(())
}
