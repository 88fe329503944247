//! `[[relay]]`: one server that takes our mail, or a folder that stands for one.

use std::net::IpAddr;
use std::path::PathBuf;

use toml::Spanned;

use super::Reader;
use super::delivery::MOST;
use super::file::RelayTable;
use crate::diagnostic::{Diagnostic, Span};
use crate::traffic::Window;

/// How a connection is protected (STANDARDS S2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first octet: `smtps://`.
    Implicit,
    /// STARTTLS or nothing: `smtp://`.
    StartTls,
    /// None; only to this very machine: `smtp://…?tls=none`.
    None,
}

/// Where a relay is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayPlace {
    /// An SMTP server.
    Smtp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
        /// How it is protected.
        security: Security,
    },
    /// A folder.
    Folder(PathBuf),
}

/// One relay, as it is meant.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Its name in the ledger and in the log.
    pub name: String,
    /// Where it is.
    pub place: RelayPlace,
    /// How many connections at once.
    pub connections: usize,
    /// After how many messages a connection is closed.
    pub messages_per_connection: usize,
    /// At most so many messages a second, all connections together.
    pub rate: Option<f64>,
    /// At most so many messages in any sixty minutes.
    pub per_hour: Option<u64>,
    /// At most so many messages in any twenty-four hours.
    pub per_day: Option<u64>,
    /// Whose turn it is: relays of the lowest duty share the mail, the others stand by. From 1.
    pub duty: u32,
    /// Its part of the mail among relays of the same duty. From 1.
    pub weight: u32,
    /// When it may be used, in the place of the publication's own window.
    pub window: Option<Window>,
    /// Whether its address is new to the providers.
    pub warm_up: bool,
    /// Our name in EHLO.
    pub ehlo_name: String,
    /// Who we are to it.
    pub user: Option<String>,
    /// Where its password is.
    pub password_file: Option<PathBuf>,
    /// An authority of our own that signed its certificate.
    pub ca_file: Option<PathBuf>,
}

impl Reader<'_> {
    pub(super) fn relays(&mut self, tables: &[RelayTable]) -> Vec<RelayConfig> {
        let mut relays: Vec<RelayConfig> = Vec::new();
        for table in tables {
            let Some(relay) = self.relay(table) else { continue };
            if relays.iter().any(|other| other.name == relay.name) {
                self.twice(&table.name, "relay");
            }
            relays.push(relay);
        }
        relays
    }

    fn rank(&mut self, written: Option<&Spanned<u64>>) -> u32 {
        written.map_or(1, |rank| u32::try_from(self.number(rank, 1000)).unwrap_or(1))
    }

    fn relay(&mut self, table: &RelayTable) -> Option<RelayConfig> {
        let place = self.place(&table.url)?;
        let rate = table.rate.as_ref().and_then(|rate| self.rate(rate));
        if table.user.is_some() != table.password_file.is_some() {
            let found = Diagnostic::error("config-value", "a user needs a password, and a password a user")
                .help("write both `user` and `password_file`");
            self.report(found, Span::new(table.url.span().start, table.url.span().end));
        }
        if table.user.is_some() && matches!(place, RelayPlace::Smtp { security: Security::None, .. }) {
            self.wrong(&table.url, "a password is never sent without TLS", "use `smtps://`, or `smtp://` with STARTTLS");
        }
        let ehlo_name = match &table.ehlo_name {
            Some(name) => self.ehlo_name(name),
            None => "localhost.localdomain".to_owned(),
        };
        Some(RelayConfig {
            name: table.name.get_ref().trim().to_owned(),
            place,
            connections: self.count(table.connections.as_ref(), 4, 1000),
            messages_per_connection: self.count(table.messages_per_connection.as_ref(), 100, 1_000_000),
            rate,
            per_hour: table.per_hour.as_ref().map(|count| self.number(count, MOST)),
            per_day: table.per_day.as_ref().map(|count| self.number(count, MOST)),
            duty: self.rank(table.duty.as_ref()),
            weight: self.rank(table.weight.as_ref()),
            window: table.window.as_ref().and_then(|window| self.window(window)),
            warm_up: table.warm_up.unwrap_or(false),
            ehlo_name,
            user: table.user.as_ref().map(|user| user.get_ref().clone()),
            password_file: table.password_file.as_ref().map(|path| PathBuf::from(path.get_ref())),
            ca_file: table.ca_file.as_ref().map(|path| self.newsroom.join(path.get_ref())),
        })
    }

    fn ehlo_name(&mut self, written: &Spanned<String>) -> String {
        let name = written.get_ref().trim();
        let is_literal = |name: &str| {
            let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            inner.is_some_and(|inner| inner.strip_prefix("IPv6:").unwrap_or(inner).parse::<IpAddr>().is_ok())
        };
        let is_label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_literal(name) && !name.split('.').all(is_label) {
            self.wrong(written, "this is no host's name", "write it as `mail.news.example.org`");
        }
        name.to_owned()
    }

    fn count(&mut self, written: Option<&Spanned<usize>>, usual: usize, most: usize) -> usize {
        let Some(written) = written else { return usual };
        if (1..=most).contains(written.get_ref()) {
            return *written.get_ref();
        }
        let found = Diagnostic::error("config-value", format!("this must be from 1 to {most}"));
        self.report(found, Span::new(written.span().start, written.span().end));
        usual
    }

    fn place(&mut self, url: &Spanned<String>) -> Option<RelayPlace> {
        let written = url.get_ref().trim();
        if let Some(path) = written.strip_prefix("folder:").filter(|path| !path.is_empty()) {
            return Some(RelayPlace::Folder(self.newsroom.join(path)));
        }
        let (scheme, rest) = written.split_once("://").unwrap_or(("", written));
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (security, usual) = match (scheme, query) {
            ("smtps", "") => (Security::Implicit, 465),
            ("smtp", "") => (Security::StartTls, 587),
            ("smtp", "tls=none") => (Security::None, 25),
            _ => {
                self.wrong(url, "this is no relay", "write `smtps://host`, `smtp://host:587`, or `folder:outbox`");
                return None;
            }
        };
        let authority = authority.trim_end_matches('/');
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
            _ => (authority, Some(usual)),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let Some(port) = port.filter(|_| !host.is_empty() && !host.contains(['@', '/'])) else {
            self.wrong(
                url,
                "this names no host and port",
                "write it as `smtp://mail.example.org:587`; user and password have keys of their own",
            );
            return None;
        };
        if security == Security::None && !is_loopback(host) {
            self.wrong(url, "mail leaves this machine only under TLS", "take `?tls=none` away; it is for a relay on this very machine");
        }
        Some(RelayPlace::Smtp { host: host.to_owned(), port, security })
    }

    pub(super) fn rate(&mut self, written: &Spanned<String>) -> Option<f64> {
        let parsed = written.get_ref().split_once('/').and_then(|(count, unit)| {
            let count: f64 = count.trim().parse().ok().filter(|count: &f64| count.is_finite() && *count > 0.0)?;
            let seconds = match unit.trim() {
                "s" | "second" => 1.0,
                "min" | "minute" => 60.0,
                "h" | "hour" => 3600.0,
                "day" => 86_400.0,
                _ => return None,
            };
            Some(count / seconds)
        });
        if parsed.is_none() {
            self.wrong(written, "this is no rate", "write messages per time, such as `200/s`, `3000/min` or `10000/h`");
        }
        parsed
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
