//! What the built-in engine leaves on the disk when the power goes, shown by a disk that keeps what was synced and no more.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use masthead::mailing::fate::OnDoubt;
use masthead::mailing::{Fate, Mailing};
use masthead::store::sqlite::SqliteStore;
use masthead::store::{Recovered, Store, StoreError};
use masthead::subscription::SubscriberId;
use tempfile::TempDir;
use tokio::sync::watch::Receiver;

use crate::disk::{FAILING, SOUND, Shadow};
use crate::newsroom::{at, attempt, claim, fates, hand_over, list, open, page, settle, settle_in, submit};

/// A store on such a disk.
struct Machine {
    store: Arc<dyn Store>,
    disk: Arc<Shadow>,
    _folder: TempDir,
}

impl Machine {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let place = folder.path().join("masthead.db");
        let disk = Arc::new(Shadow::below(&place));
        Self { store: disk.store(&place), disk, _folder: folder }
    }

    /// The store as it is found when the power is back.
    fn after_power_loss(&self) -> (Arc<dyn Store>, TempDir) {
        let folder = TempDir::new().unwrap();
        self.disk.restore(&folder.path().join("masthead.db"));
        (reopened(folder.path()), folder)
    }
}

/// Waits for a sync that nobody has seen yet.
async fn next_sync(syncs: &mut Receiver<Option<Instant>>) -> Instant {
    tokio::time::timeout(Duration::from_secs(20), syncs.changed()).await.unwrap().unwrap();
    syncs.borrow().unwrap()
}

fn reopened(folder: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(&folder.join("masthead.db")).unwrap())
}

async fn mailing_to(machine: &Machine, readers: usize) -> Mailing {
    settle_in(&machine.store, readers).await;
    let mailing = open(&machine.store, "2014-12", &["general"]).await;
    machine.store.take_up(mailing.id, "before", OnDoubt::Hold, at(11)).await.unwrap();
    mailing
}

#[tokio::test]
async fn a_claim_is_on_the_disk_before_it_is_handed_out() {
    let machine = Machine::start();
    let mailing = mailing_to(&machine, 5).await;
    assert_eq!(claim(&machine.store, &mailing, 3).await.len(), 3);
    let (found, _folder) = machine.after_power_loss();
    let [claimed, queued] = [Fate::Claimed, Fate::Queued];
    assert_eq!(fates(&found, &mailing).await, [claimed, claimed, claimed, queued, queued]);
}

#[tokio::test]
async fn a_note_is_on_the_disk_soon_though_nobody_asks_for_anything() {
    let machine = Machine::start();
    let mailing = mailing_to(&machine, 1).await;
    let claimed = claim(&machine.store, &mailing, 1).await;
    let mut syncs = machine.disk.synced.subscribe();
    let began = Instant::now();
    hand_over(&machine.store, &claimed[0], Fate::Accepted).await;
    let synced = next_sync(&mut syncs).await;
    // Ten times what is promised: the machine that runs the tests may be busy with other things.
    assert!(synced - began < Duration::from_millis(500), "{:?}", synced - began);
    // On a busy machine a sync may have come between the two notes of the handing over.
    let (mut found, mut _folder) = machine.after_power_loss();
    while fates(&found, &mailing).await != [Fate::Accepted] {
        next_sync(&mut syncs).await;
        (found, _folder) = machine.after_power_loss();
    }
}

#[tokio::test]
async fn after_a_power_loss_the_claimed_but_unrecorded_are_in_doubt_by_name() {
    let machine = Machine::start();
    let mailing = mailing_to(&machine, 7).await;
    let claimed = claim(&machine.store, &mailing, 6).await;
    hand_over(&machine.store, &claimed[0], Fate::Accepted).await;
    let mut syncs = machine.disk.synced.subscribe();
    submit(&machine.store, &claimed[1]).await.unwrap();
    next_sync(&mut syncs).await;
    machine.disk.is(FAILING);
    // What the machine still does is lost with it: one more is taken, one more handed over.
    settle(&machine.store, attempt(mailing.id, claimed[1].subscriber, Fate::Accepted)).await.unwrap();
    submit(&machine.store, &claimed[2]).await.unwrap();

    let (found, _folder) = machine.after_power_loss();
    let recovered = found.take_up(mailing.id, "after", OnDoubt::Hold, at(60)).await.unwrap();
    assert_eq!(recovered, Recovered { claimed: 0, doubtful: 5 });
    let doubtful = found.lines(mailing.id, Some("doubtful".parse().unwrap()), SubscriberId(0), 99).await.unwrap();
    let named: Vec<_> = doubtful.into_iter().map(|line| line.subscriber).collect();
    assert_eq!(named, claimed[1..].iter().map(|delivery| delivery.subscriber).collect::<Vec<_>>());
    let tally = found.tally(mailing.id).await.unwrap();
    assert_eq!((tally.accepted, tally.queued), (1, 1));
}

#[tokio::test]
async fn notes_share_the_wait_for_the_disk_which_comes_every_few_hundredths_of_a_second_at_most() {
    let machine = Machine::start();
    let mailing = mailing_to(&machine, 300).await;
    let claimed = claim(&machine.store, &mailing, 300).await;
    let (before, began) = (machine.disk.syncs.load(Ordering::SeqCst), Instant::now());
    for delivery in &claimed {
        hand_over(&machine.store, delivery, Fate::Accepted).await;
    }
    let (syncs, took) = (machine.disk.syncs.load(Ordering::SeqCst) - before, began.elapsed());
    assert!(syncs <= 2 + usize::try_from(took.as_millis() / 30).unwrap(), "{syncs} syncs for 600 notes in {took:?}");
}

#[tokio::test]
async fn a_disk_that_fails_makes_the_store_unavailable_until_it_works() {
    let machine = Machine::start();
    let mailing = mailing_to(&machine, 3).await;
    let claimed = claim(&machine.store, &mailing, 1).await;
    machine.disk.is(FAILING);
    for _ in 0..2 {
        let refused = machine.store.claim(page(&mailing, 1, at(20))).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
    let refused = submit(&machine.store, &claimed[0]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    machine.disk.is(SOUND);
    submit(&machine.store, &claimed[0]).await.unwrap();
    machine.store.declare_lists(&[list("third")]).await.unwrap();
    let (found, _folder) = machine.after_power_loss();
    // The claim that was not handed out is undone; the one after it never began.
    assert_eq!(fates(&found, &mailing).await, [Fate::Submitting, Fate::Queued, Fate::Queued]);
    assert_eq!(claim(&machine.store, &mailing, 3).await.len(), 2);
}

#[tokio::test]
async fn after_another_boot_what_was_claimed_is_in_doubt() {
    let machine = Machine::start();
    let store = Arc::clone(&machine.store);
    settle_in(&store, 4).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    store.take_up(mailing.id, "boot", OnDoubt::Hold, at(11)).await.unwrap();
    let claimed = claim(&store, &mailing, 3).await;
    hand_over(&store, &claimed[0], Fate::Accepted).await;
    submit(&store, &claimed[1]).await.unwrap();
    let recovered = store.take_up(mailing.id, "another boot", OnDoubt::Hold, at(60)).await.unwrap();
    assert_eq!(recovered, Recovered { claimed: 0, doubtful: 2 });
    assert_eq!(fates(&store, &mailing).await, [Fate::Accepted, Fate::Doubtful, Fate::Doubtful, Fate::Queued]);
    let recovered = store.take_up(mailing.id, "another boot", OnDoubt::Resend, at(61)).await.unwrap();
    assert_eq!(recovered, Recovered { claimed: 0, doubtful: 2 });
    let tally = store.tally(mailing.id).await.unwrap();
    assert_eq!((tally.accepted, tally.queued, tally.total()), (1, 3, 4));
}
