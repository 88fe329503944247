//! Who enters a list, who leaves it, and the consent line that each change leaves behind.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::{GenericClient, Transaction};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::entering::{Person, Wish, Writs};
use super::{locks, rows};
use crate::store::outcome::Asking;
use crate::store::{Enrolled, Result};
use crate::subscription::{Enrolment, Evidence, ListId, PersonName, Seal, Standing};

/// How many lines of a roll are taken with the same few statements.
const PAGE: usize = 10_000;

/// Enters a whole roll.
pub(super) async fn enrol(
    transaction: &Transaction<'_>,
    seal: Option<&Seal>,
    list: &ListId,
    roll: &[Enrolment],
    now: Timestamp,
) -> Result<Vec<Enrolled>> {
    let list = rows::list_number(transaction, list).await?;
    locks::rolls(transaction).await?;
    let mut outcomes = Vec::with_capacity(roll.len());
    for page in roll.chunks(PAGE) {
        outcomes.extend(enter(transaction, seal, list, page, Asking::Roll, now).await?);
    }
    Ok(outcomes)
}

/// Enters one reader who asked. The address is locked by who calls.
pub(super) async fn subscribe(
    transaction: &Transaction<'_>,
    seal: Option<&Seal>,
    list: &ListId,
    line: &Enrolment,
    now: Timestamp,
) -> Result<Enrolled> {
    let list = rows::list_number(transaction, list).await?;
    let outcomes = enter(transaction, seal, list, std::slice::from_ref(line), Asking::Reader, now).await?;
    Ok(outcomes.first().copied().unwrap_or(Enrolled::Suppressed))
}

/// Ends what is not ended yet of the subscriptions of an address.
pub(super) async fn unsubscribe(
    transaction: &Transaction<'_>,
    key: &str,
    list: Option<&ListId>,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<Vec<ListId>> {
    let only = match list {
        Some(list) => Some(rows::list_number(transaction, list).await?),
        None => None,
    };
    locks::address(transaction, key).await?;
    let Some((id, mut person)) = held(transaction, &[key], None).await?.remove(key) else { return Ok(Vec::new()) };
    let living = rows::all(transaction, LIVING, &[&id, &only], |row| Ok((rows::int(row, "number")?, rows::id(row, "list")?))).await?;
    let (mut ended, mut writs) = (Vec::with_capacity(living.len()), Writs::new(now));
    for (number, list) in living {
        let wish =
            Wish { list: number, name: None, standing: Standing::Ended, since: None, channel: &evidence.channel, detail: &evidence.detail };
        person.stand(id, wish, &mut writs);
        ended.push(list);
    }
    writs.write(transaction).await?;
    Ok(ended)
}

/// Enters lines of one list.
///
/// Right at READ COMMITTED: newcomers are added first, and where another transaction adds the same one, this waits at the
/// unique key. Then all are locked, and only then is it read where they stand.
async fn enter(
    transaction: &Transaction<'_>,
    seal: Option<&Seal>,
    list: i64,
    lines: &[Enrolment],
    asking: Asking,
    now: Timestamp,
) -> Result<Vec<Enrolled>> {
    let keys: Vec<String> = lines.iter().map(|line| line.address.key()).collect();
    let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
    let suppressed = suppressed(transaction, seal, &asked).await?;
    let newcomers: Vec<(&str, &Enrolment)> = asked.iter().copied().zip(lines).filter(|(key, _)| !suppressed.contains(*key)).collect();
    add(transaction, &newcomers, now).await?;
    let mut persons: HashMap<String, Person> =
        held(transaction, &asked, Some(list)).await?.into_iter().map(|(key, (_, person))| (key, person)).collect();
    let mut writs = Writs::new(now);
    let mut outcomes = Vec::with_capacity(lines.len());
    for (key, line) in keys.into_iter().zip(lines) {
        let is_suppressed = suppressed.contains(&key);
        let person = persons.entry(key).or_default();
        person.is_suppressed = is_suppressed;
        outcomes.push(person.take(wish(list, line), asking, &mut writs));
    }
    writs.write(transaction).await?;
    Ok(outcomes)
}

fn wish(list: i64, line: &Enrolment) -> Wish<'_> {
    Wish {
        list,
        name: line.name.as_ref().map(PersonName::as_str),
        standing: line.standing,
        since: line.since.map(rows::kept),
        channel: &line.evidence.channel,
        detail: &line.evidence.detail,
    }
}

/// Adds whom nobody has met, the first line of each.
async fn add(transaction: &Transaction<'_>, lines: &[(&str, &Enrolment)], now: Timestamp) -> Result<()> {
    let keys: Vec<&str> = lines.iter().map(|(key, _)| *key).collect();
    let known: HashSet<String> =
        rows::all(transaction, KNOWN, &[&keys], |row| Ok(row.try_get("address_key")?)).await?.into_iter().collect();
    let mut met: HashSet<&str> = known.iter().map(String::as_str).collect();
    let new: Vec<&(&str, &Enrolment)> = lines.iter().filter(|(key, _)| met.insert(key)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = new.iter().map(|(key, _)| *key).collect();
    let addresses: Vec<&str> = new.iter().map(|(_, line)| line.address.as_str()).collect();
    let names: Vec<Option<&str>> = new.iter().map(|(_, line)| line.name.as_ref().map(PersonName::as_str)).collect();
    let since: Vec<i64> = new.iter().map(|(_, line)| rows::kept(line.since.unwrap_or(now))).collect();
    rows::change(transaction, ADD, &[&keys, &addresses, &names, &since]).await?;
    Ok(())
}

/// The readers of these addresses, locked, with their standing on a list.
async fn held(transaction: &Transaction<'_>, keys: &[&str], list: Option<i64>) -> Result<HashMap<String, (i64, Person)>> {
    let mut found: HashMap<i64, (String, Person)> = HashMap::new();
    let readers = rows::all(transaction, LOCK, &[&keys], |row| {
        let person = Person { id: Some(rows::int(row, "id")?), is_named: row.try_get("is_named")?, ..Person::default() };
        Ok((rows::int(row, "id")?, (row.try_get("address_key")?, person)))
    })
    .await?;
    found.extend(readers);
    if let Some(list) = list {
        let ids: Vec<i64> = found.keys().copied().collect();
        let standing = |row: &Row| Ok((rows::int(row, "subscriber")?, rows::standing(row)?));
        for (id, standing) in rows::all(transaction, STANDINGS, &[&ids, &list], standing).await? {
            if let Some((_, person)) = found.get_mut(&id) {
                person.standings.push((list, standing));
            }
        }
    }
    Ok(found.into_iter().map(|(id, (key, person))| (key, (id, person))).collect())
}

/// Those of these addresses that we do not write to, the erased among them.
pub(super) async fn suppressed(client: &impl GenericClient, seal: Option<&Seal>, keys: &[&str]) -> Result<HashSet<String>> {
    let noted = rows::all(client, SUPPRESSED, &[&keys], |row| Ok(row.try_get("address_key")?)).await?;
    let mut found: HashSet<String> = noted.into_iter().collect();
    found.extend(erased(client, seal, keys).await?);
    Ok(found)
}

/// Those of these addresses whose mark is among those of the erased.
pub(super) async fn erased(client: &impl GenericClient, seal: Option<&Seal>, keys: &[&str]) -> Result<HashSet<String>> {
    let Some(seal) = seal else { return Ok(HashSet::new()) };
    // A hash for each address is spared where nobody was ever erased.
    if !has_erased(client).await? {
        return Ok(HashSet::new());
    }
    let marks: HashMap<Vec<u8>, &str> = keys.iter().flat_map(|key| seal.marks(key).map(move |mark| (mark, *key))).collect();
    let asked: Vec<&[u8]> = marks.keys().map(Vec::as_slice).collect();
    let known = rows::all(client, ERASED, &[&asked], |row| Ok(row.try_get::<_, Vec<u8>>("mark")?)).await?;
    Ok(known.iter().filter_map(|mark| marks.get(mark)).map(|key| (*key).to_owned()).collect())
}

/// Whether anybody was ever erased.
pub(super) async fn has_erased(client: &impl GenericClient) -> Result<bool> {
    Ok(rows::first(client, "SELECT 1 FROM erased LIMIT 1", &[], |_| Ok(())).await?.is_some())
}

const KNOWN: &str = "
    SELECT address_key
    FROM subscribers
    WHERE address_key = ANY($1)";

const ADD: &str = "
    INSERT INTO subscribers (address_key, address, name, since)
    SELECT address_key, address, name, since
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
         WITH ORDINALITY AS newcomer (address_key, address, name, since, place)
    ORDER BY place
    ON CONFLICT (address_key) DO NOTHING";

const LOCK: &str = "
    SELECT id, address_key, name IS NOT NULL AS is_named
    FROM subscribers
    WHERE address_key = ANY($1)
    ORDER BY id
    FOR UPDATE";

const STANDINGS: &str = "
    SELECT subscriber, standing
    FROM subscriptions
    WHERE subscriber = ANY($1)
      AND list = $2";

const SUPPRESSED: &str = "
    SELECT address_key
    FROM suppressions
    WHERE address_key = ANY($1)";

const ERASED: &str = "
    SELECT mark
    FROM erased
    WHERE mark = ANY($1)";

// The subscriptions of a reader that are not ended: of one list where $2 names it, of all where it is NULL.
const LIVING: &str = "
    SELECT l.number, l.id AS list
    FROM subscriptions u
    JOIN lists l ON l.number = u.list
    WHERE u.subscriber = $1
      AND u.standing <> 2
      AND ($2::bigint IS NULL OR u.list = $2)
    ORDER BY l.number";
