//! `subscribers`: add, remove, show; whole audiences are in `audience`.

use std::io::{self, Write};

use serde::Serialize;

use super::args::Subscribers;
use super::terminal::Terminal;
use super::{Outcome, audience};
use crate::app::{AppError, Newsroom};
use crate::desk::subscribers as desk;
use crate::diagnostic::print::counted;
use crate::store::{Dossier, Enrolled, Suppression, Unconfirmed};
use crate::subscription::{EmailAddress, Format, ListId, PersonName};

/// The longest reason in characters.
const LONGEST_WHY: usize = 500;

pub(super) async fn run(newsroom: &Newsroom, asked: Subscribers, terminal: &Terminal) -> Result<Outcome, AppError> {
    match asked {
        Subscribers::Add { address, name, list, lift } => {
            let list = desk::list(newsroom, list.as_ref())?;
            let outcome = match lift {
                None => desk::add(newsroom, address.clone(), name, &list).await?,
                Some(why) => desk::readmit(newsroom, address.clone(), name, &list, &why, &account()).await?,
            };
            let said = match outcome {
                Enrolled::AlreadyThere => format!("is there already: {list}"),
                Enrolled::Suppressed => {
                    "is suppressed and was not entered; `masthead subscribers show` says why, `--lift WHY` enters who asks to come back"
                        .to_owned()
                }
                Enrolled::Entered | Enrolled::Changed | Enrolled::LeftBefore => format!("is on the list: {list}"),
            };
            terminal.write(|out| writeln!(out, "{address} {said}"))?;
            Ok(if outcome == Enrolled::Suppressed { Outcome::Findings } else { Outcome::Clean })
        }
        Subscribers::Import(asked) => audience::import(newsroom, asked, terminal).await,
        Subscribers::Sync(asked) => audience::sync(newsroom, asked, terminal).await,
        Subscribers::Export(asked) => audience::export(newsroom, asked).await,
        Subscribers::Erase(asked) => audience::erase(newsroom, asked, terminal).await,
        Subscribers::Remove { address, list } => {
            let list = list.map(|list| desk::list(newsroom, Some(&list))).transpose()?;
            let ended = desk::remove(newsroom, &address, list.as_ref()).await?;
            let names: Vec<&str> = ended.iter().map(ListId::as_str).collect();
            let said = if names.is_empty() { "was on no such list".to_owned() } else { format!("is off {}", names.join(", ")) };
            terminal.write(|out| writeln!(out, "{address} {said}"))
        }
        Subscribers::Show { address, json } => {
            let known = desk::show(newsroom, &address).await?;
            let unconfirmed = &known.unconfirmed;
            match (&known.dossier, known.suppression) {
                (Some(dossier), _) if json => terminal.json(dossier),
                (Some(dossier), _) => terminal.write(|out| {
                    print_dossier(out, dossier)?;
                    print_unconfirmed(out, unconfirmed)
                }),
                (None, suppression) if json => terminal.json(&Stranger { address, suppression, unconfirmed }),
                (None, suppression) => terminal.write(|out| {
                    writeln!(out, "{address}  is no reader")?;
                    print_suppression(out, suppression.as_ref())?;
                    print_unconfirmed(out, unconfirmed)
                }),
            }
        }
    }
}

/// Who is at work, as the machine knows them.
fn account() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|who| !who.is_empty()));
    named.unwrap_or_else(|| "somebody without a name here".to_owned())
}

/// A reason as it is kept: a sentence of one line.
pub(super) fn why(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_WHY || text.chars().any(char::is_control) {
        return Err(format!("say in one line of at most {LONGEST_WHY} characters how the reader asked, and when"));
    }
    Ok(text.to_owned())
}

/// An address that is no reader's.
#[derive(Serialize)]
struct Stranger<'a> {
    address: EmailAddress,
    suppression: Option<Suppression>,
    unconfirmed: &'a [Unconfirmed],
}

fn print_unconfirmed(out: &mut dyn Write, unconfirmed: &[Unconfirmed]) -> io::Result<()> {
    for asked in unconfirmed {
        let lists: Vec<&str> = asked.lists.iter().map(ListId::as_str).collect();
        let name = asked.name.as_ref().map_or("(no name)", PersonName::as_str);
        writeln!(out, "asked      {}  {name} for {}, and has not confirmed: {}", asked.at, lists.join(", "), asked.detail)?;
    }
    Ok(())
}

fn tries(many: u32) -> String {
    counted(usize::try_from(many).unwrap_or(usize::MAX), "attempt")
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
        let when = line.changed_at.map_or_else(|| "not yet".to_owned(), |at| at.to_string());
        let answer = line.last_answer.as_deref().unwrap_or_default();
        writeln!(out, "delivery   {when}  {} to {}: {} after {} {answer}", line.issue, line.list, line.fate, tries(line.attempts))?;
    }
    Ok(())
}
