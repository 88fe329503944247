//! What is promised of whole rolls, registers and erasure.

use std::sync::Arc;

use masthead::mailing::Fate;
use masthead::store::{Asking, BrokenOff, Caps, Ending, Enrolled, Import, Imported, Pieces, Store, StoreError, Unconfirmed};
use masthead::subscription::roll::RollEntry;
use masthead::subscription::{Enrolment, Format, Seal, Standing, SubscriberId};

use crate::newsroom::{
    address, at, claim, claim_one, enrol, enrolment, evidence, fates, hand_over, leave, lines, list_id, open, settle_in, submit, suppress,
};

fn import(list: Option<&str>) -> Import {
    Import { list: list.map(list_id), at: at(5), is_rehearsal: false, ending: None }
}

fn entry(number: usize, standing: Standing) -> RollEntry {
    RollEntry { line: number as u64, list: None, is_gone: false, format: Format::Html, enrolment: enrolment(number, standing) }
}

fn gone(number: usize) -> RollEntry {
    RollEntry { is_gone: true, ..entry(number, Standing::Ended) }
}

/// The entries in pieces of two.
fn pieces(entries: Vec<RollEntry>) -> Pieces {
    let mut entries = entries.into_iter();
    Box::new(std::iter::from_fn(move || {
        let piece: Vec<RollEntry> = entries.by_ref().take(2).collect();
        (!piece.is_empty()).then_some(Ok(piece))
    }))
}

async fn take_in(store: &Arc<dyn Store>, entries: Vec<RollEntry>) -> Imported {
    store.import(import(Some("general")), pieces(entries)).await.unwrap()
}

async fn readers(store: &Arc<dyn Store>) -> usize {
    store.readers(None, SubscriberId(0), 1000).await.unwrap().len()
}

pub(crate) async fn each_entry_of_a_roll_is_counted_once(store: Arc<dyn Store>) {
    settle_in(&store, 4).await;
    leave(&store, 2, None).await;
    suppress(&store, 3).await;
    enrol(&store, "general", 5, Standing::Pending).await;
    let mut entries = vec![gone(8), gone(3)];
    for (number, standing) in [(1, Standing::Confirmed), (2, Standing::Confirmed), (3, Standing::Confirmed), (5, Standing::Confirmed)] {
        entries.push(entry(number, standing));
    }
    for (number, standing) in [(6, Standing::Confirmed), (7, Standing::Pending), (9, Standing::Ended), (6, Standing::Pending)] {
        entries.push(entry(number, standing));
    }
    let done = take_in(&store, entries).await;
    let expected = Imported {
        stands: true,
        entered: 1,
        pending: 1,
        ended: 1,
        changed: 1,
        already_there: 1,
        left_before: 1,
        newly_suppressed: 1,
        suppressed: 1,
        duplicates: 2,
        ..Imported::default()
    };
    assert_eq!(done, expected);
    assert_eq!(done.entries(), 10);
}

pub(crate) async fn a_roll_that_is_broken_off_leaves_nothing(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let broken = vec![Ok(vec![entry(2, Standing::Confirmed), gone(1), gone(3)]), Err(BrokenOff), Ok(vec![entry(4, Standing::Confirmed)])];
    let done = store.import(import(Some("general")), Box::new(broken.into_iter())).await.unwrap();
    assert!(!done.stands);
    assert_eq!(readers(&store).await, 1);
    assert_eq!(store.suppression(&address(3)).await.unwrap(), None);
    let dossier = store.dossier(&address(1)).await.unwrap().unwrap();
    assert_eq!((dossier.suppression, dossier.reader.subscriptions[0].standing), (None, Standing::Confirmed));
}

pub(crate) async fn a_rehearsal_tells_all_and_changes_nothing(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let entries = vec![entry(2, Standing::Confirmed), gone(1)];
    let rehearsed = store.import(Import { is_rehearsal: true, ..import(Some("general")) }, pieces(entries.clone())).await.unwrap();
    assert_eq!(readers(&store).await, 1);
    assert_eq!(Imported { stands: true, ..rehearsed }, take_in(&store, entries).await);
}

pub(crate) async fn who_is_gone_is_suppressed_and_becomes_no_reader(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    take_in(&store, vec![gone(1), gone(2)]).await;
    assert!(store.dossier(&address(2)).await.unwrap().is_none());
    let suppression = store.suppression(&address(2)).await.unwrap().unwrap();
    assert_eq!((suppression.at, suppression.reason), (at(5), enrolment(2, Standing::Ended).evidence.detail));
    let dossier = store.dossier(&address(1)).await.unwrap().unwrap();
    assert_eq!((dossier.reader.suppressed, dossier.reader.subscriptions[0].standing), (true, Standing::Ended));
    let again = take_in(&store, vec![entry(1, Standing::Confirmed), entry(2, Standing::Confirmed)]).await;
    assert_eq!((again.suppressed, readers(&store).await), (2, 1));
}

pub(crate) async fn a_departure_counts_wherever_it_stands(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    let done = take_in(&store, vec![entry(1, Standing::Confirmed), gone(1), gone(2), entry(2, Standing::Confirmed)]).await;
    assert_eq!((done.entered, done.newly_suppressed, done.duplicates), (1, 1, 2));
    assert_eq!(store.audience(&[list_id("general")]).await.unwrap(), 0);
}

pub(crate) async fn an_entry_may_name_its_list_and_must_have_one(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    let on = |number, list: &str| RollEntry { list: Some(list_id(list)), ..entry(number, Standing::Confirmed) };
    let done = store.import(import(None), pieces(vec![on(1, "general"), on(1, "extra"), on(1, "extra")])).await.unwrap();
    assert_eq!((done.entered, done.duplicates), (2, 1));
    for entries in [vec![on(2, "general"), on(2, "nowhere")], vec![on(2, "general"), entry(2, Standing::Confirmed)]] {
        let outcome = store.import(import(None), pieces(entries)).await;
        assert!(matches!(outcome, Err(StoreError::Unknown(_))), "{outcome:?}");
    }
    assert_eq!(readers(&store).await, 1);
}

pub(crate) async fn a_list_becomes_equal_to_a_roll_unless_it_brakes(store: Arc<dyn Store>) {
    settle_in(&store, 10).await;
    enrol(&store, "extra", 1, Standing::Confirmed).await;
    let equal = |brake| Import { ending: Some(Ending { evidence: evidence("not in it"), brake }), ..import(Some("general")) };
    let roll = || pieces((3..=11).map(|number| entry(number, Standing::Confirmed)).collect());
    let braked = store.import(equal(199), roll()).await.unwrap();
    assert_eq!((braked.stands, braked.living, braked.absent, readers(&store).await), (false, 10, 2, 10));
    let done = store.import(equal(200), roll()).await.unwrap();
    assert_eq!((done.stands, done.entered, done.already_there, done.absent), (true, 1, 8, 2));
    let dossier = store.dossier(&address(1)).await.unwrap().unwrap();
    let standings: Vec<_> = dossier.reader.subscriptions.iter().map(|line| line.standing).collect();
    assert_eq!(standings, [Standing::Ended, Standing::Confirmed]);
    assert_eq!(dossier.consents.last().unwrap().evidence, evidence("not in it"));
}

pub(crate) async fn the_register_tells_each_subscription_with_its_last_proof(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    enrol(&store, "extra", 2, Standing::Pending).await;
    leave(&store, 2, Some("general")).await;
    let told = |list: Option<&'static str>, after, most| {
        let store = Arc::clone(&store);
        async move {
            let list = list.map(list_id);
            let page = store.register(list.as_ref(), SubscriberId(after), most).await.unwrap();
            page.into_iter().map(|line| (line.email, line.list.to_string(), line.status, line.evidence)).collect::<Vec<_>>()
        }
    };
    let line = |number: usize, list: &str, status, proof: &str| (address(number), list.to_owned(), status, proof.to_owned());
    let ended = line(2, "general", Standing::Ended, "asked by mail");
    let pending = line(2, "extra", Standing::Pending, "readers.csv, line 2");
    let first = line(1, "general", Standing::Confirmed, "readers.csv, line 1");
    assert_eq!(told(None, 0, 2).await, [first, ended, pending.clone()]);
    assert_eq!(told(None, 2, 9).await, [line(3, "general", Standing::Confirmed, "readers.csv, line 3")]);
    assert_eq!(told(Some("extra"), 0, 9).await, [pending]);
}

pub(crate) async fn suppressions_come_page_by_page(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    take_in(&store, (1..=5).map(gone).collect()).await;
    let first = store.suppressions(None, "", 3).await.unwrap();
    let rest = store.suppressions(None, first[2].0.as_str(), 3).await.unwrap();
    let addresses: Vec<_> = first.into_iter().chain(rest).map(|(address, _)| address).collect();
    assert_eq!(addresses, (1..=5).map(address).collect::<Vec<_>>());
}

pub(crate) async fn a_long_roll_with_repeats_is_entered_to_the_last_line(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    // Newcomers in runs of many lengths, each ended by somebody known, gone or named already.
    let mut entries = Vec::new();
    for number in 1..=300 {
        entries.push(entry(number, if number % 3 == 0 { Standing::Pending } else { Standing::Confirmed }));
        match number {
            40 => entries.push(entry(39, Standing::Confirmed)),
            41 => entries.push(gone(41)),
            150 => entries.push(entry(2, Standing::Confirmed)),
            _ => {}
        }
    }
    let all = entries.len() as u64;
    let done = store.import(import(Some("general")), Box::new([Ok(entries)].into_iter())).await.unwrap();
    assert_eq!((done.entries(), done.already_there, done.duplicates, done.pending), (all, 3, 3, 99));
    assert_eq!((done.entered, readers(&store).await), (198, 300));
    // 201 were meant to be confirmed, one is gone, and one was pending when it came again.
    assert_eq!(store.audience(&[list_id("general")]).await.unwrap(), 201);
    for line in store.register(None, SubscriberId(0), 1000).await.unwrap().into_iter().skip(3) {
        let number: usize = line.evidence.rsplit(' ').next().unwrap().parse().unwrap();
        assert_eq!(line.email, address(number), "the proof is the person's own");
    }
}

pub(crate) async fn who_asks_to_come_back_is_let_in_once_and_the_proof_stays(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    take_in(&store, vec![gone(1), gone(7)]).await;
    let general = list_id("general");
    let of_list = store.suppressions(Some(&general), "", 9).await.unwrap();
    assert_eq!(of_list.into_iter().map(|(address, _)| address).collect::<Vec<_>>(), [address(1)], "7 was never on it");
    for number in [1, 7] {
        let line = Enrolment { evidence: evidence("wrote to us"), ..enrolment(number, Standing::Confirmed) };
        assert_eq!(store.readmit(&general, line.clone(), at(60)).await.unwrap(), Some(Enrolled::Entered));
        assert_eq!(store.suppression(&address(number)).await.unwrap(), None);
        let dossier = store.dossier(&address(number)).await.unwrap().unwrap();
        assert_eq!(dossier.consents.last().unwrap().evidence, evidence("wrote to us"));
        assert_eq!(store.readmit(&general, line, at(61)).await.unwrap(), None, "there is nothing left to lift");
    }
    assert_eq!(store.readmit(&general, enrolment(9, Standing::Confirmed), at(60)).await.unwrap(), None);
    assert!(store.dossier(&address(9)).await.unwrap().is_none());
    let nowhere = store.readmit(&list_id("nowhere"), enrolment(2, Standing::Confirmed), at(60)).await;
    assert!(!matches!(nowhere, Ok(Some(_))), "{nowhere:?}");
}

pub(crate) async fn c4_who_is_erased_comes_back_only_by_being_readmitted(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    seal(&store);
    assert!(store.erase(&address(1), at(40)).await.unwrap());
    let back = enrolment(1, Standing::Confirmed);
    assert_eq!(store.subscribe(&list_id("general"), back.clone(), at(50)).await.unwrap(), Enrolled::Suppressed);
    assert_eq!(store.readmit(&list_id("general"), back, at(60)).await.unwrap(), Some(Enrolled::Entered));
    assert!(!store.has_erased().await.unwrap());
    assert_eq!(store.suppression(&address(1)).await.unwrap(), None);
    let asked = store.enrol(&list_id("general"), vec![enrolment(1, Standing::Confirmed)], at(70)).await.unwrap();
    assert_eq!(asked, [Enrolled::AlreadyThere]);
}

pub(crate) async fn a_request_that_waits_is_told_and_erased_with_its_address(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    seal(&store);
    let all = (at(0), 9);
    let caps = Caps { address: [all, all], network: all, domain: all, whole: all };
    let marks = ["a", "n", "d"].map(str::to_owned);
    let asking = Asking { address: address(1), name: None, lists: vec![list_id("general")], detail: "the form".to_owned(), marks };
    store.ask(asking, caps, at(5)).await.unwrap();
    let waiting = store.unconfirmed(&address(1)).await.unwrap();
    assert_eq!(waiting, [Unconfirmed { at: at(5), name: None, lists: vec![list_id("general")], detail: "the form".to_owned() }]);
    assert!(store.unconfirmed(&address(2)).await.unwrap().is_empty());
    assert!(store.erase(&address(1), at(6)).await.unwrap());
    assert!(store.unconfirmed(&address(1)).await.unwrap().is_empty());
    assert!(store.suppression(&address(1)).await.unwrap().is_some());
}

fn seal(store: &Arc<dyn Store>) {
    store.seal_with(Seal::new(&[7; 32]));
}

pub(crate) async fn c4_who_is_erased_is_unknown_and_never_entered_again(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    suppress(&store, 2).await;
    assert!(matches!(store.erase(&address(1), at(40)).await, Err(StoreError::Engine(_))), "without a seal nobody is erased");
    seal(&store);
    assert!(!store.has_erased().await.unwrap());
    for number in [1, 2] {
        assert!(store.erase(&address(number), at(40)).await.unwrap());
        assert!(store.erase(&address(number), at(41)).await.unwrap(), "a second time does no harm");
        assert!(store.dossier(&address(number)).await.unwrap().is_none());
        assert_eq!(store.suppression(&address(number)).await.unwrap().unwrap().at, at(40));
    }
    assert!(store.is_to_be_scoured().await.unwrap());
    store.scour().await.unwrap();
    assert!(store.erase(&address(1), at(42)).await.unwrap());
    assert!(!store.is_to_be_scoured().await.unwrap(), "whoever was unknown has left nothing behind");
    assert!(store.has_erased().await.unwrap() && !store.erase(&address(3), at(40)).await.unwrap());
    assert!(store.suppressions(None, "", 9).await.unwrap().is_empty());
    let done = take_in(&store, vec![entry(1, Standing::Confirmed), gone(2)]).await;
    assert_eq!((done.suppressed, done.entries(), readers(&store).await), (2, 2, 0));
    let asked = store.subscribe(&list_id("general"), enrolment(1, Standing::Confirmed), at(50)).await.unwrap();
    assert_eq!(asked, Enrolled::Suppressed);
    assert!(store.suppressions(None, "", 9).await.unwrap().is_empty(), "a roll does not bring the address back into the tables");
}

pub(crate) async fn c4_what_waits_for_the_erased_is_withheld_and_what_is_under_way_ends_first(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    seal(&store);
    let mailing = open(&store, "2014-12", &["general"]).await;
    let delivery = claim_one(&store, &mailing).await;
    let erased = store.erase(&delivery.address, at(40)).await;
    assert!(matches!(erased, Err(StoreError::Unavailable(_))), "{erased:?}");
    submit(&store, &delivery).await.unwrap();
    assert!(matches!(store.erase(&delivery.address, at(40)).await, Err(StoreError::Unavailable(_))));
    assert_eq!(lines(&store, &mailing).await.len(), 3);
    let waiting = (1..=3).map(address).find(|other| *other != delivery.address).unwrap();
    assert!(store.erase(&waiting, at(40)).await.unwrap());
    let tally = store.tally(mailing.id).await.unwrap();
    assert_eq!((tally.queued, tally.submitting, tally.withheld), (1, 1, 1));
    let last = claim(&store, &mailing, 9).await.remove(0);
    hand_over(&store, &last, Fate::Accepted).await;
    assert!(fates(&store, &mailing).await.contains(&Fate::Accepted));
}
