//! What every mail is tried with: a view with everything in it, and one with as little as can be.

mod letters;
mod library;
mod readers;

use serde::Serialize;
use serde_json::Value;

use crate::edition::report::sheet;
use crate::edition::views::{
    ArticleView, IssueView, LinkNoteView, LogoView, Printed, ProviderShareView, PublicationView, ReaderView, ReasonView, RelatedItemView,
    RelatedView, ReportSheet, ReportView, SectionView,
};

/// A kind of mail that templates print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mail {
    /// An issue.
    Issue,
    /// The report at the end of a mailing.
    Report,
    /// An edition as it is shown to editors.
    Proof,
    /// The faults of a file.
    Findings,
    /// A short letter about one thing.
    Notice,
    /// No mail: the page behind the link in a proof.
    Approval,
    /// The page behind the unsubscribe link.
    Leave,
    /// The page behind the preferences link.
    Preferences,
    /// The page where one subscribes.
    Subscribe,
    /// The page behind the link in the letter that asks whether one wants to.
    ConfirmPage,
    /// That letter.
    Confirm,
    /// The letter to somebody who has joined.
    Welcome,
    /// The archive's first page.
    Front,
    /// Its list of issues.
    Issues,
    /// Its page of an issue.
    IssuePage,
    /// Its page of an article.
    ArticlePage,
    /// Its page for searching.
    Search,
    /// The page where nothing is.
    Lost,
}

impl Mail {
    pub(super) const ALL: [Self; 18] = [
        Self::Issue,
        Self::Report,
        Self::Proof,
        Self::Findings,
        Self::Notice,
        Self::Approval,
        Self::Leave,
        Self::Preferences,
        Self::Subscribe,
        Self::ConfirmPage,
        Self::Confirm,
        Self::Welcome,
        Self::Front,
        Self::Issues,
        Self::IssuePage,
        Self::ArticlePage,
        Self::Search,
        Self::Lost,
    ];

    /// The mail to which the template of this name belongs; none for a partial.
    pub(super) fn of(template: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mail| mail.templates().contains(&template))
    }

    /// The templates that are printed for it.
    pub(super) fn templates(self) -> &'static [&'static str] {
        match self {
            Self::Issue => &["issue/subject.txt", "issue/body.txt", "issue/body.html"],
            Self::Report => &["report/subject.txt", "report/body.txt"],
            Self::Proof => &["proof/subject.txt", "proof/block.txt", "proof/block.html"],
            Self::Findings => &["findings/subject.txt", "findings/body.txt"],
            Self::Notice => &["notice/subject.txt", "notice/body.txt"],
            Self::Approval => &["web/approval.html"],
            Self::Leave => &["web/leave.html"],
            Self::Preferences => &["web/preferences.html"],
            Self::Subscribe => &["web/subscribe.html"],
            Self::ConfirmPage => &["web/confirm.html"],
            Self::Confirm => &["confirm/subject.txt", "confirm/body.txt"],
            Self::Welcome => &["welcome/subject.txt", "welcome/body.txt"],
            Self::Front => &["web/front.html"],
            Self::Issues => &["web/issues.html"],
            Self::IssuePage => &["web/issue.html"],
            Self::ArticlePage => &["web/article.html"],
            Self::Search => &["web/search.html"],
            Self::Lost => &["web/lost.html"],
        }
    }
}

/// What the templates of a mail are tried with.
pub(super) fn of(mail: Mail) -> Vec<Value> {
    match mail {
        Mail::Issue => values(&issues()),
        Mail::Report => values(&reports()),
        Mail::Proof => values(&letters::proofs()),
        Mail::Findings => values(&letters::findings()),
        Mail::Notice => values(&letters::notices()),
        Mail::Approval => values(&letters::approval_pages()),
        Mail::Leave => values(&readers::leave_pages()),
        Mail::Preferences => values(&readers::preferences_pages()),
        Mail::Subscribe => values(&readers::subscribe_pages()),
        Mail::ConfirmPage => values(&readers::confirm_pages()),
        Mail::Confirm => values(&readers::confirmations()),
        Mail::Welcome => values(&readers::welcomes()),
        Mail::Front => values(&library::fronts()),
        Mail::Issues => values(&library::lists()),
        Mail::IssuePage => values(&library::issues()),
        Mail::ArticlePage => values(&library::articles()),
        Mail::Search => values(&library::searches()),
        Mail::Lost => values(&library::lost()),
    }
}

fn values(views: &[impl Serialize]) -> Vec<Value> {
    views.iter().map(|view| serde_json::to_value(view).unwrap_or_default()).collect()
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn publication() -> PublicationView {
    PublicationView {
        name: text("The Specimen"),
        tagline: Some(text("A line")),
        url: text("https://news.example.org"),
        postal_address: text("1 Main Street"),
        privacy_url: Some(text("https://news.example.org/privacy")),
        reply_address: text("desk@news.example.org"),
        logo: Some(LogoView { url: text("https://news.example.org/logo.png"), width: 80, height: 40 }),
    }
}

fn bare(full: PublicationView) -> PublicationView {
    PublicationView { tagline: None, privacy_url: None, logo: None, ..full }
}

fn issues() -> [IssueView; 2] {
    let printed = |text: &str| Printed(text.to_owned());
    let article = || ArticleView { title: printed("A title"), url: text("https://news.example.org/a"), body: printed("Some text.") };
    let full = IssueView {
        publication: publication(),
        lang: text("en"),
        dir: "ltr",
        title: text("A title"),
        subject: text("A subject"),
        label: text("June 2026"),
        number: Some(text("Vol. 1, No. 6")),
        preheader: Some(text("A first line.")),
        url: text("https://news.example.org/issues/2026-06"),
        introduction: Some(printed("Some text.")),
        featured: article(),
        related: Some(RelatedView {
            heading: printed("Related Items"),
            introduction: Some(printed("Some text.")),
            items: vec![RelatedItemView {
                title: printed("A title"),
                url: text("https://news.example.org/b"),
                date: Some(text("April 2026")),
                file: Some(text("(PDF)")),
                note: Some(printed("A note.")),
            }],
            closing: Some(printed("Some text.")),
        }),
        sections: vec![SectionView { title: printed("A title"), introduction: Some(printed("Some text.")), pieces: vec![article()] }],
        footnotes: Some(printed("A note.")),
        links: vec![LinkNoteView { number: 1, url: text("https://news.example.org/b") }],
        reader: ReaderView {
            name: printed("Ann"),
            address: printed("ann@example.org"),
            list: printed("General"),
            unsubscribe_url: printed("https://news.example.org/u/1"),
            preferences_url: printed("https://news.example.org/preferences/1"),
        },
    };
    let mut least = full.clone();
    least.publication = bare(least.publication);
    (least.number, least.preheader, least.introduction, least.related, least.footnotes) = (None, None, None, None, None);
    (least.sections, least.links) = (Vec::new(), Vec::new());
    [full, least]
}

/// Beside the full and the bare one, a report of each state: a template may ask for it.
fn reports() -> Vec<ReportSheet> {
    let full = ReportView {
        publication: publication(),
        issue: text("2026-06"),
        label: text("June 2026"),
        title: text("A title"),
        state: "out",
        began: text("Monday, June 1, 2026, 09:00"),
        ended: Some(text("Monday, June 1, 2026, 11:14")),
        duration: Some(text("2 h 14 min")),
        total: 12_400,
        accepted: 12_340,
        deferred: 10,
        refused: 10,
        expired: 10,
        withheld: 10,
        doubtful: 10,
        open: 30,
        halted: Some(text("google is paused")),
        providers: vec![ProviderShareView { name: text("google"), total: 40, accepted: 10, deferred: 10, refused: 10, expired: 10 }],
        reasons: vec![ReasonView { many: 10, provider: text("google"), fate: text("refused"), answer: text("550 5.1.1 No such user") }],
        advice: vec![text("Look at the reasons.")],
    };
    let least = ReportView {
        publication: bare(full.publication.clone()),
        ended: None,
        duration: None,
        accepted: 0,
        deferred: 0,
        refused: 0,
        expired: 0,
        withheld: 0,
        doubtful: 0,
        open: 0,
        total: 0,
        halted: None,
        providers: Vec::new(),
        reasons: Vec::new(),
        advice: Vec::new(),
        ..full.clone()
    };
    let states = ["out", "under way", "paused", "cancelled"];
    let all = [full, least].into_iter().flat_map(|view| states.map(|state| ReportView { state, ..view.clone() }));
    all.map(sheet).collect()
}
