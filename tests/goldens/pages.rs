//! Pages of the public archive, as `archive build` writes them.

use std::fs;

use super::support::newsroom::Newsroom;

/// The golden pages by file name: the sample's issue, one article that it refers to, and the feed.
pub(crate) fn printed() -> [(&'static str, Vec<u8>); 3] {
    let newsroom = Newsroom::sample();
    fs::create_dir_all(newsroom.path("more")).expect("a folder");
    fs::rename(newsroom.path("issues/2026-11"), newsroom.path("more/2026-11")).expect("the issue");
    newsroom.run(["archive", "import", &newsroom.shown("more")]).ok();
    newsroom.run(["archive", "build", &newsroom.shown("site")]).ok();
    [
        ("archive-issue.html", "issues/2026-11/index.html"),
        ("archive-article.html", "articles/2026-04/spring-thaw-and-your-well/index.html"),
        ("archive-feed.xml", "feed.xml"),
    ]
    .map(|(name, path)| (name, fs::read(newsroom.path("site").join(path)).expect("a page")))
}
