//! A small newsroom without a disk: a house, an archive of back issues, and the road from a text to an edition.

use std::sync::Arc;

use masthead::archive::{Index, fill};
use masthead::dateline::VolumeRule;
use masthead::diagnostic::{Diagnostic, sort};
use masthead::edition::views::PublicationView;
use masthead::edition::{Edition, Imprint, Press, Sender, render};
use masthead::issue::archive::Archive;
use masthead::issue::{House, Issue, assemble};
use masthead::manuscript::source::decode;
use masthead::manuscript::{Draft, EnclosedFile, parse};

/// How far a text came, and what was found on the way.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) issue: Option<Issue>,
    pub(crate) edition: Option<Edition>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

pub(crate) fn house() -> House {
    House {
        base_url: "https://news.example.org".to_owned(),
        volume_rule: VolumeRule { begins: 1 },
        lang: "en".to_owned(),
        lists: vec!["general".parse().unwrap(), "schools".parse().unwrap()],
        default_lists: vec!["general".parse().unwrap()],
        related_heading: "Related Items".to_owned(),
    }
}

pub(crate) fn imprint() -> Imprint {
    Imprint {
        publication: PublicationView {
            name: "The Lantern".to_owned(),
            tagline: None,
            url: "https://news.example.org".to_owned(),
            postal_address: "7 Quay Street, Alder Ford".to_owned(),
            privacy_url: None,
            reply_address: "desk@news.example.org".to_owned(),
            logo: None,
        },
        sender: Sender {
            name: None,
            address: "desk@news.example.org".parse().unwrap(),
            reply_to: "desk@news.example.org".parse().unwrap(),
            base_url: "https://news.example.org".to_owned(),
            bounce_domain: "news.example.org".to_owned(),
            sender_id: "lantern".to_owned(),
        },
    }
}

/// The back issues: April, June and September of 2026, and a combined one for the winter before.
pub(crate) fn archive() -> Archive {
    let mut archive = Archive::default();
    let issues = [
        ("2025-12", "title: Winter\nmonths: 2025-12..2026-01\nvolume: 8\nnumber: 11", "# Lamps in the Dark\n\nText.\n"),
        (
            "2026-04",
            "title: April\nvolume: 9\nnumber: 3",
            "# Who’s at the Door? A Guide — for “Keepers”\n\nText.\n\n# In brief\n\n## Dates\n\nText.\n",
        ),
        ("2026-06", "title: June\nvolume: 9\nnumber: 5", "# The Long Evening\n\nText.\n\n# In brief\n\n## Dates\n\nText.\n"),
        ("2026-09", "title: September\nvolume: 9\nnumber: 8", "# Oil, Wick and Flame\n\nText.\n"),
    ];
    let mut out = Vec::new();
    for (id, front, body) in issues {
        let text = format!("---\n{front}\npreheader: A line.\n---\n{body}");
        let source = decode(id, text.as_bytes()).value.unwrap();
        let draft = Draft { id: id.parse().unwrap(), source, files: Vec::new() };
        let manuscript = parse(&draft, "Related Items").clean().unwrap().0;
        let issue = assemble(&manuscript, &archive, &house()).clean().unwrap().0;
        out.push(issue.archived(jiff::Timestamp::UNIX_EPOCH));
        archive = Archive::new(out.clone());
    }
    archive
}

/// Reads a text as the issue of this id, all the way to the edition.
pub(crate) fn read_as(id: &str, bytes: &[u8], files: Vec<EnclosedFile>, archive: &Archive) -> Read {
    let decoded = decode(&format!("issues/{id}.md"), bytes);
    let mut diagnostics = decoded.diagnostics;
    let (mut issue, mut edition) = (None, None);
    if let Some(source) = decoded.value {
        let draft = Draft { id: id.parse().unwrap(), source: Arc::clone(&source), files };
        let parsed = parse(&draft, &house().related_heading);
        diagnostics.extend(parsed.diagnostics);
        if let Some(manuscript) = parsed.value {
            let assembled = assemble(&manuscript, archive, &house());
            diagnostics.extend(assembled.diagnostics);
            issue = assembled.value;
            if let Some(issue) = issue.as_mut().filter(|_| manuscript.front.related.is_some()) {
                diagnostics.extend(fill(issue, &manuscript, &Index::of(archive, &house()), &house()));
            }
        }
    }
    if let Some(issue) = &issue {
        let rendered = render(issue, &imprint(), &Press::new(&[]).value.unwrap());
        diagnostics.extend(rendered.diagnostics);
        edition = rendered.value;
    }
    sort(&mut diagnostics);
    Read { issue, edition, diagnostics }
}

/// Reads a text as the November issue.
pub(crate) fn read(text: &str) -> Read {
    read_as("2026-11", text.as_bytes(), Vec::new(), &archive())
}

/// A body under front matter that has no fault; its first line is the sixth of the file.
pub(crate) fn under_front(body: &str) -> String {
    format!("---\ntitle: November\npreheader: A line.\nstatus: ready\n---\n{body}")
}

/// "error code 3:9" for each finding.
pub(crate) fn listed(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .map(|found| {
            let place = found.position().map_or_else(|| "nowhere".to_owned(), |at| format!("{}:{}", at.line, at.column));
            format!("{} {} {place}", found.severity, found.code)
        })
        .collect()
}
