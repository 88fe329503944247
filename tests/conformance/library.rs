//! What is promised of the shelf as the public reads it.

use std::sync::Arc;

use jiff::civil::Date;
use masthead::archive::catalogue::{Catalogued, CataloguedArticle, Reference};
use masthead::archive::query::Query;
use masthead::issue::archive::ArchivedIssue;
use masthead::store::library::PART;
use masthead::store::{EnclosedName, Enclosure, Find, Fragment, Hits, Referring, Store};

use crate::newsroom::{archived, issue};

fn file(name: &str, octets: impl Into<Vec<u8>>) -> Enclosure {
    Enclosure { name: name.to_owned(), pixels: None, octets: octets.into() }
}

async fn names(store: &Arc<dyn Store>, id: &str) -> Vec<String> {
    store.enclosed(&issue(id)).await.unwrap().into_iter().map(|file| file.name).collect()
}

fn day(id: &str) -> Date {
    let issue = issue(id);
    issue.day().or_else(|| issue.month().day(1)).unwrap()
}

fn entry(id: &str, articles: &[(&str, &str, &str)]) -> Catalogued {
    let article = |&(slug, title, text): &(&str, &str, &str)| CataloguedArticle {
        slug: slug.to_owned(),
        title: title.to_owned(),
        text: text.to_owned(),
    };
    Catalogued { issue: issue(id), version: 1, day: day(id), articles: articles.iter().map(article).collect(), refers: Vec::new() }
}

fn leads(from: &str, to: &str, to_slug: Option<&str>) -> Reference {
    Reference { from: from.to_owned(), to: issue(to), to_slug: to_slug.map(str::to_owned) }
}

/// Puts an issue on the shelf and into the catalogue.
async fn catalogue(store: &Arc<dyn Store>, entry: Catalogued) {
    store.shelve(vec![archived(entry.issue.as_str())]).await.unwrap();
    let mark = store.shelf_mark().await.unwrap();
    store.catalogue(entry, mark).await.unwrap();
}

async fn search(store: &Arc<dyn Store>, typed: &str) -> Hits {
    store.search(Find { query: Query::parse(typed), from: 0, most: 10 }).await.unwrap()
}

/// The slugs that a search finds, the best first.
async fn found(store: &Arc<dyn Store>, typed: &str) -> Vec<String> {
    search(store, typed).await.hits.into_iter().map(|hit| hit.slug).collect()
}

fn whole(fragments: &[Fragment]) -> String {
    fragments.iter().map(|piece| if piece.is_match { format!("[{}]", piece.text) } else { piece.text.clone() }).collect()
}

/// Two issues about wells.
async fn wells(store: &Arc<dyn Store>) {
    let old =
        [("pumps", "Mending Pumps", "A pump wants a dry shed.\nThe keeper of the well knows."), ("rope", "Old Rope", "It is frayed.")];
    catalogue(store, entry("2014-06", &old)).await;
    let new =
        [("well", "The Deep Well", "Water, and a keeper with a rope."), ("numero", "Número Ocho", "El pozo de la señora. Wells, wells!")];
    catalogue(store, entry("2014-12", &new)).await;
}

pub(crate) async fn files_are_kept_as_they_were_and_replaced_as_a_whole(store: Arc<dyn Store>) {
    let id = issue("2014-12");
    let image = Enclosure { pixels: Some((640, 480)), ..file("a well.png", *b"png") };
    store.enclose(&id, vec![file("report.pdf", *b"first"), image.clone()]).await.unwrap();
    assert_eq!(store.enclosure(&id, "a well.png").await.unwrap(), Some(image));
    let digest = "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e".to_owned();
    let listed = store.enclosed(&id).await.unwrap();
    assert_eq!(listed[1], EnclosedName { name: "report.pdf".to_owned(), pixels: None, octets: 5, digest });
    store.enclose(&id, vec![file("report.pdf", *b"second")]).await.unwrap();
    assert_eq!(store.enclosure(&id, "report.pdf").await.unwrap(), Some(file("report.pdf", *b"second")));
    assert_eq!(names(&store, "2014-12").await, ["report.pdf"]);
    assert_eq!(store.enclosure(&id, "a well.png").await.unwrap(), None);
    assert_eq!(store.enclosure(&issue("2014-11"), "report.pdf").await.unwrap(), None);
    store.enclose(&id, vec![]).await.unwrap();
    assert_eq!(names(&store, "2014-12").await, [""; 0]);
}

pub(crate) async fn a_large_file_comes_whole_and_in_parts(store: Arc<dyn Store>) {
    let octets: Vec<u8> = (0..PART * 2 + 3).map(|at| u8::try_from(at % 251).unwrap()).collect();
    store.enclose(&issue("2014-12"), vec![file("report.pdf", octets.clone()), file("empty.csv", [])]).await.unwrap();
    assert_eq!(store.enclosure(&issue("2014-12"), "empty.csv").await.unwrap(), Some(file("empty.csv", [])));
    assert!(store.enclosure(&issue("2014-12"), "report.pdf").await.unwrap() == Some(file("report.pdf", octets.clone())));
    let known = store.enclosed(&issue("2014-12")).await.unwrap().pop().unwrap();
    assert_eq!(known.octets, octets.len() as u64);
    let mut parts = Vec::new();
    while let Some(part) = store.enclosed_part(&known.digest, u32::try_from(parts.len()).unwrap()).await.unwrap() {
        parts.push(part);
    }
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [PART, PART, 3]);
    assert!(parts.concat() == octets);
}

pub(crate) async fn a_file_of_two_issues_stays_until_both_have_let_it_go(store: Arc<dyn Store>) {
    let (one, two) = (issue("2014-11"), issue("2014-12"));
    store.enclose(&one, vec![file("a.pdf", *b"same")]).await.unwrap();
    store.enclose(&two, vec![file("b.pdf", *b"same")]).await.unwrap();
    let digest = store.enclosed(&one).await.unwrap().remove(0).digest;
    assert_eq!(store.enclosed(&two).await.unwrap()[0].digest, digest);
    store.enclose(&one, vec![]).await.unwrap();
    assert_eq!(store.enclosure(&two, "b.pdf").await.unwrap(), Some(file("b.pdf", *b"same")));
    store.enclose(&two, vec![file("b.pdf", *b"other")]).await.unwrap();
    assert_eq!(store.enclosed_part(&digest, 0).await.unwrap(), None);
}

pub(crate) async fn the_mark_moves_with_every_change_and_only_then(store: Arc<dyn Store>) {
    let mut marks = vec![store.shelf_mark().await.unwrap()];
    let id = issue("2014-12");
    store.shelve(vec![archived("2014-12")]).await.unwrap();
    marks.push(store.shelf_mark().await.unwrap());
    store.shelve(vec![ArchivedIssue { title: "Mended".to_owned(), ..archived("2014-12") }]).await.unwrap();
    marks.push(store.shelf_mark().await.unwrap());
    store.enclose(&id, vec![file("a.pdf", *b"a")]).await.unwrap();
    marks.push(store.shelf_mark().await.unwrap());
    store.catalogue(entry("2014-12", &[]), marks[3]).await.unwrap();
    marks.push(store.shelf_mark().await.unwrap());
    store.enclose(&id, vec![]).await.unwrap();
    marks.push(store.shelf_mark().await.unwrap());
    assert!(marks.is_sorted_by(|a, b| a < b), "{marks:?}");
    store.enclose(&id, vec![]).await.unwrap();
    search(&store, "well").await;
    assert_eq!(store.shelf_mark().await.unwrap(), marks[5]);
}

pub(crate) async fn what_is_out_wants_cataloguing_once_and_after_each_change(store: Arc<dyn Store>) {
    store.shelve(vec![archived("2014-12"), archived("2014-06")]).await.unwrap();
    assert_eq!(store.uncatalogued(1).await.unwrap(), [issue("2014-06"), issue("2014-12")]);
    wells(&store).await;
    assert_eq!(store.uncatalogued(1).await.unwrap(), []);
    assert_eq!(store.uncatalogued(2).await.unwrap().len(), 2);
    let before = store.shelf_mark().await.unwrap();
    store.shelve(vec![ArchivedIssue { title: "Mended".to_owned(), ..archived("2014-06") }]).await.unwrap();
    assert_eq!(store.uncatalogued(1).await.unwrap(), [issue("2014-06")]);
    assert_eq!(found(&store, "frayed").await, ["rope"], "an old entry is better than none");
    store.catalogue(entry("2014-06", &[("rope", "Rope", "Mended.")]), before).await.unwrap();
    assert_eq!(store.uncatalogued(1).await.unwrap(), [issue("2014-06")], "it changed after it was read");
    store.catalogue(entry("2014-06", &[("rope", "Rope", "Mended.")]), store.shelf_mark().await.unwrap()).await.unwrap();
    assert_eq!(store.uncatalogued(1).await.unwrap(), []);
    assert_eq!((found(&store, "frayed").await, found(&store, "mended").await), (vec![], vec!["rope".to_owned()]));
}

pub(crate) async fn what_is_not_out_is_in_no_catalogue(store: Arc<dyn Store>) {
    store.catalogue(entry("2014-12", &[("well", "The Well", "Water.")]), u64::MAX).await.unwrap();
    assert_eq!(found(&store, "water").await, [""; 0]);
    store.shelve(vec![archived("2014-12")]).await.unwrap();
    assert_eq!(store.uncatalogued(1).await.unwrap(), [issue("2014-12")]);
}

pub(crate) async fn words_are_found_in_every_form_case_and_accent(store: Arc<dyn Store>) {
    wells(&store).await;
    for (typed, slugs) in [
        ("pumping", vec!["pumps"]),
        ("NUMERO senora", vec!["numero"]),
        ("keeper rope", vec!["well"]),
        ("\"dry shed\"", vec!["pumps"]),
        ("\"shed dry\"", vec![]),
        ("rope -water", vec!["rope"]),
        ("rope -\"a keeper\"", vec!["rope"]),
        ("fra", vec!["rope"]),
        ("fr", vec![]),
        ("\"fra\"", vec![]),
        ("well-kept", vec![]),
        ("-well", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(found(&store, typed).await, slugs, "{typed}");
    }
}

pub(crate) async fn a_title_weighs_most_and_of_equals_the_newest_comes_first(store: Arc<dyn Store>) {
    wells(&store).await;
    assert_eq!(found(&store, "well").await[0], "well");
    let same = |slug| entry(slug, &[("same", "Frost", "The very same words.")]);
    for id in ["2013-02", "2013-04", "2013-03"] {
        catalogue(&store, same(id)).await;
    }
    let hits = search(&store, "frost").await.hits;
    assert_eq!(hits.iter().map(|hit| hit.issue.as_str()).collect::<Vec<_>>(), ["2013-04", "2013-03", "2013-02"]);
    let page = |from| Find { query: Query::parse("frost"), from, most: 2 };
    let second = store.search(page(2)).await.unwrap();
    assert_eq!((second.many, second.hits.len(), second.hits[0].issue.as_str()), (3, 1, "2013-02"));
    assert_eq!(store.search(page(9)).await.unwrap(), Hits { many: 3, hits: vec![] });
}

pub(crate) async fn a_hit_shows_what_matched_and_nothing_can_pretend_to(store: Arc<dyn Store>) {
    let long = "Sand. ".repeat(200);
    let text = format!("{long} The \u{1}keeper\u{2} of the wells <b>digs</b>. {long}");
    catalogue(&store, entry("2014-12", &[("a", "Of \u{1}Wells\u{2} & Water", &text)])).await;
    let hit = search(&store, "well").await.hits.remove(0);
    assert_eq!(whole(&hit.title), "Of [Wells] & Water");
    let excerpt = whole(&hit.excerpt);
    assert!(excerpt.contains("The keeper of the [wells] <b>digs</b>."), "{excerpt}");
    assert!(excerpt.len() < 400 && excerpt.starts_with('…') && excerpt.ends_with('…'), "{excerpt}");
}

pub(crate) async fn t20_a_readers_words_are_no_language_of_the_engine(store: Arc<dyn Store>) {
    wells(&store).await;
    let odd = [
        "\"",
        "a\"b",
        "title:rope",
        "NEAR(rope, 2)",
        "rope*",
        "^rope",
        "{title}: rope",
        "rope OR",
        "NOT",
        "';--",
        "\0",
        "%",
        "_",
        "ु",
        "\u{301}",
    ];
    for typed in odd {
        search(&store, typed).await;
    }
    assert_eq!(found(&store, "title:frayed").await, [""; 0]);
    assert_eq!(found(&store, "frayed OR water").await, [""; 0], "OR is a word like any other");
}

pub(crate) async fn who_refers_to_an_issue_is_known_the_newest_first(store: Arc<dyn Store>) {
    let with = |id, refers: Vec<Reference>| Catalogued { refers, ..entry(id, &[("one", "One", ""), ("two", "Two", "")]) };
    catalogue(&store, entry("2014-06", &[("pumps", "Pumps", "")])).await;
    catalogue(&store, with("2014-07", vec![leads("two", "2014-06", Some("pumps"))])).await;
    catalogue(&store, with("2014-12", vec![leads("one", "2014-06", None), leads("two", "2014-06", Some("pumps"))])).await;
    let referring = |from: &str, slug: &str, to_slug: Option<&str>| Referring {
        from: issue(from),
        slug: slug.to_owned(),
        to_slug: to_slug.map(str::to_owned),
    };
    let known = store.referring(&issue("2014-06")).await.unwrap();
    assert_eq!(
        known,
        [referring("2014-12", "one", None), referring("2014-12", "two", Some("pumps")), referring("2014-07", "two", Some("pumps"))]
    );
    catalogue(&store, with("2014-12", vec![])).await;
    assert_eq!(store.referring(&issue("2014-06")).await.unwrap().len(), 1);
    assert_eq!(store.referring(&issue("2014-12")).await.unwrap(), []);
}
