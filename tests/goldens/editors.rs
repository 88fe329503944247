//! Letters to editors as the library writes them: a proof, the faults of a file, and a notice of each kind.

use masthead::diagnostic::{Diagnostic, Source, Span};
use masthead::edition::views::{FindingView, NoticeView, ProofView};
use masthead::edition::{Press, Sheets, faults, findings, notice, proof};

use crate::letters::{publication, written};

/// The golden letters by file name.
pub(crate) fn printed() -> Vec<(&'static str, Vec<u8>)> {
    let press = Press::new(&[]).value.expect("the built-in templates are fine");
    let print = |kind, view: &NoticeView| (kind, written("notice", notice(view, &press).expect("a notice")));
    let mut letters = vec![
        ("letter-proof.eml", written("proof", shown(&asked(), &press))),
        ("letter-proof-bare.eml", written("proof", shown(&bare(), &press))),
        ("letter-proof-by-command.eml", written("proof", shown(&by_command(), &press))),
        ("letter-findings.eml", written("findings", told(&press))),
    ];
    letters.extend(notices().iter().map(|(name, view)| print(*name, view)));
    letters
}

fn shown(view: &ProofView, press: &Press) -> Sheets {
    let html = "<!DOCTYPE html><html lang=\"en\" dir=\"ltr\"><head><title>Lantern Street Letter</title></head>\n\
                <body style=\"margin:0\"><h1>December/January 2015</h1><p>As readers get it.</p></body></html>\n";
    proof(view, html, "Lantern Street Letter\nDecember/January 2015\n\nAs readers get it.\n", press).expect("a proof")
}

fn asked() -> ProofView {
    let finding = |place: &str, message: &str, help: &str| FindingView {
        place: Some(place.to_owned()),
        message: message.to_owned(),
        help: Some(help.to_owned()),
    };
    ProofView {
        publication: publication(),
        issue: "2014-12".to_owned(),
        label: "December/January 2015".to_owned(),
        subject: "Story Hours in Family Shelters, und größere Fragen".to_owned(),
        edition: "0123456789ab".to_owned(),
        is_draft: false,
        departs: Some("Monday, December 1, 2014, 09:00 EST".to_owned()),
        stays: None,
        readers: 12_400,
        lists: "The Letter and Extra".to_owned(),
        needed: 2,
        missing: 1,
        given: vec!["Odalys Brandtner".to_owned()],
        approve_url: Some("https://news.example.org/approve/2014-12/ASxLJqZWb0T3kQxkVf1oZcQ".to_owned()),
        command: "masthead approve 2014-12 --as desk@example.org".to_owned(),
        findings: vec![
            finding(
                "issues/2014-12.md, line 14, column 31",
                "the link text `here` says nothing of where the link leads",
                "name what is there, such as `the field guide`",
            ),
            FindingView { place: None, message: "the mail has 84 KB of HTML".to_owned(), help: None },
        ],
        more_findings: 3,
        side_notes: vec![
            "- [A Guide to Quiet Corners](2014-04) <b>".to_owned(),
            "- [Numbers From the Lending Shelf, and What They Do Not Tell of Those Who Never Come](2014-06#numbers)".to_owned(),
        ],
    }
}

fn bare() -> ProofView {
    ProofView {
        is_draft: true,
        departs: None,
        stays: Some("it is a draft".to_owned()),
        readers: 1,
        lists: "The Letter".to_owned(),
        needed: 0,
        missing: 0,
        given: Vec::new(),
        approve_url: None,
        findings: Vec::new(),
        more_findings: 0,
        side_notes: Vec::new(),
        ..asked()
    }
}

/// Where no pages are served.
fn by_command() -> ProofView {
    let stays = Some("it is held: the cover is wrong; `masthead resume 2014-12` lets it go".to_owned());
    ProofView { is_draft: false, stays, needed: 1, missing: 1, ..bare() }
}

fn told(press: &Press) -> Sheets {
    findings(&publication(), "2014-12", "issues/2014-12.md", &wrong(), press).expect("a letter")
}

fn wrong() -> Vec<Diagnostic> {
    let text = "---\ntitle: Reading in winter\nmonths: 2014-13\n---\n# One\n\nSee ![the map](map.png), and what else there is to be seen of the town and its river in the long dark months of the year.\n";
    let source = Source::new("issues/2014-12.md", text);
    let at = |wanted: &str| {
        let start = text.find(wanted).expect("it stands there");
        Span::new(start, start + wanted.len())
    };
    vec![
        Diagnostic::error("date", "there is no month 13").at(&source, at("2014-13")).help("write the months as `2014-12..2015-01`"),
        Diagnostic::error("image-missing", "there is no image `map.png` beside this issue")
            .at(&source, at("![the map](map.png)"))
            .help("put the file into the issue's folder, or take the image out; a file of that name in another folder is not found"),
        Diagnostic::warning("preheader-missing", "there is no preheader"),
    ]
}

fn notices() -> [(&'static str, NoticeView); 9] {
    let words = |words: &str| Some(words.to_owned());
    let blank = NoticeView {
        publication: "Lantern Street Letter".to_owned(),
        issue: words("2014-12"),
        due: words("Monday, December 1, 2014, 09:00 EST"),
        ..NoticeView::default()
    };
    let waiting = vec!["2014-12: a draft".to_owned(), "2015-02: 2 errors, 1 warning".to_owned()];
    [
        ("letter-notice-late.eml", NoticeView { kind: "late", ..blank.clone() }),
        ("letter-notice-missed.eml", NoticeView { kind: "missed", waiting: waiting.clone(), ..blank.clone() }),
        (
            "letter-notice-deadline.eml",
            NoticeView { kind: "deadline", deadline: words("Friday, November 28, 2014, 17:00 EST"), waiting, ..blank.clone() },
        ),
        ("letter-notice-unapproved.eml", NoticeView { kind: "unapproved", missing: 2, ..blank.clone() }),
        (
            "letter-notice-corrected.eml",
            NoticeView { kind: "corrected", url: words("https://news.example.org/issues/2014-12"), ..blank.clone() },
        ),
        (
            "letter-notice-stuck.eml",
            NoticeView { kind: "stuck", reason: words("nobody would get it: general has no confirmed subscriber"), ..blank.clone() },
        ),
        (
            "letter-notice-trouble.eml",
            NoticeView { kind: "trouble", reason: words("could not read issues: No such file or directory"), ..blank.clone() },
        ),
        ("letter-notice-foreign.eml", NoticeView { kind: "foreign", ..blank.clone() }),
        ("letter-notice-refused.eml", NoticeView { kind: "refused", problems: Some(faults(&wrong())), ..blank }),
    ]
}
