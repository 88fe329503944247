//! A reader asks on the preferences page to be forgotten, and is: by two presses, in every file, and for good.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use masthead::subscription::SubscriberId;
use masthead::subscription::token::{Bearer, Purpose};

use crate::daemon::until;
use crate::support::daemon::Daemon;
use crate::support::demo::{ask, send};
use crate::support::holding::holding;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::reading::links;
use crate::support::served::{Served, opened_at};
use crate::support::sink::{Action, At, Sink, When};

const URLENCODED: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const SURE: &[u8] = b"do=erase&sure=yes";

fn preferences(served: &Served, reader: i64) -> String {
    let keys = served.present.borrow().keys().unwrap();
    format!("/preferences/{}", keys.sign(Purpose::Preferences, Bearer { subscriber: SubscriberId(reader), list_number: 1 }).url())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_whoever_presses_twice_is_erased_and_no_form_brings_them_a_letter_again() {
    let served = Served::new("none").await;
    fs::remove_file(served.newsroom.path("roll.csv")).unwrap();
    let link = preferences(&served, 1);
    for form in ["do=erase", "do=erase&sure=", "do=erase&sure=no"] {
        let page = served.send(&link, URLENCODED, form.as_bytes());
        assert!(page.status == 200 && page.body.contains("Erase everything") && page.body.contains("r•••@example.org"), "{}", page.body);
    }
    assert_eq!(served.standing("reader0001@example.org").0, "confirmed", "to be asked is not to be erased");
    let page = served.send(&link, URLENCODED, SURE);
    assert!(page.status == 200 && page.body.contains("You are erased") && !page.body.contains("r•••"), "{}", page.body);
    for form in [SURE, b"do=erase", b"do=save&list=general&name=Eve", b"do=export"] {
        let page = served.send(&link, URLENCODED, form);
        assert!([200, 410].contains(&page.status) && !page.body.contains("@example.org\""), "{}", page.body);
    }
    assert_eq!(served.ask("GET", &link, None).status, 410);
    served.newsroom.run(["subscribers", "show", "reader0001@example.org"]).ok().says(&["is no reader", "erased at the person's request"]);

    // Nobody had been erased when the pages were opened, and nobody opens them again.
    let page = served.ask("GET", "/subscribe", None);
    let stamp = page.body.split("name=\"stamp\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    served.present.send_replace(opened_at(&served.newsroom, "2014-11-28T12:00:05Z").await);
    for address in ["reader0001%40example.org", "READER0001%40EXAMPLE.org", "new%40example.org"] {
        let form = format!("email={address}&list=general&stamp={stamp}");
        assert!(served.send("/subscribe", URLENCODED, form.as_bytes()).body.contains("Look into your mailbox"));
    }
    let letters = served.sink.wait_for(1).await;
    assert_eq!(letters[0].recipient, "new@example.org", "the last who asked, and the only one who got a letter");
    served.present.borrow().store().scour().await.unwrap();
    assert_eq!(holding(served.newsroom.root(), "reader0001"), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_whoever_is_erased_by_another_program_gets_no_letter_from_pages_that_were_open_before() {
    let served = Served::new("none").await;
    let page = served.ask("GET", "/subscribe", None);
    let stamp = page.body.split("name=\"stamp\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let later = opened_at(&served.newsroom, "2014-11-28T12:00:05Z").await;
    served.newsroom.run(["subscribers", "erase", "reader0001@example.org", "--yes"]).ok();
    served.present.send_replace(later);
    for address in ["reader0001%40example.org", "new%40example.org"] {
        served.send("/subscribe", URLENCODED, format!("email={address}&list=general&stamp={stamp}").as_bytes());
    }
    let letters = served.sink.wait_for(1).await;
    assert_eq!(letters[0].recipient, "new@example.org");
    served.newsroom.run(["subscribers", "show", "reader0001@example.org"]).ok().says(&["is no reader"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_while_a_message_is_handed_over_the_page_waits_and_then_asks_for_patience() {
    let sink =
        Sink::builder().on(At::Dot, When::first_of(|recipient| recipient == "reader0002@example.org"), Action::StallAfterDot).start().await;
    let served = Served::before(sink, "none", 3, "").await;
    let link = preferences(&served, 2);
    let running = served.newsroom.start(["send", "2014-12"]);
    until("the message is on its way", || served.sink.recipients().iter().any(|one| one == "reader0002@example.org"));
    let began = Instant::now();
    let page = served.send(&link, URLENCODED, SURE);
    assert!(page.status == 503 && page.body.contains("Not yet erased") && page.body.contains("value=\"erase\""), "{}", page.body);
    assert!(began.elapsed() >= Duration::from_secs(4), "it was tried for a while: {:?}", began.elapsed());
    served.newsroom.run(["subscribers", "show", "reader0002@example.org"]).ok().says(&["Reader 0002"]);
    running.kill().unwrap();
    // Whoever takes the mailing up brings it to an end.
    served.newsroom.run(["send", "2014-12"]);
    assert!(served.send(&link, URLENCODED, SURE).body.contains("You are erased"));
}

#[test]
fn c4_a_running_daemon_forgets_in_every_file_also_when_it_is_stopped_at_once() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(40);
    let newsroom = newsroom.subscriber("Petra.Forgotten@example.org", "Petra Forgotten", "confirmed");
    let newsroom = newsroom.subscriber("Otto.Forgotten@example.org", "Otto Forgotten", "confirmed");
    let newsroom = newsroom.variable("MASTHEAD_WEB__LISTEN", &address).build();
    fs::remove_file(newsroom.path("roll.csv")).unwrap();
    newsroom.run(["send", "2014-12"]).ok();
    let path = |name: &str| {
        let message = fs::read_dir(newsroom.path("outbox")).unwrap().find_map(|entry| {
            let octets = fs::read(entry.unwrap().path()).ok()?;
            String::from_utf8_lossy(&octets).contains(&format!("To: {name}")).then_some(octets)
        });
        links(&message.unwrap())[1].strip_prefix("https://news.example.org").unwrap().to_owned()
    };
    let mut daemon = Daemon::start_at(&newsroom, "2014-12-03T12:00:00Z");
    let is_forgotten = |who: &str| holding(&newsroom.path("data"), who).is_empty();
    assert!(!is_forgotten("petra.forgotten") && !is_forgotten("otto forgotten"));
    let erase = |link: &str| send(&address, "POST", link, URLENCODED, SURE);
    assert!(erase(&path("Petra Forgotten")).body.contains("You are erased"));
    daemon.set("2014-12-03T12:05:00Z");
    until("the files are scoured while the daemon works", || is_forgotten("petra.forgotten") && is_forgotten("petra forgotten"));
    // The second within the hour waits for others who may come, but not longer than the daemon stays.
    let link = path("Otto Forgotten");
    assert!(erase(&link).body.contains("You are erased"));
    assert_eq!(ask(&address, "GET", &link, None).status, 410);
    daemon.process().signal("TERM");
    let told = daemon.end().ok();
    assert!(told.stderr.contains("scoured"), "{told}");
    // The relay's folder stands for the readers' own mailboxes.
    fs::remove_dir_all(newsroom.path("outbox")).unwrap();
    for text in ["petra.forgotten", "petra forgotten", "otto.forgotten", "otto forgotten"] {
        assert_eq!(holding(newsroom.root(), text), Vec::<PathBuf>::new(), "{text}");
        assert!(!told.stderr.to_lowercase().contains(text), "{told}");
    }
}
