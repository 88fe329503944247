//! Prints what stands at an address.

use jiff::Timestamp;

use super::frame::{masthead, offers};
use super::kind::Kind;
use super::matter::{LargeFile, Matter};
use super::reprint::{Reprint, reprint};
use super::shelf::{Shelf, article_path, day, lead, line, piece};
use super::{Address, Manner, Page, searching};
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::edition::atom::{self, FeedEntry, Listed};
use crate::edition::pages::{Around, dateline};
use crate::edition::views::{LeadView, VolumeView, YearView};
use crate::issue::archive::ArchivedIssue;
use serde::Serialize;

/// How many issues the front page lists beside the latest.
const EARLIER: usize = 12;

/// How many issues the feed has.
const IN_FEED: usize = 20;

/// Most addresses that a sitemap may have.
const IN_SITEMAP: usize = 50_000;

/// Prints what stands at an address; `None` if nothing does.
pub(super) async fn print(newsroom: &Newsroom, shelf: &Shelf, manner: Manner, address: &Address) -> Result<Option<Page>, AppError> {
    let desk = Desk { newsroom, shelf, manner };
    match address {
        Address::Front => desk.front().await.map(Some),
        Address::Issues => desk.issues().map(Some),
        Address::Issue(id) => desk.issue(id).await,
        Address::Article(id, slug) => desk.article(id, slug).await,
        Address::Enclosed(id, name) => desk.enclosed(id, name).await,
        Address::Search(..) if manner == Manner::Filed => Ok(None),
        Address::Search(typed, number) => {
            let view = searching::search(newsroom, shelf, &masthead(newsroom, manner), typed, *number).await;
            desk.page("web/search.html", &view, false).map(Some)
        }
        Address::Feed => desk.feed().await.map(Some),
        Address::Sitemap => Ok(Some(desk.sitemap())),
        Address::Robots => Ok(Some(desk.robots())),
        Address::Style => Ok(Some(desk.made(Kind::Css, newsroom.press().style("style/library.css").as_bytes().to_vec()))),
    }
}

/// The page where nothing is.
pub(super) fn lost(newsroom: &Newsroom, shelf: &Shelf, manner: Manner) -> Result<Page, AppError> {
    let latest = shelf.latest().map(|issue| line(&newsroom.config().house, issue));
    let view = masthead(newsroom, manner).lost(latest);
    Desk { newsroom, shelf, manner }.page("web/lost.html", &view, false)
}

struct Desk<'a> {
    newsroom: &'a Newsroom,
    shelf: &'a Shelf,
    manner: Manner,
}

impl Desk<'_> {
    fn page(&self, template: &str, view: &impl Serialize, is_indexed: bool) -> Result<Page, AppError> {
        let html = self.newsroom.press().print(template, view).map_err(|found| AppError::Faulty(vec![*found]))?;
        Ok(Page::new(Kind::Html, Matter::Whole(html.into_bytes()), self.shelf, is_indexed))
    }

    fn is_indexed(&self) -> bool {
        self.newsroom.config().library.is_indexed
    }

    fn made(&self, kind: Kind, octets: Vec<u8>) -> Page {
        Page::new(kind, Matter::Whole(octets), self.shelf, self.is_indexed())
    }

    async fn front(&self) -> Result<Page, AppError> {
        let house = &self.newsroom.config().house;
        let issues = self.shelf.archive.issues();
        let before = issues.iter().rev().skip(1);
        let earlier = before.clone().take(EARLIER).map(|issue| line(house, issue)).collect();
        let latest = match self.shelf.latest() {
            Some(latest) => reprint(self.newsroom, self.shelf, &latest.id).await?,
            None => None,
        };
        let latest = latest.as_deref().map(|Reprint { archived, issue }| {
            let pieces = (0..archived.articles.len()).filter_map(|at| piece(house, archived, at)).collect();
            (issue, line(house, archived), pieces)
        });
        let mut view = masthead(self.newsroom, self.manner).front(latest, earlier, before.count() > EARLIER);
        view.lists = offers(self.newsroom);
        self.page("web/front.html", &view, self.is_indexed())
    }

    fn issues(&self) -> Result<Page, AppError> {
        let house = &self.newsroom.config().house;
        let mut years: Vec<YearView> = Vec::new();
        for issue in self.shelf.archive.issues().iter().rev() {
            let (year, volume) = (issue.period.first().year(), issue.number.map(|number| number.volume));
            if years.last().is_none_or(|last| last.year != year) {
                years.push(YearView { year, volumes: Vec::new() });
            }
            let Some(last) = years.last_mut() else { continue };
            if last.volumes.last().is_none_or(|last| last.volume != volume) {
                last.volumes.push(VolumeView { volume, issues: Vec::new() });
            }
            last.volumes.last_mut().into_iter().for_each(|last| last.issues.push(line(house, issue)));
        }
        let view = masthead(self.newsroom, self.manner).issues(self.shelf.archive.issues().len() as u64, years);
        self.page("web/issues.html", &view, self.is_indexed())
    }

    fn around(&self, archived: &ArchivedIssue) -> Around {
        Around {
            out_at: archived.out_at,
            corrected_at: archived.corrected_at,
            corrected: archived.corrected_at.map(|at| day(self.newsroom, at)),
            ..Around::default()
        }
    }

    /// The articles of other issues that lead to an issue, or to this article of it.
    async fn mentions(&self, id: &IssueId, slug: Option<&str>) -> Result<Vec<LeadView>, AppError> {
        let house = &self.newsroom.config().house;
        let mut mentions: Vec<LeadView> = Vec::new();
        for referring in self.newsroom.store().referring(id).await? {
            let is_meant = slug.is_none() || referring.to_slug.as_deref() == slug;
            let Some(from) = self.shelf.archive.issue(&referring.from).filter(|_| is_meant) else { continue };
            let Some(article) = from.articles.iter().find(|article| article.slug == referring.slug) else { continue };
            let url = article_path(house, &from.id, &article.slug);
            if !mentions.iter().any(|mention| mention.url == url) {
                mentions.push(LeadView { title: article.title.clone(), url, label: from.period.label() });
            }
        }
        Ok(mentions)
    }

    async fn issue(&self, id: &IssueId) -> Result<Option<Page>, AppError> {
        let Some(read) = reprint(self.newsroom, self.shelf, id).await? else { return Ok(None) };
        let Reprint { archived, issue } = &*read;
        let config = self.newsroom.config();
        let (before, after) = self.shelf.beside(id);
        let around = Around {
            mentions: self.mentions(id, None).await?,
            before: before.map(|issue| lead(&config.house, issue)),
            after: after.map(|issue| lead(&config.house, issue)),
            ..self.around(archived)
        };
        let masthead = masthead(self.newsroom, self.manner);
        let view = masthead.issue(issue.clone(), &config.imprint, line(&config.house, archived), around);
        self.page("web/issue.html", &view, self.is_indexed()).map(Some)
    }

    async fn article(&self, id: &IssueId, slug: &str) -> Result<Option<Page>, AppError> {
        let known = self.shelf.archive.issue(id).and_then(|issue| issue.articles.iter().position(|article| article.slug == slug));
        let Some(at) = known else { return Ok(None) };
        let Some(read) = reprint(self.newsroom, self.shelf, id).await? else { return Ok(None) };
        let Reprint { archived, issue } = &*read;
        let config = self.newsroom.config();
        let around = Around {
            mentions: self.mentions(id, Some(slug)).await?,
            before: at.checked_sub(1).and_then(|before| piece(&config.house, archived, before)),
            after: piece(&config.house, archived, at + 1),
            ..self.around(archived)
        };
        let masthead = masthead(self.newsroom, self.manner);
        let view = masthead.article(issue, at, line(&config.house, archived), around);
        view.map(|view| self.page("web/article.html", &view, self.is_indexed())).transpose()
    }

    /// A file may be kept before its issue is out: then it is nobody's business yet.
    async fn enclosed(&self, id: &IssueId, name: &str) -> Result<Option<Page>, AppError> {
        if self.shelf.archive.issue(id).is_none() {
            return Ok(None);
        }
        let kept = self.newsroom.store().enclosed(id).await?;
        let Some(file) = kept.iter().find(|file| file.name == name) else { return Ok(None) };
        if let Some(large) = LargeFile::of(file) {
            return Ok(Some(Page::new(Kind::of_file(name), Matter::Parts(large), self.shelf, self.is_indexed())));
        }
        let file = self.newsroom.store().enclosure(id, name).await?;
        Ok(file.map(|file| self.made(Kind::of_file(name), file.octets)))
    }

    async fn feed(&self) -> Result<Page, AppError> {
        let config = self.newsroom.config();
        let mut entries = Vec::new();
        for issue in self.shelf.archive.issues().iter().rev().take(IN_FEED) {
            let Some(read) = reprint(self.newsroom, self.shelf, &issue.id).await? else { continue };
            let Reprint { archived, issue } = &*read;
            let dateline = dateline(&line(&config.house, archived));
            entries.push(FeedEntry { issue: issue.clone(), dateline, out_at: archived.out_at, corrected_at: archived.corrected_at });
        }
        let feed = atom::feed(&config.imprint, &config.house.lang, entries);
        Ok(self.made(Kind::Atom, feed.into_bytes()))
    }

    fn sitemap(&self) -> Page {
        let house = &self.newsroom.config().house;
        let changed = |issue: &ArchivedIssue| Some(issue.corrected_at.unwrap_or(issue.out_at));
        let issues = self.shelf.archive.issues();
        let latest: Option<Timestamp> = issues.iter().filter_map(changed).max();
        let listed = |url, changed_at| Listed { url, changed_at };
        let mut all = vec![listed(format!("{}/", house.base_url), latest), listed(format!("{}/issues", house.base_url), latest)];
        for issue in issues.iter().rev() {
            all.push(listed(house.issue_url(&issue.id), changed(issue)));
            all.extend(issue.articles.iter().map(|article| listed(house.article_url(&issue.id, &article.slug), changed(issue))));
        }
        all.truncate(IN_SITEMAP);
        self.made(Kind::Xml, atom::sitemap(&all).into_bytes())
    }

    fn robots(&self) -> Page {
        let site = masthead(self.newsroom, self.manner);
        let text = if self.is_indexed() {
            let closed = site.site.search.map_or_else(String::new, |search| format!("{search}\n"));
            format!("User-agent: *\nDisallow: {closed}\nSitemap: {}/sitemap.xml\n", site.base_url)
        } else {
            "User-agent: *\nDisallow: /\n".to_owned()
        };
        self.made(Kind::Text, text.into_bytes())
    }
}
