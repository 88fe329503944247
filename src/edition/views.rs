//! What a template may say: one struct per template, and the struct is the contract.
//!
//! An [`IssueView`] is made twice, once per medium. A [`Printed`] field is already in that medium's language (HTML or
//! plain text) and goes into the template with triple braces; every other field is plain and is escaped by the press.

mod joining;
mod library;
mod pages;
mod proof;
mod report;

use serde::Serialize;

pub use joining::{ConfirmLetterView, ConfirmPageView, SubscribePageView, WelcomeLetterView};
pub use library::{
    ArticlePageView, FrontPageView, HeadView, HitView, IssueLineView, IssuePageView, IssuesPageView, LeadView, LostPageView, OfferView,
    SearchPageView, SiteView, VolumeView, YearView,
};
pub use pages::{ApprovalPageView, LeavePageView, ListChoiceView, PreferencesPageView};
pub use proof::{FindingView, FindingsView, NoticeView, ProofView};
pub use report::{ProviderShareView, ReasonView, ReportSheet, ReportView};

/// Markup or text that the printer of the medium has made; safe to put in as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Printed(pub String);

/// What `issue/subject.txt.hbs`, `issue/body.html.hbs` and `issue/body.txt.hbs` are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueView {
    /// The newsletter as a whole.
    pub publication: PublicationView,
    /// BCP 47 tag.
    pub lang: String,
    /// `ltr` or `rtl`.
    pub dir: &'static str,
    /// The issue's own title.
    pub title: String,
    /// The subject line as the editor wrote it, or the title.
    pub subject: String,
    /// "December/January 2015".
    pub label: String,
    /// "Vol. 15, No. 11"; nothing for a publication without numbers.
    pub number: Option<String>,
    /// The first visible line, if the editor wrote one (STANDARDS H10).
    pub preheader: Option<String>,
    /// The public page of this issue.
    pub url: String,
    /// What stands before the first heading.
    pub introduction: Option<Printed>,
    /// The featured article; its title prints as a heading of level 2.
    pub featured: ArticleView,
    /// The list of related items.
    pub related: Option<RelatedView>,
    /// The further sections.
    pub sections: Vec<SectionView>,
    /// Footnotes of the whole issue.
    pub footnotes: Option<Printed>,
    /// The addresses behind `[1]`, `[2]`, …; only in plain text.
    pub links: Vec<LinkNoteView>,
    /// Where each reader's own words and addresses go.
    pub reader: ReaderView,
}

/// The newsletter as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicationView {
    /// Its name.
    pub name: String,
    /// One line under the name.
    pub tagline: Option<String>,
    /// Its home page.
    pub url: String,
    /// Postal address, one line (STANDARDS C5).
    pub postal_address: String,
    /// The privacy notice.
    pub privacy_url: Option<String>,
    /// Where questions go.
    pub reply_address: String,
    /// The logo, as an image on the web.
    pub logo: Option<LogoView>,
}

/// A logo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogoView {
    /// https address of a PNG or JPEG.
    pub url: String,
    /// Printed width in pixels.
    pub width: u32,
    /// Printed height in pixels.
    pub height: u32,
}

/// An article or a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArticleView {
    /// The title as printed.
    pub title: Printed,
    /// Its page in the archive.
    pub url: String,
    /// Everything under the title.
    pub body: Printed,
}

/// The related list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelatedView {
    /// "Related Items", or what the editor wrote.
    pub heading: Printed,
    /// What stands before the list.
    pub introduction: Option<Printed>,
    /// The items, in order.
    pub items: Vec<RelatedItemView>,
    /// What stands after the list.
    pub closing: Option<Printed>,
}

/// One related item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelatedItemView {
    /// The title; in HTML it is the text of the link.
    pub title: Printed,
    /// Where it leads; nothing in plain text, where the title is the whole entry and names its link note.
    pub url: String,
    /// "April 2014".
    pub date: Option<String>,
    /// "(PDF)" or "(PDF, 301 KB)" where the link leads to a file.
    pub file: Option<String>,
    /// What the editor says about it.
    pub note: Option<Printed>,
}

/// A further section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SectionView {
    /// Its title, a heading of level 2.
    pub title: Printed,
    /// What stands under the title before its first piece.
    pub introduction: Option<Printed>,
    /// Its pieces; their titles print as headings of level 3.
    pub pieces: Vec<ArticleView>,
}

/// One numbered link of the plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkNoteView {
    /// From 1.
    pub number: usize,
    /// The address, alone on its line and never broken (STANDARDS X1).
    pub url: String,
}

/// Merge fields: in an edition each holds a mark, which the stencil fills once per reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderView {
    /// The reader's name, or nothing if we were not told.
    pub name: Printed,
    /// The reader's address.
    pub address: Printed,
    /// The name of the list on whose account the mail comes.
    pub list: Printed,
    /// One click leaves the list (RFC 8058).
    pub unsubscribe_url: Printed,
    /// Lists, name, export, erasure.
    pub preferences_url: Printed,
}
