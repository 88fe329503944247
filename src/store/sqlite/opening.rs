//! Opening a mailing, and adding to it: the edition is frozen and every reader gets a line of the ledger, at once.

use rusqlite::{Connection, params};

use super::rows::list_number;
use super::{agenda, counting, names, reports, rows};
use crate::edition::Edition;
use crate::mailing::{MailingId, ProviderId};
use crate::store::{Latecomers, Opened, Opening, Result, StoreError, Wave};

/// Opens the issue's mailing, or finds the one that it has.
pub(super) fn open(connection: &Connection, opening: &Opening) -> Result<Opened> {
    let issue = &opening.edition.issue;
    if let Some(mailing) = reports::mailing(connection, issue)? {
        return Ok(Opened { mailing, is_new: false });
    }
    agenda::must_be_free(connection, issue)?;
    let edition = &opening.edition;
    let at = rows::kept(opening.at);
    freeze(connection, edition)?;
    let is_canaried = opening.seeds.is_some() || opening.canary > 0;
    rows::change(connection, OPEN, params![issue.as_str(), edition.hash, rows::to_json(&opening.archived)?, at, is_canaried])?;
    let id = MailingId(connection.last_insert_rowid());
    for (list, place) in opening.lists.iter().zip(1_i64..) {
        rows::change(connection, ADD_LIST, params![id.0, place, list_number(connection, list)?])?;
    }
    let other = learn_domains(connection, &opening.providers)?;
    rows::change(connection, OWE, params![id.0, at, other])?;
    if let Some(seeds) = &opening.seeds {
        let list = list_number(connection, seeds)?;
        rows::change(connection, SEED, params![id.0, at, other, list, i64::MIN, rows::wave_code(Wave::Seeds)])?;
    }
    if opening.canary > 0 {
        rows::change(connection, CHOOSE_CANARY, params![id.0, i64::try_from(opening.canary).unwrap_or(i64::MAX)])?;
    }
    counting::recount(connection, id)?;
    let mailing =
        reports::mailing(connection, issue)?.ok_or_else(|| StoreError::Corrupt(format!("the mailing of {issue} was not kept")))?;
    Ok(Opened { mailing, is_new: true })
}

/// Keeps an edition under its hash.
pub(super) fn freeze(connection: &Connection, edition: &Edition) -> Result<()> {
    rows::change(connection, FREEZE, params![edition.hash, rows::to_json(edition)?])?;
    Ok(())
}

/// Adds those who joined a list since.
pub(super) fn extend(connection: &Connection, late: &Latecomers) -> Result<u64> {
    let mailing = late.mailing;
    reports::must_be_uncancelled(connection, mailing)?;
    let list = list_number(connection, &late.list)?;
    let other = learn_domains(connection, &late.providers)?;
    let (now, since, wave) = (rows::kept(late.at), rows::kept(late.since), rows::wave_code(Wave::Rest));
    let added = rows::change(connection, ADD_LATE, params![mailing.0, now, other, list, since, wave])?;
    if added > 0 {
        rows::change(connection, REOPEN, [mailing.0])?;
        counting::recount(connection, mailing)?;
    }
    Ok(added as u64)
}

/// Fills the table that the statements below look domains up in. Returns the number of `other`.
fn learn_domains(connection: &Connection, providers: &[(String, ProviderId)]) -> Result<i64> {
    rows::change(connection, "DELETE FROM temp.domains", [])?;
    for (domain, provider) in providers {
        let number = names::provider(connection, provider)?;
        rows::change(connection, "INSERT OR REPLACE INTO temp.domains (domain, provider) VALUES (?1, ?2)", params![domain, number])?;
    }
    names::provider(connection, &ProviderId::other())
}

const FREEZE: &str = "
    INSERT INTO editions (hash, edition)
    VALUES (?1, ?2)
    ON CONFLICT (hash) DO NOTHING";

const OPEN: &str = "
    INSERT INTO mailings (issue, edition, archived, opened_at, is_canaried)
    VALUES (?1, ?2, ?3, ?4, ?5)";

// A list that is named twice keeps its first place.
const ADD_LIST: &str = "
    INSERT INTO mailing_lists (mailing, place, list)
    VALUES (?1, ?2, ?3)
    ON CONFLICT (mailing, list) DO NOTHING";

pub(super) const REOPEN: &str = "
    UPDATE mailings
    SET finished_at = NULL
    WHERE id = ?1";

// One line for each confirmed reader of any of the lists. Beside MIN, SQLite takes a bare column from the row that has
// the minimum: `list` is the reader's first. CROSS JOIN keeps the subscriptions outside, in the order of their key, so
// that a million lines are appended one after the other and nothing is sorted. Withheld is 7, queued 0; the wave is the
// last, 2. An address holds one `@`, and its domain is kept in lower case.
const OWE: &str = "
    INSERT INTO deliveries (mailing, subscriber, list, provider, wave, fate, changed_at)
    SELECT ?1, o.subscriber, o.list, COALESCE(p.provider, ?3), 2, iif(o.suppressed, 7, 0), iif(o.suppressed, ?2, NULL)
    FROM (
        SELECT u.subscriber, u.list, MIN(m.place),
               u.subscriber IN (
                   SELECT s.id
                   FROM suppressions x
                   JOIN subscribers s ON s.address_key = x.address_key
               ) AS suppressed
        FROM subscriptions u
        CROSS JOIN mailing_lists m ON m.mailing = ?1 AND m.list = u.list
        WHERE u.standing = 1
        GROUP BY u.subscriber
    ) o
    CROSS JOIN subscribers s ON s.id = o.subscriber
    LEFT JOIN temp.domains p ON p.domain = substr(s.address, instr(s.address, '@') + 1)";

/// A line for each confirmed reader of one list who joined it at or after ?5.
macro_rules! owe_one_list {
    ($conflict:literal) => {
        concat!(
            "
    INSERT INTO deliveries (mailing, subscriber, list, provider, wave, fate, changed_at)
    SELECT ?1, u.subscriber, u.list, COALESCE(p.provider, ?3), ?6, iif(x.address_key IS NULL, 0, 7),
           iif(x.address_key IS NULL, NULL, ?2)
    FROM subscriptions u
    CROSS JOIN subscribers s ON s.id = u.subscriber
    LEFT JOIN suppressions x ON x.address_key = s.address_key
    LEFT JOIN temp.domains p ON p.domain = substr(s.address, instr(s.address, '@') + 1)
    WHERE u.list = ?4
      AND u.standing = 1
      AND u.since >= ?5
    ON CONFLICT (mailing, subscriber) ",
            $conflict
        )
    };
}

const SEED: &str = owe_one_list!("DO UPDATE SET wave = excluded.wave WHERE fate = 0");

const ADD_LATE: &str = owe_one_list!("DO NOTHING");

// Of the N who wait in the last wave, in the order of their numbers, each one at which place * canary / N takes a step.
const CHOOSE_CANARY: &str = "
    UPDATE deliveries
    SET wave = 1
    WHERE mailing = ?1
      AND subscriber IN (
          SELECT subscriber
          FROM (
              SELECT subscriber, row_number() OVER (ORDER BY subscriber) AS place
              FROM deliveries
              WHERE mailing = ?1
                AND fate = 0
                AND wave = 2
          )
          CROSS JOIN (
              SELECT MAX(COUNT(*), ?2) AS readers
              FROM deliveries
              WHERE mailing = ?1
                AND fate = 0
                AND wave = 2
          )
          WHERE place * ?2 / readers > (place - 1) * ?2 / readers
      )";
