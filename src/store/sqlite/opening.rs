//! Opening a mailing: the edition is frozen and every reader gets a line of the ledger, at once.

use rusqlite::{Connection, params};

use super::rows::list_number;
use super::{reports, rows};
use crate::mailing::MailingId;
use crate::store::{Opened, Opening, Result, StoreError};

/// Opens the issue's mailing, or finds the one that it has.
pub(super) fn open(connection: &Connection, opening: &Opening) -> Result<Opened> {
    let issue = &opening.edition.issue;
    if let Some(mailing) = reports::mailing(connection, issue)? {
        return Ok(Opened { mailing, is_new: false });
    }
    let edition = &opening.edition;
    let at = rows::kept(opening.at);
    rows::change(connection, FREEZE, params![edition.hash, rows::to_json(edition)?])?;
    rows::change(connection, OPEN, params![issue.as_str(), edition.hash, rows::to_json(&opening.archived)?, at])?;
    let id = MailingId(connection.last_insert_rowid());
    for (list, place) in opening.lists.iter().zip(1_i64..) {
        rows::change(connection, ADD_LIST, params![id.0, place, list_number(connection, list)?])?;
    }
    rows::change(connection, OWE, params![id.0, at])?;
    let mailing =
        reports::mailing(connection, issue)?.ok_or_else(|| StoreError::Corrupt(format!("the mailing of {issue} was not kept")))?;
    Ok(Opened { mailing, is_new: true })
}

const FREEZE: &str = "
    INSERT INTO editions (hash, edition)
    VALUES (?1, ?2)
    ON CONFLICT (hash) DO NOTHING";

const OPEN: &str = "
    INSERT INTO mailings (issue, edition, archived, opened_at)
    VALUES (?1, ?2, ?3, ?4)";

// A list that is named twice keeps its first place.
const ADD_LIST: &str = "
    INSERT INTO mailing_lists (mailing, place, list)
    VALUES (?1, ?2, ?3)
    ON CONFLICT (mailing, list) DO NOTHING";

// One line for each confirmed reader of any of the lists. Beside MIN, SQLite takes a bare column from the row that has
// the minimum: `list` is the reader's first. CROSS JOIN keeps the subscriptions outside, in the order of their key, so
// that a million lines are appended one after the other and nothing is sorted. Withheld is 7, queued 0.
const OWE: &str = "
    INSERT INTO deliveries (mailing, subscriber, list, fate, changed_at)
    SELECT ?1, subscriber, list, iif(suppressed, 7, 0), iif(suppressed, ?2, NULL)
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
    )";
