//! What the pages behind the links in mail are given.

use serde::Serialize;

/// What `web/approval.html.hbs` is given. Fields that a state has nothing to say in are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ApprovalPageView {
    /// The newsletter's name.
    pub publication: String,
    /// `open` before this editor has approved and `given` after; `replaced` by a later proof; `gone` out; `unknown` to us;
    /// `unsaid` where the button was not pressed; `failed` where it could not be done just now.
    pub state: &'static str,
    /// The issue's id.
    pub issue: String,
    /// Its subject line.
    pub title: String,
    /// The beginning of the edition's hash.
    pub edition: String,
    /// When it goes out, in local time and in words.
    pub departs: Option<String>,
    /// Why it does not go out, where it does not.
    pub stays: Option<String>,
    /// Whether its file has changed since.
    pub is_changed: bool,
    /// How many approvals it needs.
    pub needed: u64,
    /// How many of them are missing.
    pub missing: u64,
    /// Who has approved it.
    pub given: Vec<String>,
}

/// What `web/leave.html.hbs` is given. Fields that a state has nothing to say in are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LeavePageView {
    /// The newsletter's name.
    pub publication: String,
    /// `open` before the reader has left and `left` after; `back` after an undo, `late` where that came too late;
    /// `unknown` to us; `failed` where it could not be done just now.
    pub state: &'static str,
    /// The list's name; nothing where the person is not known any more.
    pub list: Option<String>,
    /// The reader's address with most of it hidden.
    pub address: Option<String>,
    /// On how many other lists they are.
    pub others: u64,
    /// What the undo button sends, where there is one.
    pub undo: Option<String>,
    /// Where questions go.
    pub reply_address: String,
}

/// What `web/preferences.html.hbs` is given. Fields that a state has nothing to say in are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PreferencesPageView {
    /// The newsletter's name.
    pub publication: String,
    /// `open`; `saved` after a change; `refused` where the name cannot be used and nothing was changed; `unsaid` where no
    /// button was pressed; `asked` whether the reader is really to be erased; `busy` where that cannot be at this moment,
    /// `erased` where it is done; `gone` where the person is not known any more; `unknown` to us; `failed` where it could
    /// not be done just now.
    pub state: &'static str,
    /// The reader's address with most of it hidden.
    pub address: Option<String>,
    /// The reader's name, or nothing.
    pub name: String,
    /// Why the name cannot be used.
    pub fault: Option<String>,
    /// The lists that may be chosen.
    pub lists: Vec<ListChoiceView>,
    /// In which form the mail comes: `html` or `text`.
    pub format: &'static str,
    /// Whether we do not write to this address, whatever is chosen.
    pub is_suppressed: bool,
    /// Where questions go.
    pub reply_address: String,
}

/// A list that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListChoiceView {
    /// Its id, which the form sends.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What comes; it may be empty.
    pub description: String,
    /// How often; it may be empty.
    pub frequency: String,
    /// Its language's tag, where that is not the publication's.
    pub lang: Option<String>,
    /// What those who speak it call that language.
    pub language: Option<String>,
    /// Whether it is chosen.
    pub is_on: bool,
}
