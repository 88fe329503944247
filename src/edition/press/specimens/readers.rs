//! Specimens of what readers' pages are given: each state with everything in it, and with as little as can be.

use super::text;
use crate::edition::views::{LeavePageView, ListChoiceView, PreferencesPageView};

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

pub(super) fn preferences_pages() -> Vec<PreferencesPageView> {
    let list = |is_on| ListChoiceView { id: text("general"), name: text("General"), description: text("Once a month."), is_on };
    let full = PreferencesPageView {
        publication: text("The Specimen"),
        state: "open",
        address: Some(text("a•••@example.org")),
        name: text("Ann"),
        fault: Some(text("the name is too long")),
        lists: vec![list(true), list(false)],
        is_suppressed: true,
        reply_address: text("desk@news.example.org"),
    };
    let least =
        PreferencesPageView { address: None, name: String::new(), fault: None, lists: Vec::new(), is_suppressed: false, ..full.clone() };
    let states = ["open", "saved", "refused", "unsaid", "gone", "unknown", "failed"];
    let all = [full, least].into_iter().flat_map(|view| states.map(|state| PreferencesPageView { state, ..view.clone() }));
    all.collect()
}
