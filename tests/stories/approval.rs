//! What editors are shown, what they approve, and what is kept from going out.

use mail_parser::MessageParser;

use crate::support::linter::lint_letter;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::reading::{field, parts};
use crate::support::sink::{Action, At, Received, Sink, When};

const ADA: &str = "ada@example.org";
const BO: &str = "bo@example.org";

/// A newsroom with two editors, of whom so many must approve.
fn edited(needed: &str, sink: &Sink) -> Newsroom {
    let table =
        format!("[approval]\neditors = [\"Ada Brook <{ADA}>\", \"{BO}\"]\nneeded = \"{needed}\"\n\n[web]\nlisten = \"127.0.0.1:0\"");
    Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(3).relay(sink).table(&table).build()
}

/// What editors have got, in order.
fn letters(sink: &Sink) -> Vec<Received> {
    sink.messages().into_iter().filter(|message| [ADA, BO].contains(&message.recipient.as_str())).collect()
}

fn to_readers(sink: &Sink) -> Vec<Received> {
    sink.messages().into_iter().filter(|message| message.recipient.starts_with("reader")).collect()
}

/// The link in a proof.
fn link(letter: &Received) -> String {
    let (text, _) = parts(&letter.bytes);
    text.lines().find(|line| line.contains("/approve/")).expect("a link").trim().to_owned()
}

/// Both parts, with the line ends of a file.
fn read(letter: &Received) -> (String, String) {
    let (text, html) = parts(&letter.bytes);
    (text.replace("\r\n", "\n"), html.replace("\r\n", "\n"))
}

fn edit(newsroom: &Newsroom) {
    newsroom.write("issues/2014-12.md", &ISSUE.replace("reading", "leafing"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_is_the_mail_that_readers_get_with_a_block_above_it() {
    let sink = Sink::builder().start().await;
    let newsroom = edited("one", &sink);
    newsroom.run(["proof", "2014-12"]).ok().says(&["is shown to ada@example.org", "is shown to bo@example.org"]);
    let told = letters(&sink);
    assert_eq!(told.iter().map(|letter| letter.recipient.as_str()).collect::<Vec<_>>(), [ADA, BO]);
    let html = newsroom.run(["render", "2014-12", "--to", "html"]).ok().stdout;
    let text = newsroom.run(["render", "2014-12", "--to", "text"]).ok().stdout;
    for letter in &told {
        assert_eq!(lint_letter(&letter.bytes), []);
        let subject = newsroom.run(["render", "2014-12", "--to", "eml"]).ok().stdout;
        assert_eq!(field(&letter.bytes, "Subject"), format!("[Proof] {}", field(subject.as_bytes(), "Subject")));
        let (proof_text, proof_html) = read(letter);
        let block = proof_html.find("<div role=\"region\"").expect("a block");
        let end = block + proof_html[block..].find("</div>").expect("its end") + "</div>\n".len();
        let without = format!("{}{}", &proof_html[..block], &proof_html[end..]);
        assert_eq!(without.trim_end(), html.trim_end(), "the block has changed the mail");
        let (head, rest) = proof_text.split_once(&format!("{}\n", "-".repeat(72))).expect("a rule");
        assert_eq!(rest.trim_end(), text.trim_end());
        for words in ["It goes to 3 readers of The Letter.", "It needs one approval.", "there is no schedule", "/approve/2014-12/"] {
            assert!(head.replace('\n', " ").contains(words), "nothing of {words:?} in {head}");
        }
        assert!(!link(letter).contains("ada") && !link(letter).contains("bo@"));
    }
    assert_ne!(link(&told[0]), link(&told[1]), "each has a link of their own");
    assert!(to_readers(&sink).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_approved_does_not_go_out_and_an_edit_asks_again() {
    let sink = Sink::builder().start().await;
    let newsroom = edited("two", &sink);
    newsroom.run(["send", "2014-12"]).exits(1).says(&["needs approval", "`masthead proof 2014-12`"]);
    newsroom.run(["approve", "2014-12", "--as", ADA]).exits(1).says(&["nobody has seen 2014-12 yet"]);
    newsroom.run(["proof", "2014-12"]).ok();
    newsroom.run(["send", "2014-12"]).exits(1).says(&["0 of 2 approvals"]);
    newsroom.run(["approve", "2014-12"]).exits(1).says(&["--as ADDRESS"]);
    newsroom.run(["approve", "2014-12", "--as", "eve@example.org"]).exits(1).says(&["no editor"]);
    newsroom.run(["approve", "2014-12", "--as", "ADA@example.org"]).ok().says(&["has approved edition", "1 missing"]);
    newsroom.run(["approve", "2014-12", "--as", ADA]).ok().says(&["before"]);
    newsroom.run(["status"]).ok().says(&["proof shown, 1 of 2 approvals"]);
    newsroom.run(["send", "2014-12"]).exits(1).says(&["1 of 2 approvals (by ada@example.org)"]);

    edit(&newsroom);
    newsroom.run(["status"]).ok().says(&["changed since its proof, 0 of 2 approvals"]);
    newsroom.run(["approve", "2014-12", "--as", BO]).exits(1).says(&["has changed since its last proof"]);
    newsroom.run(["send", "2014-12"]).exits(1).says(&["nobody has seen it as it is now"]);
    newsroom.run(["proof", "2014-12"]).ok();
    newsroom.run(["approve", "2014-12", "--as", ADA]).ok();
    newsroom.run(["approve", "2014-12", "--as", BO]).ok().says(&["all the approvals that it needs"]);
    assert!(to_readers(&sink).is_empty());
    newsroom.run(["send", "2014-12"]).ok().says(&["3 accepted"]);
    assert_eq!(to_readers(&sink).len(), 3);
    newsroom.run(["approve", "2014-12", "--as", ADA]).exits(1).says(&["nothing left to approve"]);
    newsroom.run(["proof", "2014-12"]).exits(1).says(&["its edition stays as it is"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t15_what_was_shown_goes_out_though_templates_and_settings_change() {
    let sink = Sink::builder().start().await;
    let newsroom = edited("one", &sink);
    newsroom.run(["proof", "2014-12"]).ok();
    newsroom.run(["approve", "2014-12", "--as", BO]).ok();
    newsroom.write("templates/issue/subject.txt.hbs", "Changed: {{subject}}\n");
    let settings = std::fs::read_to_string(newsroom.path("config/masthead.toml")).unwrap();
    newsroom.write("config/masthead.toml", &settings.replace("News for those who read with children", "Another line"));
    let now = newsroom.run(["render", "2014-12", "--to", "eml"]).ok().stdout;
    assert!(field(now.as_bytes(), "Subject").starts_with("Changed:"));
    newsroom.run(["send", "2014-12"]).ok();
    for message in to_readers(&sink) {
        assert!(!field(&message.bytes, "Subject").contains("Changed"), "{}", field(&message.bytes, "Subject"));
        let (text, html) = parts(&message.bytes);
        assert!(text.contains("News for those who read with children") && !html.contains("Another line"));
    }
    assert_eq!(to_readers(&sink).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_or_cancelled_issue_waits_until_it_is_let_go() {
    let sink = Sink::builder().start().await;
    let newsroom = edited("none", &sink);
    newsroom.run(["hold", "2014-12", "the cover is wrong"]).ok().says(&["2014-12 does not go out: it is held: the cover is wrong"]);
    newsroom.run(["send", "2014-12"]).exits(1).says(&["it is held: the cover is wrong", "`masthead resume 2014-12`"]);
    newsroom.run(["status"]).ok().says(&["held       2014-12", "the cover is wrong"]);
    newsroom.run(["proof", "2014-12"]).ok();
    let (text, _) = parts(&letters(&sink)[0].bytes);
    assert!(text.contains("It does not go out yet: it is held: the cover is wrong"), "{text}");
    newsroom.run(["cancel", "2014-12"]).ok().says(&["it is cancelled"]);
    newsroom.run(["hold", "2014-12", "a doubt"]).ok().says(&["it is cancelled"]);
    newsroom.run(["send", "2014-12", "--now"]).exits(1).says(&["it is cancelled"]);
    assert!(to_readers(&sink).is_empty());
    newsroom.run(["resume", "2014-12"]).ok().says(&["2014-12 may go on"]);
    newsroom.run(["send", "2014-12"]).ok().says(&["3 accepted"]);
    newsroom.run(["hold", "2014-12"]).exits(1).says(&["`masthead pause 2014-12`"]);
    newsroom.run(["hold", "2014-11"]).exits(1).says(&["there is no issue 2014-11", "did you mean"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_shown_and_marked_as_one() {
    let sink = Sink::builder().start().await;
    let newsroom = edited("one", &sink);
    newsroom.write("issues/2014-12.md", &ISSUE.replacen("---\n", "---\nstatus: draft\n", 1).replace("status: ready\n", ""));
    newsroom.run(["proof", "2014-12"]).ok();
    let told = letters(&sink);
    assert!(field(&told[0].bytes, "Subject").starts_with("[Proof] (draft) "));
    let (text, html) = parts(&told[0].bytes);
    assert!(text.contains("It is a draft: it does not go out until its file says `status: ready`."));
    assert!(html.contains("A draft: does not go out yet"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_that_one_editor_could_not_get_is_kept_and_said() {
    let sink = Sink::builder().on(At::Rcpt, When::to(ADA), Action::reply("451 4.3.0 Later")).start().await;
    let newsroom = edited("one", &sink);
    newsroom.run(["proof", "2014-12"]).exits(1).says(&["shown to bo@example.org", "ada@example.org could not be told"]);
    newsroom.run(["approve", "2014-12", "--as", BO]).ok().says(&["all the approvals"]);
    newsroom.run(["send", "2014-12"]).ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_for_leaving_in_a_proof_is_nobodys() {
    let sink = Sink::builder().start().await;
    let newsroom = edited("one", &sink);
    newsroom.run(["proof", "2014-12"]).ok();
    let letter = letters(&sink).remove(0);
    let message = MessageParser::default().parse(&letter.bytes).unwrap();
    assert!(message.headers().iter().all(|header| !header.name().starts_with("List-")), "a letter is no list's");
    let (text, _) = parts(&letter.bytes);
    let token = text.split("/u/").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a link for leaving");
    let key = std::fs::read_to_string(newsroom.path("data/token.key")).unwrap();
    let key: [u8; 32] = data_encoding::HEXLOWER.decode(key.trim().as_bytes()).unwrap().try_into().unwrap();
    let keys = masthead::subscription::token::Keys::new(1, &key);
    let bearer = keys.verify(masthead::subscription::token::Purpose::Unsubscribe, token).unwrap();
    assert_eq!(bearer.subscriber.0, 0, "no reader has this number");
}

#[test]
fn settings_of_approval_that_cannot_be_meant_are_told() {
    let found = |table: &str| Newsroom::new().table(table).configured().run(["status"]).exits(1).stderr;
    assert!(found("[approval]\nneeded = \"two\"\neditors = [\"a@example.org\"]").contains("there are 1 `editors`"));
    assert!(found("[approval]\nneeded = \"three\"").contains("write `none`, `one` or `two`"));
    assert!(found("[approval]\neditors = [\"ada\"]").contains("write `Name <address@example.org>`"));
    assert!(found("[approval]\neditors = [\"a@example.org\", \"A <A@Example.org>\"]").contains("is there already"));
    assert!(found("[web]\nlisten = \"8093\"").contains("127.0.0.1:8093"));
    Newsroom::new().table("[approval]\nneeded = \"none\"").configured().run(["status"]).ok();
}
