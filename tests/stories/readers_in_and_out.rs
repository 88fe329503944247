//! Readers come and go: by the roll and one by one, under odd names and odd addresses, and none of it does any harm.

use std::collections::BTreeMap;

use mail_parser::decoders::html::html_to_text;

use crate::support::linter::rules;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::reading::{field, parts, recipient_name};
use crate::support::sink::{Received, Sink};

/// Names that somebody may bear, and that no program may obey.
const NAMES: [&str; 14] = [
    "O\"Neil, Jane",
    "Back\\slash (and) [brackets]; @home: <now>",
    "{{#each @root}}{{this}}{{/each}}",
    "{{lookup . \"secret\"}}",
    "{{{constructor}}}",
    "{{> partials/footer.txt}}",
    "<img src=x onerror=1>",
    "</title><script>alert(1)</script>",
    "Fish & Chips &amp; 'Tea'",
    "=?utf-8?Q?Bcc:_v@y?=",
    "xm0123456789abcdef_unsubscribe_mx",
    "👩\u{200d}🌾 Ada 漢字",
    "Reply-To: v@y",
    "javascript:alert(1)",
];

const FOOT_HTML: &str = "<tr><td><p>Dear {{reader.name}} at {{reader.address}}, you are on {{{reader.list}}}.</p>\
    <p><a href=\"{{reader.unsubscribe_url}}\">Unsubscribe</a></p></td></tr>\n";
const FOOT_TEXT: &str = "Dear {{reader.name}} at {{reader.address}},\nyou are on {{{reader.list}}}.\nUnsubscribe: {{reader.unsubscribe_url}}\n\
    Preferences: {{reader.preferences_url}}\n";

/// A newsroom that names its readers in the foot of each message.
fn personal(sink: &Sink) -> Newsroom {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().relay(sink);
    newsroom.template("partials/footer.html.hbs", FOOT_HTML).template("partials/footer.txt.hbs", FOOT_TEXT)
}

fn by_recipient(sink: &Sink) -> BTreeMap<String, Received> {
    sink.messages().into_iter().map(|message| (message.recipient.clone(), message)).collect()
}

fn field_names(message: &[u8]) -> Vec<String> {
    let parsed = mail_parser::MessageParser::default().parse(message).unwrap();
    parsed.headers().iter().map(|header| header.name().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t1_t3_whatever_readers_are_called_it_is_printed_and_never_obeyed() {
    let sink = Sink::builder().start().await;
    let longest = "é".repeat(200);
    let names: Vec<&str> = NAMES.into_iter().chain([longest.as_str()]).collect();
    let newsroom = names
        .iter()
        .enumerate()
        .fold(personal(&sink), |newsroom, (number, name)| newsroom.subscriber(&format!("r{number}@example.org"), name, "confirmed"))
        .subscriber("plain@example.org", "Plain", "confirmed")
        .build();
    newsroom.run(["send", "2014-12"]).ok();
    let messages = by_recipient(&sink);
    let plain = field_names(&messages["plain@example.org"].bytes);
    for (number, name) in names.iter().enumerate() {
        let address = format!("r{number}@example.org");
        let bytes = &messages[&address].bytes;
        assert_eq!(recipient_name(bytes).as_deref(), Some(*name));
        assert_eq!(field_names(bytes), plain, "{name} added a field");
        let (text, html) = parts(bytes);
        assert!(text.contains(&format!("Dear {name} at {address},")), "{name} is not literal in {text}");
        let shown = html_to_text(&html).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains(&format!("Dear {name} at {address},")), "{name} is not literal in {shown}");
        for trick in ["<script", "<img src=x", "onerror=1>", "</title><"] {
            assert!(!html.contains(trick), "{trick} in the HTML to {name}");
        }
        // A literal brace looks like a leak to the linter, and a name of two hundred letters is a wide line.
        let broken: Vec<&str> = rules(bytes).into_iter().filter(|rule| !["T3", "X1"].contains(rule)).collect();
        assert_eq!(broken, [""; 0], "to {name}");
    }
    assert_eq!(sink.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t1_t3_a_lists_name_is_as_harmless_as_a_readers() {
    for name in ["The <b>{{constructor}}</b> & \"Co\"", "Lantern, Street; (weekly)", "Läsning 漢字"] {
        let sink = Sink::builder().start().await;
        let newsroom = personal(&sink).list_name(name).subscribers(1).build();
        newsroom.run(["send", "2014-12"]).ok();
        let message = &sink.messages()[0].bytes;
        let (text, html) = parts(message);
        assert!(text.contains(&format!("you are on {name}.")), "{text}");
        assert!(!html.contains("<b>{{") && html_to_text(&html).contains(name), "{html}");
        assert!(field(message, "List-Id").ends_with(" <general.news.example.org>"), "{}", field(message, "List-Id"));
        assert_eq!(rules(message).into_iter().filter(|rule| *rule != "T3").collect::<Vec<_>>(), [""; 0]);
    }
}

#[test]
fn t1_a_lists_name_with_a_line_break_is_a_fault_of_the_settings() {
    let newsroom = Newsroom::new().list_name("The Letter\r\nBcc: v@y").configured();
    let told = newsroom.run(["status"]).exits(1);
    told.says(&["config/masthead.toml:", "the name has a line break in it"]);
}

#[test]
fn t1_m10_a_name_that_is_none_is_told_with_its_line_and_enters_nobody() {
    let newsroom = Newsroom::new().configured();
    let endless = "x".repeat(500);
    let roll = format!(
        "email,name\ngood@example.org,Good\nbreak@example.org,\"x\r\nBcc: v@y\"\nturn@example.org,a\u{202e}b\nnul@example.org,a\u{0}b\n\
         long@example.org,{endless}\n"
    );
    newsroom.write("roll.csv", &roll);
    let told = newsroom.run(["subscribers", "import", &newsroom.shown("roll.csv"), "--assume", "confirmed", "--json"]);
    let summary = told.json();
    let exported = newsroom.run(["subscribers", "export"]).ok().stdout;
    // Whether such a row is left out or enters without its name, the name itself goes nowhere.
    assert!(!exported.contains("Bcc") && !exported.contains('\u{202e}') && !exported.contains(&endless), "{exported}");
    assert!(exported.contains("good@example.org,Good,general,confirmed"), "{exported}");
    assert_eq!(summary["rejected"].as_array().unwrap().len(), 4, "{summary:#}");
    assert_eq!(summary["rejected"][0]["line"], 3, "{summary:#}");
    told.exits(1);
}

#[test]
fn t1_nothing_is_smuggled_in_through_the_command_line_either() {
    let newsroom = Newsroom::new().configured();
    for (address, name) in [
        ("a@example.org\r\nBcc: v@y", "Ann"),
        ("\"x\r\nBcc: v@y\"@example.org", "Ann"),
        ("a@example.org", "Ann\r\nBcc: v@y"),
        ("a@example.org", "Ann\u{2028}Bcc: v@y"),
        ("a@example.org> NOTIFY=NEVER", "Ann"),
        ("@example.org", "Ann"),
        ("a@", "Ann"),
        ("", "Ann"),
    ] {
        newsroom.run(["subscribers", "add", address, "--name", name]).exits(2);
    }
    assert_eq!(newsroom.run(["subscribers", "export", "--json"]).ok().stdout, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t24_odd_addresses_are_entered_once_or_refused_with_a_reason() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().relay(&sink).build();
    let roll = "email,name\nAnn@Example.ORG,Ann\nann@example.org,Ann again\nANN@EXAMPLE.ORG,ANN\npump@brønnhuset.example,Åse\n\
        jürgen@example.org,Jürgen\nnobody,None\na@b@c.org,Two\n\"spaced out@example.org\",Spaced\n\"o'neil+letter@example.org\",O'Neil\n";
    newsroom.write("roll.csv", roll);
    let import = newsroom.run(["subscribers", "import", &newsroom.shown("roll.csv"), "--assume", "confirmed", "--json"]).exits(1).json();
    assert_eq!((&import["entered"], &import["duplicates"]), (&4.into(), &2.into()), "{import:#}");
    let lines: Vec<u64> = import["rejected"].as_array().unwrap().iter().map(|row| row["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [7, 8, 9], "{import:#}");

    newsroom.run(["send", "2014-12"]).ok().says(&["4 accepted"]);
    let messages = by_recipient(&sink);
    let recipients: Vec<&str> = messages.keys().map(String::as_str).collect();
    assert_eq!(recipients, ["Ann@example.org", "jürgen@example.org", "o'neil+letter@example.org", "pump@xn--brnnhuset-m8a.example"]);
    for (recipient, message) in &messages {
        let needs_utf8 = !recipient.is_ascii();
        assert_eq!(message.parameters.contains("SMTPUTF8"), needs_utf8, "{recipient}");
        assert_eq!(rules(&message.bytes).is_empty(), !needs_utf8, "{:?}", rules(&message.bytes));
    }
    assert_eq!(recipient_name(&messages["pump@xn--brnnhuset-m8a.example"].bytes).unwrap(), "Åse");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s6_a_relay_without_smtputf8_costs_such_a_reader_one_issue_and_not_the_subscription() {
    let sink = Sink::builder().offering(&["PIPELINING", "8BITMIME"]).start().await;
    let newsroom =
        Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(2).subscriber("jürgen@example.org", "Jürgen", "confirmed");
    let newsroom = newsroom.relay(&sink).build();
    newsroom.run(["send", "2014-12"]).ok().says(&["2 accepted", "1 refused"]);
    let line = newsroom.delivery("2014-12", "jürgen@example.org");
    assert!(line["last_answer"].as_str().unwrap().contains("5.6.7"), "{line}");
    let dossier = newsroom.run(["subscribers", "show", "jürgen@example.org", "--json"]).ok().json();
    assert_eq!(dossier["suppression"], serde_json::Value::Null);
}

#[test]
fn a_roll_is_tried_first_entered_whole_and_taken_elsewhere() {
    let newsroom = Newsroom::new().configured();
    let roll = "email,name,status\nann@example.org,\"Ann, of \"\"Here\"\"\",confirmed\nbob@example.org,Bób,pending\ncy@example.org,,unsubscribed\n";
    newsroom.write("roll.csv", roll);
    let file = newsroom.shown("roll.csv");
    newsroom.run(["subscribers", "import", &file, "--dry-run"]).ok().says(&[
        "a rehearsal",
        "3 rows read",
        "1 entered",
        "1 entered, still to confirm",
        "1 gone, suppressed",
    ]);
    assert_eq!(newsroom.run(["subscribers", "export", "--json"]).ok().stdout, "");
    newsroom.run(["subscribers", "import", &file]).ok().says(&["1 entered\n", "1 gone, suppressed"]);
    newsroom.run(["subscribers", "import", &file]).ok().says(&["2 there already", "1 suppressed before"]);
    newsroom.run(["lists", "--json"]).ok().says(&["\"confirmed\": 1", "\"pending\": 1", "\"ended\": 0"]);

    let exported = newsroom.run(["subscribers", "export", "--list", "general"]).ok().stdout;
    let other = Newsroom::new().configured();
    other.write("roll.csv", &exported);
    other.run(["subscribers", "import", &other.shown("roll.csv")]).ok();
    assert_eq!(other.run(["subscribers", "export"]).ok().stdout, exported, "a round trip changes nothing");
}

#[test]
fn one_reader_is_entered_shown_and_taken_off_and_no_roll_brings_them_back() {
    let newsroom = Newsroom::new().configured();
    newsroom.run(["subscribers", "add", "ann@example.org", "--name", "Ann {{Reader}}"]).ok().says(&["is on the list: general"]);
    newsroom.run(["subscribers", "add", "Ann@Example.org"]).ok().says(&["is there already"]);
    newsroom.run(["subscribers", "show", "ANN@example.org"]).ok().says(&["Ann {{Reader}}", "confirmed by command"]);
    newsroom.run(["subscribers", "show", "bob@example.org"]).exits(1).says(&["bob@example.org is not known here"]);
    newsroom.run(["subscribers", "remove", "ann@example.org", "--list", "general"]).ok().says(&["is off general"]);
    newsroom.write("roll.csv", "email\nann@example.org\n");
    let told = newsroom.run(["subscribers", "import", &newsroom.shown("roll.csv"), "--assume", "confirmed"]);
    told.ok().says(&["1 had left before"]);
    newsroom.run(["subscribers", "show", "ann@example.org"]).ok().says(&["general: ended"]);
    newsroom.run(["subscribers", "add", "ann@example.org"]).ok().says(&["is on the list"]);
    newsroom.run(["subscribers", "add", "ann@example.org", "--list", "weekly"]).exits(1).says(&["there is no list `weekly`", "general"]);
}

#[test]
fn a_roll_that_cannot_be_read_enters_nobody() {
    let newsroom = Newsroom::new().configured();
    newsroom.run(["subscribers", "import", &newsroom.shown("nowhere.csv")]).exits(2).says(&["could not read"]);
    for (name, octets) in [("empty.csv", ""), ("no-address.csv", "name,town\nAnn,Here\n"), ("no-consent.csv", "email\nann@example.org\n")] {
        newsroom.write(name, octets);
        newsroom.run(["subscribers", "import", &newsroom.shown(name)]).exits(1).says(&[name]);
    }
    assert_eq!(newsroom.run(["subscribers", "export", "--json"]).ok().stdout, "");
}
