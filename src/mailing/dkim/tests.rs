//! What a signature covers, which key makes it, and what is no key.

use super::*;

fn rsa() -> String {
    rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem()
}

fn ed25519() -> String {
    rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem()
}

const DOMAIN: &str = "news.example.org";
const HEAD: &str = "From: a@news.example.org\r\nSubject: x\r\n";
const BODY: &str = "body\r\n";

fn signed(signer: &Signer, at: i64) -> String {
    let mut hash = [0; 32];
    hash.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, BODY.as_bytes()).as_ref());
    signer.sign(HEAD.as_bytes(), &hash, Timestamp::from_second(at).unwrap()).unwrap()
}

#[test]
fn what_is_no_key_is_refused_in_words() {
    assert_eq!(DkimKey::rsa("e.org", "s", "").err(), Some(DkimFault::NoKey));
    assert_eq!(DkimKey::ed25519("e.org", "s", "").err(), Some(DkimFault::NoKey));
    let ec = rcgen::KeyPair::generate().unwrap().serialize_pem();
    assert_eq!(DkimKey::rsa("e.org", "s", &ec).err(), Some(DkimFault::NotRsa));
    assert_eq!(DkimKey::rsa("e.org", "s", &ed25519()).err(), Some(DkimFault::NotRsa));
    assert_eq!(DkimKey::ed25519("e.org", "s", &ec).err(), Some(DkimFault::NotEd25519));
}

#[test]
fn d2_the_same_message_is_signed_the_same_and_no_line_is_long() {
    let signer = Signer::new(DkimKey::rsa(DOMAIN, "nl2026", &rsa()).unwrap());
    let field = signed(&signer, 0);
    assert_eq!(field, signed(&signer, 0));
    assert!(field.split("\r\n").all(|line| line.len() <= field::LINE), "{field}");
    assert!(field.contains("h=from: subject: from: reply-to:"), "{field}");
    let (name, text) = signer.records().remove(0);
    assert_eq!(name, "nl2026._domainkey.news.example.org");
    assert!(text.starts_with("v=DKIM1; k=rsa; h=sha256; p=MIIB"), "{text}");
}

#[test]
fn d5_the_next_key_signs_what_is_first_attempted_from_its_day_on() {
    let key = |selector| DkimKey::rsa(DOMAIN, selector, &rsa()).unwrap();
    let signer = Signer::new(key("old")).followed_by(Timestamp::from_second(1000).unwrap(), key("new"));
    assert!(signed(&signer, 999).contains(" s=old;"));
    assert!(signed(&signer, 1000).contains(" s=new;"));
    let names: Vec<String> = signer.records().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["old._domainkey.news.example.org", "new._domainkey.news.example.org"]);
}

#[test]
fn d4_a_second_signature_stands_above_the_first_and_covers_the_same() {
    let first = rsa();
    let alone = Signer::new(DkimKey::rsa(DOMAIN, "nl2026", &first).unwrap());
    let second = DkimKey::ed25519(DOMAIN, "ed2026", &ed25519()).unwrap();
    let both = Signer::new(DkimKey::rsa(DOMAIN, "nl2026", &first).unwrap()).seconded_by(second);
    let fields = signed(&both, 0);
    let below = fields.strip_suffix(&signed(&alone, 0)).unwrap();
    assert!(below.starts_with("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=news.example.org; s=ed2026;"), "{below}");
    let (_, text) = both.records().pop().unwrap();
    assert_eq!(text.strip_prefix("v=DKIM1; k=ed25519; h=sha256; p=").unwrap().len(), 44, "{text}");
}

#[test]
fn d4_the_key_of_the_rfc_has_the_record_of_the_rfc() {
    // RFC 8410 section 10, in the form that `openssl genpkey` writes.
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    let (_, text) = DkimKey::ed25519(DOMAIN, "ed2026", pem).unwrap().record();
    assert_eq!(text, "v=DKIM1; k=ed25519; h=sha256; p=Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
}

#[test]
fn d6_a_signature_that_does_not_hold_stops_its_message() {
    let second = DkimKey::ed25519(DOMAIN, "ed2026", &ed25519()).unwrap();
    let signer = Signer::new(DkimKey::rsa(DOMAIN, "nl2026", &rsa()).unwrap()).seconded_by(second);
    let message = format!("{}{HEAD}\r\n{BODY}", signed(&signer, 0));
    let prove = |message: &str| signer.prove(message.as_bytes(), Timestamp::UNIX_EPOCH);
    assert_eq!(prove(&message), Ok(()));
    assert_eq!(prove(&message.replace("Subject: x", "subject:\t x ")), Ok(()), "blanks and case are not signed");
    for (from, to) in
        [("Subject: x", "Subject: y"), ("\r\nSubject", "\r\nFrom: b@example.net\r\nSubject"), ("body", "Body"), ("t=0", "t=1")]
    {
        let fault = prove(&message.replacen(from, to, 1)).unwrap_err();
        assert_eq!(fault, DkimFault::Unsound("ed25519-sha256"), "{to}");
    }
    let (_, without) = message.split_once("DKIM-Signature: v=1; a=rsa").unwrap();
    assert!(prove(without).is_err());
    let alone = message.replacen("s=nl2026", "s=nl2027", 1);
    assert_eq!(prove(&alone), Err(DkimFault::Unsound("rsa-sha256")));
}
