//! Printed pages that are kept in memory: so many octets of them, those that were asked for last.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Address, Page};

/// Most octets of pages that are kept.
const MOST: usize = 16 << 20;

/// A page as large as this is printed, or read, each time.
const LARGE: usize = 1 << 20;

/// The pages that were asked for last.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pages: HashMap<Address, (Arc<Page>, u64)>,
    octets: usize,
    asked: u64,
}

impl Kept {
    /// A page, if it is kept.
    pub(super) fn find(&mut self, address: &Address) -> Option<Arc<Page>> {
        self.asked += 1;
        let (page, last) = self.pages.get_mut(address)?;
        *last = self.asked;
        Some(Arc::clone(page))
    }

    /// Keeps a page, and lets go of those that nobody asked for the longest.
    pub(super) fn keep(&mut self, address: Address, page: Arc<Page>) {
        if page.matter.octets_at_hand() >= LARGE {
            return;
        }
        self.asked += 1;
        self.octets += page.matter.octets_at_hand();
        if let Some((old, _)) = self.pages.insert(address, (page, self.asked)) {
            self.octets -= old.matter.octets_at_hand();
        }
        while self.octets > MOST {
            let oldest = self.pages.iter().min_by_key(|(_, (_, last))| *last).map(|(address, _)| address.clone());
            let Some((page, _)) = oldest.and_then(|oldest| self.pages.remove(&oldest)) else { return };
            self.octets -= page.matter.octets_at_hand();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Matter};
    use super::*;

    fn page(octets: usize) -> Arc<Page> {
        let changed_at = jiff::Timestamp::default();
        Arc::new(Page { kind: Kind::Html, matter: Matter::Whole(vec![0; octets]), tag: String::new(), changed_at, is_indexed: true })
    }

    fn article(number: usize) -> Address {
        Address::Article("2014-12".parse().unwrap(), number.to_string())
    }

    #[test]
    fn what_nobody_asked_for_the_longest_goes_first_and_nothing_large_is_kept() {
        let mut kept = Kept::default();
        for number in 0..64 {
            kept.keep(article(number), page(MOST / 64));
            assert!(kept.find(&article(0)).is_some());
        }
        assert_eq!(kept.octets, MOST);
        kept.keep(article(64), page(10));
        assert!(kept.find(&article(1)).is_none(), "the oldest is gone");
        assert!(kept.find(&article(0)).is_some() && kept.find(&article(64)).is_some());
        kept.keep(Address::Front, page(LARGE));
        assert!(kept.find(&Address::Front).is_none());
        kept.keep(article(64), page(20));
        assert_eq!(kept.octets, MOST - MOST / 64 + 20);
    }
}
