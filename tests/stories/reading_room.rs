//! The demo's reading room: the mail as its readers see it, and nothing but that.

use super::support::demo::Demo;

#[test]
fn every_message_can_be_read_in_all_its_forms() {
    let demo = Demo::start();
    let index = demo.get("/outbox");
    assert_eq!(index.status, 200);
    assert!(index.body.contains("20 messages in the outbox"), "{}", index.body);
    let letters: Vec<String> = index.links().into_iter().filter(|link| link.starts_with("/outbox/")).collect();
    assert_eq!(letters.len(), 20);
    for letter in [&letters[0], &letters[19]] {
        assert!(demo.get(letter).body.contains("<iframe"));
        assert!(demo.get(&format!("{letter}/html")).body.contains("Vol. 9, No. 11"));
        assert!(demo.get(&format!("{letter}/text")).body.contains("RELATED ITEMS"));
        assert!(demo.get(&format!("{letter}/source")).body.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    }
    assert!(demo.get("/issues/2026-11").body.contains("What Our Wells Told Us"));
    assert_eq!(demo.get("/issues/2026-11/farm-well.png").header("content-type"), Some("image/png"));
    assert_eq!(demo.get("/issues/2026-11/well-survey.pdf").header("content-type"), Some("application/pdf"));
    let text = demo.get(&format!("{}/text", letters[0])).body;
    let ours = demo.url("/");
    let links: Vec<&str> = text.split_whitespace().filter_map(|word| word.strip_prefix(ours.as_str())).collect();
    for page in ["u/", "preferences/", "issues/2026-11", "articles/"] {
        let link = links.iter().find(|link| link.starts_with(page)).unwrap_or_else(|| panic!("no link to {page} in {links:?}"));
        assert_eq!(demo.get(&format!("/{link}")).status, 200, "{link}");
    }
    let (told, left) = demo.end();
    told.ok();
    assert_eq!(left, 0, "the demo takes its folder away");
}

#[test]
fn t4_t13_pages_run_nothing_and_no_path_leads_out_of_the_room() {
    let demo = Demo::start();
    for path in ["/", "/u/AQEA", "/outbox/none", "/style.css"] {
        let page = demo.get(path);
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{path}: {policy}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(page.header("set-cookie"), None, "{path}");
    }
    for path in [
        "/u/AQEA",
        "/outbox/..%2f..%2fconfig%2fmasthead",
        "/outbox/.hidden",
        "/issues/2026-11/..%2f..%2fdata%2ftoken.key",
        "/issues/2026-11/issue.md",
        "/issues/../data/token.key",
        "/issues/back/2026-04.md",
        "/data/token.key",
    ] {
        assert_eq!(demo.get(path).status, 404, "{path}");
    }
    // The mailing before it has listened to this signal: it must still end the demo.
    demo.end_by("TERM").0.ok();
}
