//! Between columns and the house's types: what a column holds is checked again as it is read.

use std::fmt::Display;
use std::str::FromStr;

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::mailing::ProviderId;
use crate::store::codes::unexpected;
pub(super) use crate::store::codes::{
    CLAIMED, DAY, DEFERRED, DOUBTFUL, MINUTE, QUEUED, SUBMITTING, WITHHELD, begin, counted, evidence, fate_code, filter_code, is_open,
    judgement_code, kept, known, most, must_be_uncancelled, no_such_mailing, place, said, stage_code, standing_code, to_json, wave_code,
};
use crate::store::{Result, StoreError};
use crate::subscription::{EmailAddress, ListId, PersonName, Standing, SubscriberId};

/// What a statement is given.
pub(super) type Params<'p> = &'p [&'p (dyn ToSql + Sync)];

/// Every row of an answer.
pub(super) async fn all<T>(client: &impl GenericClient, sql: &str, params: Params<'_>, read: impl Fn(&Row) -> Result<T>) -> Result<Vec<T>> {
    let statement = client.prepare_cached(sql).await?;
    client.query(&statement, params).await?.iter().map(read).collect()
}

/// The first row of an answer, if there is one.
pub(super) async fn first<T>(
    client: &impl GenericClient,
    sql: &str,
    params: Params<'_>,
    read: impl FnOnce(&Row) -> Result<T>,
) -> Result<Option<T>> {
    let statement = client.prepare_cached(sql).await?;
    client.query(&statement, params).await?.first().map(read).transpose()
}

/// The one row of an answer that always has one.
pub(super) async fn one(client: &impl GenericClient, sql: &str, params: Params<'_>) -> Result<Row> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query_one(&statement, params).await?)
}

/// Changes rows, and says how many.
pub(super) async fn change(client: &impl GenericClient, sql: &str, params: Params<'_>) -> Result<u64> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, params).await?)
}

/// The number of a list that somebody named.
pub(super) async fn list_number(client: &impl GenericClient, list: &ListId) -> Result<i64> {
    first(client, "SELECT number FROM lists WHERE id = $1", &[&list.as_str()], |row| int(row, "number"))
        .await?
        .ok_or_else(|| StoreError::Unknown(format!("the list `{list}`")))
}

/// The whole number in a column of any width.
pub(super) fn int(row: &Row, column: &str) -> Result<i64> {
    int_if_any(row, column)?.ok_or_else(|| unexpected(format!("nothing in {column}")))
}

/// The same of a column that may be empty.
pub(super) fn int_if_any(row: &Row, column: &str) -> Result<Option<i64>> {
    let width = row.columns().iter().find(|known| known.name() == column).map(|known| known.type_().clone());
    Ok(match width {
        Some(Type::INT2) => row.try_get::<_, Option<i16>>(column)?.map(i64::from),
        Some(Type::INT4) => row.try_get::<_, Option<i32>>(column)?.map(i64::from),
        _ => row.try_get(column)?,
    })
}

/// A count, a place or a list's number: kept signed, but we know it unsigned.
pub(super) fn count<T: TryFrom<i64>>(row: &Row, column: &str) -> Result<T>
where
    T::Error: Display,
{
    T::try_from(int(row, column)?).map_err(unexpected)
}

/// The time in a column.
pub(super) fn time(row: &Row, column: &str) -> Result<Timestamp> {
    known(int(row, column)?)
}

/// The time in a column that may be empty.
pub(super) fn time_if_any(row: &Row, column: &str) -> Result<Option<Timestamp>> {
    int_if_any(row, column)?.map(known).transpose()
}

/// The id in a column.
pub(super) fn id<T>(row: &Row, column: &str) -> Result<T>
where
    T: FromStr,
    T::Err: Display,
{
    row.try_get::<_, &str>(column)?.parse().map_err(unexpected)
}

/// The reader's number in a column.
pub(super) fn subscriber(row: &Row, column: &str) -> Result<SubscriberId> {
    Ok(SubscriberId(int(row, column)?))
}

/// The address in the column `address`.
pub(super) fn address(row: &Row) -> Result<EmailAddress> {
    EmailAddress::parse(row.try_get("address")?).map_err(unexpected)
}

/// The name in the column `name`, if there is one.
pub(super) fn name(row: &Row) -> Result<Option<PersonName>> {
    parsed(row, "name", PersonName::parse)
}

/// The text in a column, parsed where there is any.
pub(super) fn parsed<T, E: Display>(row: &Row, column: &str, parse: impl FnOnce(&str) -> std::result::Result<T, E>) -> Result<Option<T>> {
    row.try_get::<_, Option<&str>>(column)?.map(parse).transpose().map_err(unexpected)
}

/// One of a few values that are kept by their place among all.
pub(super) fn numbered<T: Copy>(row: &Row, column: &str, all: &[T]) -> Result<T> {
    let code: usize = count(row, column)?;
    all.get(code).copied().ok_or_else(|| unexpected(format!("{code} says nothing as {column}")))
}

/// The standing in the column `standing`.
pub(super) fn standing(row: &Row) -> Result<Standing> {
    numbered(row, "standing", &Standing::ALL)
}

/// The value that a column of JSON holds.
pub(super) fn from_json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T> {
    serde_json::from_str(row.try_get(column)?).map_err(unexpected)
}

/// The provider whose name is in the column `provider`.
pub(super) fn provider(row: &Row) -> Result<ProviderId> {
    Ok(ProviderId::new(row.try_get("provider")?))
}

/// A text as the server takes it: it keeps no zero octets, which only a hostile server or file sends.
pub(super) fn text(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}
