//! As the systemd units start it: settings read-only, state and issues elsewhere, secrets as credentials.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rcgen::{KeyPair, PKCS_RSA_SHA256};

use crate::support::newsroom::{ISSUE, Newsroom, set_mode};
use crate::support::reading::{field, links};
use crate::support::sink::Sink;

/// The settings that a unit makes, with its places below a folder of ours.
fn environment(unit: &str, root: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/systemd").join(unit)).unwrap();
    let ours = |place: &str| root.join(place).display().to_string();
    let settings = text.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
    settings
        .filter(|(name, _)| name.starts_with("MASTHEAD_"))
        .map(|(name, value)| {
            let value = value.replace("%i", "lantern").replace("%S/", &ours("state/")).replace("/srv/", &ours("srv/"));
            (name.to_owned(), value)
        })
        .collect()
}

/// The names that a unit gives to credentials.
fn credentials(unit: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/systemd").join(unit)).unwrap();
    text.lines().filter_map(|line| Some(line.strip_prefix("LoadCredential=")?.split_once(':')?.0.to_owned())).collect()
}

fn all_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(place) = waiting.pop() {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            found.insert(path.strip_prefix(folder).unwrap().display().to_string());
            if path.is_dir() {
                waiting.push(path);
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t19_t25_it_works_as_the_units_set_it_up_and_writes_nothing_beside_its_state() {
    for unit in ["masthead.service", "masthead@.service"] {
        let sink = Sink::builder().implicit_tls().account("press", "open sesame").start().await;
        let newsroom = Newsroom::new()
            .relay_at(&format!("smtps://localhost:{}", sink.port()))
            .relay_setting("user = \"press\"\npassword_file = \"relay\"\nca_file = \"ca.pem\"")
            .table("[dkim]\ndomain = \"news.example.org\"\nselector = \"nl2026\"\nkey_file = \"dkim\"")
            .configured();
        newsroom.write("ca.pem", sink.ca_pem());
        let before = all_below(newsroom.root());

        let place = tempfile::tempdir().unwrap();
        let (passed, token) = (place.path().join("credentials"), "fedcba9876543210".repeat(4));
        fs::create_dir(&passed).unwrap();
        let dkim = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap().serialize_pem();
        for (name, text) in [("relay", "open sesame\n"), ("dkim", dkim.as_str()), ("token-key", token.as_str())] {
            assert!(credentials(unit).contains(name), "{unit} passes no {name}");
            fs::write(passed.join(name), text).unwrap();
            // As systemd has them: the daemon may read them by an ACL, which looks like a group's right.
            set_mode(&passed.join(name), 0o440);
        }
        let environment = environment(unit, place.path());
        let of = |name: &str| environment.iter().find(|(key, _)| key == name).unwrap().1.clone();
        let issues = of("MASTHEAD_ISSUES__FOLDER");
        let store = of("MASTHEAD_STORE__URL").strip_prefix("sqlite:").unwrap().to_owned();
        // These two are made by systemd and by the operator.
        fs::create_dir_all(&issues).unwrap();
        fs::create_dir_all(Path::new(&store).parent().unwrap()).unwrap();
        fs::write(format!("{issues}/2014-12.md"), ISSUE.replace("## Related Items", "## Elsewhere")).unwrap();
        fs::write(place.path().join("roll.csv"), "email,status\nreader@example.org,confirmed\n").unwrap();

        let run = |arguments: &[&str], key: Option<&str>| {
            let mut command = newsroom.command(arguments.iter().copied());
            command.envs(environment.iter().cloned()).env("CREDENTIALS_DIRECTORY", &passed);
            command.envs(key.map(|key| ("MASTHEAD_WEB__TOKEN_KEY_FILE", key)));
            crate::support::newsroom::Told::of(&mut command)
        };
        run(&["subscribers", "import", &place.path().join("roll.csv").display().to_string()], None).ok();
        let told = run(&["render", "2014-12", "--to", "eml"], Some("token-key"));
        let passed_on = links(told.ok().stdout.as_bytes());
        assert!(!Path::new(&of("MASTHEAD_WEB__TOKEN_KEY_FILE")).exists(), "{unit}: none is made where one is passed");
        run(&["send", "2014-12"], None).ok().says(&["1 accepted"]);
        assert!(Path::new(&of("MASTHEAD_WEB__TOKEN_KEY_FILE")).exists() && Path::new(&store).exists(), "{unit}");
        let message = &sink.messages()[0].bytes;
        assert!(field(message, "DKIM-Signature").contains("s=nl2026"));
        assert_ne!(links(message), passed_on, "{unit}: another key, other links");
        assert_eq!(all_below(newsroom.root()), before, "{unit}: nothing is written where the settings are");
    }
}
