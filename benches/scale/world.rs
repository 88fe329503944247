//! What the simulation takes for granted: each figure once, with where it comes from.

use std::ops::Range;

/// How many readers the plan is about.
pub(crate) const READERS: u64 = 100_000_000;

// Measured: PostgreSQL 15 on two cores, one node, 60,000 readers, 64 connections, 26 deliveries a commit.

/// A delivery's line with its key, in octets, once the mailing is over.
pub(crate) const LINE: u64 = 215;
/// A try's line with its key and an answer of 40 octets.
pub(crate) const TRY: u64 = 180;
/// Octets of WAL for the line that an opening writes, and for all changes of one try.
pub(crate) const WAL_LINE: u64 = 185;
pub(crate) const WAL_TRY: u64 = 815;
/// What a try costs the server's cores, and a line while it is opened, in microseconds.
pub(crate) const SERVER: f64 = 128.0;
pub(crate) const SERVER_LINE: f64 = 6.0;
/// A reader with one list and one consent, in octets, keys included.
pub(crate) const READER: u64 = 516;

/// Composing, signing with RSA-2048, handing over and noting a message of 28 KiB, in microseconds of a core. Measured with the
/// embedded store: 320 (benches/press). The rest is for talking to a server, and assumed.
pub(crate) const NODE: f64 = 357.0;

// Assumed: machines as they can be rented, and their prices in euros.

/// Cores of a node, and of the database's server.
pub(crate) const NODE_CORES: f64 = 4.0;
pub(crate) const SERVER_CORES: f64 = 16.0;
/// From a note to its commit and back, in microseconds: one network, one disk, and the wait for the group before.
pub(crate) const COMMIT: f64 = 4_000.0;
pub(crate) const NODE_HOUR: f64 = 0.15;
pub(crate) const SERVER_HOUR: f64 = 1.60;
pub(crate) const ADDRESS_MONTH: f64 = 4.0;
pub(crate) const GIGABYTE_OUT: f64 = 0.05;
/// What a relay of somebody else takes for a thousand messages.
pub(crate) const THOUSAND_ELSEWHERE: f64 = 0.10;
/// A message on the wire, in octets.
pub(crate) const MESSAGE: u64 = 28_000;
pub(crate) const HOURS_A_MONTH: f64 = 730.0;

/// What befalls every run: an hour in, a node dies, and is missed after its lease and a look (seconds); the second provider
/// turns everything away for two hours, as Yahoo does after [TSS04].
pub(crate) const DEATH: f64 = 3_600.0;
pub(crate) const MISSED_AFTER: f64 = 20.0;
pub(crate) const TURNED_AWAY: Range<f64> = 3_600.0..10_800.0;
pub(crate) const WHO_TURNS_AWAY: usize = 1;

/// Whose mailboxes, and what a warm address may do there.
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    /// Of a thousand readers, so many; assumed.
    pub(crate) share: u64,
    /// Messages a connection and connections an address: as large senders publish them (STANDARDS section 4), twice what the
    /// house's table has.
    pub(crate) each: u64,
    pub(crate) connections: usize,
    /// Milliseconds to connect with TLS, and for one message; assumed.
    pub(crate) setup: f64,
    pub(crate) reply: f64,
    /// Of ten thousand tries, so many are put off at first, and so many refused; assumed. Whoever was put off is again one time
    /// in four.
    pub(crate) put_off: u32,
    pub(crate) refused: u32,
}

const fn provider(name: &'static str, share: u64, each: u64, connections: usize, reply: f64, put_off: u32) -> Provider {
    Provider { name, share, each, connections, setup: 250.0, reply, put_off, refused: 30 }
}

pub(crate) const PROVIDERS: [Provider; 7] = [
    provider("google", 430, 50, 5, 350.0, 100),
    provider("yahoo", 140, 20, 10, 300.0, 150),
    provider("microsoft", 180, 50, 5, 400.0, 150),
    provider("icloud", 60, 5, 10, 300.0, 100),
    provider("gmx", 40, 20, 4, 250.0, 100),
    provider("comcast", 20, 100, 25, 300.0, 100),
    provider("other", 130, 20, 40, 250.0, 600),
];

/// Seconds until try number `tried` is followed by another: the retry plan of `src/mailing/plan.rs`.
pub(crate) fn wait(tried: u32) -> f64 {
    60.0 * match tried {
        1 => 5.0,
        2 => 15.0,
        3 => 30.0,
        4..=9 => 60.0,
        _ => 180.0,
    }
}

/// Numbers that pass for chance, the same in every run (splitmix64).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const SEED: Self = Self(2014);

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 9,999.
    pub(crate) fn of_ten_thousand(&mut self) -> u32 {
        (self.next() >> 32) as u32 % 10_000
    }

    /// Between these two.
    pub(crate) fn between(&mut self, range: Range<f64>) -> f64 {
        let part = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        range.start + part * (range.end - range.start)
    }
}
