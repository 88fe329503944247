//! Lines of a roll folded into what is to be written: standings and their proofs, names, suppressions; each kind by one statement.

use std::collections::HashMap;

use deadpool_postgres::GenericClient;
use jiff::Timestamp;

use super::rows;
use crate::store::outcome::{Asking, judge};
use crate::store::{Enrolled, Result};
use crate::subscription::Standing;

/// What a line wants for one address and list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'l> {
    pub(super) list: i64,
    pub(super) name: Option<&'l str>,
    pub(super) standing: Standing,
    pub(super) since: Option<i64>,
    pub(super) channel: &'l str,
    pub(super) detail: &'l str,
}

/// What the store holds of an address, as it stands after the lines so far.
#[derive(Debug, Default)]
pub(super) struct Person {
    /// Whose reader's number it is. Who is to become a reader has one before the first line is taken.
    pub(super) id: Option<i64>,
    pub(super) is_named: bool,
    pub(super) is_suppressed: bool,
    pub(super) standings: Vec<(i64, Standing)>,
}

impl Person {
    /// Where the address stands on a list.
    pub(super) fn standing(&self, list: i64) -> Option<Standing> {
        self.standings.iter().find(|(known, _)| *known == list).map(|(_, standing)| *standing)
    }

    /// Takes one line: says what becomes of it, and puts down what is to be written.
    pub(super) fn take(&mut self, wish: Wish<'_>, asking: Asking, writs: &mut Writs) -> Enrolled {
        let outcome = judge(self.standing(wish.list), self.is_suppressed, wish.standing, asking);
        let Some(id) = self.id else { return outcome };
        if matches!(outcome, Enrolled::Entered | Enrolled::Changed | Enrolled::AlreadyThere) {
            // A name fills a gap; the one that we have been using stays.
            if let (Some(name), false) = (wish.name, self.is_named) {
                writs.names.push((id, name.to_owned()));
                self.is_named = true;
            }
        }
        if matches!(outcome, Enrolled::Entered | Enrolled::Changed) {
            self.stand(id, wish, writs);
        }
        outcome
    }

    /// Gives a reader a new standing together with the proof of it: neither is ever written without the other.
    pub(super) fn stand(&mut self, id: i64, wish: Wish<'_>, writs: &mut Writs) {
        match self.standings.iter_mut().find(|(known, _)| *known == wish.list) {
            Some((_, standing)) => *standing = wish.standing,
            None => self.standings.push((wish.list, wish.standing)),
        }
        writs.stand(id, wish);
    }
}

/// What is to be written when a page of lines is taken.
pub(super) struct Writs {
    now: i64,
    /// The last standing of each reader and list: a statement may not write one row twice.
    standings: HashMap<(i64, i64), (i64, i64)>,
    proofs: Proofs,
    names: Vec<(i64, String)>,
    /// Of whom, since when, and why.
    pub(super) suppressions: Vec<(String, i64, String)>,
}

#[derive(Default)]
struct Proofs {
    subscribers: Vec<i64>,
    lists: Vec<i64>,
    standings: Vec<i64>,
    sinces: Vec<Option<i64>>,
    channels: Vec<String>,
    details: Vec<String>,
}

impl Writs {
    pub(super) fn new(now: Timestamp) -> Self {
        let (standings, proofs) = (HashMap::new(), Proofs::default());
        Self { now: rows::kept(now), standings, proofs, names: Vec::new(), suppressions: Vec::new() }
    }

    fn stand(&mut self, id: i64, wish: Wish<'_>) {
        let standing = rows::standing_code(wish.standing);
        self.standings.insert((id, wish.list), (standing, wish.since.unwrap_or(self.now)));
        self.proofs.subscribers.push(id);
        self.proofs.lists.push(wish.list);
        self.proofs.standings.push(standing);
        self.proofs.sinces.push(wish.since);
        self.proofs.channels.push(rows::text(wish.channel));
        self.proofs.details.push(rows::text(wish.detail));
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.standings.is_empty() && self.names.is_empty() && self.suppressions.is_empty()
    }

    /// Writes all of it. Who writes has locked the readers.
    pub(super) async fn write(self, client: &impl GenericClient) -> Result<()> {
        let Proofs { subscribers, lists, standings, sinces, channels, details } = &self.proofs;
        if !subscribers.is_empty() {
            let mut set: Vec<_> = self.standings.into_iter().map(|((id, list), (standing, since))| (id, list, standing, since)).collect();
            set.sort_unstable();
            let ids: Vec<i64> = set.iter().map(|one| one.0).collect();
            let on: Vec<i64> = set.iter().map(|one| one.1).collect();
            let now: Vec<i64> = set.iter().map(|one| one.2).collect();
            let since: Vec<i64> = set.iter().map(|one| one.3).collect();
            rows::change(client, SET_STANDINGS, &[&ids, &on, &now, &since]).await?;
            rows::change(client, ADD_PROOFS, &[subscribers, lists, standings, sinces, channels, details, &self.now]).await?;
        }
        if !self.names.is_empty() {
            let (ids, names): (Vec<i64>, Vec<String>) = self.names.into_iter().unzip();
            rows::change(client, LEARN_NAMES, &[&ids, &names]).await?;
        }
        if !self.suppressions.is_empty() {
            let mut suppressions = self.suppressions;
            suppressions.sort_unstable();
            let keys: Vec<&str> = suppressions.iter().map(|one| one.0.as_str()).collect();
            let times: Vec<i64> = suppressions.iter().map(|one| one.1).collect();
            let reasons: Vec<&str> = suppressions.iter().map(|one| one.2.as_str()).collect();
            rows::change(client, SUPPRESS, &[&keys, &times, &reasons]).await?;
        }
        Ok(())
    }
}

const SET_STANDINGS: &str = "
    INSERT INTO subscriptions (subscriber, list, standing, since)
    SELECT subscriber, list, standing, since
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS set (subscriber, list, standing, since)
    ON CONFLICT (subscriber, list) DO UPDATE
    SET standing = excluded.standing, since = excluded.since";

const ADD_PROOFS: &str = "
    INSERT INTO consents (subscriber, list, standing, since, channel, detail, at)
    SELECT subscriber, list, standing, since, channel, detail, $7::bigint
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
         WITH ORDINALITY AS proof (subscriber, list, standing, since, channel, detail, place)
    ORDER BY place";

const LEARN_NAMES: &str = "
    UPDATE subscribers s
    SET name = learnt.name
    FROM unnest($1::bigint[], $2::text[]) AS learnt (subscriber, name)
    WHERE s.id = learnt.subscriber
      AND s.name IS NULL";

// The first evidence stays: it is what made us stop.
const SUPPRESS: &str = "
    INSERT INTO suppressions (address_key, at, reason)
    SELECT address_key, at, reason
    FROM unnest($1::text[], $2::bigint[], $3::text[]) AS gone (address_key, at, reason)
    ON CONFLICT (address_key) DO NOTHING";
