//! What the pages and letters about joining are given.

use serde::Serialize;

use super::{ListChoiceView, PublicationView};

/// What `web/subscribe.html.hbs` is given. Fields that a state has nothing to say in are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SubscribePageView {
    /// The newsletter's name.
    pub publication: String,
    /// Its postal address.
    pub postal_address: String,
    /// Its privacy notice.
    pub privacy_url: Option<String>,
    /// `open`; `again` where the form came from elsewhere or too soon and is shown as it was filled in; `refused` where
    /// something in it cannot be used; `taken`; `failed` where it could not be done just now.
    pub state: &'static str,
    /// The address that was written.
    pub address: String,
    /// The name that was written.
    pub name: String,
    /// Why the address cannot be used.
    pub address_fault: Option<String>,
    /// Why the name cannot be used.
    pub name_fault: Option<String>,
    /// Why the choice of lists cannot be used.
    pub lists_fault: Option<String>,
    /// The lists that anybody may join; chosen are those that the reader has chosen, and none before.
    pub lists: Vec<ListChoiceView>,
    /// What one agrees to.
    pub consent: String,
    /// When the form was shown, signed; the form sends it.
    pub stamp: String,
    /// Where questions go.
    pub reply_address: String,
}

/// What `web/confirm.html.hbs` is given. Fields that a state has nothing to say in are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ConfirmPageView {
    /// The newsletter's name.
    pub publication: String,
    /// `open`; `done`; `used` where it was done before; `unsaid` where the button was not pressed; `unknown` to us, or too old; `failed` where it could not
    /// be done just now.
    pub state: &'static str,
    /// The reader's address with most of it hidden.
    pub address: Option<String>,
    /// The names of the lists.
    pub lists: Vec<String>,
    /// Where questions go.
    pub reply_address: String,
}

/// What `confirm/subject.txt.hbs` and `confirm/body.txt.hbs` are given. Nothing that a stranger wrote is in it (STANDARDS
/// L15, T9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfirmLetterView {
    /// The newsletter as a whole.
    pub publication: PublicationView,
    /// The names of the lists that were asked for.
    pub lists: Vec<String>,
    /// When, in local time and in words.
    pub asked: String,
    /// On which page.
    pub page: String,
    /// What confirms it; nothing where the address is on all those lists already.
    pub url: Option<String>,
    /// For how many days the link works.
    pub days: u64,
}

/// What `welcome/subject.txt.hbs` and `welcome/body.txt.hbs` are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WelcomeLetterView {
    /// The newsletter as a whole.
    pub publication: PublicationView,
    /// The names of the lists that were joined.
    pub lists: Vec<String>,
    /// The title of the latest issue, if any is out.
    pub latest: Option<String>,
    /// Its page.
    pub latest_url: Option<String>,
    /// Where lists and name are changed, and where one leaves.
    pub preferences_url: String,
}
