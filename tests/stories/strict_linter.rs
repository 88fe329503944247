//! The linter that the stories trust is not easily pleased: each of its rules speaks up against a sloppy message.

use crate::support::linter::{letter_rules, lint, lint_letter, rules};

/// A message that keeps every rule.
const GOOD: &str = "From: The Letter <letter@news.example.org>\r\n\
    To: \"Brandtner, O.\" <odalys@example.org>\r\n\
    Subject: =?utf-8?Q?Caf=C3=A9?= talk\r\n\
    Date: Mon, 01 Dec 2014 14:00:00 +0000\r\n\
    Message-ID: <2014-12.0a@news.example.org>\r\n\
    MIME-Version: 1.0\r\n\
    List-Id: The Letter <general.news.example.org>\r\n\
    List-Unsubscribe: <https://news.example.org/u/1>,\r\n <mailto:leave@news.example.org>\r\n\
    List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
    List-Help: <mailto:help@news.example.org>\r\n\
    Content-Type: multipart/alternative; boundary=\"b=_1\"\r\n\
    \r\n\
    --b=_1\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\
    \r\n\
    Good morning.\r\n\
    Unsubscribe: https://news.example.org/u/1\r\n\
    \r\n\
    --b=_1\r\n\
    Content-Type: text/html; charset=utf-8\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\
    \r\n\
    <html lang=3D\"en\"><head><title>The Letter</title></head>\r\n\
    <body><p>Good morning.</p></body></html>\r\n\
    \r\n\
    --b=_1--\r\n";

/// Rule, what stands there, and what a sloppy sender writes instead.
const SLIPS: [(&str, &str, &str); 49] = [
    ("M1", "Good morning.\r\nUnsub", "Good morning.\nUnsub"),
    ("M1", "Good morning.\r\nUnsub", "Good\rmorning.\r\nUnsub"),
    ("M1", "Good morning.\r\nUnsub", "Good\0morning.\r\nUnsub"),
    ("M1", "--b=_1--\r\n", "--b=_1--"),
    ("M2", "talk\r\n", "talk that goes on and on until no terminal of eighty columns has room for it\r\n"),
    ("M2", "talk\r\n", "talk\r\n \t\r\n"),
    ("M2", "MIME-Version: 1.0\r\n", "MIME-Version: 1.0\r\nno field at all\r\n"),
    ("M3", "MIME-Version: 1.0\r\n", "MIME-Version: 1.0\r\nmime-version: 1.0\r\n"),
    ("M3", "MIME-Version: 1.0\r\n", "MIME-Version: 1.0\r\nX-Odd: 1\r\nX-Odd: 2\r\n"),
    ("M3", "MIME-Version: 1.0\r\n", "MIME-Version: 2.0\r\n"),
    ("M3", "List-Help: <mailto:help@news.example.org>\r\n", ""),
    ("M4", "The Letter <letter@news", "The Letter <ann@example.org>, <letter@news"),
    ("M4", "From: The Letter", "From: \"Re: The Letter\""),
    ("M4", "letter@news.example.org>\r\nTo", "letter@gmail.com>\r\nTo"),
    ("M5", "14:00:00 +0000", "14:00:00 GMT"),
    ("M5", "Mon, 01 Dec 2014 14:00:00 +0000", "tomorrow, perhaps"),
    ("M6", "<2014-12.0a@news.example.org>", "2014-12.0a"),
    ("M6", "0a@news.example.org", "0a@mail.example.com"),
    ("M6", "<2014-12.0a@news", "<odalys@example.org@news"),
    ("M7", "MIME-Version: 1.0\r\n", "MIME-Version: 1.0\r\nBcc: spy@example.org\r\n"),
    ("M7", "MIME-Version: 1.0\r\n", "MIME-Version: 1.0\r\nReturn-Path: <>\r\n"),
    ("M7", "<odalys@example.org>", "<odalys@example.org>, <mina@example.org>"),
    ("M9", "=?utf-8?Q?Caf=C3=A9?= talk", "=?utf-8?Q?Caf=C3?= =?utf-8?Q?=A9?="),
    ("M9", "=?utf-8?Q?Caf=C3=A9?= talk", "=?utf-8?Q?Caf=C3=A9"),
    ("M9", "=?utf-8?Q?Caf=C3=A9?=", "=?iso-8859-1?Q?Caf=E9?="),
    ("M9", "=?utf-8?Q?Caf", "=?utf-8?Q?A_cup_of_very_good_and_very_strong_and_very_long_and_hot_Caf"),
    ("M9", "\"Brandtner, O.\"", "\"=?utf-8?Q?O=C3=A9?=\""),
    ("M9", "<mailto:help@", "<mailto:=?utf-8?Q?O=C3=A9?=@"),
    ("M10", "\"Brandtner, O.\"", "Brandtner; O"),
    ("M10", "\"Brandtner, O.\"", "\"Brandtner"),
    ("M12", "multipart/alternative", "multipart/mixed"),
    ("M12", "text/plain", "text/html"),
    ("M12", "b=_1", "plain"),
    ("M13", "text/plain; charset=utf-8", "text/plain; charset=iso-8859-1"),
    ("M13", "quoted-printable\r\n\r\nGood", "7bit\r\n\r\nGood"),
    ("M13", "Good morning.\r\nUnsub", "Good morning. \r\nUnsub"),
    ("M13", "Good morning.\r\nUnsub", "Good\r\n.morning\r\nUnsub"),
    ("M13", "Good morning.\r\nUnsub", "From the morning on\r\nUnsub"),
    ("M13", "lang=3D", "lang="),
    ("M14", "Good morning.\r\nUnsub", "Good mörning.\r\nUnsub"),
    ("L1", "<general.news.example.org>", "<general>"),
    ("L2", "<mailto:help@news.example.org>", "mailto:help@news.example.org"),
    ("L3", "<https://news.example.org/u/1>,\r\n ", ""),
    ("L3", "=One-Click", "=Yes"),
    ("X1", "Unsubscribe: https", "Farewell: https"),
    ("A1", "<html lang=3D\"en\">", "<html>"),
    ("A2", "The Letter</title>", "</title>"),
    ("T3", "<p>Good morning.", "<p>Good {{name}}."),
    ("T3", "Good morning.\r\nUnsub", "Good undefined.\r\nUnsub"),
];

#[test]
fn a_careful_message_has_no_findings() {
    assert_eq!(lint(GOOD.as_bytes()), []);
}

#[test]
fn every_slip_is_found_under_its_rule() {
    for (rule, before, after) in SLIPS {
        assert!(GOOD.contains(before), "{before:?} is not in the careful message");
        let sloppy = GOOD.replace(before, after);
        let found = rules(sloppy.as_bytes());
        assert!(found.contains(&rule), "{rule} said nothing of {after:?}, but {found:?} did");
    }
}

#[test]
fn what_needs_many_octets_is_found_too() {
    let long = |rule: &str, before: &str, after: String| {
        let found = rules(GOOD.replacen(before, &after, 1).as_bytes());
        assert!(found.contains(&rule), "{rule} said nothing, but {found:?} did");
    };
    long("M2", "Good morning.", "x".repeat(999));
    long("M8", "talk\r\n", format!("talk\r\n{}", " and more talk\r\n".repeat(20)));
    long("M8", "MIME-Version", format!("X-Long: x\r\n{}MIME-Version", " and more of it\r\n".repeat(600)));
    long("M13", "Good morning.\r\n", format!("{}\r\n", "x".repeat(77)));
    long("X1", "Good morning.\r\n", "wide=20=\r\n".repeat(20) + "\r\n");
    long("H1", "<p>Good", format!("<p>{}Good", "so it goes on\r\n".repeat(9000)));
    for element in ["script", "form", "iframe", "object", "embed", "link", "base", "svg", "picture"] {
        long("H7", "<p>Good", format!("<{element}><p>Good"));
    }
    long("H7", "<p>Good", "<p onclick=3D\"run()\">Good".to_owned());
    long("H6", "<p>Good", "<img alt=3D\"\" src=3D\"http://example.org/a.png\"><p>Good".to_owned());
    long("M12", "Good morning.\r\nUnsub", "Good b=_1 morning.\r\nUnsub".to_owned());
}

/// A letter that keeps every rule.
const LETTER: &str = "From: The Letter <letter@news.example.org>\r\n\
    To: desk@example.org\r\n\
    Subject: 2014-12 is out\r\n\
    Date: Mon, 01 Dec 2014 14:00:00 +0000\r\n\
    Message-ID: <report.0a@news.example.org>\r\n\
    MIME-Version: 1.0\r\n\
    Auto-Submitted: auto-generated\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\
    \r\n\
    All is well.\r\n";

#[test]
fn a_letter_is_judged_by_the_rules_for_letters() {
    assert_eq!(lint_letter(LETTER.as_bytes()), []);
    assert!(rules(LETTER.as_bytes()).contains(&"L3"), "a letter is no issue");
    assert!(letter_rules(GOOD.as_bytes()).contains(&"L15"), "and an issue no letter");
    for (rule, before, after) in [
        ("L10", "Auto-Submitted: auto-generated\r\n", ""),
        ("L15", "Auto-Submitted", "Precedence: bulk\r\nAuto-Submitted"),
        ("L15", "Auto-Submitted", "List-Id: <a.example.org>\r\nAuto-Submitted"),
        ("M3", "To: desk@example.org\r\n", ""),
        ("M12", "text/plain", "text/html"),
        ("M13", "; charset=utf-8", ""),
        ("M13", "quoted-printable\r\n", "8bit\r\n"),
        ("M13", "All is", ".All is"),
        ("M15", "All is well.", ""),
        ("X1", "All is well.", "All is well=\r\n, and it goes on and on until no screen of eighty columns has room for it=\r\n any more"),
    ] {
        assert!(LETTER.contains(before), "{before:?} is not in the careful letter");
        let found = letter_rules(LETTER.replace(before, after).as_bytes());
        assert!(found.contains(&rule), "{rule} said nothing of {after:?}, but {found:?} did");
    }
}
