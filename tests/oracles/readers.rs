//! The readers' pages before the checkers: every page in each state that a reader meets.

use std::fs;
use std::time::{Duration, Instant};

use masthead::subscription::SubscriberId;
use masthead::subscription::token::{Bearer, Purpose};

use super::support::demo::Page;
use super::support::served::{Served, opened_at};
use super::{ask, axe, skip, vnu};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// Has the Nu Html Checker read pages as they came, and axe those that can be fetched again.
fn check(served: &Served, came: &[Page], fetched: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let mut pages: Vec<String> = came.iter().map(|page| page.body.clone()).collect();
    pages.extend(fetched.iter().map(|path| served.ask("GET", path, None).body));
    let files: Vec<_> = pages.iter().enumerate().map(|(number, _)| folder.path().join(format!("{number}.html"))).collect();
    for (file, page) in files.iter().zip(&pages) {
        fs::write(file, page).unwrap();
    }
    match vnu() {
        Ok(mut vnu) => ask("vnu", vnu.args(&files)),
        Err(why) => skip("vnu", &why),
    }
    match axe() {
        Ok(mut axe) => ask("axe", axe.args(fetched.iter().map(|path| format!("http://{}{path}", served.address)))),
        Err(why) => skip("axe", &why),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a7_checkers_find_nothing_on_the_page_for_leaving() {
    let served = Served::new("none").await;
    let links = served.deliver();
    let left = served.send(&links[1][0], FORM, b"leave=list");
    let undo = left.body.split("name=\"undo\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let back = served.send(&links[1][0], FORM, format!("undo={undo}").as_bytes());
    let late = served.send(&links[2][0], FORM, b"undo=AQ");
    served.send(&links[1][0], FORM, b"leave=list");
    check(&served, &[left, back, late], &[&links[0][0], &links[1][0], "/u/none"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a7_checkers_find_nothing_on_the_pages_for_joining() {
    let served = Served::new("none").await;
    let page = served.ask("GET", "/subscribe", None);
    let stamp = page.body.split("name=\"stamp\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let send = |form: &str| served.send("/subscribe", FORM, form.as_bytes());
    let (again, refused) = (send("email=eve%40example.org&list=general"), send("email=eve&name=Eve"));
    served.present.send_replace(opened_at(&served.newsroom, "2014-11-28T12:00:05Z").await);
    let taken = send(&format!("email=eve%40example.org&list=general&stamp={stamp}"));
    let keys = served.present.borrow().keys().unwrap();
    let confirm = |id| format!("/confirm/{}", keys.sign(Purpose::Confirm, Bearer { subscriber: SubscriberId(id), list_number: 0 }).url());
    let (first, second) = (confirm(1), confirm(2));
    let deadline = Instant::now() + Duration::from_secs(30);
    while served.ask("GET", &first, None).status != 200 && Instant::now() < deadline {
        std::thread::yield_now();
    }
    let (unsaid, done) = (served.send(&first, FORM, b""), served.ask("GET", &first, None));
    check(&served, &[again, refused, taken, unsaid, done], &["/subscribe", &first, &second]);
    let joined = served.send(&first, FORM, b"confirm=yes");
    check(&served, &[joined], &[&first]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a7_checkers_find_nothing_on_the_page_for_preferences() {
    let served = Served::new("none").await;
    let links = served.deliver();
    let send = |form: &str| served.send(&links[0][1], FORM, form.as_bytes());
    let came = [send("do=save&list=general&name=Ann"), send("do=save&name=%00"), send("")];
    check(&served, &came, &[&links[0][1], "/preferences/none"]);
}
