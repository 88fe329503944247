//! Signatures of the real binary: the keys that make them, and dkimpy, whom they convince and no forgery of them does.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256};

use super::support::newsroom::{ISSUE, Newsroom, close_to_others};
use super::{ask, on_path, oracles, skip};

const SETTINGS: &str = "[dkim]\ndomain = \"news.example.org\"\nselector = \"nl2013\"\nkey_file = \"old.pem\"\n\
                        next_selector = \"nl2026\"\nnext_key_file = \"dkim.pem\"\nnext_from = \"2014-01-01\"\n\
                        ed25519_selector = \"ed2026\"\ned25519_key_file = \"ed25519.pem\"";

/// The sender's newsroom with keys of its own: one that has had its day, one that signs, one that signs besides.
fn signing() -> Newsroom {
    let newsroom = Newsroom::new().with_known_key().table(SETTINGS).issue("2014-12", ISSUE).back_issues();
    for (file, kind) in [("old.pem", &PKCS_RSA_SHA256), ("dkim.pem", &PKCS_RSA_SHA256), ("ed25519.pem", &PKCS_ED25519)] {
        newsroom.write(file, &KeyPair::generate_for(kind).unwrap().serialize_pem());
        close_to_others(&newsroom.path(file));
    }
    newsroom.build()
}

/// dkimpy, with the DNS records as a JSON list of names and texts.
pub(crate) fn verifier(records: &str) -> Command {
    let mut command = Command::new("python3");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/dkim_verify.py"))
        .arg(records)
        .env("PYTHONPATH", oracles().join("python"));
    command
}

/// Whether there is a dkimpy to ask.
pub(crate) fn has_dkimpy() -> bool {
    on_path("python3") && verifier("--available").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Whether dkimpy believes these octets.
fn holds(records: &str, octets: &[u8]) -> bool {
    let mut child = verifier(records).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(octets).unwrap();
    child.wait().unwrap().success()
}

#[test]
fn d2_d4_d5_status_prints_the_record_of_every_key_in_strings_that_dns_takes() {
    let newsroom = signing();
    let text = newsroom.run(["status"]).ok().stdout;
    let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("dkim       ")).collect();
    assert_eq!(lines.len(), 3, "{text}");
    for (line, selector) in lines.iter().zip(["nl2013", "nl2026", "ed2026"]) {
        let strings = line.strip_prefix(&format!("{selector}._domainkey.news.example.org TXT \"v=DKIM1; k=")).unwrap();
        assert!(strings.split('"').all(|string| string.len() <= 255), "{line}");
    }
    newsroom.run(["render", "2014-12", "--to", "eml", "--out", &newsroom.shown("out")]).ok();
    let message = fs::read_to_string(newsroom.path("out/2014-12.eml")).unwrap();
    let signed_by: Vec<&str> = message.split(" s=").skip(1).filter_map(|rest| rest.split(';').next()).take(2).collect();
    assert_eq!(signed_by, ["ed2026", "nl2026"]);
}

#[test]
fn d1_d3_l4_dkimpy_believes_the_signature_and_no_forgery_of_it() {
    if !has_dkimpy() {
        return skip("dkimpy", "no python3 with dkimpy; run tests/oracles/install.sh");
    }
    let newsroom = signing();
    let status = newsroom.run(["status", "--json"]).ok().json();
    let records = status["dkim_records"].to_string();
    newsroom.run(["render", "2014-12", "--to", "eml", "--out", &newsroom.shown("out")]).ok();
    let path = newsroom.path("out/2014-12.eml");
    let message = fs::read(&path).unwrap();
    ask("dkimpy", verifier(&records).stdin(fs::File::open(path).unwrap()));

    let altered = |from: &str, to: &str| {
        let text = String::from_utf8(message.clone()).unwrap();
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1).into_bytes()
    };
    assert!(holds(&records, &altered("Subject: ", "Subject:   ")), "blanks may change on the way");
    for forged in [
        altered("From: ", "From: Mallory <m@example.net>\r\nFrom: "),
        altered("Subject: ", "Subject: Win\r\nSubject: "),
        altered("MIME-Version", "Cc: victim@example.net\r\nMIME-Version"),
        altered("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", ""),
        altered("/u/", "/v/"),
        [&message[..], b"one more line\r\n"].concat(),
    ] {
        assert!(!holds(&records, &forged), "{}", String::from_utf8_lossy(&forged[..2000]));
    }
}
