//! What is left of a person who was erased: a mark that tells the address again when it comes back, and to nobody who
//! has not the key who it was (STANDARDS C4).

use std::fmt;

use aws_lc_rs::hmac;

/// Makes marks. The same secret makes the same marks for ever.
#[derive(Clone)]
pub struct Seal(hmac::Key);

impl Seal {
    /// A seal cut from 32 octets of a good random source, which may serve other purposes beside.
    pub fn new(secret: &[u8; 32]) -> Self {
        let outer = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self(hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&outer, b"masthead: marks of the erased, 1").as_ref()))
    }

    /// The mark of an address, given as [`super::EmailAddress::key`].
    pub fn mark(&self, key: &str) -> Vec<u8> {
        hmac::sign(&self.0, key.as_bytes()).as_ref().to_vec()
    }
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
}
