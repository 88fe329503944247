//! An editor may write whatever they like; readers get it as text, and the relay gets one message.

use crate::support::linter::{lint, rules};
use crate::support::newsroom::Newsroom;
use crate::support::reading::{field, parts};
use crate::support::sink::Sink;

async fn send(text: &str) -> (Newsroom, Sink) {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::new().issue("2014-12", text).subscribers(1).relay(&sink).build();
    newsroom.run(["send", "2014-12"]).ok();
    assert_eq!((sink.messages().len(), sink.count("MAIL")), (1, 1));
    assert_eq!(sink.faults(), [""; 0]);
    (newsroom, sink)
}

fn issue(title: &str, body: &str) -> String {
    format!("---\ntitle: {title}\nstatus: ready\npreheader: One sentence.\n---\n# An article\n\n{body}\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t2_dots_and_commands_in_the_text_stay_in_the_text() {
    let body = "```\n.\nMAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\n.\n.\n\n..two\nFrom here on\n--mh=_0\n```\n\n.\n\nFrom the start.\n\nQUIT";
    let (_newsroom, sink) = send(&issue("Dots", body)).await;
    let message = &sink.messages()[0].bytes;
    assert_eq!(lint(message), []);
    let (text, html) = parts(message);
    for part in [text, html] {
        assert!(part.contains("RCPT TO:") && part.contains("..two") && part.contains("QUIT"), "{part}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t3_braces_of_an_editor_are_printed_and_never_executed() {
    let (_newsroom, sink) =
        send(&issue("'{{lookup . \"secret\"}}'", "{{#each @root}}{{this}}{{/each}} and {{{constructor}}} and {{reader.name}}")).await;
    let message = &sink.messages()[0].bytes;
    assert_eq!(field(message, "Subject"), "{{lookup . \"secret\"}}");
    let (text, html) = parts(message);
    for part in [text, html.replace("&quot;", "\"")] {
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(part.contains("{{#each @root}}{{this}}{{/each}} and {{{constructor}}} and {{reader.name}}"), "{part}");
    }
    assert_eq!(rules(message), ["T3"], "what looks like a leak is what the editor wrote");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m9_t1_a_title_of_any_letters_is_the_subject_and_adds_no_field() {
    for (title, subject) in [
        ("Grüße aus Zürich, 漢字 und 👩\u{200d}🌾", "Grüße aus Zürich, 漢字 und 👩\u{200d}🌾"),
        ("\"=?utf-8?Q?Bcc:_v@y?=\"", "=?utf-8?Q?Bcc:_v@y?="),
        ("\"Hi\\r\\nBcc: v@y\"", "Hi Bcc: v@y"),
        ("\"100% <b>bold</b> & 'free'\"", "100% <b>bold</b> & 'free'"),
    ] {
        let (_newsroom, sink) = send(&issue(title, "Text.")).await;
        let message = sink.messages()[0].bytes.clone();
        assert_eq!(lint(&message), [], "{title}");
        let parsed = mail_parser::MessageParser::default().parse(&message).unwrap();
        assert_eq!((parsed.subject(), parsed.bcc().is_none()), (Some(subject), true));
    }
}

#[test]
fn t4_what_could_run_in_a_readers_mail_is_a_fault_or_is_gone() {
    for (number, body) in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "[click](<java\tscript:alert(1)>)",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        "[click](vbscript:run)",
        "<svg onload=alert(1)>",
        "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
        "[ref]\n\n[ref]: javascript:alert(1)",
        "<javascript:alert(1)>",
        "<iframe src=\"https://example.org\"></iframe>",
        "<p onclick=\"run()\">x</p>",
        "<style>body { display: none }</style>",
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("2014-{:02}", number % 12 + 1);
        let newsroom = Newsroom::new().issue(&id, &issue("Odd", body)).configured();
        let told = newsroom.run(["render", &id, "--to", "eml"]);
        assert!(!told.stderr.contains("panicked"), "{told}");
        if told.code == Some(0) {
            let message = told.stdout.as_bytes();
            assert_eq!(lint(message), [], "{body}");
            let (_, html) = parts(message);
            let html = html.to_lowercase();
            for trace in ["href=\"java", "href=\"vb", "href=\"data", "href=\"jav&", "<style>body"] {
                assert!(!html.contains(trace), "{body} became {html}");
            }
        } else {
            told.exits(1).says(&[&format!("issues/{id}.md:")]);
        }
    }
}
