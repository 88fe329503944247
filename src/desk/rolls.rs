//! Rolls of any length: read on one thread, entered by the store's, a few thousand rows at a time.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::task::spawn_blocking;

use super::subscribers;
use crate::app::{AppError, Newsroom};
use crate::store::{BrokenOff, Ending, Imported, Pieces};
use crate::subscription::roll::{Mapping, Probe, RejectedRow, RollEntry, RollReader, RollRow, RowFault, Shape, Tool, Ways};
use crate::subscription::{Evidence, ListId, Standing};

/// How much of the file is read at once, in octets.
const PIECE: usize = 128 * 1024;
/// How many entries are handed over at once, and how many such handfuls may wait.
const HANDFUL: usize = 2_000;
const WAITING: usize = 4;
/// How many rejected rows are remembered; the file of rejects has all.
const REMEMBERED: usize = 1_000;

/// A roll to be entered, and how.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The file.
    pub file: PathBuf,
    /// On which list; the only one if left out. An export of ours names the list of each row.
    pub list: Option<ListId>,
    /// The standing of those of whom the file does not say whether they agreed.
    pub assume: Option<Standing>,
    /// Columns to read where their names do not tell.
    pub mapping: Mapping,
    /// Only to see what would happen.
    pub is_rehearsal: bool,
    /// Where rejected rows are written; beside the file if left out, and not at all in a rehearsal.
    pub rejects: Option<PathBuf>,
    /// Those who are not in the file end, unless they are more than so many thousandths of the list.
    pub brake: Option<u32>,
}

/// What an import did, or would do.
#[derive(Debug)]
pub struct Import {
    /// How the file was understood.
    pub shape: Shape,
    /// What became of those whom it names.
    pub imported: Imported,
    /// The rows that were left out: the first thousand.
    pub rejected: Vec<RejectedRow>,
    /// How many were left out, by kind.
    pub reasons: BTreeMap<&'static str, u64>,
    /// The file of the rejected rows, if one was written.
    pub rejects: Option<PathBuf>,
}

impl Import {
    /// How many rows were left out.
    pub fn rejections(&self) -> u64 {
        self.reasons.values().sum()
    }
}

/// Enters a roll: all of it in one transaction, or nothing. `watch` is told how many octets of how many are read.
pub async fn import(newsroom: &Newsroom, asked: Asked, watch: impl Fn(u64, u64) + Send + 'static) -> Result<Import, AppError> {
    let (list, no_list) = match subscribers::list(newsroom, asked.list.as_ref()) {
        Ok(list) => (Some(list), None),
        Err(fault) if asked.list.is_some() || asked.brake.is_some() => return Err(fault),
        Err(fault) => (None, Some(fault)),
    };
    let name = asked.file.file_name().map_or_else(|| asked.file.display().to_string(), |name| name.to_string_lossy().into_owned());
    let evidence = Evidence { channel: "sync".to_owned(), detail: format!("not in {name}") };
    let plan = crate::store::Import {
        list,
        at: newsroom.now(),
        is_rehearsal: asked.is_rehearsal,
        ending: asked.brake.map(|brake| Ending { evidence, brake }),
    };
    let (entries, waiting) = sync_channel(WAITING);
    let desk = ReadingDesk { asked, name, no_list, entries, handful: Vec::new(), has_readers: false, tray: Tray::default() };
    let reading = spawn_blocking(move || desk.read(watch));
    let imported = newsroom.store().import(plan, pieces(waiting)).await;
    let read = reading.await.map_err(|cause| AppError::Refused(format!("the file could not be read: {cause}")))??;
    let (shape, tray) = read;
    Ok(Import { shape, imported: imported?, rejected: tray.rejected, reasons: tray.reasons, rejects: tray.written })
}

/// What comes from the reading thread. If that ends without a last word, the roll is broken off.
fn pieces(waiting: Receiver<Option<Vec<RollEntry>>>) -> Pieces {
    let mut is_over = false;
    Box::new(std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        match waiting.recv() {
            Ok(Some(handful)) => Some(Ok(handful)),
            Ok(None) => {
                is_over = true;
                None
            }
            Err(_) => {
                is_over = true;
                Some(Err(BrokenOff))
            }
        }
    }))
}

/// Where a roll is read.
struct ReadingDesk {
    asked: Asked,
    name: String,
    no_list: Option<AppError>,
    entries: SyncSender<Option<Vec<RollEntry>>>,
    handful: Vec<RollEntry>,
    /// Whether anybody was read who is to be on a list.
    has_readers: bool,
    tray: Tray,
}

impl ReadingDesk {
    fn read(mut self, watch: impl Fn(u64, u64)) -> Result<(Shape, Tray), AppError> {
        let path = self.asked.file.clone();
        let wrong = |cause| AppError::Io { deed: "read", path: path.clone(), cause };
        let mut file = open(&path).map_err(wrong)?;
        let total = file.metadata().map_err(wrong)?.len();
        let mut probe = Probe::default();
        each_piece(&mut file, |octets| {
            probe.look(octets);
            Ok(())
        })
        .map_err(wrong)?;
        file.rewind().map_err(wrong)?;
        let ways = Ways { file_name: self.name.clone(), assume: self.asked.assume, mapping: self.asked.mapping.clone() };
        let mut reader = RollReader::new(ways, probe.encoding());
        let (mut done, mut stopped) = (0, None);
        each_piece(&mut file, |octets| {
            done += octets.len() as u64;
            watch(done, total);
            stopped = self.feed(&mut reader, octets).err();
            if stopped.is_some() { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
        })
        .or_else(|fault| if stopped.is_some() { Ok(()) } else { Err(wrong(fault)) })?;
        if let Some(fault) = stopped {
            return Err(fault);
        }
        let mut rows = Vec::new();
        let shape = reader.finish(|row| rows.push(row)).map_err(|fault| self.refused(&fault))?;
        self.must_have_list(&shape)?;
        rows.into_iter().try_for_each(|row| self.take(row))?;
        self.must_have_readers()?;
        self.hand_over();
        // Nobody waits for the last word if the store has failed, and then it says so itself.
        let _ = self.entries.send(None);
        self.tray.close()?;
        Ok((shape, self.tray))
    }

    fn feed(&mut self, reader: &mut RollReader, octets: &[u8]) -> Result<(), AppError> {
        let mut rows = Vec::new();
        reader.feed(octets, |row| rows.push(row)).map_err(|fault| self.refused(&fault))?;
        if let Some(shape) = reader.shape() {
            self.must_have_list(shape)?;
        }
        rows.into_iter().try_for_each(|row| self.take(row))
    }

    /// Only an export of ours says itself who is on which list.
    fn must_have_list(&mut self, shape: &Shape) -> Result<(), AppError> {
        if shape.tool == Some(Tool::Masthead) { Ok(()) } else { self.no_list.take().map_or(Ok(()), Err) }
    }

    /// A list is not emptied by a file that was: whoever means that removes its readers.
    fn must_have_readers(&self) -> Result<(), AppError> {
        if self.asked.brake.is_none() || self.has_readers {
            return Ok(());
        }
        Err(self.refused(&"no row of it names a reader who is to be on the list; nothing was changed, since this would end everybody"))
    }

    fn take(&mut self, row: RollRow) -> Result<(), AppError> {
        let entry = match row {
            RollRow::Rejected(row) => return self.reject(row),
            RollRow::Reader(entry) => entry,
        };
        if let (Some(named), Some(wanted)) = (&entry.list, &self.asked.list)
            && named != wanted
        {
            let excerpt = entry.enrolment.address.to_string();
            return self.reject(RejectedRow { line: entry.line, excerpt, reason: RowFault::OtherList(named.clone()) });
        }
        self.has_readers |= !matches!(entry.enrolment.standing, Standing::Ended);
        self.handful.push(entry);
        if self.handful.len() >= HANDFUL {
            self.hand_over();
        }
        Ok(())
    }

    fn reject(&mut self, row: RejectedRow) -> Result<(), AppError> {
        let beside = || (!self.asked.is_rehearsal).then(|| self.asked.file.with_extension("rejected.csv"));
        let place = self.asked.rejects.clone().or_else(beside);
        self.tray.reject(row, place.as_deref())
    }

    fn hand_over(&mut self) {
        let _ = self.entries.send(Some(std::mem::take(&mut self.handful)));
    }

    fn refused(&self, fault: &impl std::fmt::Display) -> AppError {
        AppError::Refused(format!("{}: {fault}", self.name))
    }
}

/// The rows that were left out.
#[derive(Default)]
struct Tray {
    rejected: Vec<RejectedRow>,
    reasons: BTreeMap<&'static str, u64>,
    file: Option<csv::Writer<File>>,
    written: Option<PathBuf>,
}

impl Tray {
    fn reject(&mut self, row: RejectedRow, place: Option<&Path>) -> Result<(), AppError> {
        *self.reasons.entry(row.reason.kind()).or_default() += 1;
        if let Some(place) = place {
            let wrong = |fault: csv::Error| AppError::Io { deed: "write", path: place.to_owned(), cause: fault.into() };
            if self.file.is_none() {
                // It holds addresses: for the eyes of its owner only.
                let made = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(place);
                let mut table = csv::Writer::from_writer(made.map_err(AppError::io("write", place))?);
                table.write_record(["line", "reason", "row"]).map_err(wrong)?;
                self.written = Some(place.to_owned());
                self.file = Some(table);
            }
            if let Some(table) = &mut self.file {
                table.write_record([&row.line.to_string(), &row.reason.to_string(), &row.excerpt]).map_err(wrong)?;
            }
        }
        if self.rejected.len() < REMEMBERED {
            self.rejected.push(row);
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), AppError> {
        let Some((table, place)) = self.file.as_mut().zip(self.written.as_ref()) else { return Ok(()) };
        table.flush().map_err(AppError::io("write", place))
    }
}

/// The file, or for a pipe a nameless one that holds all that came: a roll is read twice.
fn open(path: &Path) -> io::Result<File> {
    let mut given = File::open(path)?;
    if given.metadata()?.is_file() {
        return Ok(given);
    }
    let (mut copy, place) = spare()?;
    let _ = std::fs::remove_file(place);
    io::copy(&mut given, &mut copy)?;
    copy.rewind()?;
    Ok(copy)
}

/// A new file of our own among the machine's temporary ones.
fn spare() -> io::Result<(File, PathBuf)> {
    let place = std::env::temp_dir().join(format!("masthead-roll-{}", std::process::id()));
    let file = OpenOptions::new().create_new(true).read(true).write(true).mode(0o600).open(&place)?;
    Ok((file, place))
}

fn each_piece(file: &mut File, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            read => take(piece.get(..read).unwrap_or_default())?,
        }
    }
}
