//! The subscribe form: how lists are described on it, how many letters it may send, and who is believed to say from where
//! somebody asks.

use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;
use toml::Spanned;

use super::Reader;
use super::file::ListTable;
use crate::subscription::address::is_hidden;
use crate::subscription::language;

/// The table `[web.caps]` as it is typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CapsTable {
    address_per_day: Option<Spanned<u64>>,
    address_per_month: Option<Spanned<u64>>,
    network_per_hour: Option<Spanned<u64>>,
    domain_per_hour: Option<Spanned<u64>>,
    per_hour: Option<Spanned<u64>>,
}

/// How many letters of confirmation may be asked for (STANDARDS T9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoiningCaps {
    /// For one address, within 24 hours.
    pub address_per_day: u64,
    /// For one address, within 30 days.
    pub address_per_month: u64,
    /// From one network, within an hour: an address of version 4, or the half of one of version 6 that names the network.
    pub network_per_hour: u64,
    /// For addresses of one domain, within an hour.
    pub domain_per_hour: u64,
    /// By all together, within an hour.
    pub per_hour: u64,
}

impl Default for JoiningCaps {
    fn default() -> Self {
        Self { address_per_day: 1, address_per_month: 3, network_per_hour: 10, domain_per_hour: 100, per_hour: 300 }
    }
}

/// One address or a block of them (CIDR, RFC 4632).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    /// How many bits of it count.
    bits: u32,
}

impl Network {
    /// Whether an address is in it. One of version 4 that is written as version 6 is the same address.
    pub fn holds(&self, address: IpAddr) -> bool {
        let same = |one: u128, other: u128, width: u32| self.bits == 0 || (one ^ other) >> (width - self.bits.min(width)) == 0;
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => same(base.to_bits().into(), address.to_bits().into(), 32),
            (IpAddr::V6(base), IpAddr::V6(address)) => same(base.to_bits(), address.to_bits(), 128),
            _ => false,
        }
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let base = address.to_canonical();
        Self { base, bits: if base.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "this is neither an address nor a block of them";
        let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
        let base: IpAddr = base.parse().map_err(|_| WRONG)?;
        let Some(bits) = bits else { return Ok(Self::from(base)) };
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.parse().ok().filter(|bits| *bits <= most).ok_or(WRONG)?;
        Ok(Self { base, bits })
    }
}

/// The machine itself, where most people have a web server in front.
fn loopback() -> Vec<Network> {
    [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])].map(Network::from).to_vec()
}

impl Reader<'_> {
    pub(super) fn caps(&mut self, table: &CapsTable) -> JoiningCaps {
        const MOST: u64 = 1_000_000;
        let usual = JoiningCaps::default();
        let mut cap = |written: &Option<Spanned<u64>>, usual| written.as_ref().map_or(usual, |written| self.number(written, MOST));
        JoiningCaps {
            address_per_day: cap(&table.address_per_day, usual.address_per_day),
            address_per_month: cap(&table.address_per_month, usual.address_per_month),
            network_per_hour: cap(&table.network_per_hour, usual.network_per_hour),
            domain_per_hour: cap(&table.domain_per_hour, usual.domain_per_hour),
            per_hour: cap(&table.per_hour, usual.per_hour),
        }
    }

    /// The language of a list.
    pub(super) fn lang_of(&mut self, table: &ListTable) -> Option<String> {
        let written = table.lang.as_ref()?;
        let lang = language::parse(written.get_ref().trim());
        if lang.is_none() {
            self.wrong(written, "this is no language", "write a language tag such as `es` or `es-MX`");
        }
        lang
    }

    /// How often it comes, in words.
    pub(super) fn frequency_of(&mut self, table: &ListTable) -> String {
        const MOST: usize = 60;
        let Some(written) = &table.frequency else { return String::new() };
        let words = written.get_ref().split_whitespace().collect::<Vec<_>>().join(" ");
        if words.chars().count() > MOST || words.contains(is_hidden) {
            self.wrong(
                written,
                format!("these are more than {MOST} characters, or some of them cannot be seen"),
                "write a few words such as `monthly`",
            );
        }
        words
    }

    pub(super) fn trusted_proxies(&mut self, written: Option<&[Spanned<String>]>) -> Vec<Network> {
        let Some(written) = written else { return loopback() };
        let help = "write one such as `127.0.0.1`, `10.0.0.0/8` or `2001:db8::/32`";
        written.iter().filter_map(|written| self.parsed(written, str::parse::<Network>, help)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_begins_as_it_does() {
        let holds = |network: &str, address: &str| network.parse::<Network>().unwrap().holds(address.parse().unwrap());
        for (network, address) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1", "::ffff:127.0.0.1"),
            ("10.0.0.0/8", "10.255.1.2"),
            ("0.0.0.0/0", "203.0.113.9"),
            ("192.0.2.129/25", "192.0.2.255"),
            ("2001:db8::/32", "2001:db8:ffff::1"),
            ("::/0", "2001:db8::1"),
            ("::1", "::1"),
        ] {
            assert!(holds(network, address), "{network} {address}");
        }
        for (network, address) in [
            ("127.0.0.1", "127.0.0.2"),
            ("10.0.0.0/8", "11.0.0.0"),
            ("192.0.2.129/25", "192.0.2.127"),
            ("0.0.0.0/0", "::1"),
            ("::/0", "127.0.0.1"),
            ("2001:db8::/32", "2001:db9::1"),
        ] {
            assert!(!holds(network, address), "{network} {address}");
        }
        for wrong in ["", "localhost", "10.0.0.0/33", "10.0.0/8", "::1/129", "::1/", "10.0.0.0/-1", "10.0.0.1:80"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
