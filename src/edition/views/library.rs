//! What the pages of the public archive are given. No view here knows a reader: a page is the same for everybody.

use serde::Serialize;

use super::{ArticleView, Printed, PublicationView, RelatedView, SectionView};

/// What every page of the archive has around its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteView {
    /// The newsletter as a whole; its logo only where it is on the same site.
    pub publication: PublicationView,
    /// The path of the first page.
    pub home: String,
    /// The path of the list of issues.
    pub issues: String,
    /// The path of the Atom feed.
    pub feed: String,
    /// The path of the style sheet.
    pub style: String,
    /// Where the search form leads; nothing where there is no search.
    pub search: Option<String>,
    /// Where one subscribes; nothing where nobody can.
    pub subscribe: Option<String>,
    /// Whether this is a site of the government of the United States, which says so above everything else.
    pub is_us_government: bool,
}

/// What stands in the head of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeadView {
    /// The page's title, without the newsletter's name.
    pub title: String,
    /// One or two sentences on what it says.
    pub description: Option<String>,
    /// Its own address, in full.
    pub url: String,
    /// `website` or `article`, as the Open Graph has it.
    pub kind: &'static str,
    /// BCP 47 tag.
    pub lang: String,
    /// `ltr` or `rtl`.
    pub dir: &'static str,
    /// Whether search engines may list it.
    pub is_indexed: bool,
    /// The full address of a picture that stands for it.
    pub image: Option<String>,
    /// When it came out, as RFC 3339 has it.
    pub published: Option<String>,
    /// When it was last corrected, as RFC 3339 has it.
    pub modified: Option<String>,
    /// What it is, for programs: JSON-LD that may stand in a script element.
    pub structured: Option<Printed>,
}

/// Something that a page leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LeadView {
    /// Its title.
    pub title: String,
    /// Its path.
    pub url: String,
    /// "December/January 2015"; empty where that goes without saying.
    pub label: String,
}

/// An issue as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueLineView {
    /// Its title.
    pub title: String,
    /// Its path.
    pub url: String,
    /// "December/January 2015".
    pub label: String,
    /// "Vol. 15, No. 11"; nothing for a publication without numbers.
    pub number: Option<String>,
}

/// What `web/front.html.hbs` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrontPageView {
    /// Around the text.
    pub site: SiteView,
    /// In the head.
    pub page: HeadView,
    /// The latest issue; nothing before the first.
    pub latest: Option<IssueLineView>,
    /// Its first line.
    pub preheader: Option<String>,
    /// Its featured article and its pieces.
    pub pieces: Vec<LeadView>,
    /// The twelve before it.
    pub earlier: Vec<IssueLineView>,
    /// Whether there are more.
    pub has_more: bool,
    /// The lists that anybody may join.
    pub lists: Vec<OfferView>,
}

/// A list that anybody may join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfferView {
    /// Its name.
    pub name: String,
    /// What comes, and how often; it may be empty.
    pub description: String,
}

/// What `web/issues.html.hbs` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssuesPageView {
    /// Around the text.
    pub site: SiteView,
    /// In the head.
    pub page: HeadView,
    /// How many issues there are.
    pub many: u64,
    /// The years, newest first.
    pub years: Vec<YearView>,
}

/// The issues of a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct YearView {
    /// The year.
    pub year: i16,
    /// Its volumes, newest first; one without a name where issues are not numbered.
    pub volumes: Vec<VolumeView>,
}

/// The issues of a volume within a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VolumeView {
    /// Its number.
    pub volume: Option<u32>,
    /// Its issues, newest first.
    pub issues: Vec<IssueLineView>,
}

/// What `web/issue.html.hbs` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssuePageView {
    /// Around the text.
    pub site: SiteView,
    /// In the head.
    pub page: HeadView,
    /// The issue itself.
    pub issue: IssueLineView,
    /// When it was last corrected, in words.
    pub corrected: Option<String>,
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
    /// The articles of other issues that lead to this one.
    pub mentions: Vec<LeadView>,
    /// The issue before it.
    pub before: Option<LeadView>,
    /// The issue after it.
    pub after: Option<LeadView>,
}

/// What `web/article.html.hbs` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArticlePageView {
    /// Around the text.
    pub site: SiteView,
    /// In the head.
    pub page: HeadView,
    /// The issue that carried it.
    pub issue: IssueLineView,
    /// When that was last corrected, in words.
    pub corrected: Option<String>,
    /// The section that it stands in; nothing for the featured article.
    pub section: Option<String>,
    /// Its title, the page's heading of level 1.
    pub title: Printed,
    /// Everything under the title.
    pub body: Printed,
    /// The list of related items, under the featured article.
    pub related: Option<RelatedView>,
    /// The footnotes that it refers to.
    pub footnotes: Option<Printed>,
    /// The articles of other issues that lead to this one.
    pub mentions: Vec<LeadView>,
    /// The article before it in the issue.
    pub before: Option<LeadView>,
    /// The article after it in the issue.
    pub after: Option<LeadView>,
}

/// What `web/search.html.hbs` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SearchPageView {
    /// Around the text.
    pub site: SiteView,
    /// In the head.
    pub page: HeadView,
    /// What was sought, as it was written.
    pub query: String,
    /// `asked` where something was sought, `open` before, `failed` where it could not be done just now.
    pub state: &'static str,
    /// How many articles have it.
    pub many: u64,
    /// Those on this page, best first.
    pub hits: Vec<HitView>,
    /// Which page this is, from 1.
    pub number: u64,
    /// How many pages there are.
    pub pages: u64,
    /// The path of the page before.
    pub before: Option<String>,
    /// The path of the page after.
    pub after: Option<String>,
}

/// An article that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HitView {
    /// Its title, with what was sought marked.
    pub title: Printed,
    /// Its path.
    pub url: String,
    /// "December/January 2015".
    pub label: String,
    /// A few words around what was sought, with that marked.
    pub excerpt: Printed,
}

/// What `web/lost.html.hbs` is given: no page is at an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostPageView {
    /// Around the text.
    pub site: SiteView,
    /// In the head.
    pub page: HeadView,
    /// The latest issue; nothing before the first.
    pub latest: Option<IssueLineView>,
}
