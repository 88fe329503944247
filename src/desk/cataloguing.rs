//! Keeps the catalogue of what is out up to the shelf.

use crate::app::{AppError, Newsroom};
use crate::archive::catalogue::{Cataloguer, VERSION};
use crate::issue::archive::Archive;

/// Catalogues whatever is out and not catalogued, or has changed since, and says how many issues that were. It costs one
/// question where nothing is to be done.
pub async fn catch_up(newsroom: &Newsroom) -> Result<usize, AppError> {
    let store = newsroom.store();
    // Asked first: what changes while it is read has a higher mark, and is catalogued the next time.
    let mark = store.shelf_mark().await?;
    let wanting = store.uncatalogued(VERSION).await?;
    if wanting.is_empty() {
        return Ok(0);
    }
    let archive = Archive::new(store.shelf().await?);
    let cataloguer = Cataloguer::new(&archive, &newsroom.config().house);
    for id in &wanting {
        // One at a time: years of manuscripts are no burden for the memory.
        if let Some(archived) = store.back_issue(id).await? {
            store.catalogue(cataloguer.entry(&archived), mark).await?;
        }
    }
    tracing::info!(issues = wanting.len(), "catalogued");
    Ok(wanting.len())
}

/// The same where nothing else may fail for it: the next look at the shelf tries again.
pub async fn try_to_catch_up(newsroom: &Newsroom) {
    if let Err(fault) = catch_up(newsroom).await {
        tracing::warn!(%fault, "the catalogue is not up to the shelf");
    }
}
