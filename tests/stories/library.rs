//! What the public archive has of an issue that is out: its files, as they stood, and words to be found by.

use std::fs;
use std::sync::Arc;

use masthead::archive::query::Query;
use masthead::issue::archive::ArchivedIssue;
use masthead::store::sqlite::SqliteStore;
use masthead::store::{BackIssues as _, EnclosedName, Find, Hit, Library as _};

use crate::daemon::until;
use crate::support::daemon::Daemon;
use crate::support::newsroom::Newsroom;

const ISSUE: &str = "2026-11";

/// The newsroom's store, opened beside whatever else has it open.
struct Shelf {
    store: SqliteStore,
    runtime: tokio::runtime::Runtime,
}

impl Shelf {
    fn of(newsroom: &Newsroom) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { store: SqliteStore::open(&newsroom.path("data/masthead.db")).expect("the store"), runtime }
    }

    fn enclosed(&self, id: &str) -> Vec<EnclosedName> {
        self.runtime.block_on(self.store.enclosed(&id.parse().expect("an id"))).expect("the files")
    }

    fn names(&self, id: &str) -> Vec<String> {
        self.enclosed(id).into_iter().map(|file| file.name).collect()
    }

    fn octets(&self, id: &str, name: &str) -> Option<Vec<u8>> {
        let file = self.runtime.block_on(self.store.enclosure(&id.parse().expect("an id"), name)).expect("the file");
        file.map(|file| file.octets)
    }

    fn issue(&self, id: &str) -> ArchivedIssue {
        self.runtime.block_on(self.store.back_issue(&id.parse().expect("an id"))).expect("the shelf").expect("an issue")
    }

    fn search(&self, typed: &str) -> Vec<Hit> {
        let find = Find { query: Query::parse(typed), from: 0, most: 10 };
        self.runtime.block_on(self.store.search(find)).expect("hits").hits
    }
}

/// The sample newsroom with its issue sent.
fn sent() -> Newsroom {
    let newsroom = Newsroom::sample().variable("MASTHEAD_ISSUES__SETTLE", "200ms");
    newsroom.write(&format!("issues/{ISSUE}/minutes.pdf"), "Nobody links to this.");
    newsroom.run(["send", ISSUE]).ok();
    newsroom
}

#[test]
fn what_an_issue_leads_to_outlives_its_folder() {
    let newsroom = sent();
    let survey = fs::read(newsroom.path(&format!("issues/{ISSUE}/well-survey.pdf"))).unwrap();
    fs::remove_dir_all(newsroom.path(&format!("issues/{ISSUE}"))).unwrap();
    let shelf = Shelf::of(&newsroom);
    assert_eq!(shelf.names(ISSUE), ["farm-well.png", "well-survey.pdf"], "what nobody is led to is not public");
    assert_eq!(shelf.octets(ISSUE, "well-survey.pdf"), Some(survey));
    let known = shelf.enclosed(ISSUE);
    assert!(known[0].pixels.is_some() && known[1].pixels.is_none(), "{known:?}");
    let draft = masthead::desk::enclosing::draft_of(&shelf.issue(ISSUE), &known);
    assert_eq!((draft.files.len(), draft.files[1].octets), (2, known[1].octets));
}

#[test]
fn what_goes_out_can_be_found() {
    let newsroom = sent();
    let shelf = Shelf::of(&newsroom);
    let title = shelf.issue(ISSUE).articles.remove(0).title;
    let hits = shelf.search(&format!("\"{title}\""));
    assert!(hits.iter().any(|hit| hit.issue.as_str() == ISSUE), "{title}: {hits:?}");
    assert!(hits[0].title.iter().any(|piece| piece.is_match), "{hits:?}");
}

#[test]
fn a_file_that_is_changed_beside_an_issue_that_is_out_is_a_correction() {
    let newsroom = sent();
    let shelf = Arc::new(Shelf::of(&newsroom));
    let survey = format!("issues/{ISSUE}/well-survey.pdf");
    let daemon = Daemon::start(&newsroom);
    newsroom.write(&survey, "The survey, mended.");
    let seen = Arc::clone(&shelf);
    until("the file is replaced", || seen.octets(ISSUE, "well-survey.pdf").as_deref() == Some(b"The survey, mended."));
    until("the page says so", || seen.issue(ISSUE).corrected_at.is_some());

    // The text is mended when its files are gone.
    fs::remove_file(newsroom.path(&survey)).unwrap();
    fs::remove_file(newsroom.path(&format!("issues/{ISSUE}/farm-well.png"))).unwrap();
    let text = fs::read_to_string(newsroom.path(&format!("issues/{ISSUE}/issue.md"))).unwrap();
    newsroom.write(&format!("issues/{ISSUE}/issue.md"), &format!("{text}\nA word about zymurgy.\n"));
    until("the text is corrected", || seen.issue(ISSUE).manuscript.contains("zymurgy"));
    until("it is found by its new words", || !seen.search("zymurgy").is_empty());
    daemon.stop().ok();
    assert_eq!(shelf.names(ISSUE), ["farm-well.png", "well-survey.pdf"]);
    assert_eq!(shelf.octets(ISSUE, "well-survey.pdf").as_deref(), Some(&b"The survey, mended."[..]));
}

#[test]
fn an_import_brings_the_files_that_its_issues_lead_to() {
    let newsroom = Newsroom::new().build();
    let text = "---\ntitle: Ice\nstatus: ready\n---\n# Ice on the Pond\n\nRead [the report](ice.pdf), or [an older one](issue:2013-02).\n";
    newsroom.write("back/2013-05/issue.md", text);
    newsroom.write("back/2013-05/ice.pdf", "Ice.");
    newsroom.write("back/2013-05/draft.pdf", "Not for readers.");
    newsroom.write("back/2013-02.md", "---\ntitle: Snow\nstatus: ready\n---\n# Snow\n\nIt fell.\n");
    newsroom.run(["archive", "import", &newsroom.shown("back")]).ok();
    fs::remove_dir_all(newsroom.path("back")).unwrap();
    let shelf = Shelf::of(&newsroom);
    assert_eq!(shelf.names("2013-05"), ["ice.pdf"]);
    assert_eq!(shelf.octets("2013-05", "ice.pdf").as_deref(), Some(&b"Ice."[..]));
    assert_eq!(shelf.search("pond")[0].slug, "ice-on-the-pond");
    let referring = shelf.runtime.block_on(shelf.store.referring(&"2013-02".parse().unwrap())).unwrap();
    assert_eq!((referring.len(), referring[0].slug.as_str(), &referring[0].to_slug), (1, "ice-on-the-pond", &None));
}
