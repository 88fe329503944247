//! The preview at work, and a browser of a few lines to look at it.

use super::demo::Page;
use super::newsroom::{Newsroom, Running, Told};

/// `masthead preview`, until it is told to end.
pub struct Preview {
    running: Running,
    /// Where it listens: host and port.
    pub address: String,
    /// The path of the page that it invites to.
    pub path: String,
}

impl Preview {
    /// Starts it with these arguments, at a free port.
    pub fn start(newsroom: &Newsroom, arguments: &[&str]) -> Self {
        let mut running = newsroom.start([&["preview"], arguments].concat());
        let url = running.answers();
        let (address, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("an address");
        Self { running, address: address.to_owned(), path: format!("/{path}") }
    }

    /// The address of a page, as a browser writes it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Fetches a page.
    pub fn get(&self, path: &str) -> Page {
        Page::fetch(&self.address, "GET", &self.address, path)
    }

    /// The page and its revision.
    pub fn page(&self) -> (String, u64) {
        let page = self.get(&self.path).body;
        let revision = page.split("data-revision=\"").nth(1).and_then(|rest| rest.split('"').next()).and_then(|text| text.parse().ok());
        (page, revision.expect("a revision"))
    }

    /// Waits as a browser does until there is another revision than this one, and returns its number and state.
    pub fn news(&self, since: u64) -> (u64, String) {
        loop {
            let said = self.get(&format!("{}/events/{since}", self.path)).body;
            let field = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let (Some(id), Some(state)) = (field("id: "), field("data: ")) {
                return (id.parse().expect("a number"), state);
            }
        }
    }

    /// Ends it as a person would.
    pub fn end(mut self) -> Told {
        self.running.signal("INT");
        self.running.end()
    }
}
