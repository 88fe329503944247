//! Who asks on the form whether somebody is known here learns nothing: not by what is said, and not by how long it takes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Instant;

use super::{at, join, stamp};
use crate::support::served::Served;
use crate::support::visitor::Visitor;

const STATES: [&str; 5] = ["new", "pending", "confirmed", "bounced", "invalid"];
/// Requests for each state, in hours that the caps leave room for.
const HOURS: usize = 5;
const EACH: usize = 40;
/// How far a rank sum may be from what chance makes of it, in standard deviations: p = 0.01 for four comparisons at once.
const FAR: f64 = 3.02;

/// How far the ranks of two samples are apart, in standard deviations (Mann and Whitney's U as a normal deviate).
fn apart(one: &[f64], other: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = one.iter().map(|time| (*time, true)).chain(other.iter().map(|time| (*time, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ranks: f64 = all.iter().zip(1_u32..).filter(|((_, is_one), _)| *is_one).map(|(_, rank)| f64::from(rank)).sum();
    let [n, m] = [one.len(), other.len()].map(|count| f64::from(u32::try_from(count).unwrap()));
    (ranks - n * (n + m + 1.0) / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

#[test]
fn a_shift_is_told_from_noise() {
    let noise = |turn: u32, seed: u32| f64::from((turn + seed).wrapping_mul(2_654_435_761) % 1000);
    let sample = |seed: u32, shift: f64| -> Vec<f64> { (0..200).map(|turn| noise(turn, seed) + shift).collect() };
    assert!(apart(&sample(0, 0.0), &sample(1000, 0.0)).abs() < FAR);
    assert!(apart(&sample(0, 150.0), &sample(1000, 0.0)).abs() > FAR);
}

fn address(state: &str, number: usize) -> String {
    let domain = if state == "invalid" { "no-such-host.invalid".to_owned() } else { format!("{state}.example") };
    format!("someone{number:04}@{domain}")
}

/// One run: the times of each state, in an order in which each state follows each other by chance.
async fn times() -> [Vec<f64>; 5] {
    let served = Served::new("none").await;
    let mut roll = String::from("email,name,status\n");
    for state in &STATES[1..4] {
        for number in 0..HOURS * EACH {
            let _ = writeln!(roll, "{},Someone,{state}", address(state, number));
        }
    }
    served.newsroom.write("roll.csv", &roll);
    served.newsroom.run(["subscribers", "import", &served.newsroom.shown("roll.csv")]).ok();
    served.newsroom.run(["subscribers", "show", "someone0000@bounced.example"]).ok().says(&["suppressed"]);
    let mut visitor = Visitor::new(&served.address);
    let stamp = tokio::task::block_in_place(|| stamp(&mut visitor));
    let (mut times, mut told) = ([const { Vec::new() }; 5], BTreeSet::new());
    let mut dice = 0x2545_F491_u32;
    for hour in 0..HOURS {
        at(&served, &format!("2014-11-28T{}:00:05Z", 12 + hour)).await;
        tokio::task::block_in_place(|| {
            join(&mut visitor, "warm@up.example", &stamp, &format!("198.51.100.{hour}"));
            for turn in hour * EACH..(hour + 1) * EACH {
                let mut order = [0, 1, 2, 3, 4];
                for last in (1..order.len()).rev() {
                    dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    order.swap(last, usize::try_from(dice >> 16).unwrap() % (last + 1));
                }
                for state in order {
                    let from = format!("2001:db8:{turn:x}:{state:x}::1");
                    let begun = Instant::now();
                    let page = join(&mut visitor, &address(STATES[state], turn), &stamp, &from);
                    times[state].push(begun.elapsed().as_secs_f64());
                    let head: Vec<&str> = page.head.lines().filter(|line| !line.starts_with("date:")).collect();
                    told.insert(format!("{}\n\n{}", head.join("\n"), page.body));
                }
            }
        });
        // Nothing is left of an hour when the clock moves on, or the caps would count it with the next.
        served.sink.until(1 + 4 * EACH * (hour + 1)).await;
    }
    assert_eq!(told.len(), 1, "one answer for everybody: {told:#?}");
    let sent = served.sink.messages();
    assert_eq!(sent.iter().filter(|letter| letter.recipient.ends_with("@bounced.example")).count(), 0);
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t10_neither_answer_nor_time_tells_who_is_known() {
    let mut far = Vec::new();
    // Chance alone makes a run fail once in a hundred times, and two once in ten thousand.
    for _ in 0..2 {
        let [new, others @ ..] = times().await;
        far = others.iter().zip(&STATES[1..]).map(|(times, state)| (*state, apart(times, &new))).filter(|(_, z)| z.abs() > FAR).collect();
        if far.is_empty() {
            return;
        }
    }
    panic!("times that tell: {far:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t10_nothing_else_is_answered_by_an_address() {
    let served = Served::new("none").await;
    let mut visitor = Visitor::new(&served.address);
    tokio::task::block_in_place(|| {
        let mut pages = BTreeSet::new();
        for who in ["reader0001@example.org", "nobody@example.org"] {
            for page in ["/u", "/preferences", "/confirm"] {
                let answer = visitor.ask("GET", &format!("{page}/{who}"), "", "");
                assert_eq!(answer.status, 404);
                pages.insert((page, answer.body));
            }
            for query in ["/preferences?email=", "/u?email=", "/subscribe?email=", "/subscribers/"] {
                assert!(!visitor.ask("GET", &format!("{query}{who}"), "", "").body.contains(who), "{query}");
            }
        }
        assert_eq!(pages.len(), 3, "one page for each kind of link");
    });
}
