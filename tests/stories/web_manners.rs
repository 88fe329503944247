//! Other people's web servers: who is asked at all, and how. A canary on loopback must never hear from us.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use masthead::config::AllowedHost;
use masthead::intake::fetch::{FetchFault, Fetcher, Manners, NameFault, Names, Part, Version};
use tokio::time::Instant;

use crate::support::name_server::{A, NameServer, a};
use crate::support::sink::Authority;
use crate::support::web::{Reply, Web};

/// Manners under which only the address of a canary keeps us from it, not its port.
fn manners(canary: &Web) -> Manners {
    let timeout = Duration::from_secs(2);
    Manners { ports: vec![80, 443, canary.port()], pause: Duration::ZERO, timeout, ..Manners::of("https://news.example.org") }
}

fn allowing(canary: &Web, web: &Web) -> Manners {
    Manners { allow: vec![AllowedHost::parse(&web.host()).unwrap()], ..manners(canary) }
}

async fn canary() -> Web {
    Web::canary(("127.0.0.1", 0)).await.unwrap()
}

/// A fetcher that may ask this server, and whose word is short.
fn fetcher(web: &Web) -> Fetcher {
    Fetcher::new(allowing(web, web)).unwrap()
}

/// Names as a name server of the story tells them.
struct Told(TokioResolver);

impl Told {
    fn by(server: &NameServer) -> Arc<Self> {
        let ways = [ConnectionConfig::udp()].map(|mut way| {
            way.port = server.address().port();
            way
        });
        let server = NameServerConfig::new(server.address().ip(), true, ways.to_vec());
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        builder.options_mut().use_hosts_file = ResolveHosts::Never;
        builder.options_mut().cache_size = 0;
        Arc::new(Self(builder.build().unwrap()))
    }
}

#[async_trait]
impl Names for Told {
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameFault> {
        let found = self.0.lookup_ip(format!("{host}.")).await.map_err(|_| NameFault::Unanswered)?;
        Ok(found.iter().collect())
    }
}

#[tokio::test]
async fn t5_no_spelling_of_a_private_address_is_connected_to() {
    let canary = canary().await;
    let port = canary.port();
    let of_six = Web::canary(format!("[::1]:{port}")).await.ok();
    let fetcher = Fetcher::new(manners(&canary)).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.０.０.１",
        "127。0。0。1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "user:word@127.0.0.1",
        "example.org@127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
    ] {
        for part in [Part::Head, Part::First, Part::All(100)] {
            let told = fetcher.ask(&format!("http://{host}:{port}/"), part, None).await;
            assert_eq!(told, Err(FetchFault::Private), "{host}");
        }
    }
    assert_eq!(canary.connections(), 0);
    assert!(of_six.is_none_or(|canary| canary.connections() == 0));
}

#[tokio::test]
async fn t5_what_is_no_web_address_or_has_a_port_of_its_own_is_not_asked_for() {
    let canary = canary().await;
    let port = canary.port();
    let fetcher = Fetcher::new(Manners { ports: vec![80, 443], ..manners(&canary) }).unwrap();
    for url in [
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/x",
        "ftp://127.0.0.1/",
        "data:text/plain,x",
        "http://",
        "https:///",
        "unix:/run/x",
        "",
    ] {
        assert_eq!(fetcher.ask(url, Part::Head, None).await, Err(FetchFault::NotWeb), "{url}");
    }
    for host in ["127.0.0.1", "example.org"] {
        assert_eq!(fetcher.ask(&format!("http://{host}:{port}/"), Part::Head, None).await, Err(FetchFault::Port(port)));
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn t5_a_redirect_is_looked_at_like_any_other_address() {
    let canary = canary().await;
    let port = canary.port();
    let targets = [
        (format!("http://127.0.0.1:{port}/"), FetchFault::Private),
        (format!("//127.0.0.1:{port}/"), FetchFault::Private),
        (format!("http://2130706433:{port}/"), FetchFault::Private),
        (format!("http://localhost:{port}/"), FetchFault::Private),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), FetchFault::Private),
        ("http://169.254.169.254/latest/meta".to_owned(), FetchFault::Private),
        ("file:///etc/passwd".to_owned(), FetchFault::NotWeb),
        (format!("gopher://127.0.0.1:{port}/_GET"), FetchFault::NotWeb),
    ];
    for (target, fault) in targets {
        for status in [301, 302, 303, 307, 308] {
            let to = target.clone();
            let web = Web::start(move |_| Reply::redirect(status, &to)).await;
            let fetcher = Fetcher::new(allowing(&canary, &web)).unwrap();
            assert_eq!(fetcher.ask(&web.url("/"), Part::All(100), None).await, Err(fault.clone()), "{status} {target}");
            assert_eq!(web.lines(), ["GET /"]);
        }
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn t5_a_name_that_is_first_public_and_then_loopback_reaches_nobody_here() {
    let canary = canary().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let server = {
        let asked = Arc::clone(&asked);
        NameServer::start(move |question| match question.kind {
            A if asked.fetch_add(1, Ordering::SeqCst) == 0 => vec![question.answer(&[a([203, 0, 113, 7])])],
            A => vec![question.answer(&[a([127, 0, 0, 1])])],
            _ => vec![question.answer(&[])],
        })
        .await
    };
    let url = format!("http://rebound.example:{}/", canary.port());
    let wary = Fetcher::with_names(Manners { timeout: Duration::from_millis(500), ..manners(&canary) }, Told::by(&server)).unwrap();
    let first = wary.ask(&url, Part::Head, None).await;
    assert!(matches!(first, Err(FetchFault::Slow | FetchFault::Unreachable)), "{first:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the name is asked for once, and that address is the one connected to");
    assert_eq!(wary.ask(&url, Part::Head, None).await, Err(FetchFault::Private));
    assert_eq!(canary.connections(), 0);

    let allow = vec![AllowedHost::parse(&format!("rebound.example:{}", canary.port())).unwrap()];
    let allowed = Fetcher::with_names(Manners { allow, ..manners(&canary) }, Told::by(&server)).unwrap();
    assert_eq!(allowed.ask(&url, Part::Head, None).await.unwrap().status, 200, "it is the address that kept us away");
    assert_eq!(canary.connections(), 1);
}

#[tokio::test]
async fn t5_of_several_addresses_of_a_name_only_the_public_ones_are_tried() {
    let canary = canary().await;
    let server = NameServer::start(|question| match question.kind {
        A => vec![question.answer(&[a([127, 0, 0, 1]), a([10, 0, 0, 1]), a([203, 0, 113, 7])])],
        _ => vec![question.answer(&[])],
    })
    .await;
    let fetcher = Fetcher::with_names(Manners { timeout: Duration::from_millis(500), ..manners(&canary) }, Told::by(&server)).unwrap();
    let told = fetcher.ask(&format!("http://both.example:{}/", canary.port()), Part::Head, None).await;
    assert!(matches!(told, Err(FetchFault::Slow | FetchFault::Unreachable)), "{told:?}");
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_request_says_who_asks_and_nothing_else() {
    let web = Web::start(|asked| match asked.path.as_str() {
        "/first" => Reply::redirect(302, "/second#there").with("Set-Cookie", "id=1; Path=/"),
        _ => Reply::page().with("Set-Cookie", "id=2; Path=/"),
    })
    .await;
    let fetcher = fetcher(&web);
    let url = web.url("/first#here").replace("://", "://name:word@");
    for _ in 0..2 {
        let answer = fetcher.ask(&url, Part::All(1000), None).await.unwrap();
        assert_eq!((answer.status, answer.url), (200, web.url("/second")));
    }
    for asked in web.asked() {
        assert!(
            asked.header("user-agent").is_some_and(|name| name.starts_with("Masthead/") && name.ends_with(" (+https://news.example.org)"))
        );
        for field in ["cookie", "referer", "authorization", "from"] {
            assert_eq!(asked.header(field), None, "{asked:?}");
        }
    }
}

#[tokio::test]
async fn five_redirects_are_followed_and_no_more() {
    let web = Web::start(|asked| match asked.path.trim_start_matches('/').parse::<u32>().unwrap() {
        0 => Reply::page(),
        left => Reply::redirect(if left > 3 { 308 } else { 307 }, &format!("/{}", left - 1)),
    })
    .await;
    let fetcher = fetcher(&web);
    let answer = fetcher.ask(&web.url("/5"), Part::Head, None).await.unwrap();
    assert_eq!((answer.url, answer.moved_to), (web.url("/0"), Some(web.url("/3"))), "the last that was said to be for good");
    assert_eq!(fetcher.ask(&web.url("/6"), Part::Head, None).await, Err(FetchFault::Redirects));
    assert_eq!(web.lines().len(), 12);
}

#[tokio::test]
async fn a_body_ends_where_it_must() {
    let web = Web::start(|asked| match asked.path.as_str() {
        "/endless" => Reply::endless("text/plain"),
        "/promised" => Reply::of_type("text/plain", "x").with("Content-Length", "99999999999"),
        _ => Reply::of_type("text/plain", vec![b'x'; 1000]),
    })
    .await;
    let fetcher = fetcher(&web);
    assert_eq!(fetcher.ask(&web.url("/"), Part::All(1000), None).await.unwrap().body.len(), 1000);
    assert_eq!(fetcher.ask(&web.url("/"), Part::All(999), None).await, Err(FetchFault::TooLarge(999)));
    assert_eq!(fetcher.ask(&web.url("/endless"), Part::All(1 << 20), None).await, Err(FetchFault::TooLarge(1 << 20)));
    assert_eq!(fetcher.ask(&web.url("/endless"), Part::First, None).await.unwrap().octets, None);
    assert_eq!(fetcher.ask(&web.url("/promised"), Part::First, None).await.unwrap().octets, Some(99_999_999_999));
}

#[tokio::test]
async fn a_packed_body_is_counted_unpacked() {
    // One megabyte of zeros, packed by gzip a thousand to one, as its maker would have it unpacked.
    let bomb = include_bytes!("fixture/zeros.gz");
    let web = Web::start(|_| Reply::of_type("application/xml", *bomb).with("Content-Encoding", "gzip")).await;
    let fetcher = fetcher(&web);
    assert!(bomb.len() < 2000);
    assert_eq!(fetcher.ask(&web.url("/"), Part::All(2 << 20), None).await.unwrap().body.len(), 1 << 20);
    assert_eq!(fetcher.ask(&web.url("/"), Part::All(100_000), None).await, Err(FetchFault::TooLarge(100_000)));
}

#[tokio::test]
async fn a_server_that_stalls_costs_its_time_and_no_more() {
    let web = Web::start(|asked| match asked.path.as_str() {
        "/stalled" => Reply::stalled("text/plain"),
        "/slow-hops" => Reply::redirect(302, "/slow-hops").after(Duration::from_millis(300)),
        _ => Reply::silence(),
    })
    .await;
    let fetcher = Fetcher::new(Manners { timeout: Duration::from_millis(500), ..allowing(&web, &web) }).unwrap();
    for path in ["/silent", "/stalled", "/slow-hops"] {
        let begun = Instant::now();
        assert_eq!(fetcher.ask(&web.url(path), Part::All(1000), None).await, Err(FetchFault::Slow), "{path}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{path}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_version_is_told_to_whoever_gave_it() {
    let web = Web::start(|asked| match (asked.path.as_str(), asked.header("if-none-match")) {
        ("/old", None) => Reply::redirect(301, "/new"),
        ("/new", Some("\"one\"")) => Reply::status(304).with("ETag", "\"one\""),
        ("/new", None) => Reply::page().with("ETag", "\"one\"").with("Last-Modified", "Mon, 02 Nov 2026 09:00:00 GMT"),
        _ => Reply::status(400),
    })
    .await;
    let fetcher = fetcher(&web);
    let answer = fetcher.ask(&web.url("/old"), Part::Head, None).await.unwrap();
    let known = Version { url: answer.url, etag: answer.etag, last_modified: answer.last_modified };
    assert_eq!(fetcher.ask(&web.url("/old"), Part::Head, Some(&known)).await.unwrap().status, 304);
    let last = web.asked().pop().unwrap();
    assert_eq!(last.header("if-modified-since"), Some("Mon, 02 Nov 2026 09:00:00 GMT"));
}

#[tokio::test]
async fn a_certificate_must_be_valid_for_its_server() {
    let authority = Authority::new();
    let web = Web::start_tls(&authority, |_| Reply::page()).await;
    let stranger = fetcher(&web);
    let url = format!("https://{}/", web.host());
    assert_eq!(stranger.ask(&url, Part::Head, None).await, Err(FetchFault::Certificate));
    let authorities = Some(authority.pem().as_bytes().to_vec());
    let friend = Fetcher::new(Manners { authorities, ..allowing(&web, &web) }).unwrap();
    assert_eq!(friend.ask(&url, Part::Head, None).await.unwrap().status, 200);
}
