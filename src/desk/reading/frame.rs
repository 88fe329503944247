//! What stands around every page: the site's own words, and which of its doors are open.

use super::Manner;
use crate::app::Newsroom;
use crate::edition::online::Site;
use crate::edition::pages::{Masthead, offer, publication_at_home};
use crate::edition::views::{OfferView, SiteView};

/// The site as its pages name it.
pub(super) fn masthead(newsroom: &Newsroom, manner: Manner) -> Masthead {
    let config = newsroom.config();
    let root = Site::at(&config.house.base_url).root();
    // A folder of files has no door of its own; where pages are served as well, that one is open.
    let is_open = (manner == Manner::Served || config.listen.is_some()) && !config.public_lists.is_empty();
    let site = SiteView {
        publication: publication_at_home(&config.imprint.publication, &config.house.base_url),
        home: format!("{root}/"),
        issues: format!("{root}/issues"),
        feed: format!("{root}/feed.xml"),
        style: format!("{root}/library.css"),
        search: (manner == Manner::Served).then(|| format!("{root}/search")),
        subscribe: is_open.then(|| format!("{root}/subscribe")),
        is_us_government: config.library.is_us_government,
    };
    Masthead::new(&config.imprint, site, &config.house.lang, config.library.is_indexed)
}

/// The lists that anybody may join.
pub(super) fn offers(newsroom: &Newsroom) -> Vec<OfferView> {
    let config = newsroom.config();
    let lists = config.lists.iter().filter(|list| config.public_lists.contains(&list.id));
    lists.map(|list| offer(&list.name, &list.description)).collect()
}
