//! The public archive before the checkers: each kind of page, with banner and without, as a browser gets it.

use std::fs;

use super::support::newsroom::Newsroom;
use super::support::served::Served;
use super::support::sink::Sink;
use super::{ask, axe, skip, vnu};

const PAGES: [&str; 9] = [
    "/",
    "/issues",
    "/issues/2026-11",
    "/issues/2026-04",
    "/articles/2026-04/spring-thaw-and-your-well",
    "/search",
    "/search?q=nitrate",
    "/search?q=zeppelin",
    "/issues/2031-01",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a7_checkers_find_nothing_on_the_pages_of_the_archive() {
    let newsroom = Newsroom::sample();
    newsroom.run(["send", "2026-11", "--now"]).ok();
    let settings = fs::read_to_string(newsroom.path("config/masthead.toml")).unwrap();
    newsroom.write("config/masthead.toml", &settings.replace("\n[web]\n", "\n[web]\nbanner = \"us-government\"\n"));
    let served = Served::of(newsroom, Sink::builder().start().await).await;
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> = PAGES
        .iter()
        .enumerate()
        .map(|(number, path)| {
            let page = served.ask("GET", path, None).body;
            assert!(page.contains("An official website of the United States government"), "{path}");
            let file = folder.path().join(format!("{number}.html"));
            fs::write(&file, page).unwrap();
            file
        })
        .collect();
    match vnu() {
        Ok(mut vnu) => ask("vnu", vnu.args(&files)),
        Err(why) => skip("vnu", &why),
    }
    match axe() {
        Ok(mut axe) => ask("axe", axe.args(PAGES.map(|path| format!("http://{}{path}", served.address)))),
        Err(why) => skip("axe", &why),
    }
}
