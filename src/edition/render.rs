//! From an issue to an edition: both parts printed from the same tree, styles inlined, size checked, hash taken.

use aws_lc_rs::digest;
use css_inline::{CSSInliner, InlineOptions};
use data_encoding::HEXLOWER;

use super::html;
use super::marks;
use super::press::Press;
use super::text::TextPrinter;
use super::views::{ArticleView, IssueView, LinkNoteView, Printed, PublicationView, RelatedItemView, RelatedView, SectionView};
use super::{Edition, Sender};
use crate::diagnostic::{Checked, Diagnostic, Span};
use crate::issue::{Article, Issue};
use crate::manuscript::document::{Block, Inline};

/// Where Gmail's clipping comes so near that the foot of the mail may go (STANDARDS H1), in octets.
const LARGE: usize = 80_000;
/// Where it is sure to go, in octets.
const TOO_LARGE: usize = 100_000;

/// So far beyond any mail program's bounds that setting the styles would only cost time: the mail is refused as it is.
const HOPELESS: usize = 1_000_000;

/// What the publication prints on every issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imprint {
    /// Name, addresses, logo.
    pub publication: PublicationView,
    /// Who writes.
    pub sender: Sender,
}

/// Renders an issue. There is an edition unless a template is faulty.
pub fn render(issue: &Issue, imprint: &Imprint, press: &Press) -> Checked<Edition> {
    let mark = marks::prefix(issue.source.text());
    let html_view = html_view(issue, imprint, &mark);
    let text_view = text_view(issue, imprint, &mark);
    let printed = press.print("issue/subject.txt", &text_view).and_then(|subject| {
        let text = press.print("issue/body.txt", &text_view)?;
        let html = press.print("issue/body.html", &html_view)?;
        Ok((subject, text, inlined(&html, press)?))
    });
    let (subject, text, html) = match printed {
        Ok(printed) => printed,
        Err(found) => return Checked { value: None, diagnostics: vec![*found] },
    };
    let mut edition = Edition {
        issue: issue.id.clone(),
        hash: String::new(),
        subject: subject.split_whitespace().collect::<Vec<_>>().join(" "),
        lang: issue.lang.clone(),
        archived_at: issue.url.clone(),
        sender: imprint.sender.clone(),
        html,
        text: tidy(&text),
        mark,
    };
    edition.hash = hash(&edition);
    let diagnostics = size(issue, edition.html.len()).into_iter().collect();
    Checked { value: Some(edition), diagnostics }
}

/// Over everything that the edition says; its own hash is empty while it is taken.
fn hash(edition: &Edition) -> String {
    let octets = serde_json::to_vec(edition).unwrap_or_default();
    HEXLOWER.encode(digest::digest(&digest::SHA256, &octets).as_ref())
}

fn size(issue: &Issue, octets: usize) -> Option<Diagnostic> {
    let kilobytes = octets.div_ceil(1000);
    let found = if octets >= TOO_LARGE {
        Diagnostic::error("mail-too-large", format!("the mail has {kilobytes} KB of HTML; Gmail cuts it off at 102 KB"))
    } else if octets >= LARGE {
        Diagnostic::warning("mail-large", format!("the mail has {kilobytes} KB of HTML; Gmail cuts off what is beyond 102 KB"))
    } else {
        return None;
    };
    Some(found.at(&issue.source, Span::new(0, 3)).help("shorten pieces to a teaser with a link, or move some to the next issue"))
}

/// Lines without trailing spaces, never more than two blank ones, one line end at the end.
pub(super) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.trim().lines() {
        let line = line.trim_end();
        blank = if line.is_empty() { blank + 1 } else { 0 };
        if blank <= 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// The page with `style/mail.css` inlined and `style/screen.css` kept in its head (STANDARDS H2).
fn inlined(page: &str, press: &Press) -> Result<String, Box<Diagnostic>> {
    if page.len() > HOPELESS {
        return Ok(page.to_owned());
    }
    let page = page.replace("/*mail.css*/", &without_comments(press.style("style/mail.css")));
    let options = InlineOptions { minify_css: true, keep_style_tags: false, load_remote_stylesheets: false, ..InlineOptions::default() };
    let page = CSSInliner::new(options)
        .inline(&page)
        .map_err(|fault| Box::new(Diagnostic::error("style-fault", format!("the style sheet cannot be inlined: {fault}"))))?;
    // Only now: what this sheet says must not be written into every element.
    let screen = without_comments(press.style("style/screen.css"));
    Ok(page.replacen("/*screen.css*/", screen.trim(), 1).replace(" data-css-inline=\"keep\"", ""))
}

fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
    }
    out.push_str(rest);
    out
}

fn base_view(issue: &Issue, imprint: &Imprint, mark: &str, featured: ArticleView) -> IssueView {
    IssueView {
        publication: imprint.publication.clone(),
        lang: issue.lang.clone(),
        dir: direction(&issue.lang),
        title: issue.title.clone(),
        subject: issue.subject.clone(),
        label: issue.period.label(),
        number: issue.number.map(|number| number.to_string()),
        preheader: issue.preheader.clone(),
        url: issue.url.clone(),
        introduction: None,
        featured,
        related: None,
        sections: Vec::new(),
        footnotes: None,
        links: Vec::new(),
        reader: marks::reader_view(mark),
    }
}

pub(super) fn direction(lang: &str) -> &'static str {
    let language = lang.split('-').next().unwrap_or(lang).to_ascii_lowercase();
    if matches!(language.as_str(), "ar" | "he" | "fa" | "ur" | "yi" | "ps" | "sd" | "ug" | "dv") { "rtl" } else { "ltr" }
}

pub(super) fn html_view(issue: &Issue, imprint: &Imprint, mark: &str) -> IssueView {
    let some = |blocks: &[Block]| (!blocks.is_empty()).then(|| Printed(html::blocks(blocks)));
    let article = |article: &Article| ArticleView {
        title: Printed(html::inlines(&article.title)),
        url: article.url.clone(),
        body: Printed(html::blocks(&article.blocks)),
    };
    let mut view = base_view(issue, imprint, mark, article(&issue.featured));
    view.introduction = some(&issue.introduction);
    view.related = related_html(issue);
    view.sections = issue
        .sections
        .iter()
        .map(|section| SectionView {
            title: Printed(html::inlines(&section.title)),
            introduction: some(&section.introduction),
            pieces: section.pieces.iter().map(article).collect(),
        })
        .collect();
    view.footnotes = (!issue.footnotes.is_empty()).then(|| Printed(html::footnotes(&issue.footnotes)));
    view
}

/// The related list in HTML.
pub(super) fn related_html(issue: &Issue) -> Option<RelatedView> {
    let some = |blocks: &[Block]| (!blocks.is_empty()).then(|| Printed(html::blocks(blocks)));
    issue.related.as_ref().map(|related| RelatedView {
        heading: Printed(html::inlines(&related.heading)),
        introduction: some(&related.introduction),
        items: related
            .items
            .iter()
            .map(|item| RelatedItemView {
                title: Printed(html::inlines(&item.title)),
                url: item.target.clone(),
                date: item.date.clone(),
                file: item.file.as_ref().map(|kind| format!("({kind})")),
                note: (!item.note.is_empty()).then(|| Printed(html::inlines(&item.note))),
            })
            .collect(),
        closing: some(&related.closing),
    })
}

/// Plain words set in lines: the templates of the text medium print every field as it is.
fn set(words: &str) -> String {
    super::text::wrapped(words, "", "")
}

fn text_view(issue: &Issue, imprint: &Imprint, mark: &str) -> IssueView {
    let mut printer = TextPrinter::default();
    let some = |printer: &mut TextPrinter, blocks: &[Block]| (!blocks.is_empty()).then(|| Printed(printer.blocks(blocks)));
    let title = |printer: &mut TextPrinter, inlines: &[Inline]| Printed(printer.title(inlines));
    let introduction = some(&mut printer, &issue.introduction);
    let featured = ArticleView {
        title: title(&mut printer, &issue.featured.title),
        url: issue.featured.url.clone(),
        body: Printed(printer.blocks(&issue.featured.blocks)),
    };
    let mut view = base_view(issue, imprint, mark, featured);
    let publication = &mut view.publication;
    publication.name = set(&publication.name);
    publication.tagline = publication.tagline.as_deref().map(set);
    publication.postal_address = set(&publication.postal_address);
    view.preheader = view.preheader.as_deref().map(set);
    view.introduction = introduction;
    view.related = issue.related.as_ref().map(|related| RelatedView {
        heading: title(&mut printer, &related.heading),
        introduction: some(&mut printer, &related.introduction),
        items: related
            .items
            .iter()
            .map(|item| RelatedItemView {
                title: Printed(printer.related(&item.title, &item.target, item.date.as_deref(), item.file.as_deref(), &item.note)),
                url: String::new(),
                date: None,
                file: None,
                note: None,
            })
            .collect(),
        closing: some(&mut printer, &related.closing),
    });
    view.sections = issue
        .sections
        .iter()
        .map(|section| SectionView {
            title: title(&mut printer, &section.title),
            introduction: some(&mut printer, &section.introduction),
            pieces: section
                .pieces
                .iter()
                .map(|piece| ArticleView {
                    title: Printed(printer.subtitle(&piece.title)),
                    url: piece.url.clone(),
                    body: Printed(printer.blocks(&piece.blocks)),
                })
                .collect(),
        })
        .collect();
    view.footnotes = (!issue.footnotes.is_empty()).then(|| Printed(printer.footnotes(&issue.footnotes)));
    view.links = printer.into_notes().into_iter().enumerate().map(|(at, url)| LinkNoteView { number: at + 1, url }).collect();
    view
}
