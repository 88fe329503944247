//! Several nodes at one mailing, each doing whatever chance has it do while others bury it, erase its readers and add to it,
//! and while connections are lost: what is kept beside the lines is what the lines say, at every moment, and nobody is lost in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use masthead::mailing::fate::OnDoubt;
use masthead::mailing::{Delivery, Fate, Mailing, ProviderId};
use masthead::store::postgres::PgStore;
use masthead::store::{
    Attempt, Audience as _, Beat, Claim, Ledger as _, NodeId, Nodes as _, Note, Opening, Store, StoreError, Subscribers as _, Wave,
};
use masthead::subscription::{EmailAddress, Enrolment, Seal, Standing};
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::cluster::{self, Database};
use crate::newsroom::{at, attempt, enrolment, list_id, opening, settle_in};
use crate::postgres::open_in;
use crate::postgres_ledger::insist;
use crate::waves::late;

const CASES: usize = 3;
const NODES: usize = 3;
const READERS: usize = 60;
const STEPS: usize = 90;

/// What no commit may leave behind, each told by the rows that show it.
const WRONGS: [(&str, &str); 4] = [
    (
        "a count is not that of the lines",
        "SELECT * FROM (SELECT mailing, provider, fate, CASE fate WHEN 0 THEN wave ELSE 2 END AS wave, COUNT(*) AS many
                        FROM deliveries GROUP BY 1, 2, 3, 4) l
         FULL JOIN (SELECT mailing, provider, fate, wave, SUM(many) AS many FROM tallies GROUP BY 1, 2, 3, 4) t
         USING (mailing, provider, fate, wave)
         WHERE COALESCE(l.many, 0) <> COALESCE(t.many, 0)",
    ),
    (
        "somebody is queued and on no page",
        "SELECT d.* FROM deliveries d JOIN mailings m ON m.id = d.mailing
         WHERE fate = 0 AND NOT EXISTS (SELECT FROM queued q WHERE (q.mailing, q.wave, q.provider) = (d.mailing, d.wave, d.provider)
                                        AND d.subscriber = ANY(q.subscribers))",
    ),
    (
        "somebody is deferred and nobody will look",
        "SELECT d.* FROM deliveries d WHERE fate = 4 AND NOT EXISTS (SELECT FROM deferred w WHERE
         (w.mailing, w.provider, w.next_at, w.subscriber) = (d.mailing, d.provider, d.next_at, d.subscriber))",
    ),
    (
        "somebody is held and could not be taken back",
        "SELECT d.* FROM deliveries d WHERE holder IS NOT NULL AND NOT EXISTS (SELECT FROM held h WHERE
         (h.node, h.mailing) = (d.holder, d.mailing) AND d.subscriber = ANY(h.subscribers))",
    ),
];

/// Has now and then a session end that some node has with its database.
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE application_name = 'masthead' AND datname = current_database() AND random() < 0.03";

fn is_right(database: &Database) {
    for (wrong, shown) in WRONGS {
        let rows = database.ask(shown);
        assert!(rows.is_empty(), "{wrong}: {rows:?}");
    }
}

/// What all nodes have done so far.
#[derive(Default)]
struct Story {
    /// Who was accepted, as the store has said.
    accepted: BTreeSet<i64>,
    /// Who is being handed over by which node.
    in_hand: BTreeMap<i64, NodeId>,
    /// Nodes that somebody is about to bury, or has buried.
    condemned: BTreeSet<NodeId>,
}

/// One node, and what it has in hand.
struct Actor {
    store: Arc<PgStore>,
    mailing: Mailing,
    story: Arc<Mutex<Story>>,
    chance: Chance,
    claimed: Vec<Delivery>,
    submitted: Vec<Delivery>,
    step: i64,
}

impl Actor {
    fn story(&self) -> MutexGuard<'_, Story> {
        self.story.lock().unwrap()
    }

    fn providers() -> Vec<(String, ProviderId)> {
        vec![("a.example".to_owned(), ProviderId::new("a"))]
    }

    async fn play(mut self) {
        for _ in 0..STEPS {
            self.step += 1;
            self.act().await;
        }
        while let Some(delivery) = self.claimed.pop() {
            self.release(&delivery).await;
        }
        while !self.submitted.is_empty() {
            self.settle(Fate::Accepted).await;
        }
    }

    async fn act(&mut self) {
        let (id, now) = (self.mailing.id, at(20 + self.step));
        match self.chance.below(40) {
            0..=9 => self.claim().await,
            10..=19 => self.submit().await,
            20..=27 => {
                let fates =
                    [Fate::Accepted, Fate::Accepted, Fate::Deferred { next_at: at(15) }, Fate::Queued, Fate::Refused, Fate::Doubtful];
                let fate = fates[self.chance.below(fates.len())];
                self.settle(fate).await;
            }
            28 | 29 if !self.claimed.is_empty() => {
                let delivery = self.claimed.swap_remove(self.chance.below(self.claimed.len()));
                self.release(&delivery).await;
            }
            30 | 31 => self.bury_another().await,
            32 | 33 => {
                let on_doubt = [OnDoubt::Hold, OnDoubt::Resend][self.chance.below(2)];
                insist(|| self.store.take_back(id, on_doubt, now)).await.unwrap();
            }
            34 => drop(self.store.erase(&reader(self.chance.below(READERS)), now).await),
            35 => {
                let line = Enrolment { address: reader(READERS + self.chance.below(READERS)), ..enrolment(0, Standing::Confirmed) };
                let extra = list_id("extra");
                insist(|| self.store.enrol(&extra, vec![line.clone()], now)).await.unwrap();
                insist(|| self.store.extend(late(id, "extra", 0, &Self::providers(), 20 + self.step))).await.unwrap();
            }
            36 => drop(insist(|| self.store.retry(id, now)).await.unwrap()),
            37 => drop(insist(|| self.store.finish(id, now)).await.unwrap()),
            _ => drop(self.store.beat(&Beat::default(), now).await),
        }
    }

    async fn claim(&mut self) {
        let provider = [ProviderId::new("a"), ProviderId::other()][self.chance.below(2)].clone();
        let claim = Claim { mailing: self.mailing.id, provider, wave: Wave::Rest, most: 1 + self.chance.below(9), now: at(20 + self.step) };
        match self.store.claim(claim).await {
            Ok(claimed) => self.claimed.extend(claimed),
            // It may have been taken for dead, and enters anew then.
            Err(fault) => {
                assert!(fault.is_transient(), "{fault}");
                drop(self.store.beat(&Beat::default(), at(20)).await);
            }
        }
    }

    async fn submit(&mut self) {
        if self.claimed.is_empty() {
            return;
        }
        let delivery = self.claimed.swap_remove(self.chance.below(self.claimed.len()));
        let own = insist(|| self.store.enter(at(20))).await.unwrap();
        let note = Note { mailing: self.mailing.id, settled: None, submitting: Some(delivery.subscriber), at: at(25 + self.step) };
        match insist(|| self.store.note(note.clone())).await {
            Ok(()) => {
                let mut story = self.story();
                if !story.condemned.contains(&own) {
                    let before = story.in_hand.insert(delivery.subscriber.0, own);
                    let may = before.is_none_or(|before| story.condemned.contains(&before));
                    assert!(may, "{before:?} and {own:?} hand over the same to {:?}", delivery.subscriber);
                    assert!(!story.accepted.contains(&delivery.subscriber.0), "{:?} has it", delivery.subscriber);
                }
                drop(story);
                self.submitted.push(delivery);
            }
            Err(fault) => assert!(matches!(fault, StoreError::Unknown(_)), "{fault}"),
        }
    }

    async fn settle(&mut self, fate: Fate) {
        if self.submitted.is_empty() {
            return;
        }
        let delivery = self.submitted.swap_remove(self.chance.below(self.submitted.len()));
        let own = insist(|| self.store.enter(at(20))).await.unwrap();
        {
            let mut story = self.story();
            if story.in_hand.get(&delivery.subscriber.0) == Some(&own) {
                story.in_hand.remove(&delivery.subscriber.0);
            }
        }
        let tried =
            Attempt { number: delivery.attempt, provider: delivery.provider, ..attempt(delivery.mailing, delivery.subscriber, fate) };
        let note = Note { mailing: self.mailing.id, settled: Some(tried), submitting: None, at: at(30 + self.step) };
        match insist(|| self.store.note(note.clone())).await {
            Ok(()) if fate == Fate::Accepted => assert!(self.story().accepted.insert(delivery.subscriber.0), "it was accepted twice"),
            Ok(()) => {}
            Err(fault) => assert!(matches!(fault, StoreError::Unknown(_)), "{fault}"),
        }
    }

    async fn release(&self, delivery: &Delivery) {
        let given = [delivery.subscriber];
        insist(|| self.store.release(delivery.mailing, &given)).await.unwrap();
    }

    async fn bury_another(&mut self) {
        let own = insist(|| self.store.enter(at(20))).await.unwrap();
        let living = insist(|| self.store.nodes()).await.unwrap();
        let others: Vec<_> = living.into_iter().filter(|node| node.id != own).collect();
        if !others.is_empty() {
            let other = &others[self.chance.below(others.len())];
            self.story().condemned.insert(other.id);
            insist(|| self.store.bury(other.id, other.beats)).await.unwrap();
        }
    }
}

fn reader(number: usize) -> EmailAddress {
    EmailAddress::parse(&format!("reader{number}@{}.example", ["a", "b"][number % 2])).unwrap()
}

async fn begin(database: &Database) -> (Vec<Arc<PgStore>>, Mailing) {
    let mut stores = Vec::new();
    for number in 0..NODES {
        let store = open_in(database, &format!("node {number}")).await;
        store.seal_with(Seal::new(&[7; 32]));
        stores.push(Arc::new(store));
    }
    let first: Arc<dyn Store> = Arc::clone(&stores[0]) as _;
    settle_in(&first, 0).await;
    let roll = (0..READERS).map(|number| Enrolment { address: reader(number), ..enrolment(number, Standing::Confirmed) });
    first.enrol(&list_id("general"), roll.collect(), at(0)).await.unwrap();
    let opening = Opening { providers: Actor::providers(), canary: 5, ..opening("2014-12", &["general"]) };
    let mailing = first.open_mailing(opening).await.unwrap().mailing;
    (stores, mailing)
}

/// Has one node do all that is left.
async fn end(store: &PgStore, mailing: &Mailing) {
    while store.beat(&Beat::default(), at(8_000)).await.is_err_and(|fault| fault.is_transient()) {}
    insist(|| store.take_up(mailing.id, "boot", OnDoubt::Resend, at(8_000))).await.unwrap();
    for provider in [ProviderId::new("a"), ProviderId::other()] {
        loop {
            let claim = Claim { mailing: mailing.id, provider: provider.clone(), wave: Wave::Rest, most: 50, now: at(9_000) };
            let claimed = insist(|| store.claim(claim.clone())).await.unwrap();
            if claimed.is_empty() {
                break;
            }
            for delivery in claimed {
                let settled = Attempt { number: delivery.attempt, ..attempt(mailing.id, delivery.subscriber, Fate::Accepted) };
                let note = Note { mailing: mailing.id, settled: Some(settled), submitting: None, at: at(9_001) };
                insist(|| store.note(note.clone())).await.unwrap();
            }
        }
    }
    assert!(insist(|| store.finish(mailing.id, at(9_002))).await.unwrap(), "{:?}", store.tally(mailing.id).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_several_nodes_do_at_once_the_ledger_is_of_one_mind_and_nobody_is_lost() {
    let mut chance = Chance::told("nodes at one mailing");
    for _ in 0..CASES {
        let Some(database) = cluster::empty().map(Arc::new) else { return };
        let (stores, mailing) = begin(&database).await;
        let (story, is_over) = (Arc::new(Mutex::new(Story::default())), Arc::new(AtomicBool::new(false)));
        let watching = {
            let (database, is_over) = (Arc::clone(&database), Arc::clone(&is_over));
            tokio::task::spawn_blocking(move || {
                while !is_over.load(Ordering::Relaxed) {
                    is_right(&database);
                    database.ask(CUT);
                }
            })
        };
        let mut nodes = JoinSet::new();
        for (node, step) in stores.iter().zip((0..).step_by(1_000)) {
            nodes.spawn(
                Actor {
                    store: Arc::clone(node),
                    mailing: mailing.clone(),
                    story: Arc::clone(&story),
                    chance: Chance::of(chance.seed()),
                    claimed: Vec::new(),
                    submitted: Vec::new(),
                    step,
                }
                .play(),
            );
        }
        nodes.join_all().await;
        is_over.store(true, Ordering::Relaxed);
        watching.await.unwrap();
        for store in &stores[1..] {
            insist(|| store.leave()).await.unwrap();
        }
        end(&stores[0], &mailing).await;
        is_right(&database);
        let rested = database.ask("SELECT subscriber FROM deliveries WHERE fate = 3").into_iter().map(|row| row[0].parse().unwrap());
        let lost: Vec<i64> = story.lock().unwrap().accepted.difference(&rested.collect()).copied().collect();
        assert!(lost.is_empty(), "what was accepted stays so: {lost:?}");
    }
}
