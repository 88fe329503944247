//! Between columns and the house's types: what a column holds is checked again as it is read.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row};
use serde::de::DeserializeOwned;

use crate::mailing::{Fate, Judgement, ProviderId};
use crate::store::{Result, StoreError};
use crate::subscription::{EmailAddress, Format, ListId, PersonName, Standing, SubscriberId};

use crate::store::codes::unexpected;
pub(super) use crate::store::codes::{
    CLAIMED, DAY, DEFERRED, DOUBTFUL, MINUTE, QUEUED, SUBMITTING, WITHHELD, begin, counted, evidence, fate_code, filter_code, is_open,
    judgement_code, kept, known, most, must_be_uncancelled, no_such_mailing, place, said, stage_code, standing_code, to_json, wave_code,
};

/// The number of a list that somebody named.
pub(super) fn list_number(connection: &Connection, list: &ListId) -> Result<u32> {
    first(connection, "SELECT number FROM lists WHERE id = ?1", [list.as_str()], |row| count(row, "number"))?
        .ok_or_else(|| StoreError::Unknown(format!("the list `{list}`")))
}

/// Every row of an answer.
pub(super) fn all<T>(connection: &Connection, sql: &str, params: impl Params, read: impl Fn(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The first row of an answer, if there is one.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// Changes rows, and says how many.
pub(super) fn change(connection: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

/// The time in a column.
pub(super) fn time(row: &Row<'_>, column: &str) -> Result<Timestamp> {
    known(row.get(column)?)
}

/// The time in a column that may be empty.
pub(super) fn time_if_any(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(known).transpose()
}

/// The id in a column.
pub(super) fn id<T>(row: &Row<'_>, column: &str) -> Result<T>
where
    T: FromStr,
    T::Err: Display,
{
    row.get::<_, String>(column)?.parse().map_err(unexpected)
}

/// A count, a place or a list's number: SQLite keeps them signed, we do not.
pub(super) fn count<T: TryFrom<i64>>(row: &Row<'_>, column: &str) -> Result<T>
where
    T::Error: Display,
{
    T::try_from(row.get(column)?).map_err(unexpected)
}

/// The reader's number in a column.
pub(super) fn subscriber(row: &Row<'_>, column: &str) -> Result<SubscriberId> {
    Ok(SubscriberId(row.get(column)?))
}

/// The address in the column `address`.
pub(super) fn address(row: &Row<'_>) -> Result<EmailAddress> {
    EmailAddress::parse(&row.get::<_, String>("address")?).map_err(unexpected)
}

/// The name in the column `name`, if there is one.
pub(super) fn name(row: &Row<'_>) -> Result<Option<PersonName>> {
    row.get::<_, Option<String>>("name")?.map(|name| PersonName::parse(&name).map_err(unexpected)).transpose()
}

/// The text in the column at this place, parsed where there is any.
pub(super) fn parsed<T, E: Display>(
    row: &Row<'_>,
    place: usize,
    parse: impl FnOnce(&str) -> std::result::Result<T, E>,
) -> Result<Option<T>> {
    row.get_ref(place)?.as_str_or_null().map_err(unexpected)?.map(parse).transpose().map_err(unexpected)
}

/// The fate in the columns `fate` and `next_at`.
pub(super) fn fate(row: &Row<'_>) -> Result<Fate> {
    let code: i64 = row.get("fate")?;
    let word = usize::try_from(code).ok().and_then(|place| Fate::WORDS.get(place));
    word.and_then(|word| Fate::from_word(word, time_if_any(row, "next_at").ok()?))
        .ok_or_else(|| unexpected(format!("{code} is no fate, or lacks its time")))
}

/// The judgement in the column `judgement`.
pub(super) fn judgement(row: &Row<'_>) -> Result<Judgement> {
    let code: usize = count(row, "judgement")?;
    Judgement::ALL.get(code).copied().ok_or_else(|| unexpected(format!("{code} is no judgement")))
}

/// One of a few values that are kept by their place among all.
pub(super) fn numbered<T: Copy>(row: &Row<'_>, column: &str, all: &[T]) -> Result<T> {
    let code: usize = count(row, column)?;
    all.get(code).copied().ok_or_else(|| unexpected(format!("{code} says nothing as {column}")))
}

/// The provider whose name is in the column `provider`.
pub(super) fn provider(row: &Row<'_>) -> Result<ProviderId> {
    Ok(ProviderId::new(row.get_ref("provider")?.as_str().map_err(unexpected)?))
}

/// The format in the column at this place; the usual one where there is no row to have any.
pub(super) fn format(row: &Row<'_>, place: usize) -> Result<Format> {
    let Some(code) = row.get::<_, Option<i64>>(place)? else { return Ok(Format::default()) };
    usize::try_from(code).ok().and_then(|code| Format::ALL.get(code).copied()).ok_or_else(|| unexpected(format!("{code} is no format")))
}

/// The standing in the column `standing`.
pub(super) fn standing(row: &Row<'_>) -> Result<Standing> {
    let code: usize = count(row, "standing")?;
    Standing::ALL.get(code).copied().ok_or_else(|| unexpected(format!("{code} is no standing")))
}

/// The value that a JSON column holds.
pub(super) fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T> {
    serde_json::from_str(&row.get::<_, String>(column)?).map_err(unexpected)
}
