//! What was made of the shelf and took its time: kept as long as the shelf stands as it did.

use std::sync::{Arc, Mutex, PoisonError};

/// The latest of its kind, with the mark of the shelf that it was made of.
#[derive(Debug)]
pub struct Kept<T> {
    latest: Mutex<Option<(u64, Arc<T>)>>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { latest: Mutex::new(None) }
    }
}

impl<T> Kept<T> {
    /// What was made under this mark, if it is at hand.
    pub fn of(&self, mark: u64) -> Option<Arc<T>> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.as_ref().filter(|(made, _)| *made == mark).map(|(_, kept)| Arc::clone(kept))
    }

    /// Lets go of what is kept, before another is made: two at once would be twice the memory.
    pub fn drop_older(&self) {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Keeps what was made under this mark in place of what is kept.
    pub fn keep(&self, mark: u64, made: T) -> Arc<T> {
        let made = Arc::new(made);
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some((mark, Arc::clone(&made)));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_of_one_mark() {
        let kept = Kept::default();
        assert_eq!(kept.of(1), None);
        kept.keep(1, "one");
        assert_eq!((kept.of(1).as_deref(), kept.of(2)), (Some(&"one"), None));
        kept.keep(2, "two");
        assert_eq!((kept.of(1), kept.of(2).as_deref()), (None, Some(&"two")));
        kept.drop_older();
        assert_eq!(kept.of(2), None);
    }
}
