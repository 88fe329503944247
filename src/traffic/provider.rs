//! The great mailbox providers and their shaping numbers, as a table of the house and of the settings.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

use super::Limits;
use crate::mailing::ProviderId;

/// One provider: whose mail it takes, and how much of ours it gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Its name.
    pub id: ProviderId,
    /// The domains of its addresses, in lower case.
    pub domains: Vec<String>,
    /// How the names of its mail hosts end.
    pub mx: Vec<String>,
    /// How much it gets, from all relays together.
    pub limits: Limits,
    /// Whether a relay that warms up climbs the ramp for it.
    pub ramp: bool,
    /// What follows when it says certain words.
    pub reactions: Vec<Reaction>,
}

impl Provider {
    /// A provider of which nothing is known but its name.
    pub fn named(id: ProviderId) -> Self {
        Self { id, domains: Vec::new(), mx: Vec::new(), limits: Limits::default(), ramp: true, reactions: Vec::new() }
    }
}

/// What follows when replies hold certain words a number of times.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// Any of these in "code enhanced-code text", in whatever case.
    pub says: Vec<String>,
    /// So many times,
    pub times: u32,
    /// within so long.
    pub within: Duration,
    /// What is done.
    pub then: Remedy,
}

/// What is done when a provider complains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Remedy {
    /// Nothing passes for so long; after it one connection begins, and each accepted message allows one more
    /// (STANDARDS P1).
    Suspend(Duration),
    /// So much still passes, over one connection.
    SlowTo {
        /// Messages a second.
        per_second: f64,
        /// For so long.
        lasting: Duration,
    },
    /// One connection at a time for so long.
    OneConnection(Duration),
}

/// All providers that are told apart. Everybody else is [`ProviderId::other`].
#[derive(Debug, Clone)]
pub struct Providers {
    all: Vec<Provider>,
    by_domain: HashMap<String, usize>,
    other: usize,
    usual: Usual,
}

/// The table of the house, `src/traffic/providers.toml`, read once.
static BUILT_IN: LazyLock<Result<Providers, toml::de::Error>> =
    LazyLock::new(|| toml::from_str(include_str!("providers.toml")).map(Table::providers));

impl Providers {
    /// The table of the house: half of the numbers of STANDARDS section 4.
    pub fn built_in() -> Self {
        BUILT_IN.clone().unwrap_or_else(|_| Table::default().providers())
    }

    /// The same providers without limits and reactions: they are told apart in reports and by the breaker only.
    #[must_use]
    pub fn unshaped(mut self) -> Self {
        self.usual = Usual::default();
        for provider in &mut self.all {
            provider.limits = Limits::default();
            provider.reactions.clear();
        }
        self
    }

    /// Puts an operator's providers over these. One that is known is replaced key by key: what is empty or `None` stays.
    /// A new one has the usual limits and reactions where it says nothing else. A domain belongs to the last that names it.
    #[must_use]
    pub fn amended(mut self, own: Vec<Provider>) -> Self {
        for provider in own {
            if let Some(place) = self.all.iter().position(|known| known.id == provider.id) {
                self.change(place, provider);
            } else {
                let limits = provider.limits.or(self.usual.limits);
                let reactions = if provider.reactions.is_empty() { self.usual.reactions.clone() } else { provider.reactions };
                self.all.push(Provider { limits, reactions, ..provider });
                self.index(self.all.len() - 1);
            }
        }
        self
    }

    fn change(&mut self, place: usize, new: Provider) {
        let known = &mut self.all[place];
        known.limits = new.limits.or(known.limits);
        for (old, new) in [(&mut known.domains, new.domains), (&mut known.mx, new.mx)] {
            if !new.is_empty() {
                *old = new;
            }
        }
        if !new.reactions.is_empty() {
            known.reactions = new.reactions;
        }
        self.by_domain.retain(|_, of| *of != place);
        self.index(place);
    }

    fn index(&mut self, place: usize) {
        for domain in &self.all[place].domains {
            self.by_domain.insert(domain.to_ascii_lowercase(), place);
        }
    }

    /// Whose addresses have this domain, by the table.
    pub fn of_domain(&self, domain: &str) -> ProviderId {
        let found = match self.by_domain.get(domain) {
            None if domain.bytes().any(|b| b.is_ascii_uppercase()) => self.by_domain.get(&domain.to_ascii_lowercase()),
            found => found,
        };
        self.all[found.copied().unwrap_or(self.other)].id.clone()
    }

    /// Whose mail host this is; the longest ending that fits decides. `None`: of nobody in the table.
    pub fn of_mx(&self, host: &str) -> Option<ProviderId> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let fits = |ending: &str| host.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let endings = self.all.iter().flat_map(|provider| provider.mx.iter().map(move |ending| (ending.as_str(), &provider.id)));
        endings.filter(|(ending, _)| fits(ending)).max_by_key(|(ending, _)| ending.len()).map(|(_, id)| id.clone())
    }

    /// The provider of this name, or `other` if there is none.
    pub fn get(&self, id: &ProviderId) -> &Provider {
        &self.all[self.place(id)]
    }

    /// All of them, `other` among them.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.all.iter()
    }

    /// Every domain that is known, and whose it is.
    pub fn domains(&self) -> impl Iterator<Item = (&str, &ProviderId)> {
        self.by_domain.iter().map(|(domain, place)| (domain.as_str(), &self.all[*place].id))
    }

    /// Where a provider stands; that of `other` if it is unknown.
    pub(super) fn place(&self, id: &ProviderId) -> usize {
        self.all.iter().position(|provider| provider.id == *id).unwrap_or(self.other)
    }
}

/// What a provider has that says nothing else.
#[derive(Debug, Clone, Default)]
struct Usual {
    limits: Limits,
    reactions: Vec<Reaction>,
}

/// The data file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    usual: UsualRow,
    #[serde(default)]
    provider: Vec<ProviderRow>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsualRow {
    connections: Option<u32>,
    per_second: Option<f64>,
    #[serde(default)]
    reactions: Vec<ReactionRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderRow {
    id: String,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    mx: Vec<String>,
    connections: Option<u32>,
    per_second: Option<f64>,
    shaped: Option<bool>,
    #[serde(default)]
    reactions: Vec<ReactionRow>,
}

#[derive(Debug, Deserialize)]
struct ReactionRow {
    says: Vec<String>,
    times: u32,
    within: u64,
    #[serde(flatten)]
    then: RemedyRow,
}

/// The three ways to write a remedy, in minutes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RemedyRow {
    Suspend { suspend: u64 },
    SlowTo { per_minute: f64, lasting: u64 },
    OneConnection { one_connection: u64 },
}

impl Table {
    fn providers(self) -> Providers {
        let limits = Limits { connections: self.usual.connections, per_second: self.usual.per_second, ..Limits::default() };
        let usual = Usual { limits, reactions: reactions(self.usual.reactions) };
        let mut all: Vec<Provider> = self.provider.into_iter().map(|row| row.provider(&usual)).collect();
        let other = all.iter().position(|provider| provider.id == ProviderId::other()).unwrap_or_else(|| {
            all.push(Provider::named(ProviderId::other()));
            all.len() - 1
        });
        let mut providers = Providers { all, by_domain: HashMap::new(), other, usual };
        (0..providers.all.len()).for_each(|place| providers.index(place));
        providers
    }
}

impl ProviderRow {
    fn provider(self, usual: &Usual) -> Provider {
        let mut provider = Provider { domains: self.domains, mx: self.mx, ..Provider::named(ProviderId::new(&self.id)) };
        if self.shaped != Some(false) {
            let own = Limits { connections: self.connections, per_second: self.per_second, ..Limits::default() };
            provider.limits = own.or(usual.limits);
            provider.reactions = reactions(self.reactions).into_iter().chain(usual.reactions.iter().cloned()).collect();
        }
        provider
    }
}

fn reactions(rows: Vec<ReactionRow>) -> Vec<Reaction> {
    let minutes = Duration::from_mins;
    let remedy = |row| match row {
        RemedyRow::Suspend { suspend } => Remedy::Suspend(minutes(suspend)),
        RemedyRow::SlowTo { per_minute, lasting } => Remedy::SlowTo { per_second: per_minute / 60.0, lasting: minutes(lasting) },
        RemedyRow::OneConnection { one_connection } => Remedy::OneConnection(minutes(one_connection)),
    };
    rows.into_iter().map(|row| Reaction { says: row.says, times: row.times, within: minutes(row.within), then: remedy(row.then) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(id: &str) -> Provider {
        Provider::named(ProviderId::new(id))
    }

    #[test]
    fn the_table_of_the_house_is_read_and_knows_the_great_ones() {
        assert!(BUILT_IN.is_ok(), "{:?}", BUILT_IN.as_ref().err());
        let providers = Providers::built_in();
        for (domain, id) in [
            ("gmail.com", "google"),
            ("GoogleMail.com", "google"),
            ("yahoo.co.uk", "yahoo"),
            ("aol.com", "yahoo"),
            ("hotmail.fr", "microsoft"),
            ("msn.com", "microsoft"),
            ("me.com", "icloud"),
            ("comcast.net", "comcast"),
            ("wanadoo.fr", "orange"),
            ("web.de", "gmx"),
            ("kpnmail.nl", "kpn"),
            ("qq.com", "qq"),
            ("example.org", "other"),
            ("notgmail.com", "other"),
        ] {
            assert_eq!(providers.of_domain(domain).as_str(), id, "{domain}");
        }
        for (host, id) in [
            ("gmail-smtp-in.l.google.com.", Some("google")),
            ("mta7.am0.yahoodns.net", Some("yahoo")),
            ("hotmail-com.olc.protection.outlook.com", Some("microsoft")),
            ("example-org.mail.protection.outlook.com", Some("office365")),
            ("example-org.x-v1.mx.microsoft", Some("office365")),
            ("mx01.mail.icloud.com", Some("icloud")),
            ("mx.notgoogle.com", None),
            ("mail.example.org", None),
        ] {
            assert_eq!(providers.of_mx(host).as_ref().map(ProviderId::as_str), id, "{host}");
        }
    }

    #[test]
    fn a_domain_is_named_once_and_words_are_in_lower_case() {
        let providers = Providers::built_in();
        let named: usize = providers.iter().map(|provider| provider.domains.len()).sum();
        assert_eq!(named, providers.domains().count());
        for provider in providers.iter() {
            let words = provider.reactions.iter().flat_map(|reaction| &reaction.says);
            for word in provider.domains.iter().chain(&provider.mx).chain(words) {
                assert_eq!(*word, word.to_lowercase());
            }
            assert!(provider.reactions.iter().all(|reaction| reaction.times > 0));
        }
    }

    #[test]
    fn half_of_what_large_senders_may_and_nothing_for_strangers() {
        let providers = Providers::built_in();
        let of = |id: &str| providers.get(&ProviderId::new(id)).limits;
        for (id, connections) in
            [("google", 2), ("yahoo", 5), ("microsoft", 2), ("office365", 2), ("icloud", 5), ("comcast", 12), ("orange", 1), ("qq", 2)]
        {
            assert_eq!((of(id).connections, of(id).per_second), (Some(connections), Some(50.0)), "{id}");
        }
        assert_eq!(of("other"), Limits::default());
        assert!(providers.get(&ProviderId::other()).reactions.is_empty());
        assert!(providers.get(&ProviderId::new("google")).reactions.iter().any(|r| r.then == Remedy::Suspend(Duration::from_mins(10))));
    }

    #[test]
    fn an_operator_amends_key_by_key_and_adds() {
        let mut google = own("google");
        google.limits.connections = Some(9);
        let mut town = own("town");
        town.domains = vec!["town.example".to_owned(), "me.com".to_owned()];
        town.limits.per_day = Some(500);
        let providers = Providers::built_in().amended(vec![google, town]);
        let google = providers.get(&ProviderId::new("google"));
        assert_eq!((google.limits.connections, google.limits.per_second), (Some(9), Some(50.0)));
        assert_eq!(providers.of_domain("gmail.com").as_str(), "google");
        let town = providers.get(&ProviderId::new("town"));
        assert_eq!((town.limits.connections, town.limits.per_day), (Some(5), Some(500)));
        assert_eq!(providers.of_domain("me.com").as_str(), "town", "the last that names it");
        assert_eq!(providers.of_domain("icloud.com").as_str(), "icloud");
    }

    #[test]
    fn without_shaping_only_an_operators_own_numbers_hold() {
        let mut google = own("google");
        google.limits.per_second = Some(1.0);
        let providers = Providers::built_in().unshaped().amended(vec![google, own("town")]);
        assert_eq!(providers.get(&ProviderId::new("google")).limits, Limits { per_second: Some(1.0), ..Limits::default() });
        assert_eq!(providers.get(&ProviderId::new("yahoo")).limits, Limits::default());
        assert_eq!(providers.get(&ProviderId::new("town")).limits, Limits::default());
        assert!(providers.iter().all(|provider| provider.reactions.is_empty()));
    }
}
