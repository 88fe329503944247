//! What connections note between two messages.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use deadpool_postgres::Object;
use tokio_postgres::Row;

use super::counting::{self, Counts, Slot};
use super::notes::Task;
use super::paging::Queueing;
use super::script::{Script, given};
use super::{locks, names, rows};
use crate::mailing::{Fate, MailingId};
use crate::store::{Attempt, NodeId, Note, Result, StoreError};

/// Who writes the notes: knows the numbers of providers and relays by heart.
#[derive(Default)]
pub(super) struct Scribe {
    relays: HashMap<Arc<str>, i64>,
}

/// A line as it stands before a group of notes is written, and then with what was written so far.
#[derive(Debug, Clone, Copy)]
struct Line {
    provider: i64,
    wave: i64,
    fate: i64,
    holder: Option<i64>,
    next_at: Option<i64>,
    changed_at: Option<i64>,
}

type Key = (MailingId, i64);

impl Scribe {
    /// Writes a group in one commit. Each note stands or falls alone, and its end is told in its place; an error is one of
    /// all, of whom nobody knows whether they stand.
    pub(super) async fn write(&mut self, link: &mut Object, group: &[Task], may_stand: &[bool], hand: i64) -> Result<Vec<Result<()>>> {
        for attempt in group.iter().filter_map(|task| task.note.settled.as_ref()) {
            if !self.relays.contains_key(&attempt.relay) {
                // Before the transaction: what is known by heart must stand whatever becomes of that.
                let number = names::relay(link, &attempt.relay).await?;
                self.relays.insert(Arc::clone(&attempt.relay), number);
            }
        }
        let (lines, ended) = begin(link, group).await?;
        let mut sheet = Sheet { lines, ..Sheet::default() };
        let ends: Vec<Result<()>> =
            group.iter().zip(may_stand).map(|(task, may_stand)| sheet.enter(task, *may_stand, &ended, &self.relays)).collect();
        let mut script = Script::default();
        if let Some(task) = group.first() {
            sheet.say(&mut script, counting::part(task.node, hand));
        }
        script.say("COMMIT", given![]);
        script.run(link).await?;
        Ok(ends)
    }
}

/// Begins the transaction of a group: its lines, locked in the order of their keys, and which of the noting nodes were buried.
async fn begin(link: &Object, group: &[Task]) -> Result<(HashMap<Key, Line>, Vec<i64>)> {
    let mailings: Vec<i64> = distinct(group.iter().map(|task| task.note.mailing.0));
    let keys = group.iter().flat_map(|task| {
        let Note { mailing, settled, submitting, .. } = &task.note;
        let settled = settled.as_ref().map(|attempt| (attempt.mailing, attempt.subscriber.0));
        submitting.map(|subscriber| (*mailing, subscriber.0)).into_iter().chain(settled)
    });
    let (of, subscribers) = columns(distinct(keys).into_iter());
    let nodes: Vec<i64> = distinct(group.iter().map(|task| task.node.0));
    let mut script = Script::default();
    script.say("BEGIN", given![]);
    script.say(locks::SHARE_MAILINGS, given![locks::MAILING, mailings]);
    script.say(ENDED, given![nodes]);
    script.say(LINES, given![of, subscribers]);
    let mut found = script.run(link).await?;
    let lines = found.pop().unwrap_or_default().iter().map(line).collect::<Result<_>>()?;
    let ended = found.pop().unwrap_or_default().iter().map(|row| rows::int(row, "id")).collect::<Result<_>>()?;
    Ok((lines, ended))
}

fn line(row: &Row) -> Result<(Key, Line)> {
    let line = Line {
        provider: rows::int(row, "provider")?,
        wave: rows::int(row, "wave")?,
        fate: rows::int(row, "fate")?,
        holder: rows::int_if_any(row, "holder")?,
        next_at: rows::int_if_any(row, "next_at")?,
        changed_at: rows::int_if_any(row, "changed_at")?,
    };
    Ok(((MailingId(rows::int(row, "mailing")?), rows::int(row, "subscriber")?), line))
}

/// Each once, in their order.
fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What a group changes.
#[derive(Default)]
struct Sheet {
    lines: HashMap<Key, Line>,
    /// Lines that are handed over now, with when that was noted.
    submitted: Vec<(Key, i64)>,
    settled: Vec<(Key, i64, Option<i64>, i64)>,
    /// Lines that settle without having been handed over: that try counts here.
    unbegun: Vec<Key>,
    tries: Vec<(Attempt, i64)>,
    /// Deferred lines that are so no more.
    undeferred: Vec<(Key, i64, i64)>,
    queueing: Queueing,
    counts: Counts,
}

impl Sheet {
    /// Enters a note, whole or not at all.
    fn enter(&mut self, task: &Task, may_stand: bool, ended: &[i64], relays: &HashMap<Arc<str>, i64>) -> Result<()> {
        let Task { node: by, note, .. } = task;
        let unknown = |subscriber: i64, what: &str| {
            StoreError::Unknown(format!("{what} delivery of mailing {} to subscriber {subscriber}", note.mailing.0))
        };
        if ended.contains(&by.0) {
            return Err(StoreError::Unknown("this node, which was taken for dead: what it held is others'".to_owned()));
        }
        if may_stand && self.stands(*by, note) {
            return Ok(());
        }
        let submitting = note.submitting.map(|subscriber| (note.mailing, subscriber.0));
        if let Some(key) = submitting
            && !self.lines.get(&key).is_some_and(|line| line.fate == rows::CLAIMED && line.holder == Some(by.0))
        {
            return Err(unknown(key.1, "a claimed"));
        }
        let settled = note.settled.as_ref().map(|attempt| ((attempt.mailing, attempt.subscriber.0), attempt));
        if let Some((key, _)) = settled
            && !self.lines.get(&key).is_some_and(|line| rows::is_open(line.fate) && line.holder.is_none_or(|holder| holder == by.0))
        {
            return Err(unknown(key.1, "an open"));
        }
        if let Some(key) = submitting {
            self.submit(key, rows::kept(note.at));
        }
        if let Some((key, attempt)) = settled {
            self.settle(key, attempt, relays.get(&attempt.relay).copied().unwrap_or_default());
        }
        Ok(())
    }

    /// Whether all of a note stands already: its commit was made, and its end not heard of.
    fn stands(&self, by: NodeId, note: &Note) -> bool {
        let is_submitted = note.submitting.is_none_or(|subscriber| {
            self.lines.get(&(note.mailing, subscriber.0)).is_some_and(|line| {
                line.fate == rows::SUBMITTING && line.holder == Some(by.0) && line.changed_at == Some(rows::kept(note.at))
            })
        });
        let is_settled = note.settled.as_ref().is_none_or(|attempt| {
            self.lines.get(&(attempt.mailing, attempt.subscriber.0)).is_some_and(|line| {
                line.fate == rows::fate_code(attempt.fate) && line.holder.is_none() && line.changed_at == Some(rows::kept(attempt.at))
            })
        });
        is_submitted && is_settled
    }

    fn submit(&mut self, key: Key, at: i64) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        self.counts.shift(Slot::past(key.0, line.provider, rows::CLAIMED), Slot::past(key.0, line.provider, rows::SUBMITTING));
        (line.fate, line.changed_at) = (rows::SUBMITTING, Some(at));
        self.submitted.push((key, at));
    }

    fn settle(&mut self, key: Key, attempt: &Attempt, relay: i64) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        let (fate, at) = (rows::fate_code(attempt.fate), rows::kept(attempt.at));
        let from = Slot::of(key.0, line.provider, line.fate, line.wave);
        let to = Slot::of(key.0, line.provider, fate, line.wave);
        self.counts.shift(from, to);
        self.counts.tried(attempt, relay, line.provider);
        if line.fate == rows::CLAIMED {
            self.unbegun.push(key);
        }
        if let Some(next_at) = line.next_at {
            self.undeferred.push((key, line.provider, next_at));
        }
        if fate == rows::QUEUED {
            self.queueing.add(to, key.1);
        }
        let next_at = if let Fate::Deferred { next_at } = attempt.fate { Some(rows::kept(next_at)) } else { None };
        *line = Line { fate, holder: None, next_at, changed_at: Some(at), ..*line };
        self.settled.push((key, fate, next_at, at));
        self.tries.push((attempt.clone(), relay));
    }

    /// Says what is to be written.
    fn say(self, script: &mut Script, part: i64) {
        if !self.submitted.is_empty() {
            let (mailings, subscribers) = columns(self.submitted.iter().map(|(key, _)| *key));
            let times: Vec<i64> = self.submitted.iter().map(|(_, at)| *at).collect();
            script.say(SUBMIT, given![mailings, subscribers, times]);
        }
        if !self.settled.is_empty() {
            self.say_settled(script);
            self.say_tries(script);
        }
        self.queueing.say(script);
        counting::say(self.counts, script, part);
    }

    fn say_settled(&self, script: &mut Script) {
        if !self.unbegun.is_empty() {
            let (mailings, subscribers) = columns(self.unbegun.iter().copied());
            script.say(COUNT_TRY, given![mailings, subscribers]);
        }
        for ((mailing, subscriber), provider, next_at) in &self.undeferred {
            script.say(UNDEFER, given![mailing.0, *provider, *next_at, *subscriber]);
        }
        let (mailings, subscribers) = columns(self.settled.iter().map(|(key, ..)| *key));
        let fates: Vec<i64> = self.settled.iter().map(|(_, fate, ..)| *fate).collect();
        let due: Vec<Option<i64>> = self.settled.iter().map(|(_, _, next_at, _)| *next_at).collect();
        let times: Vec<i64> = self.settled.iter().map(|(.., at)| *at).collect();
        script.say(SETTLE, given![mailings.clone(), subscribers.clone(), fates, due.clone(), times]);
        if due.iter().any(Option::is_some) {
            script.say(DEFER, given![mailings, subscribers, due]);
        }
    }

    fn say_tries(&self, script: &mut Script) {
        let column = |of: &dyn Fn(&Attempt) -> i64| self.tries.iter().map(|(attempt, _)| of(attempt)).collect::<Vec<i64>>();
        let (mailings, subscribers) = columns(self.tries.iter().map(|(attempt, _)| (attempt.mailing, attempt.subscriber.0)));
        let (numbers, times) = (column(&|attempt| i64::from(attempt.number)), column(&|attempt| rows::kept(attempt.at)));
        let relays: Vec<i64> = self.tries.iter().map(|(_, relay)| *relay).collect();
        let (stages, fates) = (column(&|attempt| rows::stage_code(attempt.stage)), column(&|attempt| rows::fate_code(attempt.fate)));
        let judgements = column(&|attempt| rows::judgement_code(attempt.judgement));
        let replies = || self.tries.iter().map(|(attempt, _)| attempt.reply.as_ref());
        let codes: Vec<Option<i64>> = replies().map(|reply| reply.map(|reply| i64::from(reply.code))).collect();
        let enhanced: Vec<Option<String>> =
            replies().map(|reply| reply.and_then(|reply| reply.enhanced).map(|code| code.to_string())).collect();
        let said: Vec<String> = self.tries.iter().map(|(attempt, _)| rows::text(rows::said(attempt))).collect();
        script.say(ADD_TRIES, given![mailings, subscribers, numbers, times, relays, stages, fates, judgements, codes, enhanced, said]);
        for (attempt, _) in self.tries.iter().filter(|(attempt, _)| attempt.suppress) {
            let reason = rows::text(&rows::evidence(attempt));
            script.say(SUPPRESS, given![attempt.subscriber.0, rows::kept(attempt.at), reason]);
        }
    }
}

fn columns(keys: impl Iterator<Item = Key>) -> (Vec<i64>, Vec<i64>) {
    keys.map(|(mailing, subscriber)| (mailing.0, subscriber)).unzip()
}

const ENDED: &str = "
    SELECT id
    FROM nodes
    WHERE id = ANY ($1)
      AND has_ended";

const LINES: &str = "
    SELECT d.mailing, d.subscriber, d.provider, d.wave, d.fate, d.holder, d.next_at, d.changed_at
    FROM unnest($1::bigint[], $2::bigint[]) AS n (mailing, subscriber)
    JOIN deliveries d ON d.mailing = n.mailing AND d.subscriber = n.subscriber
    ORDER BY d.mailing, d.subscriber
    FOR UPDATE OF d";

const SUBMIT: &str = "
    UPDATE deliveries d
    SET fate = 2, attempts = d.attempts + 1, changed_at = n.at
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (mailing, subscriber, at)
    WHERE d.mailing = n.mailing
      AND d.subscriber = n.subscriber";

// Any open delivery may learn what truly became of it; one that has come to rest stays as it is.
const SETTLE: &str = "
    UPDATE deliveries d
    SET fate = n.fate, holder = NULL, next_at = n.next_at, changed_at = n.at
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS n (mailing, subscriber, fate, next_at, at)
    WHERE d.mailing = n.mailing
      AND d.subscriber = n.subscriber";

// A try that ended before `submitting`, because no connection came about, counts too.
const COUNT_TRY: &str = "
    UPDATE deliveries d
    SET attempts = d.attempts + 1
    FROM unnest($1::bigint[], $2::bigint[]) AS n (mailing, subscriber)
    WHERE d.mailing = n.mailing
      AND d.subscriber = n.subscriber";

const UNDEFER: &str = "
    DELETE FROM deferred
    WHERE mailing = $1
      AND provider = $2::bigint
      AND next_at = $3
      AND subscriber = $4";

const DEFER: &str = "
    INSERT INTO deferred (mailing, provider, next_at, subscriber)
    SELECT d.mailing, d.provider, n.next_at, d.subscriber
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (mailing, subscriber, next_at)
    JOIN deliveries d ON d.mailing = n.mailing AND d.subscriber = n.subscriber
    WHERE n.next_at IS NOT NULL
    ON CONFLICT DO NOTHING";

// Each under its number, or under the next one that is free: of a delivery in doubt the same try may be settled twice.
const ADD_TRIES: &str = "
    INSERT INTO attempts (mailing, subscriber, number, at, relay, stage, fate, judgement, code, enhanced, said)
    SELECT n.mailing, n.subscriber, CASE WHEN a.last >= n.number THEN a.last + 1 ELSE n.number END, n.at, n.relay, n.stage, n.fate,
           n.judgement, n.code, n.enhanced, n.said
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                $9::bigint[], $10::text[], $11::text[])
         AS n (mailing, subscriber, number, at, relay, stage, fate, judgement, code, enhanced, said)
    CROSS JOIN LATERAL (
        SELECT MAX(number)::bigint AS last
        FROM attempts
        WHERE mailing = n.mailing
          AND subscriber = n.subscriber
    ) AS a";

// The first evidence stays: it is what made us stop.
const SUPPRESS: &str = "
    INSERT INTO suppressions (address_key, at, reason)
    SELECT address_key, $2, $3
    FROM subscribers
    WHERE id = $1
    ON CONFLICT (address_key) DO NOTHING";
