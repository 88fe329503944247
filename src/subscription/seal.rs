//! What is left of a person who was erased: a mark that tells the address again when it comes back, and to nobody who
//! has not the key who it was (STANDARDS C4).

use std::fmt;

use aws_lc_rs::hmac;

/// Makes marks. The same secret makes the same marks for ever.
#[derive(Clone)]
pub struct Seal {
    newest: hmac::Key,
    older: Vec<hmac::Key>,
}

impl Seal {
    /// A seal cut from one secret of 32 octets of a good random source, which may serve other purposes beside.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { newest: cut(secret), older: Vec::new() }
    }

    /// The same seal, which also knows what was marked with these secrets before.
    #[must_use]
    pub fn after(self, older: &[[u8; 32]]) -> Self {
        Self { older: older.iter().map(cut).collect(), ..self }
    }

    /// The mark of an address, given as [`super::EmailAddress::key`].
    pub fn mark(&self, key: &str) -> Vec<u8> {
        mark(&self.newest, key)
    }

    /// Every mark that the address may have been given, today's first.
    pub fn marks(&self, key: &str) -> impl Iterator<Item = Vec<u8>> {
        std::iter::once(&self.newest).chain(&self.older).map(move |secret| mark(secret, key))
    }
}

fn cut(secret: &[u8; 32]) -> hmac::Key {
    let outer = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&outer, b"masthead: marks of the erased, 1").as_ref())
}

fn mark(secret: &hmac::Key, key: &str) -> Vec<u8> {
    hmac::sign(secret, key.as_bytes()).as_ref().to_vec()
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c4_a_mark_tells_an_address_again_and_only_with_the_same_secret() {
        let (one, other) = (Seal::new(&[1; 32]), Seal::new(&[2; 32]));
        assert_eq!(one.mark("ann@x.org"), Seal::new(&[1; 32]).mark("ann@x.org"));
        assert_ne!(one.mark("ann@x.org"), one.mark("bob@x.org"));
        assert_ne!(one.mark("ann@x.org"), other.mark("ann@x.org"));
        assert_eq!(one.mark("ann@x.org").len(), 32);
    }

    #[test]
    fn who_was_marked_before_a_key_was_changed_is_known_after() {
        let (old, new) = (Seal::new(&[1; 32]), Seal::new(&[2; 32]).after(&[[1; 32]]));
        assert_eq!(new.marks("ann@x.org").collect::<Vec<_>>(), [new.mark("ann@x.org"), old.mark("ann@x.org")]);
    }
}
