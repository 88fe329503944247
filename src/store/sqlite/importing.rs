//! A roll entered as it is read: the pieces come from another thread, and one transaction takes them all.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use rusqlite::{Connection, params};

use super::enrolling::{self, Change, Held, held};
use super::rows::{self, list_number};
use super::schema::with_room_for_a_roll;
use super::strangers::{Stranger, Strangers};
use super::visitors::SEND_AS;
use crate::store::outcome::{Asking, Place, is_of_no_list, place};
use crate::store::{Ending, Enrolled, Import, Imported, Pieces, Result, SUPPRESSION, StoreError};
use crate::subscription::roll::RollEntry;
use crate::subscription::{Enrolment, Format, ListId, Seal, Standing, SubscriberId};

/// Enters a roll; what may not stand is undone before this returns.
pub(super) fn import(connection: &Connection, seal: Option<&Seal>, import: &Import, pieces: Pieces) -> Result<Imported> {
    connection.execute_batch("SAVEPOINT roll")?;
    let done = with_room_for_a_roll(connection, || enter_all(connection, seal, import, pieces))?;
    if !done.stands {
        connection.execute_batch("ROLLBACK TO roll")?;
    }
    connection.execute_batch("RELEASE roll")?;
    Ok(done)
}

fn enter_all(connection: &Connection, seal: Option<&Seal>, import: &Import, pieces: Pieces) -> Result<Imported> {
    let default = import.list.as_ref().map(|list| list_number(connection, list)).transpose()?;
    let has = |sql: &str| Ok::<_, StoreError>(rows::first(connection, sql, [], |_| Ok(()))?.is_some());
    let mut clerk = Clerk {
        connection,
        seal: if has(ANY_ERASED)? { seal } else { None },
        has_suppressed: has(ANY_SUPPRESSED)?,
        strangers: Strangers::new(connection, import.at)?,
        expects_strangers: true,
        import,
        default,
        lists: HashMap::new(),
        seen: HashMap::new(),
        gone: HashSet::new(),
        hasher: RandomState::new(),
        done: Imported::default(),
    };
    if let (Some(_), Some(list)) = (&import.ending, default) {
        clerk.done.living = rows::first(connection, LIVING, [list], |row| rows::count(row, "living"))?.unwrap_or(0);
    }
    for piece in pieces {
        let Ok(entries) = piece else { return Ok(clerk.done) };
        clerk.take_all(&entries)?;
    }
    let is_braked = match (&import.ending, default) {
        (Some(ending), Some(list)) => clerk.end_the_others(ending, list)?,
        _ => false,
    };
    clerk.done.stands = !import.is_rehearsal && !is_braked;
    Ok(clerk.done)
}

/// Who enters the roll, and what they remember of it.
struct Clerk<'a> {
    connection: &'a Connection,
    /// `None` if nobody was ever erased: this saves a hash for each entry.
    seal: Option<&'a Seal>,
    /// Whether there is any suppression to look for.
    has_suppressed: bool,
    strangers: Strangers<'a>,
    /// Whether the next is likely to be new, as the last one was.
    expects_strangers: bool,
    import: &'a Import,
    default: Option<u32>,
    lists: HashMap<ListId, u32>,
    /// Which readers stand further up, list by list.
    seen: HashMap<u32, Numbers>,
    /// Who is gone, by a hash of the address: they need not be readers. A mistaken hash would miscount, no more.
    gone: HashSet<u64>,
    hasher: RandomState,
    done: Imported,
}

impl Clerk<'_> {
    fn take_all(&mut self, entries: &[RollEntry]) -> Result<()> {
        let mut added = Vec::new();
        for entry in entries {
            let key = entry.enrolment.address.key();
            let list = self.list(entry)?;
            let is_suppressed = self.is_suppressed(&key)?;
            let stranger = if is_suppressed || entry.is_gone || !self.expects_strangers { None } else { self.add(&key, list, entry)? };
            if let Some(stranger) = stranger {
                added.push(stranger);
                continue;
            }
            // What follows reads standings, and must see those of the strangers before it.
            self.strangers.write(&mut added)?;
            self.take(&key, list, entry, is_suppressed)?;
        }
        self.strangers.write(&mut added)
    }

    /// Adds the reader of an entry, if there is none yet.
    fn add<'e>(&mut self, key: &str, list: Option<u32>, entry: &'e RollEntry) -> Result<Option<Stranger<'e>>> {
        let (Some(list), line) = (list, &entry.enrolment) else { return Ok(None) };
        let Some(subscriber) = self.strangers.add(key, line)? else { return Ok(None) };
        self.send_as(entry, subscriber)?;
        self.seen.entry(list).or_default().insert(subscriber);
        *place(Enrolled::Entered, line.standing)(&mut self.done) += 1;
        Ok(Some(Stranger { subscriber, list, line }))
    }

    /// Has a newcomer get the form of mail that their entry names.
    fn send_as(&self, entry: &RollEntry, newcomer: SubscriberId) -> Result<()> {
        if entry.format == Format::Text {
            rows::change(self.connection, SEND_AS, params![newcomer.0, rows::place(&Format::ALL, &entry.format)])?;
        }
        Ok(())
    }

    fn is_suppressed(&self, key: &str) -> Result<bool> {
        Ok((self.has_suppressed && enrolling::is_noted(self.connection, key)?) || enrolling::is_erased(self.connection, self.seal, key)?)
    }

    fn take(&mut self, key: &str, list: Option<u32>, entry: &RollEntry, is_suppressed: bool) -> Result<()> {
        let held = held(self.connection, key, list.unwrap_or(0), is_suppressed)?;
        self.expects_strangers = held.subscriber.is_none();
        let mark = self.hasher.hash_one(key);
        let is_again = self.gone.contains(&mark) || held.subscriber.zip(list).is_some_and(|(id, list)| self.has_seen(list, id));
        let (place, subscriber) = if entry.is_gone {
            self.gone.insert(mark);
            (self.let_go(key, &held, list, &entry.enrolment)?, held.subscriber)
        } else {
            let list = list.ok_or_else(|| StoreError::Unknown(format!("the list for line {}", entry.line)))?;
            let line = &entry.enrolment;
            let (outcome, subscriber) = enrolling::write(self.connection, key, &held, list, line, Asking::Roll, self.import.at)?;
            if let (None, Some(id)) = (held.subscriber, subscriber) {
                self.send_as(entry, id)?;
            }
            (place(outcome, line.standing), subscriber)
        };
        if let Some((id, list)) = subscriber.zip(list) {
            self.seen.entry(list).or_default().insert(id);
        }
        *(if is_again { &mut self.done.duplicates } else { place(&mut self.done) }) += 1;
        Ok(())
    }

    /// The number of the list that an entry names, or of the import's.
    fn list(&mut self, entry: &RollEntry) -> Result<Option<u32>> {
        let Some(named) = &entry.list else { return Ok(self.default.filter(|_| !is_of_no_list(entry))) };
        if let Some(&known) = self.lists.get(named) {
            return Ok(Some(known));
        }
        let number = list_number(self.connection, named)?;
        self.lists.insert(named.clone(), number);
        Ok(Some(number))
    }

    fn has_seen(&self, list: u32, id: SubscriberId) -> bool {
        self.seen.get(&list).is_some_and(|numbers| numbers.has(id))
    }

    /// Suppresses an address, and ends its subscription to the list if there is one.
    fn let_go(&mut self, key: &str, held: &Held, list: Option<u32>, line: &Enrolment) -> Result<Place> {
        let living = matches!(held.standing, Some(Standing::Pending | Standing::Confirmed));
        if let (true, Some(subscriber), Some(list)) = (living, held.subscriber, list) {
            let change = Change { subscriber, list, standing: Standing::Ended, evidence: &line.evidence, since: None, now: self.import.at };
            change.write(self.connection)?;
        }
        if held.is_suppressed {
            return Ok(|done| &mut done.suppressed);
        }
        let at = rows::kept(line.since.filter(|_| line.evidence.channel == SUPPRESSION).unwrap_or(self.import.at));
        self.has_suppressed = true;
        rows::change(self.connection, SUPPRESS, params![key, at, line.evidence.detail])?;
        Ok(|done| &mut done.newly_suppressed)
    }

    /// Ends who is on the list and in no entry, unless that would be too many. Says whether it would.
    fn end_the_others(&mut self, ending: &Ending, list: u32) -> Result<bool> {
        let seen = self.seen.remove(&list).unwrap_or_default();
        let living = rows::all(self.connection, ON_LIST, [list], |row| rows::subscriber(row, "subscriber"))?;
        let absent: Vec<SubscriberId> = living.into_iter().filter(|&id| !seen.has(id)).collect();
        self.done.absent = absent.len() as u64;
        if self.done.absent * 1000 > self.done.living * u64::from(ending.brake) {
            return Ok(true);
        }
        for subscriber in absent {
            let change =
                Change { subscriber, list, standing: Standing::Ended, evidence: &ending.evidence, since: None, now: self.import.at };
            change.write(self.connection)?;
        }
        Ok(false)
    }
}

/// A set of readers, a bit for each: a million are 125 KB.
#[derive(Default)]
struct Numbers(Vec<u64>);

impl Numbers {
    fn place(id: SubscriberId) -> (usize, u64) {
        let number = usize::try_from(id.0).unwrap_or(0);
        (number / 64, 1 << (number % 64))
    }

    fn has(&self, id: SubscriberId) -> bool {
        let (word, bit) = Self::place(id);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    fn insert(&mut self, id: SubscriberId) {
        let (word, bit) = Self::place(id);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= bit;
        }
    }
}

const LIVING: &str = "
    SELECT COUNT(*) AS living
    FROM subscriptions
    WHERE list = ?1
      AND standing <> 2";

pub(super) const ON_LIST: &str = "
    SELECT subscriber
    FROM subscriptions
    WHERE list = ?1
      AND standing <> 2
    ORDER BY subscriber";

const ANY_SUPPRESSED: &str = "
    SELECT 1
    FROM suppressions
    LIMIT 1";

const ANY_ERASED: &str = "
    SELECT 1
    FROM erased
    LIMIT 1";

const SUPPRESS: &str = "
    INSERT INTO suppressions (address_key, at, reason)
    VALUES (?1, ?2, ?3)";
