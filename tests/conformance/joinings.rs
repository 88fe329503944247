//! Requests to join: admitted within the caps, confirmed once, and forgotten.

use std::sync::Arc;

use masthead::store::{Admitted, Asking, Caps, Store};
use masthead::subscription::{Evidence, PersonName, Seal, Standing};

use crate::newsroom::{address, at, enrol, leave, list_id, list_ids, settle_in, suppress};

/// One who asks for lists, from a network and at a domain of their own.
fn asking(number: usize, lists: &[&str]) -> Asking {
    Asking {
        address: address(number),
        name: PersonName::parse("Eve").ok(),
        lists: list_ids(lists),
        detail: "the form; consent text 1: I want it.".to_owned(),
        marks: [format!("address {number}"), format!("network {number}"), format!("domain {number}")],
    }
}

/// Caps that nobody meets, from this second of the story on.
fn caps(since: i64) -> Caps {
    let wide = (at(since), 1_000);
    Caps { address: [wide; 2], network: wide, domain: wide, whole: wide }
}

fn proof() -> Evidence {
    Evidence { channel: "form".to_owned(), detail: "confirmed by the link".to_owned() }
}

async fn ask(store: &Arc<dyn Store>, number: usize, lists: &[&str], second: i64) -> Admitted {
    store.ask(asking(number, lists), caps(0), at(second)).await.unwrap()
}

/// The number of a request that waits.
async fn waits(store: &Arc<dyn Store>, number: usize, second: i64) -> i64 {
    match ask(store, number, &["general"], second).await {
        Admitted::Waits(id) => id,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn a_request_waits_under_a_number_of_its_own(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    let Admitted::Waits(id) = ask(&store, 1, &["general", "extra"], 10).await else { panic!("it waits") };
    let joining = store.joining(id, at(9)).await.unwrap().unwrap();
    assert_eq!((joining.address, joining.asked_at, joining.subscriber), (Some(address(1)), at(10), None));
    assert_eq!((joining.lists, joining.detail), (list_ids(&["general", "extra"]), "the form; consent text 1: I want it.".to_owned()));
    for (id, after) in [(id, at(10)), (id, at(11)), (id + 1, at(0))] {
        assert_eq!(store.joining(id, after).await.unwrap(), None, "made before, or never");
    }
    assert!(store.dossier(&address(1)).await.unwrap().is_none(), "to ask is not to be a reader");
    store.forget_joinings(at(20), at(20)).await.unwrap();
    assert!(waits(&store, 1, 30).await > id, "a number is never given twice");
}

pub(crate) async fn who_is_on_all_those_lists_already_waits_for_nothing(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    assert_eq!(ask(&store, 1, &["general"], 10).await, Admitted::Subscribed);
    enrol(&store, "extra", 2, Standing::Pending).await;
    leave(&store, 3, Some("general")).await;
    for (number, lists) in [(1, &["general", "extra"][..]), (2, &["extra"]), (3, &["general"])] {
        assert!(matches!(ask(&store, number, lists, 10).await, Admitted::Waits(_)), "{number}: {lists:?}");
    }
}

pub(crate) async fn c4_who_is_suppressed_or_erased_waits_for_nothing_and_leaves_no_trace(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    store.seal_with(Seal::new(&[7; 32]));
    suppress(&store, 1).await;
    store.erase(&address(2), at(5)).await.unwrap();
    let pending = waits(&store, 3, 8).await;
    store.erase(&address(3), at(9)).await.unwrap();
    assert_eq!(store.joining(pending, at(0)).await.unwrap(), None, "a request is erased as well");
    let before = waits(&store, 8, 10).await;
    for number in [1, 2, 3] {
        assert_eq!(ask(&store, number, &["general"], 10).await, Admitted::Suppressed, "{number}");
    }
    assert_eq!(waits(&store, 9, 10).await, before + 1, "no line was written in between");
    assert!(!store.join(pending, at(0), proof(), at(11)).await.unwrap());
}

pub(crate) async fn t9_each_cap_holds_and_what_it_refuses_does_not_count(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let narrow = |cap: &str, since| {
        let (wide, tight) = ((at(0), 1_000), (at(since), 2));
        let one = |name| if name == cap { tight } else { wide };
        Caps { address: [one("day"), one("month")], network: one("network"), domain: one("domain"), whole: one("whole") }
    };
    for (turn, (cap, named, place)) in
        [("day", "address", 0), ("month", "address", 0), ("network", "network", 1), ("domain", "domain", 2), ("whole", "whole", 3)]
            .into_iter()
            .enumerate()
    {
        let begin = 100 * (i64::try_from(turn).unwrap() + 1);
        let asked = async |number: usize, second: i64, since: i64| {
            let mut asking = asking(number, &["general"]);
            if let Some(mark) = asking.marks.get_mut(place) {
                *mark = format!("the same {cap}");
            }
            store.ask(asking, narrow(cap, begin + since), at(begin + second)).await.unwrap()
        };
        assert_eq!(asked(1, 1, 0).await, Admitted::Subscribed, "{cap}: it counts, though nobody waits");
        assert!(matches!(asked(20 + turn, 2, 0).await, Admitted::Waits(_)), "{cap}");
        for number in [1, 40 + turn] {
            assert_eq!(asked(number, 3, 0).await, Admitted::TooMany(named), "{cap}");
        }
        assert!(
            matches!(asked(40 + turn, 4, 1).await, Admitted::Waits(_)),
            "{cap}: one of the two was longer ago, and none that was refused counts"
        );
        assert_eq!(asked(60 + turn, 5, 1).await, Admitted::TooMany(named), "{cap}");
    }
    assert!(matches!(ask(&store, 99, &["general"], 900).await, Admitted::Waits(_)));
}

pub(crate) async fn what_is_taken_back_was_never_asked(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let once = |since| Caps { address: [(at(since), 1); 2], ..caps(0) };
    let asked = async |number, second| store.ask(asking(number, &["general"]), once(0), at(second)).await.unwrap();
    let Admitted::Waits(id) = asked(2, 10).await else { panic!("it waits") };
    assert_eq!(asked(2, 11).await, Admitted::TooMany("address"));
    store.unask("address 2", Some(id), at(10)).await.unwrap();
    assert_eq!(store.joining(id, at(0)).await.unwrap(), None);
    assert!(matches!(asked(2, 12).await, Admitted::Waits(_)));
    assert_eq!(asked(1, 10).await, Admitted::Subscribed);
    store.unask("address 1", None, at(11)).await.unwrap();
    assert_eq!(asked(1, 12).await, Admitted::TooMany("address"), "that was another instant");
    store.unask("address 1", None, at(10)).await.unwrap();
    assert_eq!(asked(1, 12).await, Admitted::Subscribed);
}

pub(crate) async fn who_confirms_is_entered_once_on_what_was_asked_for(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    let Admitted::Waits(id) = ask(&store, 1, &["general", "extra"], 10).await else { panic!("it waits") };
    assert!(!store.join(id, at(10), proof(), at(20)).await.unwrap(), "too long ago");
    assert!(store.dossier(&address(1)).await.unwrap().is_none());
    assert!(store.join(id, at(9), proof(), at(20)).await.unwrap());
    let dossier = store.dossier(&address(1)).await.unwrap().unwrap();
    let standings: Vec<_> = dossier.reader.subscriptions.iter().map(|one| (one.list.clone(), one.standing, one.since)).collect();
    assert_eq!(standings, [(list_id("general"), Standing::Confirmed, at(20)), (list_id("extra"), Standing::Confirmed, at(20))]);
    assert!(dossier.consents.len() == 2 && dossier.consents.iter().all(|line| line.evidence == proof()));
    assert_eq!(dossier.reader.subscriber.name, PersonName::parse("Eve").ok());
    let joining = store.joining(id, at(9)).await.unwrap().unwrap();
    assert_eq!((joining.address, joining.subscriber), (None, Some(dossier.reader.subscriber.id)));
    leave(&store, 1, None).await;
    assert!(!store.join(id, at(9), proof(), at(30)).await.unwrap(), "it is done once");
    store.unask("address 1", Some(id), at(10)).await.unwrap();
    assert!(store.joining(id, at(9)).await.unwrap().is_some(), "what was confirmed is not taken back");
    let again = waits(&store, 1, 40).await;
    assert!(store.join(again, at(9), proof(), at(50)).await.unwrap(), "who left and asks anew comes back");
    let standing = store.visitor(dossier.reader.subscriber.id).await.unwrap().unwrap().subscriptions[0].standing;
    assert_eq!(standing, Standing::Confirmed);
}

pub(crate) async fn who_is_suppressed_meanwhile_is_not_entered(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    leave(&store, 1, Some("general")).await;
    let id = waits(&store, 1, 10).await;
    suppress(&store, 1).await;
    assert!(!store.join(id, at(9), proof(), at(20)).await.unwrap());
    let dossier = store.dossier(&address(1)).await.unwrap().unwrap();
    assert!(dossier.reader.subscriptions.iter().all(|one| one.standing == Standing::Ended));
}

pub(crate) async fn c1_what_is_old_is_forgotten_and_no_more(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    let (old, new) = (waits(&store, 1, 10).await, waits(&store, 2, 20).await);
    store.forget_joinings(at(5), at(5)).await.unwrap();
    assert!(store.joining(old, at(0)).await.unwrap().is_some());
    store.forget_joinings(at(15), at(5)).await.unwrap();
    assert_eq!(store.joining(old, at(0)).await.unwrap(), None);
    assert!(store.joining(new, at(0)).await.unwrap().is_some());
    let once = Caps { address: [(at(0), 1); 2], ..caps(0) };
    assert_eq!(
        store.ask(asking(1, &["general"]), once, at(21)).await.unwrap(),
        Admitted::TooMany("address"),
        "that it was asked is remembered"
    );
    store.forget_joinings(at(15), at(15)).await.unwrap();
    assert!(matches!(store.ask(asking(1, &["general"]), once, at(21)).await.unwrap(), Admitted::Waits(_)));
    assert_eq!(store.ask(asking(2, &["general"]), once, at(21)).await.unwrap(), Admitted::TooMany("address"));
}
