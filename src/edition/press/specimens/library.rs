//! Specimens of what the archive's pages are given: with everything in it, and with as little as can be.

use super::{bare, publication, text};
use crate::edition::views::{
    ArticlePageView, ArticleView, FrontPageView, HeadView, HitView, IssueLineView, IssuePageView, IssuesPageView, LeadView, LostPageView,
    OfferView, Printed, RelatedItemView, RelatedView, SearchPageView, SectionView, SiteView, VolumeView, YearView,
};

fn printed(words: &str) -> Printed {
    Printed(text(words))
}

fn site(is_full: bool) -> SiteView {
    let said = |words: &str| is_full.then(|| text(words));
    SiteView {
        publication: if is_full { publication() } else { bare(publication()) },
        home: text("/"),
        issues: text("/issues"),
        feed: text("/feed.xml"),
        style: text("/library.css"),
        search: said("/search"),
        subscribe: said("/subscribe"),
        is_us_government: is_full,
    }
}

fn page(is_full: bool) -> HeadView {
    let said = |words: &str| is_full.then(|| text(words));
    HeadView {
        title: text("A title"),
        description: said("Some text."),
        url: text("https://news.example.org/issues/2026-06"),
        kind: if is_full { "article" } else { "website" },
        lang: text("en"),
        dir: "ltr",
        is_indexed: is_full,
        image: said("https://news.example.org/issues/2026-06/a.png"),
        published: said("2026-06-01T09:00:00Z"),
        modified: said("2026-06-02T09:00:00Z"),
        structured: is_full.then(|| printed("{}")),
    }
}

fn line(is_full: bool) -> IssueLineView {
    let number = is_full.then(|| text("Vol. 1, No. 6"));
    IssueLineView { title: text("A title"), url: text("/issues/2026-06"), label: text("June 2026"), number }
}

fn lead(is_full: bool) -> LeadView {
    LeadView {
        title: text("A title"),
        url: text("/articles/2026-06/a-title"),
        label: if is_full { text("June 2026") } else { String::new() },
    }
}

fn leads(is_full: bool) -> Vec<LeadView> {
    if is_full { vec![lead(true)] } else { Vec::new() }
}

fn related(is_full: bool) -> Option<RelatedView> {
    let said = |words: &str| is_full.then(|| text(words));
    let item = RelatedItemView {
        title: printed("A title"),
        url: if is_full { text("/articles/2026-04/b") } else { String::new() },
        date: said("April 2026"),
        file: said("(PDF)"),
        note: is_full.then(|| printed("A note.")),
    };
    is_full.then(|| RelatedView {
        heading: printed("Related Items"),
        introduction: Some(printed("Some text.")),
        items: vec![item],
        closing: Some(printed("Some text.")),
    })
}

fn article(is_full: bool) -> ArticleView {
    let url = if is_full { text("/articles/2026-06/a-title") } else { String::new() };
    ArticleView { title: printed("A title"), url, body: printed("Some text.") }
}

pub(super) fn fronts() -> [FrontPageView; 2] {
    [true, false].map(|is_full| FrontPageView {
        site: site(is_full),
        page: page(is_full),
        latest: is_full.then(|| line(true)),
        preheader: is_full.then(|| text("A first line.")),
        pieces: leads(is_full),
        earlier: if is_full { vec![line(true), line(false)] } else { Vec::new() },
        has_more: is_full,
        lists: if is_full { vec![OfferView { name: text("General"), description: text("Once a month.") }] } else { Vec::new() },
    })
}

pub(super) fn lists() -> [IssuesPageView; 2] {
    [true, false].map(|is_full| IssuesPageView {
        site: site(is_full),
        page: page(is_full),
        many: u64::from(is_full),
        years: if is_full {
            let volumes = [Some(1), None].map(|volume| VolumeView { volume, issues: vec![line(true), line(false)] }).into();
            vec![YearView { year: 2026, volumes }]
        } else {
            Vec::new()
        },
    })
}

pub(super) fn issues() -> [IssuePageView; 2] {
    [true, false].map(|is_full| IssuePageView {
        site: site(is_full),
        page: page(is_full),
        issue: line(is_full),
        corrected: is_full.then(|| text("June 2, 2026")),
        introduction: is_full.then(|| printed("Some text.")),
        featured: article(is_full),
        related: related(is_full),
        sections: if is_full {
            let pieces = vec![article(true), article(false)];
            vec![SectionView { title: printed("A title"), introduction: Some(printed("Some text.")), pieces }]
        } else {
            Vec::new()
        },
        footnotes: is_full.then(|| printed("A note.")),
        mentions: leads(is_full),
        before: is_full.then(|| lead(true)),
        after: is_full.then(|| lead(true)),
    })
}

pub(super) fn articles() -> [ArticlePageView; 2] {
    [true, false].map(|is_full| ArticlePageView {
        site: site(is_full),
        page: page(is_full),
        issue: line(is_full),
        corrected: is_full.then(|| text("June 2, 2026")),
        section: is_full.then(|| text("In brief")),
        title: printed("A title"),
        body: printed("Some text."),
        related: related(is_full),
        footnotes: is_full.then(|| printed("A note.")),
        mentions: leads(is_full),
        before: is_full.then(|| lead(false)),
        after: is_full.then(|| lead(false)),
    })
}

pub(super) fn searches() -> Vec<SearchPageView> {
    let hit = || HitView {
        title: printed("A <mark>title</mark>"),
        url: text("/articles/2026-06/a-title"),
        label: text("June 2026"),
        excerpt: printed("Some text."),
    };
    let view = |state, many: u64| SearchPageView {
        site: site(many > 0),
        page: page(many > 0),
        query: if state == "open" { String::new() } else { text("title") },
        state,
        many,
        hits: (0..many.min(2)).map(|_| hit()).collect(),
        number: 2,
        pages: many.div_ceil(10),
        before: (many > 10).then(|| text("/search?q=title&page=1")),
        after: (many > 20).then(|| text("/search?q=title&page=3")),
    };
    vec![view("open", 0), view("asked", 0), view("asked", 1), view("asked", 25), view("failed", 0)]
}

pub(super) fn lost() -> [LostPageView; 2] {
    [true, false].map(|is_full| LostPageView { site: site(is_full), page: page(is_full), latest: is_full.then(|| line(true)) })
}
