//! Whose database this is: one that was copied or restored elsewhere sends nothing until a person says that it is meant.

use crate::app::{AppError, Newsroom};

/// What a person is told whose database is not at home here.
const FOREIGN: &str = "this database was last used on another machine or in another place: if it is a copy, its twin may be sending too; \
                       `masthead adopt` says that it is to send from here";

/// Whether the database is at home on this machine, in this place. One that nobody has used is from now on.
pub async fn is_at_home(newsroom: &Newsroom) -> Result<bool, AppError> {
    let here = newsroom.here();
    if let Some(home) = newsroom.store().home().await? {
        return Ok(home == here);
    }
    newsroom.store().adopt(&here).await?;
    Ok(true)
}

/// Refuses what only a database at home may do.
pub async fn must_be_at_home(newsroom: &Newsroom) -> Result<(), AppError> {
    if is_at_home(newsroom).await? { Ok(()) } else { Err(AppError::Refused(FOREIGN.to_owned())) }
}

/// Says that the database is at home here from now on. `false` if it was already.
pub async fn adopt(newsroom: &Newsroom) -> Result<bool, AppError> {
    if is_at_home(newsroom).await? {
        return Ok(false);
    }
    newsroom.store().adopt(newsroom.here()).await?;
    Ok(true)
}
