//! Taking deliveries, giving them back, and taking back what a dead process held.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::counting::{self, Counts, Slot};
use super::job::Regret;
use super::{names, reports, rows};
use crate::mailing::fate::OnDoubt;
use crate::mailing::{Delivery, MailingId};
use crate::store::{Claim, Recovered, Result, Wave};
use crate::subscription::{EmailAddress, Format, ListId, PersonName, SubscriberId};

/// How many held lines are taken back at a time.
const PAGE: i64 = 10_000;

/// A delivery that waits, and what decides whether it may be claimed.
struct Candidate {
    subscriber: SubscriberId,
    /// `None` once the person was erased.
    address: Option<EmailAddress>,
    name: Option<PersonName>,
    format: Format,
    /// The list on whose account it stands in the ledger.
    list: u32,
    /// The first of the mailing's lists, or else that one, on which the reader is confirmed now.
    living: Option<u32>,
    is_suppressed: bool,
    attempts: u32,
    first_attempt_at: Option<Timestamp>,
}

/// Claims what waits. Comes back with nothing only if nothing waits.
pub(super) fn claim(connection: &Connection, claim: &Claim) -> Result<Vec<Delivery>> {
    let Some(provider) = names::known_provider(connection, &claim.provider)? else { return Ok(Vec::new()) };
    if claim.most == 0 || reports::is_cancelled(connection, claim.mailing)? != Some(false) {
        return Ok(Vec::new());
    }
    let lists = names::lists(connection)?;
    let mut page = Page { connection, claim, provider, lists, counts: Counts::default(), claimed: Vec::new() };
    // A whole page of readers who left must not look like the end of the mailing.
    while page.claimed.is_empty() && page.turn()? {}
    let Page { mut counts, claimed, .. } = page;
    counting::write(&mut counts, connection)?;
    Ok(claimed)
}

/// One claim under way.
struct Page<'c> {
    connection: &'c Connection,
    claim: &'c Claim,
    provider: i64,
    lists: HashMap<u32, ListId>,
    counts: Counts,
    claimed: Vec<Delivery>,
}

impl Page<'_> {
    /// Claims from what is due and what is queued. Returns whether there was anything at all.
    fn turn(&mut self) -> Result<bool> {
        let (mailing, now) = (self.claim.mailing.0, rows::kept(self.claim.now));
        let due = rows::all(self.connection, DUE, params![mailing, self.provider, self.left(), now], candidate)?;
        let mut seen = due.len();
        for candidate in due {
            self.take(candidate, Slot::past(self.claim.mailing, self.provider, rows::DEFERRED))?;
        }
        for wave in Wave::ALL.into_iter().filter(|wave| *wave <= self.claim.wave) {
            if self.left() == 0 {
                break;
            }
            let wave = rows::wave_code(wave);
            let queued = rows::all(self.connection, QUEUED, params![mailing, self.provider, self.left(), wave], candidate)?;
            seen += queued.len();
            self.take_queued(queued, wave)?;
        }
        Ok(seen > 0)
    }

    /// How many more fit on the page.
    fn left(&self) -> i64 {
        rows::most(self.claim.most - self.claimed.len())
    }

    /// Claims a run of queued lines. Nearly all of them are as they were when the mailing was opened, and are claimed
    /// with one statement once those that need one of their own are out of its way.
    fn take_queued(&mut self, queued: Vec<Candidate>, wave: i64) -> Result<()> {
        let (Some(first), Some(last)) = (queued.first(), queued.last()) else { return Ok(()) };
        let (first, last) = (first.subscriber.0, last.subscriber.0);
        let from = Slot::of(self.claim.mailing, self.provider, rows::QUEUED, wave);
        let mut plain = 0;
        for candidate in queued {
            if candidate.living == Some(candidate.list) && candidate.address.is_some() && !candidate.is_suppressed {
                plain += self.hand_out(candidate)?;
            } else {
                self.take(candidate, from)?;
            }
        }
        if plain > 0 {
            let now = rows::kept(self.claim.now);
            rows::change(self.connection, CLAIM_RUN, params![self.claim.mailing.0, self.provider, wave, first, last, now])?;
            self.counts.add(from, -plain);
            self.counts.add(Slot::past(self.claim.mailing, self.provider, rows::CLAIMED), plain);
        }
        Ok(())
    }

    /// Claims one line, or withholds it if the reader is gone.
    fn take(&mut self, candidate: Candidate, from: Slot) -> Result<()> {
        let (mailing, now) = (self.claim.mailing, rows::kept(self.claim.now));
        let subscriber = candidate.subscriber.0;
        let fate = match candidate.living {
            Some(list) if candidate.address.is_some() && !candidate.is_suppressed => {
                rows::change(self.connection, CLAIM, params![mailing.0, subscriber, list, now])?;
                self.hand_out(candidate)?;
                rows::CLAIMED
            }
            _ => {
                rows::change(self.connection, WITHHOLD, params![mailing.0, subscriber, now])?;
                rows::WITHHELD
            }
        };
        self.counts.shift(from, Slot::past(mailing, self.provider, fate));
        Ok(())
    }

    /// Puts a delivery on the page. Returns how many were put there.
    fn hand_out(&mut self, candidate: Candidate) -> Result<i64> {
        let known = candidate.living.and_then(|number| self.lists.get(&number).map(|list| (number, list)));
        let (Some((list_number, list)), Some(address)) = (known, candidate.address) else { return Ok(0) };
        self.claimed.push(Delivery {
            mailing: self.claim.mailing,
            subscriber: candidate.subscriber,
            address,
            name: candidate.name,
            list: list.clone(),
            format: candidate.format,
            list_number,
            provider: self.claim.provider.clone(),
            attempt: candidate.attempts.saturating_add(1),
            // As it is kept, so that every later try is handed exactly the same.
            first_attempt_at: rows::known(rows::kept(candidate.first_attempt_at.unwrap_or(self.claim.now)))?,
        });
        Ok(1)
    }
}

/// Gives back what was claimed and not begun.
pub(super) fn release(connection: &Connection, mailing: MailingId, subscribers: &[SubscriberId]) -> Result<()> {
    let mut counts = Counts::default();
    for subscriber in subscribers {
        let released = rows::first(connection, RELEASE, params![mailing.0, subscriber.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if let Some((provider, wave)) = released {
            counts.shift(Slot::past(mailing, provider, rows::CLAIMED), Slot::of(mailing, provider, rows::QUEUED, wave));
        }
    }
    counting::write(&mut counts, connection)
}

/// Gives back a page whose claimer was told that there is none.
pub(super) fn give_back(page: Vec<Delivery>) -> Regret {
    let mailing = page.first().map(|delivery| delivery.mailing);
    let subscribers: Vec<SubscriberId> = page.into_iter().map(|delivery| delivery.subscriber).collect();
    Box::new(move |connection| mailing.map_or(Ok(()), |mailing| release(connection, mailing, &subscribers)))
}

/// Takes back what nobody holds any more.
pub(super) fn take_up(connection: &Connection, mailing: MailingId, boot: &str, on_doubt: OnDoubt, now: Timestamp) -> Result<Recovered> {
    let before = rows::first(connection, LAST_BOOT, [mailing.0], |row| Ok(row.get::<_, Option<String>>(0)?))?
        .ok_or_else(|| rows::no_such_mailing(mailing))?;
    rows::change(connection, TAKE_UP, params![mailing.0, boot])?;
    let held = reports::tally(connection, mailing)?;
    if held.claimed + held.submitting + held.doubtful == 0 {
        return Ok(Recovered::default());
    }
    let same_boot = before.as_deref() == Some(boot);
    let (mut recovered, mut counts, mut after) = (Recovered::default(), Counts::default(), 0);
    loop {
        let page = rows::all(connection, HELD, params![mailing.0, after, PAGE], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
        })?;
        let Some((last, ..)) = page.last() else { break };
        after = *last;
        for (subscriber, provider, wave, fate) in page {
            let (to, count) = match (fate, on_doubt) {
                (rows::CLAIMED, _) if same_boot => (rows::QUEUED, &mut recovered.claimed),
                (rows::DOUBTFUL, OnDoubt::Hold) => continue,
                // Also what an earlier run held: whoever changes the setting has decided.
                (_, OnDoubt::Resend) => (rows::QUEUED, &mut recovered.doubtful),
                (_, OnDoubt::Hold) => (rows::DOUBTFUL, &mut recovered.doubtful),
            };
            *count += 1;
            rows::change(connection, TAKE_BACK, params![mailing.0, subscriber, to, rows::kept(now)])?;
            counts.shift(Slot::past(mailing, provider, fate), Slot::of(mailing, provider, to, wave));
        }
    }
    counting::write(&mut counts, connection)?;
    Ok(recovered)
}

/// The columns by their place: a page has many rows, and finding a column by its name takes as long as reading it.
fn candidate(row: &Row<'_>) -> Result<Candidate> {
    Ok(Candidate {
        subscriber: SubscriberId(row.get(0)?),
        address: rows::parsed(row, 1, EmailAddress::parse)?,
        name: rows::parsed(row, 2, PersonName::parse)?,
        list: row.get(3)?,
        attempts: row.get(4)?,
        first_attempt_at: row.get::<_, Option<i64>>(5)?.map(rows::known).transpose()?,
        living: row.get(6)?,
        is_suppressed: row.get(7)?,
        format: rows::format(row, 8)?,
    })
}

/// What a claim must know of lines that it finds in a small index, read from its beginning and left after a page.
macro_rules! candidates {
    ($which:literal) => {
        concat!(
            "
    SELECT d.subscriber, s.address, s.name, d.list, d.attempts, d.first_attempt_at,
           COALESCE((
               SELECT u.list
               FROM mailing_lists m
               CROSS JOIN subscriptions u ON u.subscriber = d.subscriber AND u.list = m.list
               WHERE m.mailing = ?1
                 AND u.standing = 1
               ORDER BY m.place
               LIMIT 1
           ), (
               SELECT u.list
               FROM subscriptions u
               WHERE u.subscriber = d.subscriber
                 AND u.list = d.list
                 AND u.standing = 1
           )) AS living,
           EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.address_key) AS suppressed,
           s.format
    FROM deliveries d ",
            $which
        )
    };
}

pub(super) const QUEUED: &str = candidates!(
    "INDEXED BY deliveries_queued
    LEFT JOIN subscribers s ON s.id = d.subscriber
    WHERE d.mailing = ?1
      AND d.wave = ?4
      AND d.provider = ?2
      AND d.fate = 0
    ORDER BY d.subscriber
    LIMIT ?3"
);

pub(super) const DUE: &str = candidates!(
    "INDEXED BY deliveries_deferred
    LEFT JOIN subscribers s ON s.id = d.subscriber
    WHERE d.mailing = ?1
      AND d.provider = ?2
      AND d.fate = 4
      AND d.next_at <= ?4
    ORDER BY d.next_at
    LIMIT ?3"
);

pub(super) const CLAIM: &str = "
    UPDATE deliveries
    SET fate = 1, list = ?3, first_attempt_at = COALESCE(first_attempt_at, ?4), next_at = NULL, changed_at = ?4
    WHERE mailing = ?1
      AND subscriber = ?2";

pub(super) const CLAIM_RUN: &str = "
    UPDATE deliveries INDEXED BY deliveries_queued
    SET fate = 1, first_attempt_at = COALESCE(first_attempt_at, ?6), changed_at = ?6
    WHERE mailing = ?1
      AND wave = ?3
      AND provider = ?2
      AND subscriber BETWEEN ?4 AND ?5
      AND fate = 0";

pub(super) const WITHHOLD: &str = "
    UPDATE deliveries
    SET fate = 7, next_at = NULL, changed_at = ?3
    WHERE mailing = ?1
      AND subscriber = ?2";

const RELEASE: &str = "
    UPDATE deliveries
    SET fate = 0
    WHERE mailing = ?1
      AND subscriber = ?2
      AND fate = 1
    RETURNING provider, wave";

const LAST_BOOT: &str = "
    SELECT boot
    FROM mailings
    WHERE id = ?1";

const TAKE_UP: &str = "
    UPDATE mailings
    SET boot = ?2
    WHERE id = ?1";

// Read once from end to end, a page at a time: only after a crash is there anything to find.
const HELD: &str = "
    SELECT subscriber, provider, wave, fate
    FROM deliveries
    WHERE mailing = ?1
      AND subscriber > ?2
      AND fate IN (1, 2, 8)
    ORDER BY subscriber
    LIMIT ?3";

const TAKE_BACK: &str = "
    UPDATE deliveries
    SET fate = ?3, changed_at = ?4
    WHERE mailing = ?1
      AND subscriber = ?2";
