//! An issue as a browser shows it: own addresses as paths of the site, and no picture from elsewhere.

use crate::issue::{Article, Issue};
use crate::manuscript::document::{Block, BlockKind, Footnote, Image, Inline, InlineKind, Link, each_inline, each_inline_mut, within_mut};

/// What a browser may show as a picture; everything else that is called an image is linked to (STANDARDS T4).
const SHOWN: [&str; 6] = ["png", "jpg", "jpeg", "gif", "webp", "avif"];

/// The web site that the archive is part of.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    base_url: &'a str,
}

impl<'a> Site<'a> {
    /// The site at this address, which has no slash at its end.
    pub fn at(base_url: &'a str) -> Self {
        Self { base_url }
    }

    /// The path under which the site stands at its host: `/letter`, or nothing.
    pub fn root(self) -> &'a str {
        let after = self.base_url.split_once("://").map_or(self.base_url, |(_, rest)| rest);
        after.find('/').map_or("", |at| &after[at..])
    }

    /// The address of one of its pages as a path, whatever name the site is asked under (STANDARDS T22); `None` if it is
    /// none of its pages.
    pub fn path(self, url: &str) -> Option<String> {
        let below = url.strip_prefix(self.base_url)?;
        match below.chars().next() {
            Some('/') => Some(format!("{}{below}", self.root())),
            None | Some('#' | '?') => Some(format!("{}/{below}", self.root())),
            Some(_) => None,
        }
    }

    /// The same, or the address as it is.
    fn near(self, url: &mut String) {
        if let Some(path) = self.path(url) {
            *url = path;
        }
    }
}

/// Where the addresses of an issue are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// On a page of the site: by their paths.
    AtHome,
    /// Anywhere, such as in a feed: in full.
    Abroad,
}

/// Makes an issue fit to be shown by a browser.
pub fn online(issue: &mut Issue, site: Site<'_>, read: Read) {
    let inline = &mut |inline: &mut Inline| settle(inline, site, read);
    each_inline_mut(&mut issue.introduction, inline);
    for note in &mut issue.footnotes {
        each_inline_mut(&mut note.blocks, inline);
    }
    if let Some(related) = &mut issue.related {
        within_mut(&mut related.heading, inline);
        each_inline_mut(&mut related.introduction, inline);
        each_inline_mut(&mut related.closing, inline);
        for item in &mut related.items {
            // The title is the text of a link already.
            without_links(&mut item.title, site);
            within_mut(&mut item.note, inline);
            if read == Read::AtHome {
                site.near(&mut item.target);
            }
        }
    }
    for section in &mut issue.sections {
        within_mut(&mut section.title, inline);
        each_inline_mut(&mut section.introduction, inline);
    }
    let pieces = issue.sections.iter_mut().flat_map(|section| &mut section.pieces);
    for article in std::iter::once(&mut issue.featured).chain(pieces) {
        within_mut(&mut article.title, inline);
        each_inline_mut(&mut article.blocks, inline);
        if read == Read::AtHome {
            site.near(&mut article.url);
        }
        // A title that leads elsewhere cannot lead to its own page as well.
        if has_link(&article.title) {
            article.url.clear();
        }
    }
}

fn settle(inline: &mut Inline, site: Site<'_>, read: Read) {
    match &mut inline.kind {
        InlineKind::Link(link) => {
            without_links(&mut link.inlines, site);
            if read == Read::AtHome {
                site.near(&mut link.target);
            }
        }
        InlineKind::Image(image) if is_shown(image, site) && read == Read::AtHome => site.near(&mut image.source),
        InlineKind::Image(image) if !image.source.is_empty() && !is_shown(image, site) => {
            let inlines = vec![Inline { kind: InlineKind::Text(said(image)), span: inline.span }];
            inline.kind = InlineKind::Link(Link { target: std::mem::take(&mut image.source), inlines, file: None });
        }
        _ => {}
    }
}

/// No link within a link: pictures from elsewhere become their words alone.
fn without_links(inlines: &mut [Inline], site: Site<'_>) {
    within_mut(inlines, &mut |inline| {
        if let InlineKind::Image(image) = &inline.kind
            && !is_shown(image, site)
        {
            inline.kind = InlineKind::Text(said(image));
        }
    });
}

fn is_shown(image: &Image, site: Site<'_>) -> bool {
    let path = image.source.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    (site.path(path).is_some() || is_path(path)) && SHOWN.contains(&ending.as_str())
}

/// Whether it is settled already: a path of this very site, and of no other (`//elsewhere`).
fn is_path(address: &str) -> bool {
    address.starts_with('/') && !address.starts_with("//")
}

fn said(image: &Image) -> String {
    let words: Vec<&str> = [image.alt.trim(), image.caption.trim()].into_iter().filter(|words| !words.is_empty()).collect();
    if words.is_empty() { "Image".to_owned() } else { format!("Image: {}", words.join(" \u{2013} ")) }
}

fn has_link(inlines: &[Inline]) -> bool {
    let mut found = false;
    crate::manuscript::document::within(inlines, &mut |inline| found |= matches!(inline.kind, InlineKind::Link(_)));
    found
}

/// Sets the headings of an article so many levels higher: on its own page its title is of the first.
pub(super) fn raise(blocks: &mut [Block], by: u8) {
    for block in blocks {
        match &mut block.kind {
            BlockKind::Heading { level, .. } => *level = level.saturating_sub(by).max(2),
            BlockKind::Quote(inner) => raise(inner, by),
            BlockKind::List { items, .. } => items.iter_mut().for_each(|item| raise(&mut item.blocks, by)),
            _ => {}
        }
    }
}

/// An issue of nothing but one article, by its place in reading order, and of what belongs to it: its footnotes, and the
/// related list under the featured one. `None` if the issue has not so many.
pub(super) fn only(issue: &Issue, at: usize) -> Option<Issue> {
    let article = issue.articles().nth(at)?;
    Some(Issue {
        id: issue.id.clone(),
        period: issue.period,
        number: issue.number,
        title: issue.title.clone(),
        subject: issue.subject.clone(),
        preheader: issue.preheader.clone(),
        lang: issue.lang.clone(),
        lists: issue.lists.clone(),
        publish_at: issue.publish_at,
        status: issue.status,
        url: issue.url.clone(),
        introduction: Vec::new(),
        featured: article.clone(),
        related: issue.related.clone().filter(|_| at == 0),
        sections: Vec::new(),
        footnotes: notes_of(article, &issue.footnotes),
        carried: Vec::new(),
        added: Vec::new(),
        source: issue.source.clone(),
    })
}

/// The footnotes that an article refers to.
fn notes_of(article: &Article, footnotes: &[Footnote]) -> Vec<Footnote> {
    let mut numbers = Vec::new();
    each_inline(&article.blocks, &mut |inline| {
        if let InlineKind::Footnote(number) = inline.kind {
            numbers.push(number);
        }
    });
    footnotes.iter().filter(|note| numbers.contains(&note.number)).cloned().collect()
}

/// The address of the first picture that some blocks show.
pub(super) fn first_image(blocks: &[Block]) -> Option<String> {
    let mut found = None;
    each_inline(blocks, &mut |inline| {
        if let (InlineKind::Image(image), None) = (&inline.kind, &found) {
            found = Some(image.source.clone()).filter(|source| !source.is_empty());
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t22_own_addresses_become_paths_below_the_root_and_others_stay() {
        let site = Site::at("https://example.org/letter");
        assert_eq!(site.root(), "/letter");
        assert_eq!(site.path("https://example.org/letter/issues/2014-12").as_deref(), Some("/letter/issues/2014-12"));
        assert_eq!(site.path("https://example.org/letter").as_deref(), Some("/letter/"));
        assert_eq!(site.path("https://example.org/letter#a").as_deref(), Some("/letter/#a"));
        for other in ["https://example.org/letters", "https://example.org/", "https://example.org.evil.example/letter/", "mailto:a@b.c"] {
            assert_eq!(site.path(other), None, "{other}");
        }
        let whole = Site::at("https://news.example.org");
        assert_eq!((whole.root(), whole.path("https://news.example.org.evil.example/")), ("", None));
    }
}
