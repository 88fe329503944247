//! Specimens of what editors are told: each once with everything in it, and once with as little as can be.

use super::{bare, publication, text};
use crate::edition::views::{ApprovalPageView, FindingView, FindingsView, NoticeView, Printed, ProofView};

pub(super) fn proofs() -> [ProofView; 2] {
    let full = ProofView {
        publication: publication(),
        issue: text("2026-06"),
        label: text("June 2026"),
        subject: text("A subject"),
        edition: text("0123456789ab"),
        is_draft: true,
        departs: Some(text("Monday, June 1, 2026, 09:00")),
        stays: Some(text("it is held")),
        readers: 12_400,
        lists: text("General"),
        needed: 2,
        missing: 1,
        given: vec![text("Ann")],
        approve_url: Some(text("https://news.example.org/approve/2026-06/1")),
        command: text("masthead approve 2026-06"),
        findings: vec![FindingView { place: Some(text("line 1")), message: text("a title is long"), help: Some(text("Shorten it")) }],
        more_findings: 1,
        side_notes: vec![text("- A title (April 2026)")],
    };
    let least = ProofView {
        publication: bare(full.publication.clone()),
        is_draft: false,
        departs: None,
        stays: None,
        readers: 0,
        needed: 0,
        missing: 0,
        given: Vec::new(),
        approve_url: None,
        findings: Vec::new(),
        more_findings: 0,
        side_notes: Vec::new(),
        ..full.clone()
    };
    [full, least]
}

pub(super) fn findings() -> [FindingsView; 2] {
    let full = FindingsView {
        publication: publication(),
        issue: text("2026-06"),
        file: text("issues/2026-06.md"),
        is_stopped: true,
        tally: text("1 error"),
        problems: Printed(text("1. error: a title is missing")),
    };
    [full.clone(), FindingsView { publication: bare(full.publication.clone()), is_stopped: false, ..full }]
}

/// Each kind both ways: a template may ask for it.
pub(super) fn notices() -> Vec<NoticeView> {
    let full = NoticeView {
        publication: text("The Specimen"),
        kind: "late",
        issue: Some(text("2026-06")),
        due: Some(text("Monday, June 1, 2026, 09:00")),
        deadline: Some(text("Friday, May 29, 2026, 17:00")),
        waiting: vec![text("2026-06: a draft")],
        missing: 1,
        url: Some(text("https://news.example.org/issues/2026-06")),
        reason: Some(text("the relay cannot be reached")),
        problems: Some(Printed(text("1. error: a list is missing"))),
    };
    let least = NoticeView { publication: full.publication.clone(), ..NoticeView::default() };
    let kinds = ["late", "missed", "deadline", "unapproved", "stuck", "trouble", "corrected", "foreign", "refused"];
    let all = [full, least].into_iter().flat_map(|view| kinds.map(|kind| NoticeView { kind, ..view.clone() }));
    all.collect()
}

/// Each state both ways.
pub(super) fn approval_pages() -> Vec<ApprovalPageView> {
    let full = ApprovalPageView {
        publication: text("The Specimen"),
        state: "open",
        issue: text("2026-06"),
        title: text("A title"),
        edition: text("0123456789ab"),
        departs: Some(text("Monday, June 1, 2026, 09:00")),
        stays: Some(text("it is held")),
        is_changed: true,
        needed: 2,
        missing: 1,
        given: vec![text("Ann")],
    };
    let least =
        ApprovalPageView { departs: None, stays: None, is_changed: false, needed: 0, missing: 0, given: Vec::new(), ..full.clone() };
    let states = ["open", "given", "replaced", "gone", "unknown", "unsaid", "failed"];
    let all = [full, least].into_iter().flat_map(|view| states.map(|state| ApprovalPageView { state, ..view.clone() }));
    all.collect()
}
