//! What the built-in engine leaves on the disk when the power goes, shown by a disk that keeps what was synced and no more.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use masthead::mailing::fate::OnDoubt;
use masthead::mailing::{Fate, Mailing};
use masthead::store::sqlite::{Disk, SqliteStore};
use masthead::store::{Recovered, Store, StoreError};
use masthead::subscription::SubscriberId;
use tempfile::TempDir;

use crate::newsroom::{at, attempt, claim, fates, hand_over, list, open, page, settle, settle_in, submit};

const SOUND: u8 = 0;
const FAILING: u8 = 1;
const WITHOUT_POWER: u8 = 2;

/// Copies database and log at every sync. The database stays open between the copies, because to close it would drop the
/// locks that SQLite holds in this process.
struct Shadow {
    database: File,
    kept: Mutex<(Vec<u8>, Vec<u8>)>,
    state: AtomicU8,
    synced: Mutex<Sender<Instant>>,
}

impl Disk for Shadow {
    fn sync(&self, wal: &File) -> io::Result<()> {
        match self.state.load(Ordering::SeqCst) {
            FAILING => return Err(io::Error::other("the disk is on fire")),
            WITHOUT_POWER => return Ok(()),
            _ => {}
        }
        *self.kept.lock().unwrap() = (octets(&self.database)?, octets(wal)?);
        let _ = self.synced.lock().unwrap().send(Instant::now());
        Ok(())
    }
}

fn octets(file: &File) -> io::Result<Vec<u8>> {
    let mut octets = vec![0; usize::try_from(file.metadata()?.len()).unwrap()];
    file.read_exact_at(&mut octets, 0)?;
    Ok(octets)
}

/// A store on such a disk.
struct Machine {
    store: Arc<dyn Store>,
    disk: Arc<Shadow>,
    syncs: Receiver<Instant>,
    _folder: TempDir,
}

impl Machine {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let place = folder.path().join("masthead.db");
        drop(SqliteStore::open(&place).unwrap());
        let (synced, syncs) = mpsc::channel();
        let database = File::open(&place).unwrap();
        let disk = Arc::new(Shadow { database, kept: Mutex::default(), state: AtomicU8::new(SOUND), synced: Mutex::new(synced) });
        let store = Arc::new(SqliteStore::open_with(&place, Arc::clone(&disk) as Arc<dyn Disk>).unwrap());
        Self { store, disk, syncs, _folder: folder }
    }

    fn is(&self, state: u8) {
        self.disk.state.store(state, Ordering::SeqCst);
    }

    /// Waits for a sync that began after this call.
    fn next_sync(&self) -> Instant {
        self.syncs.try_iter().for_each(drop);
        self.syncs.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    /// The store as it is found when the power is back.
    fn after_power_loss(&self) -> (Arc<dyn Store>, TempDir) {
        let folder = TempDir::new().unwrap();
        let (database, wal) = self.disk.kept.lock().unwrap().clone();
        let write = |name: &str, octets: &[u8]| fs::write(folder.path().join(name), octets).unwrap();
        write("masthead.db", &database);
        write("masthead.db-wal", &wal);
        (reopened(folder.path()), folder)
    }
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
    machine.syncs.try_iter().for_each(drop);
    let began = Instant::now();
    hand_over(&machine.store, &claimed[0], Fate::Accepted).await;
    let mut synced = machine.syncs.recv_timeout(Duration::from_secs(20)).unwrap();
    // Ten times what is promised: the machine that runs the tests may be busy with other things.
    assert!(synced - began < Duration::from_millis(500), "{:?}", synced - began);
    // On a busy machine a sync may have come between the two notes of the handing over.
    let (mut found, mut _folder) = machine.after_power_loss();
    while fates(&found, &mailing).await != [Fate::Accepted] {
        synced = machine.syncs.recv_timeout(Duration::from_secs(20)).unwrap_or(synced);
        (found, _folder) = machine.after_power_loss();
    }
}

#[tokio::test]
async fn after_a_power_loss_the_claimed_but_unrecorded_are_in_doubt_by_name() {
    let machine = Machine::start();
    let mailing = mailing_to(&machine, 7).await;
    let claimed = claim(&machine.store, &mailing, 6).await;
    hand_over(&machine.store, &claimed[0], Fate::Accepted).await;
    submit(&machine.store, &claimed[1]).await.unwrap();
    machine.next_sync();
    machine.is(WITHOUT_POWER);
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
async fn a_disk_that_fails_makes_the_store_unavailable_until_it_works() {
    let machine = Machine::start();
    let mailing = mailing_to(&machine, 3).await;
    let claimed = claim(&machine.store, &mailing, 1).await;
    machine.is(FAILING);
    for _ in 0..2 {
        let refused = machine.store.claim(page(&mailing, 1, at(20))).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
    let refused = submit(&machine.store, &claimed[0]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    machine.is(SOUND);
    submit(&machine.store, &claimed[0]).await.unwrap();
    machine.store.declare_lists(&[list("third")]).await.unwrap();
    let (found, _folder) = machine.after_power_loss();
    // The claim that was not handed out is held until the mailing is taken up again; the one after it never began.
    assert_eq!(fates(&found, &mailing).await, [Fate::Submitting, Fate::Claimed, Fate::Queued]);
}
