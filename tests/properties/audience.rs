//! Whatever order rolls come in and however they spell an address: who is gone stays gone, and every entry is counted.

use std::collections::BTreeMap;

use masthead::store::sqlite::SqliteStore;
use masthead::store::{Audience as _, Import, Imported, Subscribers as _};
use masthead::subscription::roll::RollEntry;
use masthead::subscription::{EmailAddress, Enrolment, Evidence, Format, List, Standing, SubscriberId};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

/// A few people, so that they meet again.
const LOCALS: [&str; 4] = ["ann", "jürgen", "İlkay", "zoë.ö"];
/// Domains as people write them, and as the wire has them.
const DOMAINS: [(&str, &str); 3] =
    [("example.org", "example.org"), ("bücher.example", "xn--bcher-kva.example"), ("ñandú.example", "xn--and-6ma2c.example")];

#[derive(Debug, Clone)]
struct Line {
    local: usize,
    domain: usize,
    spelling: u8,
    is_gone: bool,
    standing: Standing,
}

impl Line {
    /// The address in one of its spellings; each bit is a habit of some tool.
    fn address(&self) -> EmailAddress {
        let is = |bit: u8| self.spelling & bit != 0;
        let (written, wire) = DOMAINS[self.domain];
        let domain = if is(1) { wire } else { written };
        let domain = if is(2) { domain.to_uppercase() } else { domain.to_owned() };
        let local = if is(4) { LOCALS[self.local].nfd().collect() } else { LOCALS[self.local].to_owned() };
        let domain = if is(8) { domain.nfd().collect::<String>() } else { domain };
        EmailAddress::parse(&format!("{local}@{domain}")).unwrap()
    }

    fn entry(&self) -> RollEntry {
        let evidence = Evidence { channel: "import".to_owned(), detail: format!("{self:?}") };
        let standing = if self.is_gone { Standing::Ended } else { self.standing };
        let enrolment = Enrolment { address: self.address(), name: None, standing, since: None, evidence };
        RollEntry { line: 2, list: None, is_gone: self.is_gone, enrolment, format: Format::Html }
    }
}

fn line() -> impl Strategy<Value = Line> {
    let standing = prop::sample::select(vec![Standing::Pending, Standing::Confirmed, Standing::Ended]);
    (0..LOCALS.len(), 0..DOMAINS.len(), 0_u8..16, prop::bool::weighted(0.15), standing)
        .prop_map(|(local, domain, spelling, is_gone, standing)| Line { local, domain, spelling, is_gone, standing })
}

fn now() -> jiff::Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

async fn enter(store: &SqliteStore, roll: &[Line], is_rehearsal: bool) -> Imported {
    let plan = Import { list: Some("general".parse().unwrap()), at: now(), is_rehearsal, ending: None };
    let pieces: Vec<_> = roll.chunks(7).map(|piece| Ok(piece.iter().map(Line::entry).collect())).collect();
    store.import(plan, Box::new(pieces.into_iter())).await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn who_is_gone_in_any_roll_is_on_no_list_after_any_other(rolls in prop::collection::vec(prop::collection::vec(line(), 0..40), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let end: Result<(), TestCaseError> = runtime.block_on(async {
            let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
            let list = List { id: "general".parse().unwrap(), name: "General".to_owned(), description: String::new(), lang: None, frequency: String::new() };
            store.declare_lists(&[list]).await.unwrap();
            let mut people: BTreeMap<String, (bool, Option<Standing>)> = BTreeMap::new();
            for roll in &rolls {
                let rehearsed = enter(&store, roll, true).await;
                let done = enter(&store, roll, false).await;
                prop_assert_eq!(Imported { stands: true, ..rehearsed }, done);
                prop_assert_eq!(done.entries(), roll.len() as u64);
                for line in roll {
                    follow(people.entry(line.address().key()).or_default(), line);
                }
            }
            let register = store.register(None, SubscriberId(0), 1000).await.unwrap();
            let kept: BTreeMap<String, Standing> = register.iter().map(|line| (line.email.key(), line.status)).collect();
            let meant: BTreeMap<String, Standing> = people.iter().filter_map(|(key, (_, standing))| Some((key.clone(), (*standing)?))).collect();
            prop_assert_eq!(kept, meant);
            let suppressed: Vec<String> = store.suppressions(None, "", 1000).await.unwrap().iter().map(|(address, _)| address.key()).collect();
            let gone: Vec<String> = people.iter().filter(|(_, (is_gone, _))| *is_gone).map(|(key, _)| key.clone()).collect();
            prop_assert_eq!(suppressed, gone);
            Ok(())
        });
        end?;
    }
}

/// What a line makes of a person who is gone or not, and who stands somewhere on the list or nowhere: the rules in short.
fn follow((is_gone, standing): &mut (bool, Option<Standing>), line: &Line) {
    let living = matches!(standing, Some(Standing::Pending | Standing::Confirmed));
    if line.is_gone {
        *is_gone = true;
        *standing = standing.map(|_| Standing::Ended);
    } else if living && line.standing == Standing::Ended {
        *standing = Some(Standing::Ended);
    } else if !*is_gone && (standing.is_none() || (living && line.standing == Standing::Confirmed)) {
        *standing = Some(line.standing);
    }
}
