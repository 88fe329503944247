//! Taking deliveries and giving them back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use deadpool_postgres::{GenericClient, Transaction};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::counting::{self, Counts, Slot};
use super::paging::{self, Queueing};
use super::{PgStore, locks, names, reports, rows};
use crate::mailing::{Delivery, MailingId};
use crate::store::{Claim, NodeId, Result, StoreError, Wave};
use crate::subscription::{EmailAddress, Format, ListId, PersonName, SubscriberId};

/// After so many claims a node looks which of its pages it need not remember any more.
const TIDY_EVERY: i64 = 16;

/// The claims of this process: each has a number, so that one whose end was never heard of can be found.
#[derive(Default)]
pub(super) struct Claims {
    number: AtomicI64,
    /// Claims that may stand although the claimer was told that they failed.
    unheard: Mutex<Vec<Unheard>>,
}

/// A claim of whose end nobody has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unheard {
    node: NodeId,
    mailing: MailingId,
    number: i64,
}

impl Claims {
    fn of_unheard<T>(&self, ask: impl FnOnce(&mut Vec<Unheard>) -> T) -> T {
        ask(&mut self.unheard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A delivery that waits, and what decides whether it may be claimed.
struct Candidate {
    subscriber: i64,
    /// `None` once the person was erased.
    address: Option<EmailAddress>,
    name: Option<PersonName>,
    format: Format,
    attempts: u32,
    first_attempt_at: Option<Timestamp>,
    /// The first of the mailing's lists, or else that on whose account it stands, on which the reader is confirmed now.
    living: Option<i64>,
    is_suppressed: bool,
}

impl PgStore {
    /// Claims what waits. Comes back with nothing only if nothing waits.
    pub(super) async fn claim_page(&self, claim: &Claim) -> Result<Vec<Delivery>> {
        let node = self.node(claim.now).await?;
        self.disown_unheard().await?;
        let number = self.claims.number.fetch_add(1, Ordering::Relaxed);
        let claimed = self.try_claim(claim, node, number).await;
        if claimed.as_ref().is_err_and(StoreError::is_transient) {
            self.claims.of_unheard(|unheard| unheard.push(Unheard { node, mailing: claim.mailing, number }));
        }
        claimed
    }

    async fn try_claim(&self, claim: &Claim, node: NodeId, number: i64) -> Result<Vec<Delivery>> {
        if claim.most == 0 {
            return Ok(Vec::new());
        }
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        locks::share_mailing(&transaction, claim.mailing).await?;
        must_live(&transaction, node).await?;
        let Some(provider) = names::known_provider(&transaction, &claim.provider).await? else { return Ok(Vec::new()) };
        if reports::is_cancelled(&transaction, claim.mailing).await? != Some(false) {
            return Ok(Vec::new());
        }
        let lists = names::lists(&transaction).await?;
        let mut page = Page { transaction: &transaction, claim, node, provider, lists, counts: Counts::default(), claimed: Vec::new() };
        // A whole page of readers who left must not look like the end of the mailing.
        while page.claimed.is_empty() && page.turn().await? {}
        let Page { counts, claimed, .. } = page;
        if !claimed.is_empty() {
            let subscribers: Vec<i64> = claimed.iter().map(|delivery: &Delivery| delivery.subscriber.0).collect();
            rows::change(&transaction, HOLD, &[&node.0, &claim.mailing.0, &number, &subscribers]).await?;
        }
        counting::write(counts, &transaction, node).await?;
        if number % TIDY_EVERY == TIDY_EVERY - 1 {
            rows::change(&transaction, TIDY, &[&node.0]).await?;
        }
        transaction.commit().await?;
        Ok(claimed)
    }

    /// Gives back what was claimed for a claimer who was told otherwise.
    async fn disown_unheard(&self) -> Result<()> {
        while let Some(unheard) = self.claims.of_unheard(|unheard| unheard.last().copied()) {
            let Unheard { node, mailing, number } = unheard;
            let mut link = self.link().await?;
            let transaction = link.transaction().await?;
            // The server may be committing it still, though its connection is long gone: that ends first.
            locks::hold_mailing(&transaction, mailing).await?;
            let held = rows::all(&transaction, UNHEARD, &[&node.0, &number], |row| Ok(row.try_get::<_, Vec<i64>>("subscribers")?)).await;
            for subscribers in held? {
                release(&transaction, node, mailing, &subscribers).await?;
            }
            transaction.commit().await?;
            self.claims.of_unheard(|all| all.retain(|other| *other != unheard));
        }
        Ok(())
    }

    /// Gives back what was claimed and not begun, and what was claimed and never heard of: whoever gives back may not claim again.
    pub(super) async fn release_page(&self, mailing: MailingId, subscribers: &[SubscriberId]) -> Result<()> {
        let Some(node) = self.entered().await else { return Ok(()) };
        self.disown_unheard().await?;
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        locks::share_mailing(&transaction, mailing).await?;
        let subscribers: Vec<i64> = subscribers.iter().map(|subscriber| subscriber.0).collect();
        release(&transaction, node, mailing, &subscribers).await?;
        Ok(transaction.commit().await?)
    }
}

/// A node that was buried claims nothing. Locked, so that it cannot be buried before what it claims is there to be found; and
/// last, since its signs of life wait as long as this is locked.
async fn must_live(transaction: &Transaction<'_>, node: NodeId) -> Result<()> {
    let has_ended =
        rows::first(transaction, "SELECT has_ended FROM nodes WHERE id = $1 FOR SHARE", &[&node.0], |row| Ok(row.try_get(0)?)).await;
    if has_ended? == Some(false) {
        return Ok(());
    }
    Err(StoreError::Unavailable("this node was taken for dead, and enters anew".to_owned()))
}

async fn release(client: &impl GenericClient, node: NodeId, mailing: MailingId, subscribers: &[i64]) -> Result<()> {
    let (mut counts, mut queueing) = (Counts::default(), Queueing::default());
    let released = rows::all(client, RELEASE, &[&mailing.0, &subscribers, &node.0], |row| {
        Ok((rows::int(row, "subscriber")?, rows::int(row, "provider")?, rows::int(row, "wave")?))
    })
    .await;
    for (subscriber, provider, wave) in released? {
        let queued = Slot::of(mailing, provider, rows::QUEUED, wave);
        counts.shift(Slot::past(mailing, provider, rows::CLAIMED), queued);
        queueing.add(queued, subscriber);
    }
    queueing.write(client).await?;
    counting::write(counts, client, node).await
}

/// One claim under way.
struct Page<'t> {
    transaction: &'t Transaction<'t>,
    claim: &'t Claim,
    node: NodeId,
    provider: i64,
    lists: HashMap<i64, ListId>,
    counts: Counts,
    claimed: Vec<Delivery>,
}

impl Page<'_> {
    /// Claims from what is due and what is queued. Returns whether there was anything at all.
    async fn turn(&mut self) -> Result<bool> {
        let (mailing, now) = (self.claim.mailing, rows::kept(self.claim.now));
        let due = rows::all(self.transaction, DUE, &[&mailing.0, &self.provider, &now, &rows::most(self.left())], |row| {
            rows::int(row, "subscriber")
        })
        .await;
        let due = due?;
        let mut seen = due.len();
        self.take(&due, Slot::past(mailing, self.provider, rows::DEFERRED)).await?;
        for wave in Wave::ALL.into_iter().filter(|wave| *wave <= self.claim.wave) {
            if self.left() == 0 {
                break;
            }
            let wave = rows::wave_code(wave);
            let queued = paging::take(self.transaction, mailing, wave, self.provider, self.left()).await?;
            seen += queued.len();
            self.take(&queued, Slot::of(mailing, self.provider, rows::QUEUED, wave)).await?;
        }
        Ok(seen > 0)
    }

    /// How many more fit on the page.
    fn left(&self) -> usize {
        self.claim.most.saturating_sub(self.claimed.len())
    }

    /// Claims these lines, and withholds those whose readers are gone.
    async fn take(&mut self, subscribers: &[i64], from: Slot) -> Result<()> {
        if subscribers.is_empty() {
            return Ok(());
        }
        let (mailing, now) = (self.claim.mailing, rows::kept(self.claim.now));
        let mut known: HashMap<i64, Candidate> = HashMap::with_capacity(subscribers.len());
        for candidate in rows::all(self.transaction, CANDIDATES, &[&mailing.0, &subscribers, &from.fate], candidate).await? {
            known.insert(candidate.subscriber, candidate);
        }
        let (mut fit, mut lists, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for subscriber in subscribers {
            match known.get(subscriber) {
                Some(candidate) if candidate.address.is_some() && !candidate.is_suppressed && candidate.living.is_some() => {
                    fit.push(*subscriber);
                    lists.extend(candidate.living);
                }
                Some(_) => gone.push(*subscriber),
                // Its page names it, but it waits no more.
                None => {}
            }
        }
        let claimed = rows::all(self.transaction, CLAIM, &[&mailing.0, &fit, &lists, &self.node.0, &now, &from.fate], |row| {
            rows::int(row, "subscriber")
        })
        .await;
        let mut claimed = claimed?;
        // In the order in which they were taken, which is not that in which the server changed them.
        let order: HashMap<i64, usize> = subscribers.iter().zip(0..).map(|(subscriber, at)| (*subscriber, at)).collect();
        claimed.sort_unstable_by_key(|subscriber| order.get(subscriber).copied());
        for subscriber in claimed {
            if let Some(candidate) = known.remove(&subscriber) {
                self.hand_out(candidate)?;
                self.counts.shift(from, Slot::past(mailing, self.provider, rows::CLAIMED));
            }
        }
        if !gone.is_empty() {
            let withheld = rows::change(self.transaction, WITHHOLD, &[&mailing.0, &gone, &now, &from.fate]).await?;
            let withheld = i64::try_from(withheld).unwrap_or(0);
            self.counts.add(from, -withheld);
            self.counts.add(Slot::past(mailing, self.provider, rows::WITHHELD), withheld);
        }
        Ok(())
    }

    /// Puts a delivery on the page.
    fn hand_out(&mut self, candidate: Candidate) -> Result<()> {
        let known = candidate.living.and_then(|number| Some((u32::try_from(number).ok()?, self.lists.get(&number)?)));
        let (Some((list_number, list)), Some(address)) = (known, candidate.address) else {
            return Err(StoreError::Corrupt("a list without a number".to_owned()));
        };
        self.claimed.push(Delivery {
            mailing: self.claim.mailing,
            subscriber: SubscriberId(candidate.subscriber),
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
        Ok(())
    }
}

fn candidate(row: &Row) -> Result<Candidate> {
    Ok(Candidate {
        subscriber: rows::int(row, "subscriber")?,
        address: rows::parsed(row, "address", EmailAddress::parse)?,
        name: rows::parsed(row, "name", PersonName::parse)?,
        format: if rows::int_if_any(row, "format")?.is_some() { rows::numbered(row, "format", &Format::ALL)? } else { Format::default() },
        attempts: rows::count(row, "attempts")?,
        first_attempt_at: rows::time_if_any(row, "first_attempt_at")?,
        living: rows::int_if_any(row, "living")?,
        is_suppressed: row.try_get("suppressed")?,
    })
}

// Those that waited longest before the others. A line that another node is about to claim is passed over.
// Chosen once, in a part of its own: a server that looked again for each row that it deletes would find others then.
const DUE: &str = "
    WITH due AS MATERIALIZED (
        SELECT next_at, subscriber
        FROM deferred
        WHERE mailing = $1
          AND provider = $2::bigint
          AND next_at <= $3
        ORDER BY next_at, subscriber
        LIMIT $4
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM deferred d
    USING due
    WHERE d.mailing = $1
      AND d.provider = $2::bigint
      AND d.next_at = due.next_at
      AND d.subscriber = due.subscriber
    RETURNING d.subscriber";

const CANDIDATES: &str = "
    SELECT d.subscriber, s.address, s.name, s.format, d.attempts, d.first_attempt_at,
           COALESCE((
               SELECT u.list
               FROM mailing_lists m
               JOIN subscriptions u ON u.subscriber = d.subscriber AND u.list = m.list
               WHERE m.mailing = $1
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
           EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.address_key) AS suppressed
    FROM deliveries d
    LEFT JOIN subscribers s ON s.id = d.subscriber
    WHERE d.mailing = $1
      AND d.subscriber = ANY ($2)
      AND d.fate = $3::bigint";

const CLAIM: &str = "
    UPDATE deliveries d
    SET fate = 1, holder = $4, list = n.list, first_attempt_at = COALESCE(d.first_attempt_at, $5), next_at = NULL, changed_at = $5
    FROM unnest($2::bigint[], $3::bigint[]) AS n (subscriber, list)
    WHERE d.mailing = $1
      AND d.subscriber = n.subscriber
      AND d.fate = $6::bigint
    RETURNING d.subscriber";

const WITHHOLD: &str = "
    UPDATE deliveries
    SET fate = 7, next_at = NULL, changed_at = $3
    WHERE mailing = $1
      AND subscriber = ANY ($2)
      AND fate = $4::bigint";

const HOLD: &str = "
    INSERT INTO held (node, mailing, token, subscribers)
    VALUES ($1, $2, $3, $4)";

const TIDY: &str = "
    DELETE FROM held h
    WHERE h.node = $1
      AND NOT EXISTS (
          SELECT 1
          FROM unnest(h.subscribers) AS n (subscriber)
          JOIN deliveries d ON d.mailing = h.mailing AND d.subscriber = n.subscriber
          WHERE d.holder = h.node
      )";

const UNHEARD: &str = "
    DELETE FROM held
    WHERE node = $1
      AND token = $2
    RETURNING subscribers";

const RELEASE: &str = "
    UPDATE deliveries
    SET fate = 0, holder = NULL
    WHERE mailing = $1
      AND subscriber = ANY ($2)
      AND holder = $3
      AND fate = 1
    RETURNING subscriber, provider, wave";
