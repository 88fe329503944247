//! Whose servers take the mail of a domain is asked of a resolver that may answer, lie or keep silent.

use std::time::Duration;

use masthead::relay::mx::MailExchanges;
use tokio::time::Instant;

use crate::support::name_server::{CNAME, MX, NameServer, Question, THE_QUESTION, mx, name, record};

const AMPLE: Duration = Duration::from_secs(30);

async fn asking(script: impl Fn(&Question) -> Vec<Vec<u8>> + Send + Sync + 'static) -> (NameServer, MailExchanges) {
    let server = NameServer::start(script).await;
    let exchanges = MailExchanges::new(server.address()).unwrap();
    (server, exchanges)
}

/// What comes of one domain at a server with this script.
async fn hosts(script: impl Fn(&Question) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Option<Vec<String>> {
    let (_server, exchanges) = asking(script).await;
    exchanges.of("example.org").await
}

fn list(hosts: &[&str]) -> Vec<String> {
    hosts.iter().map(|&host| host.to_owned()).collect()
}

#[tokio::test]
async fn hosts_come_by_preference_in_lower_case_without_a_final_dot() {
    let script = |q: &Question| vec![q.answer(&[mx(20, "Backup.example.NET"), mx(5, "MX2.example.net"), mx(5, "mx1.example.net")])];
    assert_eq!(hosts(script).await, Some(list(&["mx1.example.net", "mx2.example.net", "backup.example.net"])));
}

#[tokio::test]
async fn a_domain_is_asked_for_as_it_is_and_only_for_its_mx() {
    let (server, exchanges) = asking(|q| vec![q.answer(&[mx(10, "mx.example.net")])]).await;
    assert_eq!(exchanges.of("localdomain").await, Some(list(&["mx.example.net"])));
    assert_eq!(exchanges.of("xn--bcher-kva.Example").await, Some(list(&["mx.example.net"])));
    assert_eq!(server.asked(), ["localdomain", "xn--bcher-kva.example"]);
}

#[tokio::test]
async fn an_alias_is_followed_within_an_answer_and_by_a_second_question() {
    let whole = |q: &Question| {
        let value = [&10_u16.to_be_bytes(), name("mx.example.net").as_slice()].concat();
        vec![q.answer(&[record(THE_QUESTION, CNAME, &name("other.example")), record(&name("other.example"), MX, &value)])]
    };
    assert_eq!(hosts(whole).await, Some(list(&["mx.example.net"])));

    let (server, exchanges) = asking(|q| match q.name.as_str() {
        "example.org" => vec![q.answer(&[record(THE_QUESTION, CNAME, &name("other.example"))])],
        _ => vec![q.answer(&[mx(10, "mx.example.net")])],
    })
    .await;
    assert_eq!(exchanges.of("example.org").await, Some(list(&["mx.example.net"])));
    assert_eq!(server.asked(), ["example.org", "other.example"]);
}

#[tokio::test]
async fn a_domain_that_takes_no_mail_has_an_empty_list() {
    assert_eq!(hosts(|q| vec![q.reply(3, &[])]).await, Some(list(&[])), "no such domain");
    assert_eq!(hosts(|q| vec![q.answer(&[])]).await, Some(list(&[])), "no MX");
    assert_eq!(hosts(|q| vec![q.answer(&[mx(0, "")])]).await, Some(list(&[])), "a null MX");
}

#[tokio::test]
async fn what_is_no_domain_is_not_asked_for() {
    let (server, exchanges) = asking(|q| vec![q.answer(&[mx(10, "mx.example.net")])]).await;
    let long = "a".repeat(64);
    for domain in ["", ".", "a..example", "[192.0.2.1]", "a b.example", "a\\032b.example", "bücher.example", long.as_str()] {
        assert_eq!(exchanges.of(domain).await, Some(list(&[])), "{domain}");
    }
    assert_eq!(server.asked(), [""; 0]);
}

#[tokio::test]
async fn a_resolver_that_refuses_or_fails_has_not_answered() {
    for code in [1, 2, 4, 5, 9] {
        assert_eq!(hosts(move |q| vec![q.reply(code, &[])]).await, None, "code {code}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_costs_five_seconds_at_most_and_the_question_is_put_again() {
    let (server, exchanges) = asking(|_| Vec::new()).await;
    let began = Instant::now();
    assert_eq!(exchanges.of("example.org").await, None);
    assert!(began.elapsed() <= Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(server.asked().len() >= 2, "{:?}", server.asked());
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_is_not_there_has_not_answered() {
    let server = NameServer::start(|_| Vec::new()).await;
    let exchanges = MailExchanges::new(server.address()).unwrap();
    drop(server);
    assert_eq!(exchanges.of("example.org").await, None);
}

#[test]
fn an_address_where_nobody_can_answer_is_refused() {
    for address in ["127.0.0.1:0", "0.0.0.0:53", "[::]:53", "224.0.0.1:53"] {
        let refused = MailExchanges::new(address.parse().unwrap()).err().unwrap().to_string();
        assert!(refused.contains(address), "{refused}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_fetched_over_tcp() {
    let script = |q: &Question| {
        let many: Vec<Vec<u8>> = (0..200).map(|n| mx(n, &format!("a-host-with-quite-a-long-name-{n:03}.example.net"))).collect();
        vec![if q.by_tcp { q.answer(&many) } else { q.truncated() }]
    };
    let found = hosts(script).await.unwrap();
    assert_eq!(found.len(), 16, "no more are kept than tell whose they are");
    assert_eq!(found[15], "a-host-with-quite-a-long-name-015.example.net");
}

#[tokio::test(start_paused = true)]
async fn silence_over_tcp_is_bounded_too() {
    let (_server, exchanges) = asking(|q| if q.by_tcp { Vec::new() } else { vec![q.truncated()] }).await;
    let began = Instant::now();
    assert_eq!(exchanges.of("example.org").await, None);
    assert!(began.elapsed() <= Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_answer_with_a_wrong_id_or_to_another_question_is_passed_over() {
    let script = |q: &Question| {
        let good = q.answer(&[mx(10, "mx.example.net")]);
        let mut wrong_id = q.answer(&[mx(1, "thief.example")]);
        wrong_id[0] ^= 0xFF;
        let mut wrong_name = q.answer(&[mx(1, "thief.example")]);
        wrong_name[13] = b'z';
        vec![wrong_id, wrong_name, good]
    };
    assert_eq!(hosts(script).await, Some(list(&["mx.example.net"])));
}

#[tokio::test]
async fn an_answer_that_did_not_see_the_letter_case_of_the_question_is_not_believed() {
    let script = |q: &Question| {
        if q.by_tcp {
            return vec![q.answer(&[mx(10, "mx.example.net")])];
        }
        let mut blind = q.answer(&[mx(1, "thief.example")]);
        let turned = blind[13..24].iter().map(|octet| if octet.is_ascii_alphabetic() { octet ^ 0x20 } else { *octet }).collect::<Vec<_>>();
        blind[13..24].copy_from_slice(&turned);
        vec![blind]
    };
    assert_eq!(hosts(script).await, Some(list(&["mx.example.net"])));
}

#[tokio::test]
async fn records_of_other_names_do_not_count() {
    let script = |q: &Question| {
        let theft = [&1_u16.to_be_bytes(), name("thief.example").as_slice()].concat();
        vec![q.answer(&[record(&name("example.com"), MX, &theft), mx(10, "mx.example.net")])]
    };
    assert_eq!(hosts(script).await, Some(list(&["mx.example.net"])));
}

#[tokio::test]
async fn a_host_that_is_no_host_name_is_left_out() {
    let odd = |q: &Question| {
        let value = [&1_u16.to_be_bytes(), b"\x05a\x1b[2J\x07example\x00".as_slice()].concat();
        vec![q.answer(&[record(THE_QUESTION, MX, &value), mx(10, "mx.example.net")])]
    };
    assert_eq!(hosts(odd).await, Some(list(&["mx.example.net"])));
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_leads_in_a_circle_comes_to_an_end() {
    let began = Instant::now();
    let circle = |q: &Question| {
        let next = if q.name == "example.org" { "other.example" } else { "example.org" };
        vec![q.answer(&[record(THE_QUESTION, CNAME, &name(next))])]
    };
    assert!(hosts(circle).await.is_none_or(|hosts| hosts.is_empty()));
    assert!(began.elapsed() <= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn garbage_is_no_answer_and_costs_bounded_time() {
    let began = Instant::now();
    let garbage: [fn(&Question) -> Vec<u8>; 5] = [
        |_| b"220 mx.example.net ESMTP\r\n".to_vec(),
        |_| Vec::new(),
        |q| q.answer(&[])[..11].to_vec(),
        |q| q.answer(&[vec![0xFF; 900]]),
        // A name that points at itself: it stands behind head and question, at 12 + 17, and its value 12 and 2 further on.
        |q| q.answer(&[record(THE_QUESTION, MX, &[0, 1, 0xC0, 29 + 14])]),
    ];
    for (at, garbage) in garbage.into_iter().enumerate() {
        assert_eq!(hosts(move |q| vec![garbage(q)]).await, None, "garbage {at}");
    }
    assert!(began.elapsed() <= 5 * Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn no_twisted_octet_breaks_anything() {
    let (_server, exchanges) = asking(|q| {
        let at: usize = q.name[1..4].parse().unwrap();
        let alias = record(THE_QUESTION, CNAME, &name("other.example"));
        let value = [&10_u16.to_be_bytes(), name("mx.example.net").as_slice()].concat();
        let mut octets = q.answer(&[alias, record(&name("other.example"), MX, &value), mx(20, "mx2.example.net")]);
        if !q.by_tcp && q.name.starts_with('t') {
            return vec![q.truncated()];
        }
        if let Some(octet) = octets.get_mut(at) {
            *octet ^= u8::try_from(q.name.len() * 37 % 255).unwrap() | 1;
        }
        vec![octets]
    })
    .await;
    for kind in ["u", "t"] {
        for at in 0..160 {
            for tail in ["example", "an.example", "a-third.example"] {
                let found = exchanges.of(&format!("{kind}{at:03}.{tail}")).await;
                assert!(found.is_none_or(|hosts| hosts.len() <= 2), "{kind} {at}");
            }
        }
    }
}

#[tokio::test]
async fn many_domains_are_asked_for_at_once_and_all_are_known() {
    let (_server, exchanges) = asking(|q| vec![q.answer(&[mx(10, &format!("mx.{}", q.name))])]).await;
    let domains: Vec<String> = (0..1000).map(|n| format!("d{n}.example")).collect();
    let known = exchanges.of_all(domains.clone(), AMPLE).await;
    assert_eq!(known.len(), 1000);
    for domain in domains {
        assert_eq!(known[&domain], [format!("mx.{domain}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn at_most_fifty_questions_are_in_flight() {
    let (server, exchanges) = asking(|_| Vec::new()).await;
    let domains = (0..500).map(|n| format!("d{n:03}.example")).collect();
    let known = exchanges.of_all(domains, Duration::from_secs(1)).await;
    assert!(known.is_empty());
    let mut asked = server.asked();
    asked.sort();
    asked.dedup();
    assert_eq!(asked, (0..50).map(|n| format!("d{n:03}.example")).collect::<Vec<_>>(), "and the first are asked first");
}

#[tokio::test(start_paused = true)]
async fn what_is_known_when_time_is_up_is_kept() {
    let (_server, exchanges) =
        asking(|q| if q.name.starts_with("silent") { Vec::new() } else { vec![q.answer(&[mx(10, "mx.example.net")])] }).await;
    let domains = (0..20).flat_map(|n| [format!("silent{n}.example"), format!("d{n}.example")]).collect();
    let began = Instant::now();
    let known = exchanges.of_all(domains, Duration::from_millis(1500)).await;
    assert_eq!(began.elapsed().as_millis() / 10, 150);
    assert_eq!(known.len(), 20);
    assert!(known.keys().all(|domain| domain.starts_with('d')));
}
