//! Outside checkers of what the real binary prints and sends: the Nu Html Checker for the grammar of its HTML, axe-core for
//! its readers, dkimpy and mail-auth for its signatures, Postfix for its SMTP, and systemd for its calendar and its
//! units.
//!
//! `tests/oracles/install.sh` brings them, but for mail-auth, which is a crate and always there. Where they are missing, a test says `SKIPPED` on stderr and passes; with
//! `MASTHEAD_TEST_REQUIRE=all` it fails instead.

// An oracle that cannot be asked as it should fails its test at once.
#![allow(clippy::unwrap_used)]

#[path = "calendar.rs"]
mod calendar;
#[path = "library.rs"]
mod library;
#[path = "postfix.rs"]
mod postfix;
#[path = "preview.rs"]
mod preview;
#[path = "readers.rs"]
mod readers;
#[path = "signatures.rs"]
mod signatures;
#[path = "../support/mod.rs"]
mod support;
#[path = "thousand.rs"]
mod thousand;
#[path = "units.rs"]
mod units;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::demo::Demo;
use support::newsroom::{ISSUE, Newsroom};
use support::served::Served;

/// Gmail reads the first 8,192 characters of a style element and no further (STANDARDS H2).
const STYLE_LIMIT: usize = 8_000;
/// Gmail clips at 102 KB (STANDARDS H1).
const HTML_LIMIT: usize = 100_000;
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

static SKIPPED: AtomicUsize = AtomicUsize::new(0);

/// The pages that every oracle looks at, printed once.
static PRINTED: LazyLock<PathBuf> = LazyLock::new(print);

/// Has the binary print the sample newsroom's issue, which has tables and images, and the stories' issue, which has not.
fn print() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sample-html");
    let fixture = Newsroom::new().with_known_key().issue("2014-12", ISSUE).back_issues().build();
    for (newsroom, issue) in [(Newsroom::sample(), "2026-11"), (fixture, "2014-12")] {
        newsroom.run(["render", issue, "--to", "html", "--out", &folder.display().to_string()]).ok();
    }
    folder
}

/// The HTML to look at: one file, or a folder of them.
fn sample_html() -> PathBuf {
    env::var_os("MASTHEAD_SAMPLE_HTML").map_or_else(|| PRINTED.clone(), PathBuf::from)
}

/// Every HTML file of the sample, or why there is none.
fn pages() -> Result<Vec<PathBuf>, String> {
    let sample = sample_html();
    if sample.is_file() {
        return Ok(vec![sample]);
    }
    let entries = fs::read_dir(&sample).map_err(|error| format!("no sample at {}: {error}", sample.display()))?;
    let mut pages: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension() == Some(OsStr::new("html"))).collect();
    pages.sort();
    if pages.is_empty() { Err(format!("no HTML file in {}", sample.display())) } else { Ok(pages) }
}

/// Where `install.sh` put the node modules.
fn oracles() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    env::var_os("MASTHEAD_ORACLES")
        .filter(|folder| !folder.is_empty())
        .map_or_else(|| root.join("target/oracles"), |folder| root.join(folder))
}

fn on_path(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Why a script cannot ask the browser, if it cannot.
fn without_browser() -> Option<String> {
    let modules = oracles().join("node_modules");
    if !modules.join("axe-core").is_dir() || !modules.join("playwright-core").is_dir() {
        return Some(format!("no axe-core and playwright-core in {}; run tests/oracles/install.sh", modules.display()));
    }
    if !on_path("node") {
        return Some("no node on the PATH; run tests/oracles/install.sh".to_owned());
    }
    let has_browser = env::var_os("CHROMIUM").is_some() || BROWSERS.iter().any(|browser| on_path(browser));
    (!has_browser).then(|| "no Chromium on the PATH; run tests/oracles/install.sh".to_owned())
}

/// Says loudly that an oracle was not asked; fails where every oracle is required.
fn skip(oracle: &str, why: &str) {
    let number = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    // Straight to the stream: the test harness would swallow what a macro prints.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {oracle}: {why} (skip {number} of this run)");
    assert!(env::var("MASTHEAD_TEST_REQUIRE").as_deref() != Ok("all"), "{oracle} is required and was skipped: {why}");
}

/// Runs a checker to its end and fails with all that it printed.
fn ask(oracle: &str, command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{oracle} does not start: {error}"));
    assert!(
        output.status.success(),
        "{oracle} has findings ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn vnu_finds_no_error_in_the_html() {
    let pages = match pages() {
        Ok(pages) => pages,
        Err(why) => return skip("vnu", &why),
    };
    match vnu() {
        Ok(mut vnu) => ask("vnu", vnu.args(pages)),
        Err(why) => skip("vnu", &why),
    }
}

/// The Nu Html Checker, or why it cannot be asked.
fn vnu() -> Result<Command, String> {
    let jar = oracles().join("node_modules/vnu-jar/build/dist/vnu.jar");
    if !jar.is_file() {
        return Err(format!("no {}; run tests/oracles/install.sh", jar.display()));
    }
    if !on_path("java") {
        return Err("no java on the PATH; run tests/oracles/install.sh".to_owned());
    }
    let mut vnu = Command::new("java");
    vnu.arg("-jar").arg(jar).args(["--Werror", "--format", "text"]);
    Ok(vnu)
}

/// axe-core in a browser, or why it cannot be asked.
fn axe() -> Result<Command, String> {
    if let Some(why) = without_browser() {
        return Err(why);
    }
    let mut axe = Command::new("node");
    axe.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/axe.mjs")).env("MASTHEAD_ORACLES", oracles());
    Ok(axe)
}

#[test]
fn a5_a7_axe_finds_nothing_on_light_and_dark_paper_wide_and_narrow() {
    let pages = match pages() {
        Ok(pages) => pages,
        Err(why) => return skip("axe", &why),
    };
    let demo = Demo::start();
    let letter = demo.get("/outbox").links().into_iter().find(|link| link.starts_with("/outbox/")).unwrap();
    let rooms =
        [demo.url("/outbox"), demo.url(&letter), demo.url("/outbox/none"), demo.url("/u/none"), demo.url("/"), demo.url("/issues/2026-11")];
    match axe() {
        Ok(mut axe) => ask("axe", axe.args(pages).args(rooms)),
        Err(why) => skip("axe", &why),
    }
}

/// The page behind the link in a proof before and after it is approved, where it leads nowhere, and the proof itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a7_checkers_find_nothing_in_a_proof_and_on_its_page() {
    let served = Served::new("one").await;
    let links = served.prove();
    served.ask("POST", &links[1], Some("approve=yes"));
    let shown = [links[0].as_str(), &links[1], "/approve/2014-12/none"];
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, html: &str| {
        let path = folder.path().join(name);
        fs::write(&path, html).unwrap();
        path
    };
    let mut pages = vec![write("proof.html", &support::reading::parts(&served.sink.messages()[0].bytes).1)];
    pages.extend(
        shown.iter().zip(["open.html", "given.html", "none.html"]).map(|(path, name)| write(name, &served.ask("GET", path, None).body)),
    );
    match vnu() {
        Ok(mut vnu) => ask("vnu", vnu.args(&pages)),
        Err(why) => skip("vnu", &why),
    }
    match axe() {
        Ok(mut axe) => ask("axe", axe.arg(&pages[0]).args(shown.map(|path| format!("http://{}{path}", served.address)))),
        Err(why) => skip("axe", &why),
    }
}

#[test]
fn a1_h1_h2_the_html_keeps_what_webmail_would_lose() {
    let pages = match pages() {
        Ok(pages) => pages,
        Err(why) => return skip("house rules of the HTML", &why),
    };
    for page in pages {
        let html = fs::read_to_string(&page).unwrap();
        let name = page.display();
        assert!(html.len() < HTML_LIMIT, "{name}: {} bytes, Gmail would clip it", html.len());
        let styles: Vec<&str> = html.split("<style").skip(1).filter_map(|rest| rest.split("</style>").next()).collect();
        assert_eq!(styles.len(), 1, "{name}: one style element, the screen's; mail.css is inlined and gone");
        assert!(styles[0].chars().count() < STYLE_LIMIT, "{name}: the style element is too long for Gmail");
        for rule in ["prefers-color-scheme", "max-width"] {
            assert!(styles[0].contains(rule), "{name}: the screen's {rule} rules did not survive inlining");
        }
        assert!(!html.contains("data-css-inline"), "{name}: an instruction to the inliner went out");
        for element in ["<html ", "<body ", "<div "] {
            let tag = html.split(element).nth(1).and_then(|rest| rest.split('>').next()).unwrap_or_default();
            assert!(tag.contains("lang=\"") && tag.contains("dir=\""), "{name}: {element}> must carry lang and dir");
        }
        assert!(!html.contains("{{") && !html.contains("}}"), "{name}: a brace of a template was printed");
    }
}
