//! Specimens of what readers' pages are given: each state with everything in it, and with as little as can be.

use super::text;
use crate::edition::views::LeavePageView;

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
