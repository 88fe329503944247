//! Specimens of what readers' pages are given: each state with everything in it, and with as little as can be.

use super::{bare, publication, text};
use crate::edition::views::{
    ConfirmLetterView, ConfirmPageView, LeavePageView, ListChoiceView, PreferencesPageView, SubscribePageView, WelcomeLetterView,
};

pub(super) fn leave_pages() -> Vec<LeavePageView> {
    let full = LeavePageView {
        publication: text("The Specimen"),
        state: "open",
        list: Some(text("General")),
        address: Some(text("a•••@example.org")),
        others: 2,
        undo: Some(text("AQ")),
        reply_address: text("desk@news.example.org"),
    };
    let least = LeavePageView { list: None, address: None, others: 0, undo: None, ..full.clone() };
    let states = ["open", "left", "back", "late", "unknown", "failed"];
    let all = [full, least].into_iter().flat_map(|view| states.map(|state| LeavePageView { state, ..view.clone() }));
    all.collect()
}

fn list(is_on: bool) -> ListChoiceView {
    ListChoiceView {
        id: text("general"),
        name: text("General"),
        description: text("What has happened."),
        frequency: text("monthly"),
        lang: Some(text("es")),
        language: Some(text("español")),
        is_on,
    }
}

pub(super) fn preferences_pages() -> Vec<PreferencesPageView> {
    let full = PreferencesPageView {
        publication: text("The Specimen"),
        state: "open",
        address: Some(text("a•••@example.org")),
        name: text("Ann"),
        fault: Some(text("The name is too long.")),
        lists: vec![list(true), list(false)],
        format: "text",
        is_suppressed: true,
        reply_address: text("desk@news.example.org"),
    };
    let least = PreferencesPageView {
        address: None,
        name: String::new(),
        fault: None,
        lists: Vec::new(),
        format: "html",
        is_suppressed: false,
        ..full.clone()
    };
    let states = ["open", "saved", "refused", "unsaid", "asked", "busy", "erased", "gone", "unknown", "failed"];
    let all = [full, least].into_iter().flat_map(|view| states.map(|state| PreferencesPageView { state, ..view.clone() }));
    all.collect()
}

pub(super) fn subscribe_pages() -> Vec<SubscribePageView> {
    let full = SubscribePageView {
        publication: text("The Specimen"),
        postal_address: text("1 Main Street"),
        privacy_url: Some(text("https://news.example.org/privacy")),
        state: "open",
        address: text("ann@example.org"),
        name: text("Ann"),
        address_fault: Some(text("The address has no @.")),
        name_fault: Some(text("The name is too long.")),
        lists_fault: Some(text("Nothing is ticked.")),
        lists: vec![list(true), list(false)],
        consent: text("I want it."),
        stamp: text("AQ"),
        reply_address: text("desk@news.example.org"),
    };
    let least = SubscribePageView {
        privacy_url: None,
        address_fault: None,
        name_fault: None,
        lists_fault: None,
        lists: Vec::new(),
        ..full.clone()
    };
    let states = ["open", "again", "refused", "taken", "failed"];
    let all = [full, least].into_iter().flat_map(|view| states.map(|state| SubscribePageView { state, ..view.clone() }));
    all.collect()
}

pub(super) fn confirm_pages() -> Vec<ConfirmPageView> {
    let full = ConfirmPageView {
        publication: text("The Specimen"),
        state: "open",
        address: Some(text("a•••@example.org")),
        lists: vec![text("General")],
        reply_address: text("desk@news.example.org"),
    };
    let least = ConfirmPageView { address: None, lists: Vec::new(), ..full.clone() };
    let states = ["open", "unsaid", "done", "used", "unknown", "failed"];
    let all = [full, least].into_iter().flat_map(|view| states.map(|state| ConfirmPageView { state, ..view.clone() }));
    all.collect()
}

pub(super) fn confirmations() -> [ConfirmLetterView; 2] {
    let full = ConfirmLetterView {
        publication: publication(),
        lists: vec![text("General")],
        asked: text("Monday, June 1, 2026, 09:00"),
        page: text("https://news.example.org/subscribe"),
        url: Some(text("https://news.example.org/confirm/1")),
        days: 7,
    };
    let least = ConfirmLetterView { publication: bare(full.publication.clone()), url: None, ..full.clone() };
    [full, least]
}

pub(super) fn welcomes() -> [WelcomeLetterView; 2] {
    let full = WelcomeLetterView {
        publication: publication(),
        lists: vec![text("General")],
        latest: Some(text("A title")),
        latest_url: Some(text("https://news.example.org/issues/2026-06")),
        preferences_url: text("https://news.example.org/preferences/1"),
    };
    let least = WelcomeLetterView { publication: bare(full.publication.clone()), latest: None, latest_url: None, ..full.clone() };
    [full, least]
}
