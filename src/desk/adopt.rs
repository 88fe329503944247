//! Whose database this is: one that was copied or restored elsewhere sends nothing until a person says that it is meant.

use crate::app::{AppError, Newsroom};
use crate::store::portable::MOVED;

/// What a person is told whose database is not at home here.
const FOREIGN: &str = "this database was last used on another machine or in another place: if it is a copy, its twin may be sending too; \
                       `masthead adopt` says that it is to send from here";

/// What a person is told whose newsroom has gone elsewhere.
const GONE: &str = "this store was left by `masthead store copy`, and the newsroom goes on where it went; \
                    if it is to go on here all the same, `masthead adopt` says so, and the other must not send";

/// Whether the database is at home on this machine, in this place. One that nobody has used is from now on.
pub async fn is_at_home(newsroom: &Newsroom) -> Result<bool, AppError> {
    let here = newsroom.here();
    if let Some(home) = newsroom.store().home().await? {
        return Ok(home == here);
    }
    newsroom.store().adopt(here).await?;
    Ok(true)
}

/// Refuses what only a database at home may do.
pub async fn must_be_at_home(newsroom: &Newsroom) -> Result<(), AppError> {
    if is_at_home(newsroom).await? {
        return Ok(());
    }
    let home = newsroom.store().home().await?;
    Err(AppError::Refused(why_not(home.as_deref()).to_owned()))
}

/// Why a store with this home is not at home here.
pub(super) fn why_not(home: Option<&str>) -> &'static str {
    if home == Some(MOVED) { GONE } else { FOREIGN }
}

/// Says that the database is at home here from now on. `false` if it was already.
pub async fn adopt(newsroom: &Newsroom) -> Result<bool, AppError> {
    if is_at_home(newsroom).await? {
        return Ok(false);
    }
    newsroom.store().adopt(newsroom.here()).await?;
    Ok(true)
}
