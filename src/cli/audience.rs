//! `subscribers import`, `sync`, `export` and `erase`: a whole audience in and out, and one person out for good.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::Outcome;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::desk::rolls::{self, Asked};
use crate::desk::subscribers as desk;
use crate::diagnostic::print::counted;
use crate::store::{Imported, SUPPRESSION};
use crate::subscription::roll::Mapping;
use crate::subscription::{EmailAddress, ListId, PersonName, Standing};

/// How many rejected rows are shown one by one.
const SHOWN: usize = 20;

/// A roll and how to read it.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file
    file: PathBuf,
    /// On which list; may be left out if there is only one, or if the file is an export of ours
    #[arg(long)]
    list: Option<ListId>,
    #[command(flatten)]
    reading: Reading,
}

/// How a roll is read.
#[derive(Debug, Args)]
struct Reading {
    /// What the readers are where the file says nothing of consent: `confirmed` or `pending`
    #[arg(long)]
    assume: Option<Standing>,
    /// Which columns to read: `email=COLUMN,name=COLUMN,status=COLUMN,since=COLUMN,format=COLUMN`; several names make one
    #[arg(long, value_name = "COLUMNS")]
    map: Option<Mapping>,
    /// Where the rows that were left out are written, with line and reason; beside the file if left out
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Say what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// A list that is to be as a file.
#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    /// The file
    file: PathBuf,
    /// Which list; may be left out if there is only one
    #[arg(long)]
    list: Option<ListId>,
    /// The largest part of the list that may end, in percent: with more, nothing is done
    #[arg(long, value_name = "PERCENT", value_parser = share, default_value = "10%")]
    brake: u32,
    /// Do it even if more than that would end
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    reading: Reading,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table that `import` takes back
    Csv,
    /// One object a line
    Json,
}

/// What is exported.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Only of this list
    #[arg(long)]
    list: Option<ListId>,
    /// How
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// Who is erased.
#[derive(Debug, Args)]
pub(super) struct EraseArgs {
    /// The address
    address: EmailAddress,
    /// Yes, for good
    #[arg(long)]
    yes: bool,
}

pub(super) async fn import(newsroom: &Newsroom, asked: ImportArgs, terminal: &Terminal) -> Result<Outcome, AppError> {
    let ImportArgs { file, list, reading } = asked;
    read_in(newsroom, file, list, reading, None, terminal).await
}

pub(super) async fn sync(newsroom: &Newsroom, asked: SyncArgs, terminal: &Terminal) -> Result<Outcome, AppError> {
    let SyncArgs { file, list, brake, yes, reading } = asked;
    let list = desk::list(newsroom, list.as_ref())?;
    read_in(newsroom, file, Some(list), reading, Some(if yes { 1000 } else { brake }), terminal).await
}

async fn read_in(
    newsroom: &Newsroom,
    file: PathBuf,
    list: Option<ListId>,
    reading: Reading,
    brake: Option<u32>,
    terminal: &Terminal,
) -> Result<Outcome, AppError> {
    let Reading { assume, map, rejects, dry_run, json } = reading;
    let asked = Asked { file, list, assume, mapping: map.unwrap_or_default(), is_rehearsal: dry_run, rejects, brake };
    let bar = if terminal.is_attended() { bar() } else { ProgressBar::hidden() };
    let watched = bar.clone();
    let import = rolls::import(newsroom, asked, move |read, total| {
        watched.set_length(total);
        watched.set_position(read);
    })
    .await;
    bar.finish_and_clear();
    let import = import?;
    let is_braked = brake.is_some() && !dry_run && !import.imported.stands;
    if json {
        terminal.json(&Summary::of(&import))?;
    } else {
        print(&import, (dry_run, is_braked), terminal)?;
    }
    if let (true, Some(brake)) = (is_braked, brake) {
        let Imported { absent, living, .. } = import.imported;
        terminal.complain(&format!(
            "{absent} of {living} readers would end, which is more than {}.{} %: nothing was changed; `--yes` does it all the same",
            brake / 10,
            brake % 10
        ));
    }
    Ok(if is_braked || import.rejections() > 0 { Outcome::Findings } else { Outcome::Clean })
}

#[derive(Serialize)]
struct Summary<'a> {
    shape: String,
    entries: u64,
    #[serde(flatten)]
    imported: Imported,
    rejections: u64,
    reasons: &'a std::collections::BTreeMap<&'static str, u64>,
    rejects: Option<&'a PathBuf>,
    rejected: Vec<Rejected<'a>>,
}

#[derive(Serialize)]
struct Rejected<'a> {
    line: u64,
    excerpt: &'a str,
    reason: String,
}

impl<'a> Summary<'a> {
    fn of(import: &'a rolls::Import) -> Self {
        let rejected = import.rejected.iter();
        Self {
            shape: import.shape.to_string(),
            entries: import.imported.entries(),
            imported: import.imported,
            rejections: import.rejections(),
            reasons: &import.reasons,
            rejects: import.rejects.as_ref(),
            rejected: rejected.map(|row| Rejected { line: row.line, excerpt: &row.excerpt, reason: row.reason.to_string() }).collect(),
        }
    }
}

fn print(import: &rolls::Import, (is_rehearsal, is_braked): (bool, bool), terminal: &Terminal) -> Result<Outcome, AppError> {
    for row in import.rejected.iter().take(SHOWN) {
        terminal.say(&format!("line {}: {} ({})", row.line, row.reason, row.excerpt));
    }
    let unseen = import.rejections().saturating_sub(SHOWN as u64);
    if unseen > 0 {
        terminal.say(&format!("and {unseen} more"));
    }
    if let Some(place) = &import.rejects {
        terminal.say(&format!("the rows that were left out are in {}", place.display()));
    }
    let done = import.imported;
    terminal.write(|out| {
        writeln!(out, "{}", import.shape)?;
        if is_rehearsal {
            writeln!(out, "a rehearsal: nothing was changed; this would happen")?;
        } else if is_braked {
            writeln!(out, "braked: nothing was changed; this would have happened")?;
        }
        writeln!(out, "{} read", counted(usize::try_from(done.entries() + import.rejections()).unwrap_or(usize::MAX), "row"))?;
        let lines = [
            (done.entered, "entered"),
            (done.pending, "entered, still to confirm"),
            (done.ended, "entered as having left"),
            (done.changed, "changed"),
            (done.already_there, "there already"),
            (done.left_before, "had left before"),
            (done.newly_suppressed, "gone, suppressed from now on"),
            (done.suppressed, "suppressed before"),
            (done.duplicates, "twice in the file"),
        ];
        for (many, what) in lines.into_iter().filter(|(many, _)| *many > 0) {
            writeln!(out, "{many:>8} {what}")?;
        }
        for (why, many) in &import.reasons {
            writeln!(out, "{many:>8} rejected: {why}")?;
        }
        if done.living > 0 {
            writeln!(out, "{:>8} of {} on the list are not in the file, and end", done.absent, done.living)?;
        }
        Ok(())
    })
}

pub(super) async fn export(newsroom: &Newsroom, asked: ExportArgs) -> Result<Outcome, AppError> {
    let list = asked.list.map(|list| desk::list(newsroom, Some(&list))).transpose()?;
    let failed = || AppError::io("write to", "standard output");
    let mut out = io::BufWriter::new(io::stdout().lock());
    if asked.json || asked.format == Format::Json {
        desk::each_reader(newsroom, list.as_ref(), |reader| {
            serde_json::to_writer(&mut out, reader).map_err(io::Error::from).and_then(|()| writeln!(out)).map_err(failed())
        })
        .await?;
        out.flush().map_err(failed())?;
        return Ok(Outcome::Clean);
    }
    let mut table = csv::Writer::from_writer(out);
    let wrong = |fault: csv::Error| failed()(cause(fault));
    table.write_record(["email", "name", "list", "status", "since", "channel", "evidence", "format"]).map_err(wrong)?;
    desk::each_registered(newsroom, list.as_ref(), |line| {
        let name = line.name.as_ref().map_or("", PersonName::as_str);
        let (list, status, since) = (line.list.as_str(), line.status.as_str(), line.since.to_string());
        table
            .write_record([line.email.as_str(), name, list, status, &since, &line.channel, &line.evidence, line.format.as_str()])
            .map_err(wrong)
    })
    .await?;
    desk::each_suppression(newsroom, list.as_ref(), |address, line| {
        let (since, reason) = (line.at.to_string(), line.reason.as_str());
        table.write_record([address.as_str(), "", "", "suppressed", &since, SUPPRESSION, reason, ""]).map_err(wrong)
    })
    .await?;
    table.flush().map_err(failed())?;
    Ok(Outcome::Clean)
}

pub(super) async fn erase(newsroom: &Newsroom, asked: EraseArgs, terminal: &Terminal) -> Result<Outcome, AppError> {
    let EraseArgs { address, yes } = asked;
    if !yes {
        return Err(AppError::Refused(format!("erasing {address} cannot be undone; if it is meant, say `--yes`")));
    }
    desk::erase(newsroom, &address).await?;
    terminal.write(|out| writeln!(out, "{address} is erased; a mark stays, by which the address is kept from every later roll"))
}

/// What the system said: whoever reads our output may have heard enough.
fn cause(fault: csv::Error) -> io::Error {
    match fault.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}, {eta} to go").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

/// A share in thousandths, from `10`, `10%` or `2.5 %`.
fn share(text: &str) -> Result<u32, String> {
    let wrong = || format!("`{text}` is no share; write it as 10%");
    let number = text.trim().trim_end_matches('%').trim_end();
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(tenth) || tenth.len() > 1 {
        return Err(wrong());
    }
    let thousandths = whole.parse::<u32>().ok().and_then(|whole| whole.checked_mul(10)?.checked_add(tenth.parse().ok()?));
    thousandths.filter(|share| *share <= 1000).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_share_is_a_percentage_up_to_a_hundred() {
        for (text, thousandths) in [("10%", 100), ("10", 100), ("2.5 %", 25), ("0%", 0), ("100%", 1000)] {
            assert_eq!(share(text), Ok(thousandths), "{text}");
        }
        for text in ["", "%", "-1%", "101%", "100.1%", "1.25%", "ten", "+5", "99999999999"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
