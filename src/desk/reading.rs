//! The public archive: one question, "what stands at this address?", for the web server and for the folder of static files.
//!
//! Nothing here knows a reader. A page is printed from the manuscript of an issue that is out, never from a sent mail
//! (STANDARDS T26), and is kept in memory until the shelf changes or the newsroom is opened anew.

pub mod build;
mod frame;
mod kept;
mod kind;
mod matter;
mod pages;
mod reprint;
mod searching;
mod shelf;

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use jiff::Timestamp;
use tokio::sync::Mutex;

use self::kept::Kept;
use self::shelf::Shelf;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;

pub use self::kind::Kind;
pub use self::matter::{LargeFile, Matter};

/// So many addresses are waited for before it is looked whether anybody still waits.
const MOST_TURNS: usize = 1000;

/// A place in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// The first page.
    Front,
    /// The list of issues.
    Issues,
    /// An issue.
    Issue(IssueId),
    /// An article of it, by its slug.
    Article(IssueId, String),
    /// A file that came with an issue, by its name.
    Enclosed(IssueId, String),
    /// What is found by these words, and which page of it, from 1.
    Search(String, u64),
    /// The Atom feed.
    Feed,
    /// All addresses, for search engines.
    Sitemap,
    /// What search engines may list.
    Robots,
    /// The style sheet.
    Style,
}

/// How the archive is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// By our own server: one can search and subscribe.
    Served,
    /// As files on somebody's web server: nobody answers there.
    Filed,
}

/// What stands at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it is.
    pub kind: Kind,
    /// What it consists of.
    pub matter: Matter,
    /// Names these very octets.
    pub tag: String,
    /// Since when they may stand there: never earlier than they changed.
    pub changed_at: Timestamp,
    /// Whether search engines may list it.
    pub is_indexed: bool,
}

impl Page {
    fn new(kind: Kind, matter: Matter, shelf: &Shelf, is_indexed: bool) -> Self {
        let tag = matter.tag();
        Self { kind, matter, tag, changed_at: shelf.seen_at, is_indexed }
    }
}

/// Where the archive is read: it has what is out at hand, and the pages that were asked for of late.
#[derive(Debug)]
pub struct ReadingRoom {
    manner: Manner,
    kept: Mutex<Held>,
    turns: Mutex<HashMap<Address, Arc<Mutex<()>>>>,
}

/// What is kept of one newsroom. The weak hold keeps no newsroom alive, only its place from being taken by another.
#[derive(Debug, Default)]
struct Held {
    newsroom: Weak<Newsroom>,
    shelf: Option<Arc<Shelf>>,
    pages: Kept,
}

impl ReadingRoom {
    /// A room with nothing in it yet.
    pub fn new(manner: Manner) -> Self {
        Self { manner, kept: Mutex::default(), turns: Mutex::default() }
    }

    /// What stands at an address; `None` if nothing does.
    pub async fn read(&self, newsroom: &Arc<Newsroom>, address: &Address) -> Result<Option<Arc<Page>>, AppError> {
        let (stock, kept) = self.hold(newsroom, Some(address)).await?;
        if kept.is_some() {
            return Ok(kept);
        }
        if matches!(address, Address::Search(..)) {
            return Ok(pages::print(newsroom, &stock, self.manner, address).await?.map(Arc::new));
        }
        // One prints it; whoever wants it too waits for that.
        let turn = self.turn(address).await;
        let printed = {
            let _turn = turn.lock().await;
            self.read_in_turn(newsroom, address).await
        };
        let mut turns = self.turns.lock().await;
        if Arc::strong_count(&turn) <= 2 {
            turns.remove(address);
        }
        printed
    }

    async fn turn(&self, address: &Address) -> Arc<Mutex<()>> {
        let mut turns = self.turns.lock().await;
        // Who goes away while waiting leaves a turn behind.
        if turns.len() >= MOST_TURNS {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        Arc::clone(turns.entry(address.clone()).or_default())
    }

    async fn read_in_turn(&self, newsroom: &Arc<Newsroom>, address: &Address) -> Result<Option<Arc<Page>>, AppError> {
        let (stock, kept) = self.hold(newsroom, Some(address)).await?;
        if kept.is_some() {
            return Ok(kept);
        }
        let Some(page) = pages::print(newsroom, &stock, self.manner, address).await? else { return Ok(None) };
        let page = Arc::new(page);
        let mut held = self.kept.lock().await;
        if held.shelf.as_ref().is_some_and(|now| Arc::ptr_eq(now, &stock)) {
            held.pages.keep(address.clone(), Arc::clone(&page));
        }
        Ok(Some(page))
    }

    /// The page that says that nothing stands at an address.
    pub async fn lost(&self, newsroom: &Arc<Newsroom>) -> Result<Page, AppError> {
        let (stock, _) = self.hold(newsroom, None).await?;
        pages::lost(newsroom, &stock, self.manner)
    }

    /// Every address that search engines, and a folder of files, have; files and all.
    async fn addresses(&self, newsroom: &Arc<Newsroom>) -> Result<Vec<Address>, AppError> {
        let (stock, _) = self.hold(newsroom, None).await?;
        let mut all = vec![Address::Front, Address::Issues, Address::Feed, Address::Sitemap, Address::Robots, Address::Style];
        for issue in stock.archive.issues() {
            all.push(Address::Issue(issue.id.clone()));
            all.extend(issue.articles.iter().map(|article| Address::Article(issue.id.clone(), article.slug.clone())));
            let files = newsroom.store().enclosed(&issue.id).await?;
            all.extend(files.into_iter().map(|file| Address::Enclosed(issue.id.clone(), file.name)));
        }
        Ok(all)
    }

    /// The shelf as it is now, and a page if it is kept. Everything is put away where the shelf or the newsroom changed.
    async fn hold(&self, newsroom: &Arc<Newsroom>, address: Option<&Address>) -> Result<(Arc<Shelf>, Option<Arc<Page>>), AppError> {
        let mark = newsroom.store().shelf_mark().await?;
        let mut held = self.kept.lock().await;
        if !Weak::ptr_eq(&held.newsroom, &Arc::downgrade(newsroom)) {
            *held = Held { newsroom: Arc::downgrade(newsroom), ..Held::default() };
        }
        let Held { shelf, pages, .. } = &mut *held;
        if let Some(shelf) = shelf.as_ref().filter(|shelf| shelf.mark == mark) {
            let page = address.and_then(|address| pages.find(address));
            return Ok((Arc::clone(shelf), page));
        }
        // While one looks the shelf through the others wait, and then have what it found.
        let fresh = Arc::new(Shelf::look(newsroom, mark).await?);
        *pages = Kept::default();
        *shelf = Some(Arc::clone(&fresh));
        Ok((fresh, None))
    }
}
