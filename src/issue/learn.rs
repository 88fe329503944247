//! An issue learns what is known of its links: how large a file is, what leads nowhere, what has moved.

use std::collections::{HashMap, HashSet};

use super::known_links::{LONGEST, LinkState, LinkStates, Standing, page};
use super::links::clip;
use super::said::{self, kind_of, kind_of_type, size};
use super::{Article, Issue, RelatedItem};
use crate::diagnostic::{self, Diagnostic, Findings, Span};
use crate::manuscript::document::{Block, Inline, InlineKind, each_inline_mut, within_mut};

/// Most addresses of one issue that are tried.
const MOST: usize = 2_000;

/// The addresses of other people's pages that an issue links to: each once, in reading order, not too many and not too long.
pub fn addresses(issue: &Issue, base_url: &str) -> Vec<String> {
    let is_kept = |url: &String| url.len() <= LONGEST;
    let is_own = |url: &String| url.strip_prefix(base_url).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    linked(issue).into_iter().filter(|url| !is_own(url) && is_kept(url)).take(MOST).collect()
}

/// All addresses on the web that an issue links to, each once and in reading order.
pub fn linked(issue: &Issue) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    each_link(&mut issue.clone(), &mut |target, _, _| {
        let target = page(target);
        let scheme = target.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        if matches!(scheme.as_deref(), Some("http" | "https")) && seen.insert(target.to_owned()) {
            found.push(target.to_owned());
        }
    });
    found
}

/// Has an issue say behind a link what file it leads to, and tells what is wrong with its links. What was never tried is
/// left as it is. Nothing here forbids to send: the network may be wrong, and no issue waits for it.
pub fn learn(issue: &mut Issue, states: &LinkStates) -> Vec<Diagnostic> {
    if states.is_empty() {
        return Vec::new();
    }
    let mut findings = Findings::default();
    let source = issue.source.clone();
    let mut met: HashMap<&str, &LinkState> = HashMap::new();
    let mut judged: Vec<Diagnostic> = Vec::new();
    each_link(issue, &mut |target, file, span| {
        let Some(state) = states.of(target) else { return };
        met.insert(&state.url, state);
        if state.standing() == Standing::Alive || state.is_unreached() {
            *file = label(state, file.take());
        }
        judged.extend(finding(state, target).map(|found| found.at(&source, span)));
    });
    if met.len() > 1 && met.values().all(|state| state.is_unreached()) {
        let found =
            Diagnostic::warning("links-unreachable", format!("none of the {} links could be tried: no server was reached", met.len()));
        judged = vec![found.at(&source, Span::default()).help(
            "is this machine on the network? If it is, look at each of them yourself; if not, after a minute `check` tries them again",
        )];
    }
    spare(issue);
    findings.extend(judged);
    let mut found = findings.into_vec();
    diagnostic::sort(&mut found);
    found
}

fn finding(state: &LinkState, target: &str) -> Option<Diagnostic> {
    let url = clip(target);
    Some(match state.standing() {
        Standing::Dead(reason) => Diagnostic::warning("link-dead", format!("this link leads nowhere: {reason}"))
            .help(format!("{url} is to be mended, or taken out")),
        Standing::Untried(reason) => Diagnostic::warning("link-untried", format!("this link could not be tried: {reason}"))
            .help(format!("look at it yourself before the issue goes out: {url}")),
        Standing::Private => {
            Diagnostic::warning("link-refused", "this link leads into a private network, where readers cannot follow and we do not look")
                .help("link to a public address; `allow` in [links] names hosts of your own that may be tried")
        }
        Standing::Alive => {
            let moved = state.moved_to.as_ref()?;
            let place = target.split_once('#').filter(|_| !moved.contains('#')).map_or(String::new(), |(_, place)| format!("#{place}"));
            Diagnostic::warning("link-moved", "this page has moved for good").help(format!("write its new address: {}{place}", clip(moved)))
        }
    })
}

/// "PDF, 301 KB". What the server says of the thing counts for more than what its name looks like.
fn label(state: &LinkState, guessed: Option<String>) -> Option<String> {
    let name = page(&state.final_url).split('?').next().unwrap_or_default();
    let kind = match state.media_type.as_deref() {
        None => return guessed,
        Some("application/octet-stream" | "binary/octet-stream" | "application/force-download" | "text/plain") => {
            guessed.or_else(|| kind_of(name).map(str::to_owned))
        }
        Some(known) => kind_of_type(known).map(str::to_owned),
    }?;
    Some(match state.octets.filter(|octets| *octets > 0) {
        Some(octets) => format!("{kind}, {}", size(octets)),
        None => kind,
    })
}

/// Takes back what the editor has said already.
fn spare(issue: &mut Issue) {
    each_part(issue, &mut |part| match part {
        Part::Blocks(blocks) => said::spare(blocks),
        Part::Inlines(inlines) => said::spare_inlines(inlines, ""),
        Part::Item(item) => item.spare_file(),
    });
}

impl RelatedItem {
    /// Says nothing of the file that title or note say already.
    pub(super) fn spare_file(&mut self) {
        use crate::manuscript::document::flat;
        let said = |file: &String| said::ends_with_it(&flat(&self.title), file) || said::begins_with_it(&flat(&self.note), file);
        self.file = self.file.take().filter(|file| !said(file));
        said::spare_inlines(&mut self.note, "");
    }
}

/// A stretch of an issue that may hold links.
enum Part<'a> {
    Blocks(&'a mut [Block]),
    Inlines(&'a mut [Inline]),
    Item(&'a mut RelatedItem),
}

/// Every link with its target, what is said of its file, and its place, in reading order.
fn each_link(issue: &mut Issue, visit: &mut dyn FnMut(&str, &mut Option<String>, Span)) {
    let mut of_inline = |inline: &mut Inline| {
        let span = inline.span;
        if let InlineKind::Link(link) = &mut inline.kind {
            visit(&link.target, &mut link.file, span);
        }
    };
    each_part(issue, &mut |part| match part {
        Part::Blocks(blocks) => each_inline_mut(blocks, &mut of_inline),
        Part::Inlines(inlines) => within_mut(inlines, &mut of_inline),
        Part::Item(item) => {
            let span = item.title.first().map_or(Span::default(), |first| first.span);
            // As a link of its own, which it is once it is printed.
            let mut link = Inline { kind: InlineKind::Link(item.as_link()), span };
            of_inline(&mut link);
            if let InlineKind::Link(link) = link.kind {
                item.file = link.file;
            }
            within_mut(&mut item.note, &mut of_inline);
        }
    });
}

impl RelatedItem {
    fn as_link(&self) -> crate::manuscript::document::Link {
        crate::manuscript::document::Link { target: self.target.clone(), inlines: Vec::new(), file: self.file.clone() }
    }
}

fn each_part(issue: &mut Issue, visit: &mut dyn FnMut(Part<'_>)) {
    let article = |article: &mut Article, visit: &mut dyn FnMut(Part<'_>)| {
        visit(Part::Inlines(&mut article.title));
        visit(Part::Blocks(&mut article.blocks));
    };
    visit(Part::Blocks(&mut issue.introduction));
    article(&mut issue.featured, visit);
    if let Some(related) = &mut issue.related {
        visit(Part::Blocks(&mut related.introduction));
        related.items.iter_mut().for_each(|item| visit(Part::Item(item)));
        visit(Part::Blocks(&mut related.closing));
    }
    for section in &mut issue.sections {
        visit(Part::Inlines(&mut section.title));
        visit(Part::Blocks(&mut section.introduction));
        section.pieces.iter_mut().for_each(|piece| article(piece, visit));
    }
    issue.footnotes.iter_mut().for_each(|note| visit(Part::Blocks(&mut note.blocks)));
}
