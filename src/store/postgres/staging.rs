//! A roll on its way in: its pieces are read in a thread of their own and copied into a table that only this transaction
//! sees, so that a roll of any length is in nobody's memory.

use std::collections::HashMap;

use deadpool_postgres::Transaction;
use tokio::sync::mpsc::{self, Receiver};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::{enrolling, rows};
use crate::store::outcome::is_of_no_list;
use crate::store::{BrokenOff, Import, Pieces, Result, StoreError};
use crate::subscription::roll::RollEntry;
use crate::subscription::{Format, ListId, PersonName, Seal};

/// How many pieces are read ahead.
const AHEAD: usize = 2;

/// What was staged.
pub(super) struct Staged {
    /// How many entries there are.
    pub(super) entries: u64,
    /// The number of the import's own list.
    pub(super) default: Option<i64>,
    /// Whether each entry has its marks, by which the erased are known.
    pub(super) is_marked: bool,
}

/// Copies a roll into the table `roll`; `None` if it was broken off.
pub(super) async fn stage(transaction: &Transaction<'_>, seal: Option<&Seal>, import: &Import, pieces: Pieces) -> Result<Option<Staged>> {
    let lists = rows::all(transaction, "SELECT id, number FROM lists", &[], |row| Ok((rows::id(row, "id")?, rows::int(row, "number")?)));
    let lists: HashMap<ListId, i64> = lists.await?.into_iter().collect();
    let default = import.list.as_ref().map(|list| number(&lists, list)).transpose()?;
    // A hash for each entry is spared where nobody was ever erased.
    let seal = if enrolling::has_erased(transaction).await? { seal } else { None };
    transaction.batch_execute(ROLL).await?;
    let columns = [
        Type::INT8,
        Type::INT8,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::INT2,
        Type::INT2,
        Type::BOOL,
        Type::TEXT,
        Type::TEXT,
        Type::BYTEA_ARRAY,
    ];
    let writer = BinaryCopyInWriter::new(transaction.copy_in(COPY).await?, &columns);
    tokio::pin!(writer);
    let (mut entries, mut pieces) = (0, read_ahead(pieces));
    while let Some(piece) = pieces.recv().await {
        let Ok(piece) = piece else { return Ok(None) };
        for entry in piece {
            entries += 1;
            let list = list_of(&entry, default, &lists)?;
            let line = Line::new(&entry, seal);
            let line: [&(dyn tokio_postgres::types::ToSql + Sync); 12] = [
                &i64::try_from(entries).unwrap_or(i64::MAX),
                &list,
                &line.key,
                &entry.enrolment.address.as_str(),
                &line.name,
                &line.since,
                &line.standing,
                &line.format,
                &entry.is_gone,
                &line.channel,
                &line.detail,
                &line.marks,
            ];
            writer.as_mut().write(&line).await?;
        }
    }
    writer.finish().await?;
    Ok(Some(Staged { entries, default, is_marked: seal.is_some() }))
}

/// Has pieces read in a thread of their own, which waits when it is ahead, and ends when nobody takes them any more.
fn read_ahead(pieces: Pieces) -> Receiver<std::result::Result<Vec<RollEntry>, BrokenOff>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        for piece in pieces {
            let is_last = piece.is_err();
            if sender.blocking_send(piece).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

/// The number of the list that an entry names, or of the import's. Only who is gone needs none.
fn list_of(entry: &RollEntry, default: Option<i64>, lists: &HashMap<ListId, i64>) -> Result<Option<i64>> {
    let list = match &entry.list {
        Some(named) => Some(number(lists, named)?),
        None => default.filter(|_| !is_of_no_list(entry)),
    };
    if list.is_none() && !entry.is_gone {
        return Err(StoreError::Unknown(format!("the list for line {}", entry.line)));
    }
    Ok(list)
}

fn number(lists: &HashMap<ListId, i64>, list: &ListId) -> Result<i64> {
    lists.get(list).copied().ok_or_else(|| StoreError::Unknown(format!("the list `{list}`")))
}

/// What stands in the columns that are not the entry's own words.
struct Line<'e> {
    key: String,
    name: Option<&'e str>,
    since: Option<i64>,
    standing: i16,
    format: i16,
    channel: String,
    detail: String,
    marks: Vec<Vec<u8>>,
}

impl<'e> Line<'e> {
    fn new(entry: &'e RollEntry, seal: Option<&Seal>) -> Self {
        let line = &entry.enrolment;
        let key = line.address.key();
        // Two numbers of one digit.
        let narrow = |code: i64| i16::try_from(code).unwrap_or(i16::MAX);
        Self {
            marks: seal.into_iter().flat_map(|seal| seal.marks(&key)).collect(),
            name: line.name.as_ref().map(PersonName::as_str),
            since: line.since.map(rows::kept),
            standing: narrow(rows::standing_code(line.standing)),
            format: narrow(rows::place(&Format::ALL, &entry.format)),
            channel: rows::text(&line.evidence.channel),
            detail: rows::text(&line.evidence.detail),
            key,
        }
    }
}

// `number` is the one that the reader is to have whom an entry adds. Of others it is never used.
const ROLL: &str = r#"
    CREATE TEMP TABLE roll (
        place       BIGINT NOT NULL,
        list        BIGINT,
        address_key TEXT COLLATE "C" NOT NULL,
        address     TEXT COLLATE "C" NOT NULL,
        name        TEXT COLLATE "C",
        since       BIGINT,
        standing    SMALLINT NOT NULL,
        format      SMALLINT NOT NULL,
        is_gone     BOOLEAN NOT NULL,
        channel     TEXT COLLATE "C" NOT NULL,
        detail      TEXT COLLATE "C" NOT NULL,
        marks       BYTEA[] NOT NULL,
        number      BIGINT NOT NULL DEFAULT nextval('subscribers_id_seq')
    ) ON COMMIT DROP"#;

const COPY: &str = "
    COPY roll (place, list, address_key, address, name, since, standing, format, is_gone, channel, detail, marks)
    FROM STDIN BINARY";
