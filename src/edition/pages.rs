//! The pages of the public archive, from an issue and what the archive knows around it: views, not yet printed.

use jiff::Timestamp;

use super::html;
use super::online::{self, Read, Site};
use super::render::{Imprint, direction, html_view, related_html};
use super::structured::{Carrier, Periodical, Written};
use super::views::{
    ArticlePageView, FrontPageView, HeadView, IssueLineView, IssuePageView, IssuesPageView, LeadView, LostPageView, OfferView, Printed,
    PublicationView, SearchPageView, SiteView, YearView,
};
use crate::dateline::IssueNumber;
use crate::issue::{Issue, uri};
use crate::manuscript::document::{Block, BlockKind, plain};

/// Longest description of a page, in characters: what search engines show of it.
const DESCRIPTION: usize = 200;

/// The site's own words, which stand on every page.
#[derive(Debug, Clone)]
pub struct Masthead {
    /// Around the text.
    pub site: SiteView,
    /// Where the site is.
    pub base_url: String,
    /// BCP 47 tag of pages that are no issue.
    pub lang: String,
    /// Whether search engines may list it.
    pub is_indexed: bool,
}

/// What the archive knows of an issue beside its text.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// When it went out.
    pub out_at: Timestamp,
    /// When it was last corrected.
    pub corrected_at: Option<Timestamp>,
    /// The same in words.
    pub corrected: Option<String>,
    /// The articles of other issues that lead here.
    pub mentions: Vec<LeadView>,
    /// What comes before.
    pub before: Option<LeadView>,
    /// What comes after.
    pub after: Option<LeadView>,
}

impl Masthead {
    /// What stands around the pages of this publication's site.
    pub fn new(imprint: &Imprint, site: SiteView, lang: &str, is_indexed: bool) -> Self {
        Self { base_url: imprint.sender.base_url.clone(), lang: lang.to_owned(), is_indexed, site }
    }

    fn place(&self) -> Site<'_> {
        Site::at(&self.base_url)
    }

    fn periodical(&self) -> Periodical<'_> {
        let publication = &self.site.publication;
        Periodical { name: &publication.name, url: &publication.url, description: publication.tagline.as_deref() }
    }

    /// The head of a page that is no issue.
    fn head(&self, title: &str, below: &str) -> HeadView {
        HeadView {
            title: title.to_owned(),
            description: self.site.publication.tagline.clone(),
            url: format!("{}{below}", self.base_url),
            kind: "website",
            lang: self.lang.clone(),
            dir: direction(&self.lang),
            is_indexed: self.is_indexed,
            image: None,
            published: None,
            modified: None,
            structured: None,
        }
    }

    /// The first page. `latest` is the latest issue with its line, its first line of text and its articles.
    pub fn front(
        &self,
        latest: Option<(&Issue, IssueLineView, Vec<LeadView>)>,
        earlier: Vec<IssueLineView>,
        has_more: bool,
    ) -> FrontPageView {
        let mut page = self.head(&self.site.publication.name, "/");
        page.structured = Some(self.periodical().whole());
        let (latest, preheader, pieces) = match latest {
            Some((issue, line, pieces)) => (Some(line), issue.preheader.clone().or_else(|| opening(&issue.featured.blocks)), pieces),
            None => (None, None, Vec::new()),
        };
        FrontPageView { site: self.site.clone(), page, latest, preheader, pieces, earlier, has_more, lists: Vec::new() }
    }

    /// Everything that is out.
    pub fn issues(&self, many: u64, years: Vec<YearView>) -> IssuesPageView {
        let mut page = self.head("All issues", "/issues");
        page.description = Some(format!("Every issue of {}, by year.", self.site.publication.name));
        page.structured = Some(self.periodical().whole());
        IssuesPageView { site: self.site.clone(), page, many, years }
    }

    /// What was found; whatever says more of it fills in the rest.
    pub fn search(&self, query: &str, state: &'static str) -> SearchPageView {
        let title = if query.is_empty() { "Search".to_owned() } else { format!("Search: {query}") };
        let page = HeadView { is_indexed: false, description: None, ..self.head(&title, "/search") };
        SearchPageView {
            site: self.site.clone(),
            page,
            query: query.to_owned(),
            state,
            many: 0,
            hits: Vec::new(),
            number: 1,
            pages: 0,
            before: None,
            after: None,
        }
    }

    /// No page is here.
    pub fn lost(&self, latest: Option<IssueLineView>) -> LostPageView {
        let page = HeadView { is_indexed: false, description: None, ..self.head("Page not found", "/") };
        LostPageView { site: self.site.clone(), page, latest }
    }

    /// The page of an issue, which is as it was assembled.
    pub fn issue(&self, mut issue: Issue, imprint: &Imprint, line: IssueLineView, around: Around) -> IssuePageView {
        let articles: Vec<(String, String)> = issue.articles().map(|article| (plain(&article.title), uri(&article.url))).collect();
        let url = uri(&issue.url);
        online::online(&mut issue, self.place(), Read::AtHome);
        let texts = [&issue.introduction, &issue.featured.blocks];
        let image = texts.into_iter().find_map(|blocks| online::first_image(blocks)).map(|path| self.full(&path));
        let description = issue.preheader.clone().or_else(|| opening(&issue.featured.blocks));
        let dates = Dates::of(&around);
        let name = dateline(&line);
        let written = Written {
            url: &url,
            headline: &issue.title,
            description: description.as_deref(),
            lang: &issue.lang,
            modified: dates.modified.as_deref(),
            image: image.as_deref(),
            section: None,
        };
        let number = Carrier { url: &url, name: &name, number: issue.number, published: &dates.published };
        let structured = self.periodical().numbered(number, written, &articles);
        let title = format!("{}, {name}", issue.title);
        let page = self.head_of(&issue, title, url.clone(), description, image, dates, structured);
        let view = html_view(&issue, imprint, "");
        IssuePageView {
            site: self.site.clone(),
            page,
            issue: line,
            corrected: around.corrected,
            introduction: view.introduction.map(classed),
            featured: super::views::ArticleView { body: classed(view.featured.body), ..view.featured },
            related: view.related.map(|related| super::views::RelatedView {
                introduction: related.introduction.map(classed),
                closing: related.closing.map(classed),
                ..related
            }),
            sections: view
                .sections
                .into_iter()
                .map(|section| super::views::SectionView {
                    introduction: section.introduction.map(classed),
                    pieces: section
                        .pieces
                        .into_iter()
                        .map(|piece| super::views::ArticleView { body: classed(piece.body), ..piece })
                        .collect(),
                    ..section
                })
                .collect(),
            footnotes: view.footnotes.map(classed),
            mentions: around.mentions,
            before: around.before,
            after: around.after,
        }
    }

    /// The page of one article of an issue, by its place in reading order. `None` if the issue has not so many.
    pub fn article(&self, issue: &Issue, at: usize, line: IssueLineView, around: Around) -> Option<ArticlePageView> {
        let ends = issue.sections.iter().scan(0, |passed, section| {
            *passed += section.pieces.len();
            Some((*passed, section))
        });
        let section = ends.into_iter().find(|(end, _)| at > 0 && at <= *end).map(|(_, section)| plain(&section.title));
        let mut issue = online::only(issue, at)?;
        let (url, issue_url) = (uri(&issue.featured.url), uri(&issue.url));
        online::online(&mut issue, self.place(), Read::AtHome);
        let article = &issue.featured;
        let is_featured = at == 0;
        let description = issue.preheader.clone().filter(|_| is_featured).or_else(|| opening(&article.blocks));
        let image = online::first_image(&article.blocks).map(|path| self.full(&path));
        let dates = Dates::of(&around);
        let (headline, name) = (plain(&article.title), dateline(&line));
        let written = Written {
            url: &url,
            headline: &headline,
            description: description.as_deref(),
            lang: &issue.lang,
            modified: dates.modified.as_deref(),
            image: image.as_deref(),
            section: section.as_deref(),
        };
        let number = Carrier { url: &issue_url, name: &name, number: issue.number, published: &dates.published };
        let structured = self.periodical().article(number, written);
        let page = self.head_of(&issue, headline.clone(), url.clone(), description, image, dates, structured);
        let title = Printed(html::inlines(&article.title));
        let related = related_html(&issue);
        online::raise(&mut issue.featured.blocks, if is_featured { 1 } else { 2 });
        Some(ArticlePageView {
            site: self.site.clone(),
            page,
            issue: line,
            corrected: around.corrected,
            section,
            title,
            body: classed(Printed(html::blocks(&issue.featured.blocks))),
            related: related.map(|related| super::views::RelatedView {
                introduction: related.introduction.map(classed),
                closing: related.closing.map(classed),
                ..related
            }),
            footnotes: (!issue.footnotes.is_empty()).then(|| classed(Printed(html::footnotes(&issue.footnotes)))),
            mentions: around.mentions,
            before: around.before,
            after: around.after,
        })
    }

    #[allow(clippy::too_many_arguments, reason = "a head has that many lines")]
    fn head_of(
        &self,
        issue: &Issue,
        title: String,
        url: String,
        description: Option<String>,
        image: Option<String>,
        dates: Dates,
        structured: Printed,
    ) -> HeadView {
        HeadView {
            title,
            description,
            url,
            kind: "article",
            lang: issue.lang.clone(),
            dir: direction(&issue.lang),
            is_indexed: self.is_indexed,
            image,
            published: Some(dates.published),
            modified: dates.modified,
            structured: Some(structured),
        }
    }

    /// The full address behind a path of the site.
    fn full(&self, path: &str) -> String {
        let below = path.strip_prefix(self.place().root()).unwrap_or(path);
        if below.starts_with('/') { format!("{}{below}", self.base_url) } else { path.to_owned() }
    }
}

/// The publication as pages name it: a logo that is elsewhere is not shown.
pub fn publication_at_home(publication: &PublicationView, base_url: &str) -> PublicationView {
    let mut publication = publication.clone();
    publication.logo = publication.logo.and_then(|mut logo| {
        logo.url = Site::at(base_url).path(&logo.url)?;
        Some(logo)
    });
    publication
}

/// A list as it is offered.
pub fn offer(name: &str, description: &str) -> OfferView {
    OfferView { name: name.to_owned(), description: description.to_owned() }
}

/// "December/January 2015, Vol. 15, No. 11".
pub fn dateline(line: &IssueLineView) -> String {
    line.number.as_ref().map_or_else(|| line.label.clone(), |number| format!("{}, {number}", line.label))
}

/// "Vol. 15, No. 11".
pub fn numbered(number: Option<IssueNumber>) -> Option<String> {
    number.map(|number| number.to_string())
}

struct Dates {
    published: String,
    modified: Option<String>,
}

impl Dates {
    fn of(around: &Around) -> Self {
        Self { published: around.out_at.to_string(), modified: around.corrected_at.map(|at| at.to_string()) }
    }
}

/// The mail says in each cell how it is set; a page's own style sheet does, and its policy allows no other.
fn classed(Printed(html): Printed) -> Printed {
    // No text has these octets: a quotation mark in it is escaped.
    Printed(html.replace(" style=\"text-align:center\"", " class=\"centre\"").replace(" style=\"text-align:right\"", " class=\"figures\""))
}

/// The first words of a text, cut at a word.
pub(super) fn opening(blocks: &[Block]) -> Option<String> {
    let first = blocks.iter().find_map(|block| match &block.kind {
        BlockKind::Paragraph(inlines) => Some(plain(inlines)).filter(|words| !words.is_empty()),
        _ => None,
    })?;
    let words: Vec<&str> = first.split_whitespace().collect();
    let mut out = String::new();
    for word in words {
        if out.chars().count() + word.chars().count() >= DESCRIPTION {
            out.push('\u{2026}');
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    Some(out)
}
