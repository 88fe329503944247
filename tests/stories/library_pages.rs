//! The public archive as a browser, a cache, a feed reader and a search engine meet it.

use std::fs;

use masthead::dateline::IssueId;
use masthead::issue::archive::{ArchivedArticle, ArchivedIssue};
use masthead::subscription::SubscriberId;
use masthead::subscription::token::{Bearer, Purpose};
use serde_json::Value;

use super::support::demo::Page;
use super::support::newsroom::{ISSUE, NEXT_ISSUE, Newsroom};
use super::support::served::{Served, opened_at};
use super::support::sink::Sink;

const OUR: &str = "https://news.example.org";

/// A newsroom whose issue is out.
async fn out() -> Served {
    let served = Served::with_readers("none", 2).await;
    served.newsroom.run(["send", "2014-12"]).ok();
    served
}

/// A newsroom with these settings of its pages, and nothing out yet.
async fn bare(settings: &str) -> (Newsroom, Sink) {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::new().with_known_key().subscribers(1).relay(&sink);
    (newsroom.table(&format!("[web]\nlisten = \"127.0.0.1:0\"\n{settings}")), sink)
}

/// A page without all that has to do with searching.
fn without_search(page: &str) -> String {
    let (before, rest) = page.split_once("<form class=\"search").unwrap_or((page, ""));
    let after = rest.split_once("</form>\n").map_or(rest, |(_, after)| after);
    before.lines().chain(after.lines()).filter(|line| !line.contains("/search\"")).collect::<Vec<_>>().join("\n")
}

impl Served {
    fn get(&self, path: &str) -> Page {
        self.ask("GET", path, None)
    }

    fn get_with(&self, path: &str, head: &str) -> Page {
        tokio::task::block_in_place(|| super::support::demo::send(&self.address, "GET", path, head, b""))
    }

    /// The paths of all pages that the sitemap lists.
    fn listed(&self) -> Vec<String> {
        let map = self.get("/sitemap.xml").body;
        let urls = map.split("<loc>").skip(1).filter_map(|rest| rest.split("</loc>").next());
        urls.map(|url| url.strip_prefix(OUR).expect("a page of ours").to_owned()).collect()
    }
}

/// The JSON-LD of a page.
fn structured(page: &Page) -> Value {
    let text = page.body.split("<script type=\"application/ld+json\">").nth(1).and_then(|rest| rest.split("</script>").next());
    serde_json::from_str(text.expect("JSON-LD")).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_is_read_on_the_web_with_what_comes_before_and_what_refers_to_it() {
    let served = out().await;
    let issue = served.get("/issues/2014-12");
    assert_eq!(issue.status, 200);
    for said in ["December/January 2015", "Vol. 15, No. 11", "<h2>Related Items</h2>", "href=\"/issues/2014-10\"", "Previous issue"] {
        assert!(issue.body.contains(said), "{said} is missing in\n{}", issue.body);
    }
    assert_eq!(issue.body.matches("<h1").count(), 1);
    assert!(!issue.body.contains("Next issue") && !issue.body.contains("Corrected on"));
    let title = served.newsroom.run(["archive", "list", "--json"]).ok().json()[4]["articles"][0]["slug"].as_str().unwrap().to_owned();
    let article = served.get(&format!("/articles/2014-12/{title}"));
    assert_eq!((article.status, article.body.matches("<h1").count()), (200, 1));
    assert!(article.body.contains("Related Items"));
    let related: Vec<String> = article.links().into_iter().filter(|link| link.starts_with("/articles/2014-0")).collect();
    let mentioned = served.get(&related[0]);
    assert!(mentioned.body.contains("Mentioned in") && mentioned.links().contains(&format!("/articles/2014-12/{title}")));
    let front = served.get("/");
    assert!(front.links().contains(&"/issues/2014-12".to_owned()) && front.links().contains(&"/subscribe".to_owned()));
    let all = served.get("/issues");
    assert!(all.body.contains("id=\"y2014\"") && all.body.contains("Volume 15"));
    assert_eq!(all.links().iter().filter(|link| link.starts_with("/issues/")).count(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_link_to_our_own_site_leads_to_a_page() {
    let served = out().await;
    let listed = served.listed();
    assert_eq!(listed.len(), 12, "front, list, and five issues of one article each: {listed:?}");
    for path in &listed {
        let page = served.get(path);
        assert_eq!((page.status, page.header("x-robots-tag")), (200, Some("all")), "{path}");
        for link in page.links().into_iter().filter(|link| link.starts_with('/')) {
            let found = served.get(link.split('#').next().unwrap());
            assert_eq!(found.status, 200, "{link} on {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t22_links_are_of_the_configured_site_whatever_host_is_asked_for() {
    let served = out().await;
    for path in ["/", "/issues/2014-12", "/feed.xml", "/sitemap.xml", "/robots.txt", "/search?q=reading"] {
        let page = tokio::task::block_in_place(|| Page::fetch(&served.address, "GET", "evil.example", path));
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("evil.example") && !page.head.contains("evil.example"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t26_what_is_not_out_looks_like_what_never_will_be() {
    let served = out().await;
    served.newsroom.write("issues/2015-02.md", NEXT_ISSUE);
    let (next, never) = (served.get("/issues/2015-02"), served.get("/issues/2031-07"));
    assert_eq!((next.status, &next.body), (404, &never.body));
    assert_eq!(next.header("x-robots-tag"), Some("noindex"));
    for path in
        ["/articles/2015-02/any", "/issues/2015-02/report.pdf", "/issues/..%2fdata", "/issues/2014-12/none.pdf", "/articles/2014-12/none"]
    {
        assert_eq!((served.get(path).status, served.get(path).body == never.body), (404, true), "{path}");
    }
    assert!(!served.get("/feed.xml").body.contains("2015-02") && !served.get("/sitemap.xml").body.contains("2015-02"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t26_no_page_and_no_feed_has_anything_of_a_reader() {
    let served = out().await;
    let keys = served.present.borrow().keys().unwrap();
    let bearer = Bearer { subscriber: SubscriberId(1), list_number: 1 };
    let token = keys.sign(Purpose::Unsubscribe, bearer).url();
    let paths = served.listed().into_iter().chain(["/feed.xml", "/search?q=reading", "/nowhere"].map(str::to_owned));
    for path in paths {
        let body = served.get(&path).body;
        for personal in [token.as_str(), "/u/", "/preferences/", "/confirm/", "/approve/", "reader0001", "Unsubscribe"] {
            assert!(!body.contains(personal), "{personal} on {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_is_told_once_and_asks_again_for_nothing() {
    let served = out().await;
    for path in ["/", "/issues/2014-12", "/feed.xml", "/library.css"] {
        let page = served.get(path);
        assert_eq!(page.header("cache-control"), Some("public, max-age=300"), "{path}");
        let tag = page.header("etag").unwrap().to_owned();
        let known = served.get_with(path, &format!("If-None-Match: \"other\", {tag}\r\n"));
        assert_eq!((known.status, known.body.as_str(), known.header("etag")), (304, "", Some(tag.as_str())), "{path}");
        let date = page.header("last-modified").unwrap();
        assert_eq!(served.get_with(path, &format!("If-Modified-Since: {date}\r\n")).status, 304, "{path}");
        let bare = served.ask("HEAD", path, None);
        assert_eq!((bare.status, bare.body.as_str(), bare.header("etag")), (200, "", Some(tag.as_str())), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_shows_at_once_and_moves_the_feed_and_nothing_else() {
    let served = out().await;
    let before = (served.get("/issues/2014-12"), feed_rs::parser::parse(served.get("/feed.xml").body.as_bytes()).unwrap());
    served.newsroom.write("issues/2014-12.md", &ISSUE.replace("picture books", "pop-up books"));
    let daemon = super::support::daemon::Daemon::start_at(&served.newsroom, "2014-12-03T12:00:00Z");
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while !served.get("/issues/2014-12").body.contains("pop-up books") {
        assert!(std::time::Instant::now() < deadline, "the correction never came");
        std::thread::yield_now();
    }
    drop(daemon);
    let page = served.get("/issues/2014-12");
    assert!(page.body.contains("Corrected on December 3, 2014"), "{}", page.body);
    assert_ne!(page.header("etag"), before.0.header("etag"));
    assert_eq!(structured(&page)["dateModified"].as_str().map(|at| &at[..10]), Some("2014-12-03"));
    let after = feed_rs::parser::parse(served.get("/feed.xml").body.as_bytes()).unwrap();
    let moved: Vec<bool> = before.1.entries.iter().zip(&after.entries).map(|(before, after)| before.updated != after.updated).collect();
    assert_eq!(moved, [true, false, false, false, false]);
    assert!(
        before.1.entries.iter().zip(&after.entries).all(|(before, after)| before.id == after.id && before.published == after.published)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_reader_gets_every_issue_whole() {
    let served = out().await;
    let page = served.get("/feed.xml");
    assert_eq!(page.header("content-type"), Some("application/atom+xml; charset=utf-8"));
    let feed = feed_rs::parser::parse(page.body.as_bytes()).unwrap();
    assert_eq!(feed.title.unwrap().content, "Lantern Street Letter");
    assert_eq!(feed.entries.len(), 5);
    let first = &feed.entries[0];
    assert_eq!(first.id, format!("{OUR}/issues/2014-12"));
    let html = first.content.as_ref().and_then(|content| content.body.clone()).unwrap();
    assert!(html.contains("December/January 2015, Vol. 15, No. 11") && html.contains("Related Items"));
    for link in html.split("href=\"").skip(1) {
        assert!(link.starts_with("https://") || link.starts_with("mailto:") || link.starts_with("tel:"), "{}", &link[..40]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_are_told_what_a_page_is() {
    let served = out().await;
    let issue = structured(&served.get("/issues/2014-12"));
    assert_eq!((&issue["@type"], &issue["issueNumber"]), (&Value::from("PublicationIssue"), &Value::from("11")));
    assert_eq!(issue["isPartOf"]["volumeNumber"], "15");
    let url = issue["hasPart"][0]["url"].as_str().unwrap();
    let page = served.get(url.strip_prefix(OUR).unwrap());
    let article = structured(&page);
    assert_eq!((&article["@type"], &article["url"]), (&Value::from("NewsArticle"), &Value::from(url)));
    assert_eq!(article["isPartOf"]["@id"], issue["@id"]);
    assert!(page.body.contains(&format!("<link rel=\"canonical\" href=\"{url}\">")));
    assert!(page.body.contains(&format!("<meta property=\"og:url\" content=\"{url}\">")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_finds_articles_with_the_words_marked_and_is_helped_where_there_are_none() {
    let served = out().await;
    let found = served.get("/search?q=picture+books");
    assert_eq!((found.status, found.header("x-robots-tag")), (200, Some("noindex")));
    assert!(found.body.contains("<mark>") && found.body.contains("value=\"picture books\""), "{}", found.body);
    assert!(found.links().iter().any(|link| link.starts_with("/articles/")));
    let none = served.get("/search?q=zeppelin%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E");
    assert_eq!(none.status, 200);
    assert!(none.body.contains("Nothing has all of this") && none.body.contains("zeppelin&quot;&gt;&lt;script&gt;"), "{}", none.body);
    for odd in ["/search", "/search?q=", "/search?q=%00%ff&page=0", "/search?q=a&page=99999999999999999999", "/search?q=picture&page=9"] {
        assert_eq!(served.get(odd).status, 200, "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_is_not_to_be_found_says_so_everywhere() {
    let (newsroom, sink) = bare("indexed = false\nbanner = \"us-government\"").await;
    let newsroom = newsroom.back_issues().build();
    let served = Served::of(newsroom, sink).await;
    for path in ["/", "/issues", "/issues/2014-10", "/feed.xml"] {
        let page = served.get(path);
        assert_eq!((page.status, page.header("x-robots-tag")), (200, Some("noindex")), "{path}");
    }
    let page = served.get("/issues/2014-10").body;
    assert!(page.contains("<meta name=\"robots\" content=\"noindex\">"));
    assert!(page.contains("An official website of the United States government") && page.contains("Here’s how you know"));
    assert!(served.get("/robots.txt").body.ends_with("Disallow: /\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t4_hostile_text_becomes_words_and_its_pictures_become_links() {
    const HOSTILE: &str = include_str!("fixture/hostile.md");
    let (newsroom, sink) = bare("").await;
    let served = Served::of(newsroom.build(), sink).await;
    let hostile = ArchivedIssue {
        id: "2014-04".parse().unwrap(),
        title: "A </script><script>alert(1)</script> and more".to_owned(),
        period: "2014-04".parse::<IssueId>().unwrap().period(),
        number: None,
        out_at: "2014-04-01T09:00:00Z".parse().unwrap(),
        corrected_at: None,
        articles: vec![ArchivedArticle { slug: "a-script-and-more".to_owned(), title: "A script and more".to_owned() }],
        made_at: None,
        carried: Vec::new(),
        manuscript: HOSTILE.to_owned(),
    };
    served.present.borrow().shared_store().shelve(vec![hostile]).await.unwrap();
    let slug = "a-script-and-more";
    for path in ["/", "/issues", "/issues/2014-04", &format!("/articles/2014-04/{slug}"), "/search?q=script"] {
        let page = served.get(path);
        assert_eq!(page.status, 200, "{path}");
        let body = page.body.replace("<script type=\"application/ld+json\">", "");
        let lower = body.to_ascii_lowercase();
        for bad in
            ["<script", "<img", "<svg", "<iframe", "<style", "style=", "href=\"javascript", "href=\"data:", "href=\"vbscript", "<object"]
        {
            assert!(!lower.contains(bad), "{bad} on {path}:\n{body}");
        }
        for tag in lower.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            assert!(!tag.contains(" on"), "a handler in <{tag}> on {path}");
        }
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("img-src 'self'") && !policy.contains("unsafe"), "{policy}");
    }
    let issue = served.get("/issues/2014-04");
    assert!(issue.links().contains(&"https://tracker.example.org/pixel.gif".to_owned()), "{}", issue.body);
    assert!(structured(&issue)["headline"].as_str().unwrap().contains("</script>"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t4_files_are_shown_only_if_they_run_nothing() {
    let (newsroom, sink) = bare("").await;
    let newsroom = newsroom.build();
    let text = "---\ntitle: Files\nvolume: 1\nnumber: 1\npreheader: Files of all kinds come with this issue, and each is where it should be.\nstatus: ready\n---\n# Files\n\nSee [a page](page.html), [a sheet](sheet.csv), [a report](report.pdf) and this drawing: ![A drawing](drawing.svg)\n\n![A well](well.png)\n";
    newsroom.write("issues/2014-12/issue.md", text);
    for name in ["page.html", "sheet.csv", "report.pdf", "drawing.svg"] {
        newsroom.write(&format!("issues/2014-12/{name}"), "<script>alert(1)</script>");
    }
    let png = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/issues/2026-11/farm-well.png")).unwrap();
    fs::write(newsroom.path("issues/2014-12/well.png"), &png).unwrap();
    newsroom.run(["send", "2014-12"]).ok();
    let served = Served::of(newsroom, sink).await;
    for (name, kind, is_saved) in [
        ("page.html", "application/octet-stream", true),
        ("drawing.svg", "application/octet-stream", true),
        ("sheet.csv", "application/octet-stream", true),
        ("report.pdf", "application/pdf", false),
        ("well.png", "image/png", false),
    ] {
        let file = served.get(&format!("/issues/2014-12/{name}"));
        assert_eq!((file.status, file.header("content-type")), (200, Some(kind)), "{name}");
        assert_eq!(file.header("content-disposition").is_some(), is_saved, "{name}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"), "{name}");
        assert_eq!(file.header("cross-origin-resource-policy"), Some("cross-origin"), "{name}: webmail shows our pictures");
        assert_eq!(file.header("cache-control"), Some("public, max-age=86400"), "{name}");
    }
    let page = served.get("/issues/2014-12").body;
    assert!(page.contains("<img src=\"/issues/2014-12/well.png\"") && !page.contains("<img src=\"/issues/2014-12/drawing.svg\""), "{page}");
    let folder = served.newsroom.path("site");
    let told = served.newsroom.run(["archive", "build", &folder.display().to_string()]).ok();
    assert!(told.stderr.contains("page.html") && told.stderr.contains("drawing.svg"), "{}", told.stderr);
    assert!(!folder.join("issues/2014-12/page.html").exists());
    assert_eq!(fs::read(folder.join("issues/2014-12/well.png")).unwrap(), png);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_files_has_the_pages_that_are_served_but_for_the_search() {
    let served = out().await;
    let folder = served.newsroom.path("public/site");
    let build = || served.newsroom.run(["archive", "build", &folder.display().to_string()]);
    build().ok();
    for path in served.listed().iter().map(String::as_str).chain(["/feed.xml", "/sitemap.xml", "/library.css"]) {
        let below = path.trim_matches('/');
        let file = if folder.join(below).is_file() { folder.join(below) } else { folder.join(below).join("index.html") };
        let written = fs::read_to_string(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
        assert!(!written.contains("<form"), "{path}");
        assert_eq!(without_search(&written), without_search(&served.get(path).body), "{path}");
    }
    fs::write(folder.join("stray.html"), "left from before").unwrap();
    build().ok();
    assert!(!folder.join("stray.html").exists() && folder.join("index.html").is_file(), "the folder is replaced whole");
    assert_eq!(fs::read_dir(folder.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_not_ours_stays_as_it_is() {
    let served = out().await;
    served.newsroom.write("public/mine.txt", "mine");
    let told = served.newsroom.run(["archive", "build", &served.newsroom.shown("public")]);
    assert_eq!(told.code, Some(1));
    assert!(told.stderr.contains("was not made by `archive build`"), "{}", told.stderr);
    assert_eq!(fs::read_dir(served.newsroom.path("public")).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_and_templates_that_change_show_at_once() {
    let served = out().await;
    let before = served.get("/issues/2014-12");
    served.newsroom.write("templates/partials/web-foot.html.hbs", "<footer>Printed anew</footer>\n</body>\n</html>\n");
    served.present.send_replace(opened_at(&served.newsroom, "2014-12-02T12:00:00Z").await);
    let after = served.get("/issues/2014-12");
    assert!(after.body.contains("Printed anew") && after.header("etag") != before.header("etag"));
}
