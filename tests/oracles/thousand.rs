//! A thousand messages with the worst of names and subjects before two verifiers that share no code with the press:
//! mail-auth, a crate, and dkimpy. Both believe every signature, and neither believes one after a forger was at it.

use std::collections::HashMap;
use std::hash::Hash;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, LazyLock};
use std::time::Instant;
use std::{borrow::Borrow, thread};

use jiff::Timestamp;
use mail_auth::common::parse::TxtRecordParser as _;
use mail_auth::common::verify::DomainKey;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};
use masthead::edition::{Edition, Sender};
use masthead::mailing::compose::Composer;
use masthead::mailing::dkim::{DkimKey, Signer};
use masthead::mailing::{Delivery, MailingId};
use masthead::subscription::token::Keys;
use masthead::subscription::{EmailAddress, List, PersonName, SubscriberId};
use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256};

use super::signatures::{has_dkimpy, verifier};
use super::skip;

const DOMAIN: &str = "news.example.org";
const MARK: &str = "xm0000000000000000";
const EDITIONS: usize = 50;
const READERS: usize = 20;
/// When the next key takes over, in seconds.
const TURN: i64 = 1_700_000_000;

/// What people are called, what they type, and what would be read as something else by a careless reader.
const PIECES: [&str; 24] = [
    "Jane Roe",
    " ",
    "   ",
    "\"",
    "\\",
    "O'Neil, ",
    "<b>&amp;",
    "=?utf-8?Q?=41?=",
    "=?UTF-8?B?QUFB?= =?x",
    "שלום",
    "نام\u{200c}ها",
    "👩\u{200d}👧",
    "漢字かな",
    "e\u{301}\u{301}",
    ".",
    "..",
    "From ",
    "From: x@y.org",
    "; b=; bh=",
    "=20",
    "=",
    ":",
    "(comment) [x]",
    "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
];

/// The same numbers on every run (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn text(&mut self, most: usize) -> String {
        (0..=self.below(most)).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }

    /// A name that the house accepts, hostile as it may be.
    fn name(&mut self) -> PersonName {
        loop {
            if let Ok(name) = PersonName::parse(&self.text(5)) {
                return name;
            }
        }
    }

    /// Lines with blanks at every place, dots and `From ` at their beginnings, and open places among them.
    fn part(&mut self) -> String {
        let mut part = String::new();
        for field in ["name", "address", "unsubscribe"].into_iter().cycle().take(30) {
            part.push_str(&format!("{}{MARK}_{field}_mx{}\n", self.text(3), self.text(6)));
        }
        part
    }
}

struct Secrets {
    now: String,
    next: String,
    second: String,
}

impl Secrets {
    fn signer(&self, with_second: bool) -> Signer {
        let signer = Signer::new(DkimKey::rsa(DOMAIN, "nl2026", &self.now).unwrap());
        let signer = signer.followed_by(Timestamp::from_second(TURN).unwrap(), DkimKey::rsa(DOMAIN, "nl2027", &self.next).unwrap());
        if with_second { signer.seconded_by(DkimKey::ed25519(DOMAIN, "ed2026", &self.second).unwrap()) } else { signer }
    }
}

struct Letter {
    octets: Vec<u8>,
    signatures: usize,
}

struct Sample {
    records: Vec<(String, String)>,
    genuine: Vec<Letter>,
    forged: Vec<Letter>,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(sample);

fn sample() -> Sample {
    let rsa = || KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap().serialize_pem();
    let secrets = Secrets { now: rsa(), next: rsa(), second: KeyPair::generate_for(&PKCS_ED25519).unwrap().serialize_pem() };
    let mut dice = Dice(0x5EED_0F4A_11AB_1E55);
    let mut genuine = Vec::new();
    for number in 0..EDITIONS {
        let list = List {
            id: "general".parse().unwrap(),
            name: dice.name().as_str().to_owned(),
            description: String::new(),
            lang: None,
            frequency: String::new(),
        };
        let with_second = number % 2 == 1;
        let composer = Composer::new(&edition(&mut dice), &[list], Keys::new(1, &[7; 32])).signed_by(Some(secrets.signer(with_second)));
        for reader in 0..READERS {
            let octets = composer.compose(&delivery(&mut dice, reader)).unwrap().octets;
            genuine.push(Letter { octets, signatures: 1 + usize::from(with_second) });
        }
    }
    let forge = |(number, letter): (usize, &Letter)| Letter { octets: forged(number, &letter.octets), signatures: letter.signatures };
    let forged = genuine.iter().enumerate().map(forge).collect();
    Sample { records: secrets.signer(true).records(), genuine, forged }
}

fn edition(dice: &mut Dice) -> Edition {
    Edition {
        issue: "2026-12".parse().unwrap(),
        hash: "ab".repeat(32),
        subject: dice.text(6),
        lang: "en".to_owned(),
        archived_at: "https://news.example.org/issues/2026-12".to_owned(),
        sender: Sender {
            name: Some(dice.name()),
            address: EmailAddress::parse("desk@news.example.org").unwrap(),
            reply_to: EmailAddress::parse("editor@news.example.org").unwrap(),
            base_url: "https://news.example.org".to_owned(),
            bounce_domain: "bounce.news.example.org".to_owned(),
            sender_id: "newsexampleorg".to_owned(),
        },
        html: dice.part(),
        text: dice.part(),
        mark: MARK.to_owned(),
    }
}

fn delivery(dice: &mut Dice, reader: usize) -> Delivery {
    let at = TURN - i64::from(reader.is_multiple_of(2)) * 86_400;
    Delivery {
        mailing: MailingId(1),
        subscriber: SubscriberId(i64::try_from(reader).unwrap()),
        address: EmailAddress::parse(&format!("reader{reader}@example.net")).unwrap(),
        name: (reader > 0).then(|| dice.name()),
        list: "general".parse().unwrap(),
        format: masthead::subscription::Format::Html,
        list_number: 1,
        provider: masthead::mailing::ProviderId::other(),
        attempt: 1,
        first_attempt_at: Timestamp::from_second(at).unwrap(),
    }
}

/// A message after a forger was at it; which deed it was follows from the number.
fn forged(number: usize, octets: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(octets).unwrap();
    let instead = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1).into_bytes()
    };
    // Above its like or below all the others: verifiers count from below, and readers show the first.
    let added = |field: &str| {
        let before = if number.is_multiple_of(2) { "\r\nFrom: ".to_owned() } else { "\r\n\r\n".to_owned() };
        instead(&before, &format!("\r\n{field}{before}"))
    };
    match number % 9 {
        0 => {
            let mut octets = octets.to_vec();
            let body = text.find("\r\n\r\n").unwrap() + 4;
            let letter = octets[body..].iter().skip(number % 500).position(u8::is_ascii_lowercase).unwrap();
            octets[body + number % 500 + letter] ^= 0x20;
            octets
        }
        // The whole address: a signature, too, may have `/u/` in its letters.
        1 => instead("news.example.org/u/", "news.example.org/v/"),
        2 => instead("\r\nList-Unsubscribe: ", "\r\nX-List-Unsubscribe: "),
        3 => instead("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click", ""),
        4 => added("From: Mallory <mallory@example.com>"),
        5 => added("Subject: You have won"),
        6 => added("To: victim@example.com"),
        7 => instead("\r\nDate: ", "\r\nDate: Mon, 01 Jan 2001 00:00:00 +0000\r\nX-Date: "),
        _ => [octets, b"One more line.\r\n"].concat(),
    }
}

/// Zone and resolver in one: there is no other, so nothing reaches for the network.
struct Published(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Published {
    fn get<Q: Hash + Eq + ?Sized>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q: Hash + Eq + ?Sized>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

/// How many signatures of each message mail-auth found, and how many of them it believed.
fn asked_of_mail_auth(letters: &[Letter], records: &[(String, String)]) -> Vec<(usize, usize)> {
    let key = |text: &str| Txt::DomainKey(Arc::new(DomainKey::parse(text.as_bytes()).unwrap()));
    let published = Published(records.iter().map(|(name, text)| (format!("{name}.").into(), key(text))).collect());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let verifier = MessageAuthenticator::new(ResolverConfig::default(), ResolverOpts::default()).unwrap();
        let mut found = Vec::new();
        for letter in letters {
            let message = AuthenticatedMessage::parse(&letter.octets).unwrap();
            let output = verifier.verify_dkim(Parameters::new(&message).with_txt_cache(&published)).await;
            found.push((output.len(), output.iter().filter(|output| *output.result() == DkimResult::Pass).count()));
        }
        found
    })
}

/// One line of words for each message, all from a single process.
fn asked_of_dkimpy(letters: &[Letter], records: &[(String, String)]) -> Vec<String> {
    let mut command = verifier(&serde_json::to_string(records).unwrap());
    let mut child = command.arg("--many").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        scope.spawn(move || {
            for letter in letters {
                input.write_all(format!("{}\n", letter.octets.len()).as_bytes()).unwrap();
                input.write_all(&letter.octets).unwrap();
            }
        });
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn shown(letter: &Letter) -> String {
    String::from_utf8_lossy(&letter.octets).into_owned()
}

#[test]
fn d1_d4_d5_mail_auth_believes_a_thousand_messages_and_no_forgery_of_them() {
    let Sample { records, genuine, forged } = &*SAMPLE;
    assert_eq!(genuine.len(), 1000);
    for (letter, found) in genuine.iter().zip(asked_of_mail_auth(genuine, records)) {
        assert_eq!(found, (letter.signatures, letter.signatures), "{}", shown(letter));
    }
    for (number, (letter, (_, believed))) in forged.iter().zip(asked_of_mail_auth(forged, records)).enumerate() {
        assert_eq!(believed, 0, "forgery {}: {}", number % 9, shown(letter));
    }
}

#[test]
fn d1_d4_d5_dkimpy_believes_a_thousand_messages_and_no_forgery_of_them() {
    if !has_dkimpy() {
        return skip("dkimpy", "no python3 with dkimpy; run tests/oracles/install.sh");
    }
    let Sample { records, genuine, forged } = &*SAMPLE;
    let mut unasked = 0;
    for (letters, wanted) in [(genuine, "pass"), (forged, "fail")] {
        let answers = asked_of_dkimpy(letters, records);
        assert_eq!(answers.len(), letters.len());
        for (number, (letter, answer)) in letters.iter().zip(answers).enumerate() {
            let words: Vec<&str> = answer.split(' ').collect();
            assert_eq!(words.len(), letter.signatures);
            assert!(words.iter().all(|word| [wanted, "unasked"].contains(word)), "{number} {answer}: {}", shown(letter));
            assert_eq!(words.last(), Some(&wanted), "the RSA signature is the lowest");
            unasked += words.iter().filter(|word| **word == "unasked").count();
        }
    }
    if unasked > 0 {
        skip("dkimpy on Ed25519", "no PyNaCl; run tests/oracles/install.sh");
    }
}
