//! A few octets that are gathered without a trip to the heap, as happens several times for every message.

use std::ops::{Deref, DerefMut};

/// Up to `N` octets. What goes beyond that is dropped; each use has a test that its longest value fits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Octets<const N: usize> {
    held: [u8; N],
    length: usize,
}

impl<const N: usize> Octets<N> {
    pub(crate) fn new() -> Self {
        Self { held: [0; N], length: 0 }
    }

    pub(crate) fn extend_from_slice(&mut self, octets: &[u8]) {
        self.extend(octets.iter().copied());
    }
}

impl<const N: usize> Extend<u8> for Octets<N> {
    fn extend<T: IntoIterator<Item = u8>>(&mut self, octets: T) {
        for (place, octet) in self.held[self.length..].iter_mut().zip(octets) {
            *place = octet;
            self.length += 1;
        }
    }
}

impl<const N: usize> Deref for Octets<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.held[..self.length]
    }
}

impl<const N: usize> DerefMut for Octets<N> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.held[..self.length]
    }
}
