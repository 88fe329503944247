//! Crowds at the door: those who dawdle, those who bring too much, and those who say that they are somebody else.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use masthead::web::public;
use tokio::net::TcpListener;

use super::{ONE_CLICK, at, join, stamp};
use crate::support::served::Served;
use crate::support::visitor::{Visitor, request};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t20_five_hundred_who_dawdle_keep_nobody_waiting() {
    let served = Served::new("none").await;
    tokio::task::block_in_place(|| {
        let beginnings: [&[u8]; 5] = [
            b"",
            b"G",
            b"GET /subscribe HTTP/1.1\r\nX-A: b",
            b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nemail=",
            b"POST /u/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        ];
        let mut slow: Vec<TcpStream> = (0..500)
            .map(|number| {
                let mut stream = TcpStream::connect(&served.address).unwrap();
                stream.write_all(beginnings[number % beginnings.len()]).unwrap();
                stream
            })
            .collect();
        let mut times: Vec<Duration> = (0..200)
            .map(|turn| {
                // Each dawdler says another octet now and then.
                let _ = slow[turn * 2].write_all(b"x");
                let begun = Instant::now();
                assert_eq!(Visitor::new(&served.address).ask("GET", "/subscribe", "Connection: close\r\n", "").status, 200);
                begun.elapsed()
            })
            .collect();
        times.sort();
        assert!(times[197] < Duration::from_secs(1), "{:?} at the 99th percentile", times[197]);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t20_too_much_is_refused_before_it_comes() {
    let served = Served::new("none").await;
    let link = served.deliver().remove(0)[0].clone();
    tokio::task::block_in_place(|| {
        for path in ["/subscribe", link.as_str(), "/api/v1/subscribe", "/approve/2014-12/x"] {
            for (length, expect) in
                [("1073741824", ""), ("1073741824", "Expect: 100-continue\r\n"), ("99999999999999999", ""), ("16385", "")]
            {
                let begun = Instant::now();
                let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\n{expect}Content-Length: {length}\r\n\r\n");
                let page = Visitor::new(&served.address).say(head.as_bytes());
                assert_eq!(page.status, 413, "{path} {length}");
                assert!(begun.elapsed() < Duration::from_secs(5), "{path}: {:?}", begun.elapsed());
            }
        }
        // What never says how much it is ends where the bound is.
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096)).repeat(5);
        let endless = format!("POST {link} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
        assert_eq!(Visitor::new(&served.address).say(endless.as_bytes()).status, 413);
        assert_eq!(served.standing("reader0001@example.org").0, "confirmed", "what was refused has done nothing");
        assert_eq!(Visitor::new(&served.address).send(&link, &format!("{ONE_CLICK}&x={}", "y".repeat(16_000))).status, 200);
    });
    assert_eq!(served.standing("reader0001@example.org").0, "ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t20_a_hundred_requests_in_one_breath_are_answered_in_order() {
    let served = Served::new("none").await;
    let all: Vec<u8> = (0..99).flat_map(|_| request("HEAD", "/subscribe", "", "")).collect();
    let last = request("HEAD", "/none", "Connection: close\r\n", "");
    let said = tokio::task::block_in_place(|| {
        let mut stream = TcpStream::connect(&served.address).unwrap();
        stream.write_all(&[all, last].concat()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        said
    });
    assert_eq!((said.matches("HTTP/1.1 200 OK").count(), said.matches("HTTP/1.1 404").count()), (99, 1));
    assert!(said.rfind("HTTP/1.1 404") > said.rfind("HTTP/1.1 200"));
}

/// An address of this machine that is not loopback, if it has one. Nothing is sent for it.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_loopback() && !address.is_unspecified())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t20_t9_who_says_where_they_come_from_gets_no_more_letters_for_it() {
    let served = Served::new("none").await;
    let mut visitor = Visitor::new(&served.address);
    let stamp = tokio::task::block_in_place(|| stamp(&mut visitor));
    at(&served, "2014-11-28T12:00:05Z").await;
    let flood = |visitor: &mut Visitor, name: &str, from: &dyn Fn(usize) -> String| {
        tokio::task::block_in_place(|| {
            for turn in 0..40 {
                assert_eq!(join(visitor, &format!("v{turn}@{name}{turn}.example"), &stamp, &from(turn)).status, 200);
            }
        });
    };
    // The server in front of us adds its word at the right, in a line of its own or in the last: the rest is hearsay.
    flood(&mut visitor, "left", &|turn| format!("203.0.113.{turn}, 198.51.100.1"));
    served.sink.wait_for(10).await;
    flood(&mut visitor, "lines", &|turn| format!("203.0.113.{turn}\r\nX-Forwarded-For: 198.51.100.2"));
    served.sink.wait_for(20).await;
    let listener = match own_address() {
        Some(own) => TcpListener::bind((own, 0)).await.ok(),
        None => None,
    };
    let Some(listener) = listener else {
        // Straight to the stream: the test harness would swallow what a macro prints.
        let _ = writeln!(std::io::stderr(), "SKIPPED: this machine can be reached by loopback only");
        return;
    };
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(public::serve(listener, served.present.subscribe(), std::future::pending()));
    flood(&mut Visitor::new(&address), "far", &|turn| format!("203.0.113.{turn}"));
    served.sink.wait_for(30).await;
    tokio::task::block_in_place(|| join(&mut visitor, "last@example.net", &stamp, "198.51.100.3"));
    served.sink.wait_for(31).await;
    assert_eq!(served.sink.messages().len(), 31, "ten from each that came, whoever they said that they were");
}
