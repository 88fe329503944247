//! `[delivery]` and `[[provider]]`: how patient, how careful and how fast we are.

use std::net::SocketAddr;
use std::time::Duration;

use toml::Spanned;

use super::file::{self, ProviderTable};
use super::{Config, Reader};
use crate::diagnostic::{Diagnostic, Span};
use crate::mailing::ProviderId;
use crate::mailing::fate::OnDoubt;
use crate::mailing::plan::RetryPlan;
use crate::subscription::{EmailAddress, List, ListId};
use crate::traffic::{BreakerRules, Limits, Provider, Providers, RelayRules, Rules, Window};

/// A few readers who get an issue before the others, and how long it is watched what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canary {
    /// How many.
    pub readers: u64,
    /// How long the others wait.
    pub hold: Duration,
}

/// What `[delivery]` means.
pub(super) struct Care {
    pub(super) on_doubt: OnDoubt,
    pub(super) plan: Option<RetryPlan>,
    pub(super) window: Option<Window>,
    pub(super) canary: Option<Canary>,
    pub(super) seeds: Option<ListId>,
    pub(super) providers: Providers,
    pub(super) breaker: BreakerRules,
    pub(super) report_to: Vec<EmailAddress>,
    pub(super) resolver: Option<SocketAddr>,
}

impl Config {
    /// What the traffic of a mailing goes by: the relays are numbered as they stand in [`Config::relays`].
    pub fn rules(&self) -> Rules {
        let relay = |relay: &super::RelayConfig| RelayRules {
            name: relay.name.clone(),
            limits: Limits {
                connections: u32::try_from(relay.connections).ok(),
                per_second: relay.rate,
                per_hour: relay.per_hour,
                per_day: relay.per_day,
            },
            window: relay.window,
            warm_up: relay.warm_up,
        };
        Rules {
            relays: self.relays.iter().map(relay).collect(),
            providers: self.providers.clone(),
            window: self.window,
            zone: self.zone.clone(),
            breaker: self.breaker,
        }
    }
}

impl Reader<'_> {
    pub(super) fn care(&mut self, written: &file::Delivery, providers: &[ProviderTable], lists: &[List]) -> Care {
        let own = self.providers(providers);
        let house = Providers::built_in();
        let shaped = self.switch(written.shaping.as_ref());
        let breaker = self.switch(written.breaker.as_ref());
        Care {
            on_doubt: self.on_doubt(written.on_doubt.as_ref()),
            plan: self.plan(written),
            window: written.window.as_ref().and_then(|window| self.window(window)),
            canary: written.canary.as_ref().and_then(|canary| self.canary(canary)),
            seeds: written.seeds.as_ref().and_then(|seeds| self.seeds(seeds, lists)),
            providers: if shaped { house } else { house.unshaped() }.amended(own),
            breaker: if breaker { BreakerRules::default() } else { BreakerRules::off() },
            report_to: written.report_to.iter().flatten().filter_map(|address| self.address(address)).collect(),
            resolver: written.resolver.as_ref().and_then(|resolver| {
                self.parsed(resolver, str::parse::<SocketAddr>, "write address and port of a name server, such as `127.0.0.1:53`")
            }),
        }
    }

    pub(super) fn window(&mut self, written: &Spanned<String>) -> Option<Window> {
        self.parsed(written, str::parse::<Window>, "write it as `08:00-18:00`, `22:00-06:00`, or `Mon-Fri 08:00-18:00`")
    }

    fn address(&mut self, written: &Spanned<String>) -> Option<EmailAddress> {
        self.parsed(written, EmailAddress::parse, "write an address such as `editor@example.org`")
    }

    fn switch(&mut self, written: Option<&Spanned<String>>) -> bool {
        let Some(written) = written else { return true };
        let word = written.get_ref().trim();
        if !matches!(word, "on" | "off") {
            self.wrong(written, "this is neither on nor off", "write `on` or `off`");
        }
        word != "off"
    }

    fn canary(&mut self, written: &Spanned<String>) -> Option<Canary> {
        let parsed = written.get_ref().split_once(',').and_then(|(readers, hold)| {
            let readers = readers.trim().strip_suffix("readers").or_else(|| readers.trim().strip_suffix("reader"))?;
            let readers = readers.trim().parse().ok().filter(|count: &u64| *count > 0)?;
            Some(Canary { readers, hold: length(hold.trim().parse().ok()?)? })
        });
        if parsed.is_none() {
            self.wrong(written, "this names no first readers and no wait", "write how many and how long, such as `200 readers, 15 min`");
        }
        parsed
    }

    fn seeds(&mut self, written: &Spanned<String>, lists: &[List]) -> Option<ListId> {
        let found = lists.iter().find(|list| list.id.as_str() == written.get_ref().trim());
        if found.is_none() {
            let known: Vec<String> = lists.iter().map(|list| format!("`{}`", list.id)).collect();
            let help = format!("write the id of a `[[list]]`: {}", known.join(", "));
            self.wrong(written, format!("there is no list `{}`", written.get_ref()), help);
        }
        found.map(|list| list.id.clone())
    }

    fn plan(&mut self, delivery: &file::Delivery) -> Option<RetryPlan> {
        let Some(written) = &delivery.give_up_after else { return Some(RetryPlan::default()) };
        let span = self.parsed(written, str::parse::<jiff::Span>, "write a length of time such as `72h`")?;
        if let Some(give_up_after) = length(span).filter(|length| *length >= Duration::from_mins(1)) {
            Some(RetryPlan { give_up_after })
        } else {
            self.wrong(written, "this is too short to be tried twice", "write a length of time such as `72h`");
            None
        }
    }

    fn on_doubt(&mut self, written: Option<&Spanned<String>>) -> OnDoubt {
        match written.map(|text| text.get_ref().as_str()) {
            None | Some("resend") => OnDoubt::Resend,
            Some("hold") => OnDoubt::Hold,
            Some(_) => {
                if let Some(written) = written {
                    self.wrong(written, "this says nothing of doubtful deliveries", "write `resend` or `hold`");
                }
                OnDoubt::Hold
            }
        }
    }

    fn providers(&mut self, tables: &[ProviderTable]) -> Vec<Provider> {
        let mut own: Vec<Provider> = Vec::new();
        for table in tables {
            let Some(provider) = self.provider(table) else { continue };
            if own.iter().any(|other| other.id == provider.id) {
                self.twice(&table.id, "provider");
            } else {
                own.push(provider);
            }
        }
        own
    }

    fn provider(&mut self, table: &ProviderTable) -> Option<Provider> {
        let name = table.id.get_ref().trim();
        if name.parse::<ListId>().is_err() {
            self.wrong(&table.id, format!("`{name}` is no name of a provider"), "use lower-case letters, digits and inner hyphens");
            return None;
        }
        let domains = self.domains(table.domains.as_deref().unwrap_or_default());
        let mx = self.domains(table.mx.as_deref().unwrap_or_default());
        let id = ProviderId::new(name);
        let limits = Limits {
            connections: table.connections.as_ref().map(|count| self.number(count, 1000)).and_then(|count| u32::try_from(count).ok()),
            per_second: table.rate.as_ref().and_then(|rate| self.rate(rate)),
            per_hour: table.per_hour.as_ref().map(|count| self.number(count, MOST)),
            per_day: table.per_day.as_ref().map(|count| self.number(count, MOST)),
        };
        if domains.is_empty() && mx.is_empty() && !Providers::built_in().iter().any(|known| known.id == id) {
            let help = "name its `domains`, or the `mx` hosts that take its mail; or change one that Masthead knows, such as `google`";
            self.wrong(&table.id, format!("nobody's mail is with the provider `{id}`"), help);
        }
        Some(Provider { domains, mx, limits, ..Provider::named(id) })
    }

    fn domains(&mut self, written: &[Spanned<String>]) -> Vec<String> {
        let mut domains = Vec::new();
        for domain in written {
            let plain = domain.get_ref().trim().trim_end_matches('.').to_lowercase();
            match EmailAddress::parse(&format!("a@{plain}")) {
                Ok(address) if plain.is_ascii() => domains.push(address.domain().to_owned()),
                _ => self.wrong(domain, "this is no domain", "write a domain such as `example.org`, without `@` and `*`"),
            }
        }
        domains
    }

    /// A whole number from 1 on; 1 where it is none.
    pub(super) fn number(&mut self, written: &Spanned<u64>, most: u64) -> u64 {
        let number = *written.get_ref();
        if (1..=most).contains(&number) {
            return number;
        }
        let found = Diagnostic::error("config-value", format!("this must be from 1 to {most}"));
        self.report(found, Span::new(written.span().start, written.span().end));
        1
    }

    /// Reports a name that another table of this kind has already.
    pub(super) fn twice(&mut self, name: &Spanned<String>, kind: &str) {
        let span = name.span();
        let found = Diagnostic::error("config-twice", format!("the {kind} `{}` is there already", name.get_ref().trim()))
            .help(format!("give each {kind} a name of its own: it is how the ledger tells them apart"));
        self.report(found, Span::new(span.start, span.end));
    }
}

/// More messages than this are no limit.
pub(super) const MOST: u64 = 1_000_000_000;

/// A length of time that is not negative; a day is twenty-four hours.
pub(super) fn length(span: jiff::Span) -> Option<Duration> {
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok().and_then(|length| Duration::try_from(length).ok())
}
