//! Settings: what `masthead.toml` says, what it means, and every fault of it with its place.

mod approval;
mod delivery;
mod dkim;
mod feed;
mod file;
mod issues;
mod joining;
mod links;
mod overrides;
mod relay;
mod schedule;
pub mod secret;
mod store;
mod web;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize as _;
use toml::Spanned;
use toml::de::DeTable;

use crate::dateline::VolumeRule;
use crate::dateline::period::month_named;
use crate::diagnostic::{Checked, Diagnostic, Source, Span};
use crate::edition::views::{LogoView, PublicationView};
use crate::edition::{Imprint, Sender};
use crate::issue::House;
use crate::issue::feed::FeedPlan;
use crate::mailing::fate::OnDoubt;
use crate::mailing::plan::RetryPlan;
use crate::subscription::{EmailAddress, List, ListId, PersonName};
use crate::traffic::{BreakerRules, Providers, Window};

pub use approval::{ApprovalConfig, Editor};
pub use delivery::Canary;
pub use dkim::{DkimConfig, KeyPlace};
pub use joining::{JoiningCaps, Network};
pub use links::{AllowedHost, LinksConfig};
pub use relay::{Login, RelayConfig, RelayPlace, Security};
pub use schedule::{Late, Timetable};
pub use store::{DatabaseUrl, NodeConfig, StorePlace};
pub use web::LibraryConfig;

/// Where the configuration stands in a newsroom.
pub const CONFIG_PATH: &str = "config/masthead.toml";

/// A newsroom's settings, as they are meant. Paths are absolute or below the newsroom.
#[derive(Debug, Clone)]
pub struct Config {
    /// What assembling must know.
    pub house: House,
    /// What is printed on every issue.
    pub imprint: Imprint,
    /// The publication's time zone.
    pub zone: TimeZone,
    /// When issues are due, and what happens to one that is late.
    pub timetable: Timetable,
    /// Where editors drop issues.
    pub issues_folder: PathBuf,
    /// How long a dropped file must have been still before it is read.
    pub settle: Duration,
    /// Where the newsroom's own templates are.
    pub templates_folder: PathBuf,
    /// Where everything is kept.
    pub store: StorePlace,
    /// Who this node is among those that share the store.
    pub node: NodeConfig,
    /// Those who can be written to.
    pub lists: Vec<List>,
    /// Those of them that anybody may join on our pages.
    pub public_lists: Vec<ListId>,
    /// Who takes our mail, as they stand in the file; [`RelayConfig::duty`] says who comes first.
    pub relays: Vec<RelayConfig>,
    /// When mail may go out; a relay's own window takes its place.
    pub window: Option<Window>,
    /// Who gets an issue before all others do, and how long these wait.
    pub canary: Option<Canary>,
    /// The list of our own mailboxes, which come even before them.
    pub seeds: Option<ListId>,
    /// The providers that are told apart, with their limits.
    pub providers: Providers,
    /// When sending stops by itself.
    pub breaker: BreakerRules,
    /// Who sees what goes out before it does.
    pub approval: ApprovalConfig,
    /// Who gets the report at the end of a mailing.
    pub report_to: Vec<EmailAddress>,
    /// The name server that is asked for mail hosts; without one, providers are known by the domains of addresses.
    pub resolver: Option<SocketAddr>,
    /// What happens to a delivery whose answer was lost in a crash.
    pub on_doubt: OnDoubt,
    /// When deferred deliveries are tried again.
    pub plan: RetryPlan,
    /// How messages are signed, if they are.
    pub dkim: Option<DkimConfig>,
    /// The feeds that issues take items from.
    pub feeds: Vec<FeedPlan>,
    /// How links are tried.
    pub links: LinksConfig,
    /// The key that signs unsubscribe links: below the newsroom, or a credential's name.
    pub token_key_file: PathBuf,
    /// Where pages are served, if any are.
    pub listen: Option<SocketAddr>,
    /// How the public archive presents itself.
    pub library: LibraryConfig,
    /// Which servers in front of ours are believed when they say for whom they ask.
    pub trusted_proxies: Vec<Network>,
    /// How many letters may be asked for by the subscribe form.
    pub caps: JoiningCaps,
}

/// Reads the configuration. `environment` holds the variables that override it.
pub fn parse(source: &Arc<Source>, newsroom: &Path, environment: &[(String, String)], now: Timestamp) -> Checked<Config> {
    let mut reader = Reader { source, newsroom, environment, now, diagnostics: Vec::new() };
    let value = reader.file().and_then(|file| reader.config(&file));
    Checked { value: value.filter(|_| !crate::diagnostic::has_errors(&reader.diagnostics)), diagnostics: reader.diagnostics }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    newsroom: &'a Path,
    environment: &'a [(String, String)],
    now: Timestamp,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn report(&mut self, mut found: Diagnostic, span: Span) {
        self.diagnostics.push(match overrides::variable(span.start, self.environment) {
            Some(name) => {
                found.message = format!("the variable `{name}` is wrong: {}", found.message);
                found
            }
            None => found.at(self.source, span),
        });
    }

    fn file(&mut self) -> Option<file::File> {
        let mut table = match DeTable::parse(self.source.text()) {
            Ok(table) => table,
            Err(fault) => {
                self.unreadable(&fault);
                return None;
            }
        };
        for name in overrides::apply(table.get_mut(), self.environment) {
            self.diagnostics.push(
                Diagnostic::warning("environment-unknown", format!("the variable `{name}` overrides nothing"))
                    .help("write table and key with two underscores between, such as `MASTHEAD_STORE__URL`"),
            );
        }
        match file::File::deserialize(toml::de::Deserializer::from(table)) {
            Ok(file) => Some(file),
            Err(fault) => {
                self.unreadable(&fault);
                None
            }
        }
    }

    fn unreadable(&mut self, fault: &toml::de::Error) {
        let span = fault.span().map_or(Span::default(), |range| Span::new(range.start, range.end));
        let message = fault.message().lines().next().unwrap_or_default().to_owned();
        self.report(
            Diagnostic::error("config", message).help("`config/masthead.toml` of the sample newsroom explains every setting"),
            span,
        );
    }

    fn wrong(&mut self, value: &Spanned<String>, message: impl Into<String>, help: impl Into<String>) {
        let span = value.span();
        self.report(Diagnostic::error("config-value", message).help(help), Span::new(span.start, span.end));
    }

    fn parsed<T, E: std::fmt::Display>(&mut self, value: &Spanned<String>, parse: impl Fn(&str) -> Result<T, E>, help: &str) -> Option<T> {
        match parse(value.get_ref().trim()) {
            Ok(parsed) => Some(parsed),
            Err(fault) => {
                self.wrong(value, fault.to_string(), help);
                None
            }
        }
    }

    fn config(&mut self, file: &file::File) -> Option<Config> {
        let publication = &file.publication;
        let zone = self.parsed(&publication.time_zone, TimeZone::get, "write a name such as `America/New_York`");
        let (name, from) = self.parsed(&publication.from, EmailAddress::parse_mailbox, "write `Name <address@example.org>`")?;
        let reply_to = match &publication.reply_to {
            Some(written) => self.parsed(written, EmailAddress::parse, "write an address such as `editor@example.org`"),
            None => Some(from.clone()),
        };
        let base_url = self.base_url(&publication.base_url);
        let lists = self.lists(&file.lists);
        let default_lists = file
            .lists
            .iter()
            .zip(&lists)
            .filter(|(written, _)| written.default.unwrap_or(lists.len() == 1 || file.lists.iter().all(|list| list.default.is_none())))
            .map(|(_, list)| list.id.clone())
            .collect();
        let care = self.care(&file.delivery, &file.providers, &lists);
        let is_public = |table: &file::ListTable, list: &List| table.public.unwrap_or(care.seeds.as_ref() != Some(&list.id));
        let public_lists =
            file.lists.iter().zip(&lists).filter(|(table, list)| is_public(table, list)).map(|(_, list)| list.id.clone()).collect();
        let bounce_domain =
            file.delivery.bounce_domain.as_ref().map_or_else(|| from.domain().to_owned(), |domain| domain.get_ref().trim().to_owned());
        if EmailAddress::parse(&format!("b@{bounce_domain}")).is_err()
            && let Some(written) = &file.delivery.bounce_domain
        {
            self.wrong(written, "this is no domain", "write a domain such as `bounce.news.example.org`");
        }
        let volume_begins = self.month(publication.volume_begins.as_ref());
        let timetable = self.timetable(&file.schedule, zone.as_ref());
        let relays = self.relays(&file.relays);
        let store = self.store(&file.store);
        let path = |written: &Option<Spanned<String>>, usual: &str| {
            self.newsroom.join(written.as_ref().map_or(usual, |path| path.get_ref().as_str()))
        };
        let sender_id = file.delivery.sender_id.as_ref().map_or_else(|| sender_id(from.domain()), |id| self.sender_id(id));
        Some(Config {
            issues_folder: path(&file.issues.folder, "issues"),
            settle: self.settle(file.issues.settle.as_ref()),
            templates_folder: path(&file.issues.templates, "templates"),
            dkim: file.dkim.as_ref().map(|dkim| self.dkim(dkim, from.domain(), zone.as_ref())),
            token_key_file: file.web.token_key_file.as_ref().map_or("data/token.key", |path| path.get_ref().trim()).into(),
            listen: file.web.listen.as_ref().and_then(|listen| {
                self.parsed(listen, str::parse::<SocketAddr>, "write address and port of this machine, such as `127.0.0.1:8093`")
            }),
            trusted_proxies: self.trusted_proxies(file.web.trusted_proxies.as_deref()),
            caps: self.caps(&file.web.caps),
            approval: self.approval(&file.approval),
            house: House {
                base_url: base_url.clone()?,
                volume_rule: VolumeRule { begins: volume_begins },
                lang: publication.lang.as_ref().map_or("en", |lang| lang.get_ref()).to_owned(),
                lists: lists.iter().map(|list| list.id.clone()).collect(),
                default_lists,
                related_heading: file.issues.related_heading.as_ref().map_or("Related Items", |heading| heading.get_ref()).to_owned(),
            },
            imprint: Imprint {
                publication: imprinted(publication, base_url.as_deref()?, reply_to.as_ref()?),
                sender: Sender {
                    name: name.or_else(|| PersonName::parse(publication.name.get_ref()).ok()),
                    address: from,
                    reply_to: reply_to?,
                    base_url: base_url?,
                    bounce_domain,
                    sender_id,
                },
            },
            feeds: self.feeds(&file.feeds),
            links: self.links(&file.links),
            library: self.library(&file.web),
            zone: zone?,
            timetable,
            store: store?,
            node: self.node(&file.node),
            lists,
            public_lists,
            relays,
            on_doubt: care.on_doubt,
            plan: care.plan?,
            window: care.window,
            canary: care.canary,
            seeds: care.seeds,
            providers: care.providers,
            breaker: care.breaker,
            report_to: care.report_to,
            resolver: care.resolver,
        })
    }

    fn sender_id(&mut self, written: &Spanned<String>) -> String {
        let id = written.get_ref().trim();
        if !(5..=15).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            self.wrong(written, "this is no sender id", "write 5 to 15 letters and digits, such as `newsexampleorg`");
        }
        id.to_owned()
    }

    fn base_url(&mut self, written: &Spanned<String>) -> Option<String> {
        let url = written.get_ref().trim().trim_end_matches('/');
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        let local = matches!(host, "localhost" | "127.0.0.1");
        if (scheme == "https" || scheme == "http" && local) && !host.is_empty() && url.bytes().all(|b| b.is_ascii_graphic()) {
            return Some(url.to_owned());
        }
        self.wrong(
            written,
            "this is no address of a web site that readers can reach safely",
            "write `https://` and a host, such as `https://news.example.org`",
        );
        None
    }

    fn lists(&mut self, written: &[file::ListTable]) -> Vec<List> {
        if written.is_empty() {
            let found =
                Diagnostic::error("list-missing", "there is no list to send to").help("add a table `[[list]]` with `id` and `name`");
            self.report(found, Span::default());
        }
        let mut lists: Vec<List> = Vec::new();
        for table in written {
            let Some(id) = self.parsed(&table.id, str::parse::<ListId>, "it stands in links and mail headers for years to come") else {
                continue;
            };
            if lists.iter().any(|list| list.id == id) {
                self.wrong(&table.id, format!("the list `{id}` is there already"), "give each list an id of its own");
                continue;
            }
            let Some(name) = self.parsed(&table.name, str::parse::<PersonName>, "it stands in the head and at the foot of every message")
            else {
                continue;
            };
            let description = table.description.as_ref().map(|text| text.get_ref().clone()).unwrap_or_default();
            let (lang, frequency) = (self.lang_of(table), self.frequency_of(table));
            lists.push(List { id, name: name.as_str().to_owned(), description, lang, frequency });
        }
        lists
    }

    fn month(&mut self, written: Option<&Spanned<String>>) -> i8 {
        let Some(written) = written else { return 1 };
        month_named(written.get_ref()).unwrap_or_else(|| {
            self.wrong(written, "this is no month", "write a month's English name, such as `January`");
            1
        })
    }
}

/// What every issue prints of the publication.
fn imprinted(publication: &file::Publication, base_url: &str, reply_to: &EmailAddress) -> PublicationView {
    let text = |value: &Spanned<String>| value.get_ref().split_whitespace().collect::<Vec<_>>().join(" ");
    let logo = |logo: &file::Logo| LogoView { url: logo.url.get_ref().clone(), width: logo.width, height: logo.height };
    PublicationView {
        name: text(&publication.name),
        tagline: publication.tagline.as_ref().map(text),
        url: format!("{base_url}/"),
        postal_address: text(&publication.postal_address),
        privacy_url: publication.privacy_url.as_ref().map(text),
        reply_address: reply_to.as_str().to_owned(),
        logo: publication.logo.as_ref().map(logo),
    }
}

/// The last part of the Feedback-ID where none is configured: 5 to 15 characters of the domain (STANDARDS L13).
fn sender_id(domain: &str) -> String {
    let letters: String = domain.chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    format!("{letters:x<5}")
}
