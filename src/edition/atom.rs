//! The Atom feed of what is out, with full text (RFC 4287), and the sitemap.

use jiff::Timestamp;

use super::html;
use super::online::{self, Read, Site};
use super::render::{Imprint, html_view};
use super::views::{ArticleView, PublicationView};
use crate::issue::{Issue, uri};

/// An issue in the feed.
#[derive(Debug, Clone)]
pub struct FeedEntry {
    /// The issue as it was assembled.
    pub issue: Issue,
    /// "December/January 2015, Vol. 15, No. 11".
    pub dateline: String,
    /// When it went out.
    pub out_at: Timestamp,
    /// When it was last corrected.
    pub corrected_at: Option<Timestamp>,
}

/// An address that search engines may list, in full, and when what is there last changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The address.
    pub url: String,
    /// When.
    pub changed_at: Option<Timestamp>,
}

/// The feed, newest first. A correction moves an entry's `updated`, never its id.
pub fn feed(imprint: &Imprint, lang: &str, entries: Vec<FeedEntry>) -> String {
    let PublicationView { name, tagline, url, .. } = &imprint.publication;
    let base_url = &imprint.sender.base_url;
    let updated = entries.iter().map(|entry| entry.corrected_at.unwrap_or(entry.out_at)).max().unwrap_or_default();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n<id>{}</id>\n<title>{}</title>\n",
        text(lang),
        text(url),
        text(name)
    );
    if let Some(tagline) = tagline {
        out.push_str(&format!("<subtitle>{}</subtitle>\n", text(tagline)));
    }
    out.push_str(&format!(
        "<updated>{updated}</updated>\n<link rel=\"self\" type=\"application/atom+xml\" href=\"{base}/feed.xml\"/>\n<link rel=\"alternate\" type=\"text/html\" href=\"{home}\"/>\n<author><name>{name}</name></author>\n",
        base = text(base_url),
        home = text(url),
        name = text(name)
    ));
    for entry in entries {
        push_entry(entry, imprint, &mut out);
    }
    out.push_str("</feed>\n");
    out
}

fn push_entry(entry: FeedEntry, imprint: &Imprint, out: &mut String) {
    let FeedEntry { mut issue, dateline, out_at, corrected_at } = entry;
    online::online(&mut issue, Site::at(&imprint.sender.base_url), Read::Abroad);
    let url = text(&uri(&issue.url));
    let updated = corrected_at.unwrap_or(out_at);
    out.push_str(&format!(
        "<entry xml:lang=\"{lang}\">\n<id>{url}</id>\n<title>{title}</title>\n<link rel=\"alternate\" type=\"text/html\" href=\"{url}\"/>\n<published>{out_at}</published>\n<updated>{updated}</updated>\n",
        lang = text(&issue.lang),
        title = text(&issue.title),
    ));
    if let Some(preheader) = &issue.preheader {
        out.push_str(&format!("<summary>{}</summary>\n", text(preheader)));
    }
    out.push_str(&format!("<content type=\"html\">{}</content>\n</entry>\n", text(&whole(&issue, &dateline, imprint))));
}

/// The whole issue as one piece of HTML.
fn whole(issue: &Issue, dateline: &str, imprint: &Imprint) -> String {
    let view = html_view(issue, imprint, "");
    let mut out = format!("<p><em>{}</em></p>\n", html::escape(dateline));
    out.extend(view.introduction.map(|text| text.0 + "\n"));
    push_article(&view.featured, 2, &mut out);
    if let Some(related) = view.related {
        out.push_str(&format!("<h2>{}</h2>\n", related.heading.0));
        out.extend(related.introduction.map(|text| text.0 + "\n"));
        out.push_str("<ul>\n");
        for item in related.items {
            let title =
                if item.url.is_empty() { item.title.0 } else { format!("<a href=\"{}\">{}</a>", html::escape(&item.url), item.title.0) };
            let beside: Vec<String> = item.date.into_iter().chain(item.file).map(|word| html::escape(&word)).collect();
            let beside = if beside.is_empty() { String::new() } else { format!("<br><small>{}</small>", beside.join(" ")) };
            let note = item.note.map_or_else(String::new, |note| format!("<br>{}", note.0));
            out.push_str(&format!("<li>{title}{beside}{note}</li>\n"));
        }
        out.push_str("</ul>\n");
        out.extend(related.closing.map(|text| text.0 + "\n"));
    }
    for section in view.sections {
        out.push_str(&format!("<h2>{}</h2>\n", section.title.0));
        out.extend(section.introduction.map(|text| text.0 + "\n"));
        section.pieces.iter().for_each(|piece| push_article(piece, 3, &mut out));
    }
    if let Some(footnotes) = view.footnotes {
        out.push_str(&format!("<h2>Notes</h2>\n{}\n", footnotes.0));
    }
    out
}

fn push_article(article: &ArticleView, level: u8, out: &mut String) {
    out.push_str(&format!("<h{level}>{}</h{level}>\n{}\n", article.title.0, article.body.0));
}

/// All addresses that search engines may list.
pub fn sitemap(listed: &[Listed]) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n".to_owned();
    for Listed { url, changed_at } in listed {
        out.push_str(&format!("<url><loc>{}</loc>", text(&uri(url))));
        out.extend(changed_at.map(|at| format!("<lastmod>{at}</lastmod>")));
        out.push_str("</url>\n");
    }
    out.push_str("</urlset>\n");
    out
}

/// Text as XML has it; what XML cannot say at all is left out (XML 1.0 §2.2).
fn text(words: &str) -> String {
    let may_stand = |c: &char| matches!(c, '\t' | '\n' | '\r') || *c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}');
    html::escape(&words.chars().filter(may_stand).collect::<String>())
}
