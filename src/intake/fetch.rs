//! Asks other people's web servers for something, safely and politely: for trying links and for fetching feeds.
//!
//! Whoever writes an issue or a feed chooses the addresses, so each is looked at before anything is sent, and so is every
//! address that it redirects to (STANDARDS T5). A name is resolved once for a connection, and the connection goes to an
//! address that was looked at.

pub mod addresses;
pub mod names;
mod turns;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION, RANGE};
use reqwest::{Certificate, Client, Method, Response, Url, redirect, retry};
use tokio::time::{Instant, timeout};

pub use names::{NameFault, Names, SystemNames};

use self::names::Guard;
use self::turns::Turns;
use crate::config::AllowedHost;

/// Most redirects that are followed from one address.
const MOST_REDIRECTS: usize = 5;

/// How we behave towards others, and whom we may ask.
#[derive(Debug, Clone)]
pub struct Manners {
    /// How we call ourselves, such as `Masthead/0.1.0 (+https://news.example.org)`.
    pub name: String,
    /// Hosts and ports that are asked although they are private or unusual, because the operator says so.
    pub allow: Vec<AllowedHost>,
    /// The ports that everybody else is asked at.
    pub ports: Vec<u16>,
    /// Most time for one address, redirects included; waiting for a turn does not count.
    pub timeout: Duration,
    /// How long a host is left alone between two requests.
    pub pause: Duration,
    /// The only authorities that vouch for servers (PEM); without them those that the machine trusts do.
    pub authorities: Option<Vec<u8>>,
}

impl Manners {
    /// The usual ones, for a publication at this address.
    pub fn of(base_url: &str) -> Self {
        Self {
            name: format!("Masthead/{} (+{base_url})", env!("CARGO_PKG_VERSION")),
            allow: Vec::new(),
            ports: vec![80, 443],
            timeout: Duration::from_secs(10),
            pause: Duration::from_millis(100),
            authorities: None,
        }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The head of the answer only: HEAD.
    Head,
    /// The first octet, so that the answer tells how many there are: GET with a range. A body is not read.
    First,
    /// All of it, up to so many octets after unpacking: GET.
    All(usize),
}

/// What an earlier answer said of its version (RFC 9110 section 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// Which address gave that answer: only it is told of it.
    pub url: String,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
}

/// A server's answer, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status (RFC 9110 section 15).
    pub status: u16,
    /// Who gave it, redirects followed.
    pub url: String,
    /// Where permanent redirects led, before any that was not permanent.
    pub moved_to: Option<String>,
    /// The media type in lower case, without parameters.
    pub media_type: Option<String>,
    /// How many octets the whole has, if the server says so.
    pub octets: Option<u64>,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
    /// The body, if it was asked for.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFault {
    /// Neither `http:` nor `https:`, or no address at all.
    #[error("this is no address of a web page")]
    NotWeb,
    /// A port that web servers do not use.
    #[error("its port {0} is none that web sites use")]
    Port(u16),
    /// It leads to this machine or into a private network.
    #[error("it leads into a private network")]
    Private,
    /// There is no such host.
    #[error("there is no host of this name")]
    NoSuchName,
    /// The certificate is expired, of another host, or vouched for by nobody we trust.
    #[error("its certificate is not valid for it")]
    Certificate,
    /// No connection, or one that broke.
    #[error("its server could not be reached")]
    Unreachable,
    /// No answer within the time.
    #[error("its server did not answer in time")]
    Slow,
    /// Too many redirects.
    #[error("it redirects more than {MOST_REDIRECTS} times")]
    Redirects,
    /// The body is longer than it may be, in octets.
    #[error("it is larger than {0} octets")]
    TooLarge(usize),
    /// What came is not HTTP, or ended too soon.
    #[error("its server's answer cannot be read")]
    Broken,
}

/// Why nobody can be asked at all.
#[derive(Debug, thiserror::Error)]
#[error("could not set up the asking of web servers: {0}")]
pub struct NoFetcher(String);

/// Asks web servers. One for a whole round of asking: it keeps the turns.
pub struct Fetcher {
    /// For all hosts: connects to public addresses only.
    everybody: Client,
    /// For the hosts that the operator allows.
    allowed: Client,
    manners: Manners,
    turns: Turns,
}

impl Fetcher {
    /// Will ask as these manners say, and resolve names as the machine does.
    pub fn new(manners: Manners) -> Result<Self, NoFetcher> {
        Self::with_names(manners, Arc::new(SystemNames))
    }

    /// The same, with names resolved by somebody else.
    pub fn with_names(manners: Manners, names: Arc<dyn Names>) -> Result<Self, NoFetcher> {
        let everybody = client(&manners, Guard::of_everybody(Arc::clone(&names)))?;
        let allowed = client(&manners, Guard::of_the_allowed(names))?;
        let turns = Turns::new(manners.pause);
        Ok(Self { everybody, allowed, manners, turns })
    }

    /// Asks for an address and follows where it redirects to.
    pub async fn ask(&self, url: &str, part: Part, known: Option<&Version>) -> Result<Answer, FetchFault> {
        let mut url = tidied(Url::parse(url).map_err(|_| FetchFault::NotWeb)?);
        let mut moved_to = None;
        let mut is_permanent = true;
        let mut left = self.manners.timeout;
        for _ in 0..=MOST_REDIRECTS {
            let client = self.client_for(&url)?;
            let _turn = self.turns.take(url.host_str().unwrap_or_default()).await;
            let begun = Instant::now();
            let mut response = timeout(left, send(client, &url, part, known)).await.map_err(|_| FetchFault::Slow)??;
            if let Some(next) = redirect_of(&response) {
                is_permanent &= matches!(response.status().as_u16(), 301 | 308);
                url = tidied(url.join(&next).map_err(|_| FetchFault::NotWeb)?);
                if is_permanent {
                    moved_to = Some(url.to_string());
                }
                left = left.saturating_sub(begun.elapsed());
                continue;
            }
            let mut answer = read(&response, url.as_str(), moved_to);
            if let Part::All(most) = part {
                let left = left.saturating_sub(begun.elapsed());
                answer.body = timeout(left, body(&mut response, most)).await.map_err(|_| FetchFault::Slow)??;
            }
            return Ok(answer);
        }
        Err(FetchFault::Redirects)
    }

    /// Who may ask for this address, if anybody. Addresses written as numbers never reach the resolver, so they are
    /// looked at here; the parser has brought every spelling of them into one.
    fn client_for(&self, url: &Url) -> Result<&Client, FetchFault> {
        let port = url.port_or_known_default().filter(|_| matches!(url.scheme(), "http" | "https")).ok_or(FetchFault::NotWeb)?;
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        if self.manners.allow.iter().any(|allowed| allowed.is(host, port)) {
            return Ok(&self.allowed);
        }
        if !self.manners.ports.contains(&port) {
            return Err(FetchFault::Port(port));
        }
        if is_this_machine(host) || host.parse().is_ok_and(|address| !addresses::is_public(address)) {
            return Err(FetchFault::Private);
        }
        Ok(&self.everybody)
    }
}

/// Names that mean loopback whatever a resolver says (RFC 6761 section 6.3).
fn is_this_machine(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host == "localhost" || host.ends_with(".localhost")
}

fn client(manners: &Manners, guard: Guard) -> Result<Client, NoFetcher> {
    let refused = |cause: reqwest::Error| NoFetcher(cause.to_string());
    let mut builder = Client::builder()
        .user_agent(&manners.name)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(manners.timeout)
        .read_timeout(manners.timeout)
        .pool_max_idle_per_host(turns::AT_ONE_HOST)
        .pool_idle_timeout(Duration::from_secs(5))
        .dns_resolver(Arc::new(guard));
    if let Some(pem) = &manners.authorities {
        builder = builder.tls_certs_only(Certificate::from_pem_bundle(pem).map_err(refused)?);
    }
    builder.build().map_err(refused)
}

/// An address as it is asked for: nobody is told a name and password, and a place within the page is ours to find.
fn tidied(mut url: Url) -> Url {
    url.set_fragment(None);
    // Neither can be set where there is no host, and then there is nothing to ask.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

async fn send(client: &Client, url: &Url, part: Part, known: Option<&Version>) -> Result<Response, FetchFault> {
    let method = if part == Part::Head { Method::HEAD } else { Method::GET };
    let mut request = client.request(method, url.clone());
    if !matches!(part, Part::All(_)) {
        // Packed, it would have another length.
        request = request.header(ACCEPT_ENCODING, "identity");
    }
    if part == Part::First {
        request = request.header(RANGE, "bytes=0-0");
    }
    if let Some(known) = known.filter(|known| known.url == url.as_str()) {
        let validators = [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)];
        for (name, value) in validators.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            request = request.header(name, value);
        }
    }
    request.send().await.map_err(|fault| fault_of(&fault))
}

/// Where an answer redirects to, if it does.
fn redirect_of(response: &Response) -> Option<String> {
    let redirects = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION).filter(|_| redirects)?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}

fn read(response: &Response, url: &str, moved_to: Option<String>) -> Answer {
    let headers = response.headers();
    let number = |name: &str| header(headers, name).and_then(|value| value.trim().parse::<u64>().ok());
    let total = header(headers, "content-range").and_then(|range| range.rsplit('/').next()?.trim().parse().ok());
    let status = response.status().as_u16();
    let packed = headers.contains_key("content-encoding");
    let length = number("content-length").filter(|_| !packed && status != 206);
    let media_type = header(headers, "content-type").and_then(|value| Some(value.split(';').next()?.trim().to_ascii_lowercase()));
    Answer {
        status,
        url: url.to_owned(),
        moved_to,
        media_type: media_type.filter(|kind| kind.contains('/') && kind.len() <= 100),
        octets: total.or(length),
        etag: header(headers, "etag").filter(|etag| etag.len() <= 500),
        last_modified: header(headers, "last-modified").filter(|date| date.len() <= 100),
        body: Vec::new(),
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let name: HeaderName = name.parse().ok()?;
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The body, octet by octet unpacked, and never more of it than asked for.
async fn body(response: &mut Response, most: usize) -> Result<Vec<u8>, FetchFault> {
    let mut octets = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|fault| fault_of(&fault))? {
        if octets.len() + chunk.len() > most {
            return Err(FetchFault::TooLarge(most));
        }
        octets.extend_from_slice(&chunk);
    }
    Ok(octets)
}

/// What a fault of the library comes down to: the first of its causes that says something.
fn fault_of(fault: &reqwest::Error) -> FetchFault {
    let mut cause = fault.source();
    while let Some(inner) = cause {
        if let Some(name) = inner.downcast_ref::<NameFault>() {
            return match name {
                NameFault::NoSuchName => FetchFault::NoSuchName,
                NameFault::Private => FetchFault::Private,
                NameFault::Unanswered => FetchFault::Unreachable,
            };
        }
        if let Some(rustls::Error::InvalidCertificate(_)) = inner.downcast_ref() {
            return FetchFault::Certificate;
        }
        // An input or output fault does not name what it wraps among its causes.
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = wrapped.map(|wrapped| wrapped as &(dyn std::error::Error + 'static)).or_else(|| inner.source());
    }
    match fault {
        fault if fault.is_timeout() => FetchFault::Slow,
        fault if fault.is_connect() => FetchFault::Unreachable,
        _ => FetchFault::Broken,
    }
}
