//! Where links and images lead: references into the archive, files beside the issue, and addresses on the web.

use std::sync::Arc;

use super::archive::{Archive, Found};
use super::said::{kind_of, size};
use super::{House, IssueId};
use crate::diagnostic::{self, Diagnostic, Findings, Source, Span};
use crate::manuscript::EnclosedFile;
use crate::manuscript::document::{Image, Inline, InlineKind, plain, within};

/// Largest image that mail programs show without trouble, in pixels a side.
const MAX_PIXELS: u32 = 10_000;

/// Longest file name that a suggestion is sought for, in octets: no file system has longer ones.
const MAX_NAME: usize = 255;

/// Turns every target of an issue into an absolute address, and says which cannot be.
pub(super) struct Resolver<'a> {
    pub(super) house: &'a House,
    pub(super) archive: &'a Archive,
    pub(super) id: &'a IssueId,
    pub(super) files: &'a [EnclosedFile],
    pub(super) source: &'a Arc<Source>,
    pub(super) findings: Findings,
}

impl Resolver<'_> {
    /// Resolves one inline in place.
    pub(super) fn inline(&mut self, inline: &mut Inline) {
        let span = inline.span;
        match &mut inline.kind {
            InlineKind::Link(link) => {
                let (target, file) = self.target(&link.target, span);
                if !speaks(&link.inlines) {
                    let referred = link.target.trim().strip_prefix("issue:").and_then(|reference| self.referred(reference));
                    let said = referred.map_or_else(|| target.clone(), |(title, _)| title);
                    link.inlines = vec![Inline { kind: InlineKind::Text(said), span }];
                }
                link.target = target;
                link.file = file;
            }
            InlineKind::Image(image) => self.image(image, span),
            _ => {}
        }
    }

    /// An absolute address for a target as written, and what kind of file it leads to.
    pub(super) fn target(&mut self, written: &str, span: Span) -> (String, Option<String>) {
        let written = written.trim();
        if written.is_empty() {
            self.report(
                Diagnostic::warning("link-empty", "this link leads nowhere")
                    .help("write the address between the round brackets; until then its words stand there without a link"),
                span,
            );
            return (String::new(), None);
        }
        if let Some(reference) = written.strip_prefix("issue:") {
            return (self.reference(reference, span), None);
        }
        if written.chars().any(char::is_control) {
            self.bad_scheme("an address with control characters", span);
            return (String::new(), None);
        }
        if let Some(scheme) = scheme(written) {
            return match scheme.to_ascii_lowercase().as_str() {
                "http" | "https" => (escaped(written), remote_file(written)),
                "mailto" | "tel" => (escaped(written), None),
                other => {
                    self.bad_scheme(&format!("a `{other}:` address"), span);
                    (String::new(), None)
                }
            };
        }
        if let Some(rest) = written.strip_prefix("//") {
            return (format!("https://{}", escaped(rest)), remote_file(written));
        }
        if written.starts_with('/') {
            return (format!("{}{}", self.house.base_url, escaped(written)), remote_file(written));
        }
        if written.starts_with('#') {
            self.report(
                Diagnostic::warning("link-within", "a link within the page does not work in most mail programs")
                    .help("say where it stands in words; the link goes to the issue's web page instead"),
                span,
            );
            return (format!("{}{}", self.house.issue_url(self.id), escaped(written)), None);
        }
        self.file(written, span)
    }

    pub(super) fn report(&mut self, found: Diagnostic, span: Span) {
        self.findings.push(found.at(self.source, span));
    }

    fn bad_scheme(&mut self, what: &str, span: Span) {
        let found = Diagnostic::error("link-scheme", format!("{what} cannot be linked to")).help("link to an `https:` address");
        self.report(found, span);
    }

    fn file(&mut self, written: &str, span: Span) -> (String, Option<String>) {
        let name = written.split(['#', '?']).next().unwrap_or(written);
        let decoded = unescaped(name.strip_prefix("./").unwrap_or(name));
        if let Some(file) = self.files.iter().find(|file| file.name == decoded) {
            let kind = kind_of(&file.name).map(|kind| format!("{kind}, {}", size(file.octets)));
            return (self.house.file_url(self.id, &file.name), kind);
        }
        let near = if self.findings.has_room("file-missing") { nearest(self.files, &decoded) } else { None };
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if looks_like_host(written) => format!("for an address on the web write `https://{}`", clip(written)),
            None => format!("put the file into the folder `issues/{}/` beside `issue.md`, or write a whole `https:` address", self.id),
        };
        let found = Diagnostic::error("file-missing", format!("there is no file `{}` beside the issue", clip(&decoded)));
        self.report(found.help(help), span);
        (String::new(), None)
    }

    fn reference(&mut self, reference: &str, span: Span) -> String {
        let (id, slug) = reference.split_once('#').unwrap_or((reference, ""));
        let Ok(id) = id.parse::<IssueId>() else {
            let found = Diagnostic::error("reference-malformed", format!("`issue:{}` names no issue", clip(reference)));
            self.report(found.help("write `issue:2014-06` or `issue:2014-06#the-articles-title`"), span);
            return String::new();
        };
        let Some(issue) = self.archive.issue(&id) else {
            let near = diagnostic::nearest(id.as_str(), self.archive.issues().iter().map(|issue| issue.id.as_str()), 0.0);
            let found = Diagnostic::error("reference-unknown", format!("the archive has no issue `{id}`"));
            let help = near.map_or_else(
                || "the archive is empty; `masthead archive import` fills it".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            self.report(found.help(help), span);
            return String::new();
        };
        if slug.is_empty() {
            return self.house.issue_url(&id);
        }
        if let Some(article) = issue.articles.iter().find(|article| article.slug == slug) {
            return self.house.article_url(&id, &article.slug);
        }
        let slugs: Vec<&str> = issue.articles.iter().map(|article| article.slug.as_str()).collect();
        let found = Diagnostic::error("reference-unknown", format!("issue `{id}` has no article `{}`", clip(slug)));
        self.report(found.help(format!("its articles are {}", slugs.join(", "))), span);
        String::new()
    }

    fn image(&mut self, image: &mut Image, span: Span) {
        let written = image.source.trim().to_owned();
        if image.alt.trim().is_empty() {
            let found = Diagnostic::error("image-alt-missing", "this image has no text for those who cannot see it");
            self.report(found.help("say what it shows between the square brackets: `![A well with a pump](well.jpg)`"), span);
        } else if image.alt.trim() == written.rsplit('/').next().unwrap_or_default() {
            let found = Diagnostic::warning("image-alt-file-name", "the image's text is its file name");
            self.report(found.help("say what the image shows"), span);
        }
        match scheme(&written).map(str::to_ascii_lowercase).as_deref() {
            Some("https") => image.source = escaped(&written),
            Some("http") => {
                image.source = escaped(&written);
                let found = Diagnostic::warning("image-insecure", "this image comes over an unprotected connection");
                self.report(found.help("use an `https:` address; many mail programs show nothing otherwise"), span);
            }
            Some(other) => {
                self.bad_scheme(&format!("an image at a `{other}:` address"), span);
                image.source = String::new();
            }
            None if written.starts_with("//") => image.source = format!("https:{}", escaped(&written)),
            None if written.starts_with('/') => image.source = format!("{}{}", self.house.base_url, escaped(&written)),
            None => self.image_file(image, &unescaped(written.strip_prefix("./").unwrap_or(&written)), span),
        }
        let lower = written.to_lowercase();
        if [".svg", ".webp", ".avif", ".tif", ".tiff", ".bmp"].iter().any(|ending| lower.ends_with(ending)) {
            let found = Diagnostic::warning("image-format", "many mail programs do not show images of this format");
            self.report(found.help("use PNG or JPEG"), span);
        }
    }

    fn image_file(&mut self, image: &mut Image, name: &str, span: Span) {
        let Some(file) = self.files.iter().find(|file| file.name == name) else {
            let near = if self.findings.has_room("image-missing") { nearest(self.files, name) } else { None };
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("put the image into the folder `issues/{}/`, beside the text, which is called `issue.md` there", self.id),
            };
            self.report(
                Diagnostic::error("image-missing", format!("there is no image `{}` beside the issue", clip(name))).help(help),
                span,
            );
            image.source = String::new();
            return;
        };
        image.source = self.house.file_url(self.id, &file.name);
        image.size = file.pixels;
        if file.pixels.is_some_and(|(width, height)| width > MAX_PIXELS || height > MAX_PIXELS) {
            let found = Diagnostic::error("image-too-large", format!("this image has more than {MAX_PIXELS} pixels on a side"));
            self.report(found.help("make it about 1200 pixels wide"), span);
        } else if file.octets > 1_000_000 {
            let found = Diagnostic::warning("image-heavy", format!("this image has {}", size(file.octets)));
            self.report(found.help("make it smaller than 1 MB: many readers pay for their data"), span);
        }
    }
}

/// Whether a link has anything to click on.
fn speaks(inlines: &[Inline]) -> bool {
    let mut shows = false;
    within(inlines, &mut |inline| shows |= matches!(inline.kind, InlineKind::Image(_)));
    shows || !plain(inlines).is_empty()
}

/// The scheme of an address, if it has one.
fn scheme(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once(':')?;
    let good = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    good.then_some(scheme)
}

/// As much of a text as a finding quotes.
pub(super) fn clip(text: &str) -> String {
    const MOST: usize = 120;
    if text.chars().nth(MOST).is_none() { text.to_owned() } else { text.chars().take(MOST).chain(['\u{2026}']).collect() }
}

fn looks_like_host(text: &str) -> bool {
    let host = text.split('/').next().unwrap_or_default();
    host.starts_with("www.") || [".gov", ".org", ".com", ".net", ".edu", ".us", ".eu"].iter().any(|ending| host.ends_with(ending))
}

fn nearest<'f>(files: &'f [EnclosedFile], name: &str) -> Option<&'f str> {
    if name.len() > MAX_NAME {
        return None;
    }
    let likeness = |file: &EnclosedFile| strsim::jaro_winkler(&file.name.to_lowercase(), &name.to_lowercase());
    files.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|file| likeness(file) > 0.8).map(|file| file.name.as_str())
}

/// An address with everything that may not stand in one escaped, and nothing escaped twice.
pub fn escaped(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for byte in address.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
    }
    out
}

fn unescaped(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = if *first == b'%' { tail.get(..2).and_then(|pair| data_encoding::HEXUPPER_PERMISSIVE.decode(pair).ok()) } else { None };
        if let Some([byte]) = hex.as_deref() {
            bytes.push(*byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

fn remote_file(address: &str) -> Option<String> {
    let path = address.split(['#', '?']).next().unwrap_or(address);
    let after_host = path.split_once("://").map_or(path, |(_, rest)| rest);
    after_host.contains('/').then(|| kind_of(path))?.map(str::to_owned)
}

/// Articles as a diagnostic lists them: `"Title" (April 2014)`.
pub(super) fn named(found: &[Found<'_>]) -> String {
    let names: Vec<String> = found
        .iter()
        .map(|f| format!("\"{}\" ({}), `issue:{}#{}`", f.article.title, f.issue.period.label(), f.issue.id, f.article.slug))
        .collect();
    names.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped_once() {
        assert_eq!(escaped("https://e.org/a b/é?q=\"1\"&x=%20"), "https://e.org/a%20b/%C3%A9?q=%221%22&x=%20");
        assert_eq!(unescaped("a%20b.pdf"), "a b.pdf");
        assert_eq!(unescaped("100%.pdf"), "100%.pdf");
    }

    #[test]
    fn a_scheme_is_found_whatever_its_case() {
        assert_eq!(scheme("JavaScript:alert(1)"), Some("JavaScript"));
        assert_eq!(scheme("a/b:c"), None);
        assert_eq!(scheme("page.html"), None);
    }
}
