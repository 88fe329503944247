//! A roll entered by a few statements: whoever is new and stands in it once at a stroke, the others page by page.

use std::collections::HashMap;

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Row;

use super::entering::{Person, Wish, Writs};
use super::staging::{self, Staged};
use super::{enrolling, locks, rows};
use crate::store::outcome::{Asking, Place, place};
use crate::store::{Ending, Enrolled, Import, Imported, Pieces, Result, SUPPRESSION, StoreError};
use crate::subscription::{Seal, Standing};

/// How many entries a page has, but for those of the last address on it.
const PAGE: i32 = 4_000;

/// Enters a roll; what may not stand is undone by who calls.
///
/// Right at READ COMMITTED: no other roll and no erasure goes on meanwhile. Who is added by somebody else at the same time
/// is met at the unique key; who is changed by somebody else is locked, and then read again, before being changed.
pub(super) async fn import(transaction: &Transaction<'_>, seal: Option<&Seal>, import: &Import, pieces: Pieces) -> Result<Imported> {
    transaction.batch_execute(TUNE).await?;
    let Some(staged) = staging::stage(transaction, seal, import, pieces).await? else { return Ok(Imported::default()) };
    // Only now: to read a roll may take as long as it takes.
    transaction.batch_execute("SET LOCAL idle_in_transaction_session_timeout TO DEFAULT").await?;
    locks::rolls(transaction).await?;
    if !staged.is_marked && seal.is_some() && enrolling::has_erased(transaction).await? {
        return Err(StoreError::Unavailable("the first reader was erased while this roll was read; enter it again".to_owned()));
    }
    let mut done = Imported::default();
    if let (Some(_), Some(list)) = (&import.ending, staged.default) {
        done.living = rows::count(&rows::one(transaction, LIVING, &[&list]).await?, "living")?;
    }
    transaction.batch_execute(PREPARE).await?;
    let added = add_newcomers(transaction, import).await?;
    transaction.batch_execute(if added < staged.entries { OTHERS } else { NO_OTHERS }).await?;
    if added > 0 {
        enter_newcomers(transaction, import, &mut done).await?;
    }
    if added < staged.entries {
        enter_others(transaction, import, &mut done).await?;
    }
    let is_braked = end_the_absent(transaction, import, &staged, &mut done).await?;
    done.stands = !import.is_rehearsal && !is_braked;
    Ok(done)
}

/// Adds whoever is new, as the first entry has it, and says how many these are.
async fn add_newcomers(transaction: &Transaction<'_>, import: &Import) -> Result<u64> {
    let met: u64 = rows::count(&transaction.query_one("SELECT COUNT(*) AS many FROM met", &[]).await?, "many")?;
    // A table that was only filled, by nobody else, is read in the order in which it was. Where it is joined it may not be.
    let order = if met == 0 { "" } else { "ORDER BY r.place" };
    Ok(transaction.execute(&ADD.replace("{order}", order), &[&rows::kept(import.at)]).await?)
}

/// Enters those of them who stand in the roll once.
async fn enter_newcomers(transaction: &Transaction<'_>, import: &Import, done: &mut Imported) -> Result<()> {
    let now = rows::kept(import.at);
    for row in transaction.query(STAND, &[&now]).await? {
        *place(Enrolled::Entered, rows::standing(&row)?)(done) += rows::count::<u64>(&row, "many")?;
    }
    transaction.execute(PROVE, &[&now]).await?;
    Ok(())
}

/// Enters who was known, or stands in the roll more than once: address by address, and each in the order of the roll.
async fn enter_others(transaction: &Transaction<'_>, import: &Import, done: &mut Imported) -> Result<()> {
    let statement = transaction.prepare(ENTRIES).await?;
    let portal = transaction.bind(&statement, &[]).await?;
    let mut page: Vec<Row> = Vec::new();
    loop {
        let more = transaction.query_portal(&portal, PAGE).await?;
        let is_last = more.is_empty();
        page.extend(more);
        // The last address may go on on the next page.
        let end = if is_last { page.len() } else { begin_of_last(&page)? };
        let rest = page.split_off(end);
        enter_page(transaction, import, &page, done).await?;
        if is_last {
            return Ok(());
        }
        page = rest;
    }
}

fn begin_of_last(page: &[Row]) -> Result<usize> {
    let Some(last) = page.last().map(key).transpose()? else { return Ok(0) };
    for (place, row) in page.iter().enumerate().rev() {
        if key(row)? != last {
            return Ok(place + 1);
        }
    }
    Ok(0)
}

async fn enter_page(transaction: &Transaction<'_>, import: &Import, page: &[Row], done: &mut Imported) -> Result<()> {
    let mut changing = Vec::new();
    for rows in page.chunk_by(|one, next| key(one).ok() == key(next).ok()) {
        let (mut trial, mut writs) = (*done, Writs::new(import.at));
        take_all(rows, HashMap::new(), import, &mut trial, &mut writs)?;
        if writs.is_empty() {
            *done = trial;
        } else {
            changing.push(rows);
        }
    }
    if changing.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> =
        changing.iter().filter_map(|rows| rows.first()).filter_map(|row| rows::int_if_any(row, "id").transpose()).collect::<Result<_>>()?;
    let mut standings = lock(transaction, &ids).await?;
    let mut writs = Writs::new(import.at);
    for rows in changing {
        let id = rows.first().map(|row| rows::int_if_any(row, "id")).transpose()?.flatten();
        let standings = id.and_then(|id| standings.remove(&id)).unwrap_or_default();
        take_all(rows, standings, import, done, &mut writs)?;
    }
    writs.write(transaction).await
}

/// Locks readers, and reads where they stand by now.
async fn lock(transaction: &Transaction<'_>, ids: &[i64]) -> Result<HashMap<i64, HashMap<i64, Standing>>> {
    rows::change(transaction, LOCK, &[&ids]).await?;
    let mut found: HashMap<i64, HashMap<i64, Standing>> = HashMap::new();
    let standing = |row: &Row| Ok((rows::int(row, "subscriber")?, rows::int(row, "list")?, rows::standing(row)?));
    for (subscriber, list, standing) in rows::all(transaction, STANDINGS, &[&ids], standing).await? {
        found.entry(subscriber).or_default().insert(list, standing);
    }
    Ok(found)
}

fn key(row: &Row) -> Result<&str> {
    Ok(row.try_get("address_key")?)
}

/// Takes every entry of one address. `standings` are newer than what stands in the rows.
fn take_all(rows: &[Row], standings: HashMap<i64, Standing>, import: &Import, done: &mut Imported, writs: &mut Writs) -> Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let mut person = Person {
        id: rows::int_if_any(first, "id")?,
        is_named: first.try_get("is_named")?,
        is_suppressed: first.try_get("is_suppressed")?,
        standings: standings.into_iter().collect(),
    };
    let (mut seen, mut is_gone) = (Vec::new(), false);
    for row in rows {
        let entry = Entry::read(row)?;
        let list = entry.list;
        if let (Some(list), Some(held)) = (list, entry.held)
            && person.standing(list).is_none()
        {
            person.standings.push((list, held));
        }
        let is_again = is_gone || list.is_some_and(|list| seen.contains(&list));
        is_gone |= entry.is_gone;
        let place = match list {
            Some(list) if !entry.is_gone => place(person.take(entry.wish(list), Asking::Roll, writs), entry.standing),
            _ => let_go(&mut person, &entry, import, writs),
        };
        if let (Some(_), Some(list)) = (person.id, list) {
            seen.push(list);
        }
        *(if is_again { &mut done.duplicates } else { place(done) }) += 1;
    }
    Ok(())
}

/// Suppresses an address, and ends its subscription to the list if there is one.
fn let_go(person: &mut Person, entry: &Entry<'_>, import: &Import, writs: &mut Writs) -> Place {
    if let (Some(id), Some(list)) = (person.id, entry.list)
        && matches!(person.standing(list), Some(Standing::Pending | Standing::Confirmed))
    {
        person.stand(id, Wish { standing: Standing::Ended, since: None, ..entry.wish(list) }, writs);
    }
    if person.is_suppressed {
        return |done| &mut done.suppressed;
    }
    person.is_suppressed = true;
    let at = entry.since.filter(|_| entry.channel == SUPPRESSION).unwrap_or(rows::kept(import.at));
    writs.suppressions.push((entry.key.to_owned(), at, entry.detail.to_owned()));
    |done| &mut done.newly_suppressed
}

/// An entry as it was staged.
struct Entry<'r> {
    key: &'r str,
    list: Option<i64>,
    is_gone: bool,
    name: Option<&'r str>,
    standing: Standing,
    since: Option<i64>,
    channel: &'r str,
    detail: &'r str,
    /// Where the reader stood on that list when the page was read.
    held: Option<Standing>,
}

impl<'r> Entry<'r> {
    fn read(row: &'r Row) -> Result<Self> {
        let held = rows::int_if_any(row, "held")?.map(|_| rows::numbered(row, "held", &Standing::ALL)).transpose()?;
        Ok(Self {
            key: key(row)?,
            list: rows::int_if_any(row, "list")?,
            is_gone: row.try_get("is_gone")?,
            name: row.try_get("name")?,
            standing: rows::standing(row)?,
            since: rows::int_if_any(row, "since")?,
            channel: row.try_get("channel")?,
            detail: row.try_get("detail")?,
            held,
        })
    }

    fn wish(&self, list: i64) -> Wish<'r> {
        let Self { name, standing, since, channel, detail, .. } = *self;
        Wish { list, name, standing, since, channel, detail }
    }
}

/// Ends who is on the list and in no entry, unless that would be too many. Says whether it would.
async fn end_the_absent(transaction: &Transaction<'_>, import: &Import, staged: &Staged, done: &mut Imported) -> Result<bool> {
    let (Some(Ending { evidence, brake }), Some(list)) = (&import.ending, staged.default) else { return Ok(false) };
    // A statement that makes a table takes no values.
    transaction.batch_execute(&ABSENT.replace("$1", &list.to_string())).await?;
    done.absent = rows::count(&transaction.query_one("SELECT COUNT(*) AS many FROM absent", &[]).await?, "many")?;
    if done.absent * 1000 > done.living * u64::from(*brake) {
        return Ok(true);
    }
    let (channel, detail) = (rows::text(&evidence.channel), rows::text(&evidence.detail));
    transaction.execute(END, &[&list, &rows::kept(import.at), &channel, &detail]).await?;
    Ok(false)
}

// What a roll is sorted in. To compile a statement that runs once takes longer than to run it.
const TUNE: &str = "
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL work_mem = '64MB';
    SET LOCAL jit = off";

const LIVING: &str = "
    SELECT COUNT(*) AS living
    FROM subscriptions
    WHERE list = $1
      AND standing <> 2";

// `barred` are those in the roll whom we do not write to, the erased among them. `met` are the entries that add nobody:
// departures, and those of whoever is known, is barred, or has departed further up.
const PREPARE: &str = "
    ANALYZE roll;

    CREATE TEMP TABLE barred ON COMMIT DROP AS
    SELECT x.address_key
    FROM suppressions x
    WHERE EXISTS (SELECT 1 FROM roll r WHERE r.address_key = x.address_key)
    UNION
    SELECT r.address_key
    FROM (SELECT address_key, unnest(marks) AS mark FROM roll) r
    JOIN erased e ON e.mark = r.mark;

    ANALYZE barred;

    CREATE TEMP TABLE met ON COMMIT DROP AS
    SELECT r.place FROM roll r WHERE r.is_gone
    UNION
    SELECT r.place FROM roll r JOIN subscribers s ON s.address_key = r.address_key
    UNION
    SELECT r.place FROM roll r JOIN barred b ON b.address_key = r.address_key
    UNION
    SELECT r.place FROM roll r JOIN roll g ON g.is_gone AND g.address_key = r.address_key AND g.place < r.place;

    ANALYZE met";

// A later entry of the same newcomer, or whom somebody else adds meanwhile, meets the unique key.
const ADD: &str = "
    INSERT INTO subscribers (id, address, address_key, name, since, format)
    SELECT r.number, r.address, r.address_key, r.name, COALESCE(r.since, $1::bigint), r.format
    FROM roll r
    WHERE NOT EXISTS (SELECT 1 FROM met m WHERE m.place = r.place)
    {order}
    ON CONFLICT (address_key) DO NOTHING";

// The addresses of which some entry has added nobody: each is entered by all of its entries, one after the other.
const OTHERS: &str = "
    CREATE TEMP TABLE others ON COMMIT DROP AS
    SELECT DISTINCT r.address_key
    FROM roll r
    WHERE NOT EXISTS (SELECT 1 FROM subscribers s WHERE s.id = r.number);

    ANALYZE others";

const NO_OTHERS: &str = r#"CREATE TEMP TABLE others (address_key TEXT COLLATE "C") ON COMMIT DROP"#;

const STAND: &str = "
    WITH standing AS (
        INSERT INTO subscriptions (subscriber, list, standing, since)
        SELECT r.number, r.list, r.standing, COALESCE(r.since, $1::bigint)
        FROM roll r
        WHERE NOT EXISTS (SELECT 1 FROM others o WHERE o.address_key = r.address_key)
        RETURNING standing
    )
    SELECT standing, COUNT(*) AS many
    FROM standing
    GROUP BY standing";

const PROVE: &str = "
    INSERT INTO consents (subscriber, list, standing, at, since, channel, detail)
    SELECT r.number, r.list, r.standing, $1::bigint, r.since, r.channel, r.detail
    FROM roll r
    WHERE NOT EXISTS (SELECT 1 FROM others o WHERE o.address_key = r.address_key)";

const ENTRIES: &str = "
    SELECT r.address_key, r.list, r.is_gone, r.name, r.standing, r.since, r.channel, r.detail,
           s.id, s.name IS NOT NULL AS is_named, u.standing AS held, b.address_key IS NOT NULL AS is_suppressed
    FROM others o
    JOIN roll r ON r.address_key = o.address_key
    LEFT JOIN subscribers s ON s.address_key = r.address_key
    LEFT JOIN subscriptions u ON u.subscriber = s.id AND u.list = r.list
    LEFT JOIN barred b ON b.address_key = r.address_key
    ORDER BY r.address_key, r.place";

const LOCK: &str = "
    SELECT 1
    FROM subscribers
    WHERE id = ANY($1)
    ORDER BY id
    FOR UPDATE";

const STANDINGS: &str = "
    SELECT subscriber, list, standing
    FROM subscriptions
    WHERE subscriber = ANY($1)";

const ABSENT: &str = "
    CREATE TEMP TABLE absent ON COMMIT DROP AS
    SELECT u.subscriber
    FROM subscriptions u
    JOIN subscribers s ON s.id = u.subscriber
    WHERE u.list = $1
      AND u.standing <> 2
      AND NOT EXISTS (SELECT 1 FROM roll r WHERE r.list = $1 AND r.address_key = s.address_key)";

// Whoever has left by themselves meanwhile is not ended once more.
const END: &str = "
    WITH ended AS (
        UPDATE subscriptions u
        SET standing = 2, since = $2::bigint
        FROM absent a
        WHERE u.subscriber = a.subscriber
          AND u.list = $1
          AND u.standing <> 2
        RETURNING u.subscriber
    )
    INSERT INTO consents (subscriber, list, standing, at, channel, detail)
    SELECT subscriber, $1, 2, $2::bigint, $3, $4
    FROM ended";
