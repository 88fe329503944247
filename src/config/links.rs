//! Whether links are tried over the network, and which private hosts may be asked.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::Reader;

/// How long one address may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The table `[links]` as it is typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinksTable {
    check: Option<Spanned<String>>,
    allow: Option<Vec<Spanned<String>>>,
    timeout: Option<Spanned<String>>,
    ca_file: Option<Spanned<String>>,
}

/// How links are tried and feeds are fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinksConfig {
    /// Whether links are tried at all, and what is known of them is used.
    pub check: bool,
    /// Hosts that may be asked although they are private, or at a port of their own.
    pub allow: Vec<AllowedHost>,
    /// Most time for one address.
    pub timeout: Duration,
    /// The only authorities (PEM) that vouch for web servers.
    pub ca_file: Option<PathBuf>,
}

/// A host that the operator allows by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    /// Its name in lower case, or its address.
    pub host: String,
    /// Its port; without one those of the web, 80 and 443.
    pub port: Option<u16>,
}

impl AllowedHost {
    /// `intranet.example.org`, `127.0.0.1:8080`, `[::1]:8080`; `None` if it is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Some(Self { host: address.to_string(), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().ok().filter(|port| *port > 0)?)),
            None => (text.as_str(), None),
        };
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let is_name = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        let address = bare.parse::<IpAddr>().ok();
        (is_name || address.is_some()).then(|| Self { host: address.map_or_else(|| bare.to_owned(), |ip| ip.to_string()), port })
    }

    /// Whether this is the host and port; a name is compared as a parser of addresses gives it.
    pub fn is(&self, host: &str, port: u16) -> bool {
        self.host == host && self.port.map_or(matches!(port, 80 | 443), |own| own == port)
    }
}

impl Reader<'_> {
    pub(super) fn links(&mut self, table: &LinksTable) -> LinksConfig {
        let check = table.check.as_ref().is_none_or(|written| match written.get_ref().trim() {
            "on" => true,
            "off" => false,
            _ => {
                self.wrong(written, "this says neither yes nor no", "write `on` or `off`");
                true
            }
        });
        let mut allow = Vec::new();
        for written in table.allow.iter().flatten() {
            match AllowedHost::parse(written.get_ref()) {
                Some(host) => allow.push(host),
                None => self.wrong(written, "this is no host", "write one such as `intranet.example.org` or `10.1.2.3:8080`"),
            }
        }
        LinksConfig {
            check,
            allow,
            timeout: table.timeout.as_ref().map_or(TIMEOUT, |written| self.patience(written)),
            ca_file: table.ca_file.as_ref().map(|file| self.newsroom.join(file.get_ref())),
        }
    }

    fn patience(&mut self, written: &Spanned<String>) -> Duration {
        let length = written.get_ref().trim().parse::<jiff::SignedDuration>().ok().and_then(|length| Duration::try_from(length).ok());
        length.filter(|length| (Duration::from_millis(100)..=Duration::from_mins(2)).contains(length)).unwrap_or_else(|| {
            self.wrong(written, "this is no length of time up to two minutes", "write it as `10s`");
            TIMEOUT
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_allowed_with_its_port_or_with_those_of_the_web() {
        let is = |written: &str, host: &str, port| AllowedHost::parse(written).is_some_and(|allowed| allowed.is(host, port));
        assert!(is("Intranet.Example.org", "intranet.example.org", 443) && !is("intranet.example.org", "intranet.example.org", 8080));
        assert!(is("127.0.0.1:8080", "127.0.0.1", 8080) && !is("127.0.0.1:8080", "127.0.0.1", 80));
        assert!(is("[::1]:8080", "::1", 8080) && is("::1", "::1", 80) && is("[0:0::1]", "::1", 80));
        for wrong in ["", "http://a.example", "a.example:0", "a.example:http", "a b", "a.example/x"] {
            assert_eq!(AllowedHost::parse(wrong), None, "{wrong}");
        }
    }
}
