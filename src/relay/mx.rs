//! Asks one DNS resolver which hosts take the mail of a domain (RFC 5321 section 5.1, STANDARDS P3).
//!
//! hickory does the asking. It brings what a client of our own would have to get right once more: ports, ids and letter
//! case that a stranger cannot guess, TCP after a truncated answer, names that point back at themselves. It costs fifteen
//! more packages in the lock file and about twenty seconds of one core in a clean build. Nothing of the machine is read, no
//! hosts file and no search list, and no answer is kept: the resolver has a cache of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::MX;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long the resolver may take over one question, before it is asked a second and last time.
const TRY: Duration = Duration::from_secs(2);

/// How often a question is put again.
const REPEATS: usize = 1;

/// Most time for one domain, its aliases included.
const ONE_DOMAIN: Duration = Duration::from_secs(5);

/// Most domains asked about at once.
const IN_FLIGHT: usize = 50;

/// Most hosts kept of one domain. The first ones tell whose they are.
const MAX_HOSTS: usize = 16;

/// Most aliases followed within one answer.
const MAX_ALIASES: usize = 8;

/// Why a resolver cannot be asked at all.
#[derive(Debug, thiserror::Error)]
#[error("could not make use of the resolver at {resolver}: {cause}")]
pub struct NoResolver {
    /// Its address.
    pub resolver: SocketAddr,
    /// What is wrong, in words.
    pub cause: String,
}

/// Finds out whose mail servers take the mail of each domain (STANDARDS P3), asking one DNS resolver. Cheap to clone.
#[derive(Clone)]
pub struct MailExchanges {
    resolver: TokioResolver,
}

impl MailExchanges {
    /// Will ask the resolver at this address, by UDP and where needed by TCP; nothing is sent yet.
    pub fn new(resolver: SocketAddr) -> Result<Self, NoResolver> {
        let refuse = |cause: String| NoResolver { resolver, cause };
        if resolver.port() == 0 || resolver.ip().is_unspecified() || resolver.ip().is_multicast() {
            return Err(refuse("nobody can answer there".to_owned()));
        }
        let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut way| {
            way.port = resolver.port();
            way
        });
        let server = NameServerConfig::new(resolver.ip(), true, ways.to_vec());
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        set(builder.options_mut());
        let resolver = builder.build().map_err(|fault| refuse(fault.to_string()))?;
        Ok(Self { resolver })
    }

    /// The hosts that take the mail of a domain (A-labels, as addresses have them), best preference first and equals by name: lower case, no final dot, at most
    /// sixteen. Empty if it has none of its own: no such domain, no MX, a null MX (RFC 7505), or nothing that may stand in the
    /// DNS. `None` if the resolver did not answer, or not to the point; that takes five seconds at most.
    pub async fn of(&self, domain: &str) -> Option<Vec<String>> {
        let Some(name) = absolute(domain) else { return Some(Vec::new()) };
        match timeout(ONE_DOMAIN, self.resolver.lookup(name.clone(), RecordType::MX)).await.ok()? {
            Ok(found) => Some(hosts(&name, found.answers())),
            Err(fault) if is_none(&fault) => Some(Vec::new()),
            Err(_) => None,
        }
    }

    /// The hosts of many domains, as [`Self::of`] gives them. Asks in the order given, about fifty domains at a time, and after
    /// `within` leaves it at what is known by then. Domains without an answer are left out.
    pub async fn of_all(&self, domains: Vec<String>, within: Duration) -> BTreeMap<String, Vec<String>> {
        let mut known = BTreeMap::new();
        // Running out of time is no fault: whatever is still being asked ends with the future.
        let _ = timeout(within, self.gather(domains, &mut known)).await;
        known
    }

    async fn gather(&self, domains: Vec<String>, known: &mut BTreeMap<String, Vec<String>>) {
        let mut waiting = domains.into_iter();
        let mut asking = JoinSet::new();
        loop {
            while asking.len() < IN_FLIGHT
                && let Some(domain) = waiting.next()
            {
                let exchanges = self.clone();
                asking.spawn(async move { (exchanges.of(&domain).await, domain) });
            }
            match asking.join_next().await {
                Some(Ok((Some(hosts), domain))) => drop(known.insert(domain, hosts)),
                Some(_) => {}
                None => return,
            }
        }
    }
}

fn set(options: &mut ResolverOpts) {
    options.timeout = TRY;
    options.attempts = REPEATS;
    options.max_active_requests = IN_FLIGHT;
    options.case_randomization = true;
    options.use_hosts_file = ResolveHosts::Never;
    options.cache_size = 0;
}

/// The domain as a name that no search list may lengthen; `None` if it can be none.
fn absolute(domain: &str) -> Option<Name> {
    let mut name = Name::from_ascii(domain).ok()?;
    name.set_fqdn(true);
    (is_host_name(domain) && !name.is_root()).then_some(name)
}

/// Whether a text is made of what the names of hosts are made of. Whatever comes of it may be printed and logged.
fn is_host_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b".-_".contains(&octet))
}

/// Whether the resolver answered that there is nothing.
fn is_none(fault: &NetError) -> bool {
    matches!(
        fault,
        NetError::Dns(DnsError::NoRecordsFound(NoRecords { response_code: ResponseCode::NoError | ResponseCode::NXDomain, .. }))
    )
}

/// The hosts that the answer gives for `domain`; records that stand beside it and speak of others do not count.
fn hosts(domain: &Name, answer: &[Record]) -> Vec<String> {
    let owner = behind_aliases(domain, answer);
    let mut ranked: Vec<(u16, String)> = answer.iter().filter(|record| record.name == *owner).filter_map(ranked_host).collect();
    ranked.sort();
    ranked.dedup_by(|one, other| one.1 == other.1);
    ranked.truncate(MAX_HOSTS);
    ranked.into_iter().map(|(_, host)| host).collect()
}

/// The name that `domain` is another name of, as far as the answer tells.
fn behind_aliases<'a>(domain: &'a Name, answer: &'a [Record]) -> &'a Name {
    let mut owner = domain;
    for _ in 0..MAX_ALIASES {
        let alias = answer.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == *owner => Some(&target.0),
            _ => None,
        });
        let Some(target) = alias else { break };
        owner = target;
    }
    owner
}

/// Preference and host of a record, if it is an MX that names a host. The root is none: it says that no mail is taken.
fn ranked_host(record: &Record) -> Option<(u16, String)> {
    let RData::MX(MX { preference, exchange, .. }) = &record.data else { return None };
    let mut host = exchange.to_ascii();
    host.make_ascii_lowercase();
    let host = host.trim_end_matches('.');
    is_host_name(host).then(|| (*preference, host.to_owned()))
}
