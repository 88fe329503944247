//! Which addresses belong to the public network: everything else is none of a newsletter's business (STANDARDS T5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address may be connected to on behalf of somebody else: no loopback, no private or shared network, no
/// neighbour, no group, and none of these in the clothes of another protocol. Those kept for documentation lead nowhere and
/// may pass.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Networks that are none of the public one's, each with how many of its leading bits count.
const SPECIAL: [(Ipv4Addr, u32); 12] = [
    // This network (RFC 791).
    (Ipv4Addr::UNSPECIFIED, 8),
    // Loopback.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Private (RFC 1918).
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // A carrier's own (RFC 6598).
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Neighbours (RFC 3927); among them the clouds' own servers.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Protocols' own (RFC 6890).
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // The relays of 6to4 (RFC 7526).
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // For measuring devices (RFC 2544).
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Groups (RFC 5771).
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved (RFC 1112), broadcast among it.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_within = |(network, bits): &(Ipv4Addr, u32)| (address.to_bits() ^ network.to_bits()) >> (32 - bits) == 0;
    !SPECIAL.iter().any(is_within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056): as public as what stands behind them.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let ([one, two], [three, four]) = (high.to_be_bytes(), low.to_be_bytes());
            is_public_v4(Ipv4Addr::new(one, two, three, four))
        }
        // Teredo (RFC 4380) hides where it leads.
        [0x2001, 0, ..] => false,
        // All that is handed out to the world (RFC 4291); the mapped, the private and the neighbours lie outside.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn t5_what_is_not_of_the_public_network_is_told_in_every_clothing() {
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.1",
            "192.0.0.8",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(!judged(private), "{private}");
        }
    }

    #[test]
    fn the_public_network_is_told() {
        for public in [
            "8.8.8.8",
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.0.1",
            "203.0.113.7",
            "223.255.255.1",
            "2001:4860:4860::8888",
            "2600::1",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2a00:1450::1",
        ] {
            assert!(judged(public), "{public}");
        }
    }
}
