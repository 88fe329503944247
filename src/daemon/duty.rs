//! One duty: look at the folder if it has changed, ask whose turn it is, and tell whoever must know.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::adopt;
use crate::desk::joining;
use crate::desk::notice::{self, Notice};
use crate::desk::tray::{self, Tray};
use crate::desk::turns::{self, Turns};
use crate::intake::watch::Still;

/// How soon those are tried again who could not be told.
const AGAIN: SignedDuration = SignedDuration::from_secs(20);

/// What came of a duty.
#[derive(Debug)]
pub(super) struct Attended {
    /// The folder as it was looked at last.
    pub(super) tray: Arc<Tray>,
    /// Issues whose mailing is to be opened, with their editions; the first due first.
    pub(super) go: Vec<(IssueId, String)>,
    /// Mailings that are not finished and that nobody has paused.
    pub(super) unfinished: Vec<IssueId>,
    /// What waits for a person, in words.
    pub(super) kept: Vec<String>,
    /// When the next duty is due.
    pub(super) next: Timestamp,
}

/// Attends to everything once. `folder` is how it stands, where it is to be looked at.
pub(super) async fn attend(newsroom: Arc<Newsroom>, tray: Arc<Tray>, folder: Option<Arc<Still>>) -> Result<Attended, AppError> {
    let tray = match folder {
        Some(still) => Arc::new(tray::look(&newsroom, &still).await?),
        None => tray,
    };
    let again = newsroom.now().checked_add(AGAIN).unwrap_or(Timestamp::MAX);
    if !adopt::is_at_home(&newsroom).await? {
        let home = newsroom.store().home().await?.unwrap_or_default();
        notice::tell(&newsroom, &Notice::Foreign { home, here: newsroom.here() }).await?;
        let next = newsroom.now().checked_add(SignedDuration::from_secs(2)).unwrap_or(again);
        let kept = vec!["nothing goes out: the database is at home elsewhere".to_owned()];
        return Ok(Attended { tray, go: Vec::new(), unfinished: Vec::new(), kept, next });
    }
    joining::tidy(&newsroom).await?;
    let Turns { go, kept, next, is_untold } = turns::take(&newsroom, &tray).await?;
    let next = if is_untold { next.min(again) } else { next };
    Ok(Attended { unfinished: unfinished(&newsroom).await?, tray, go, kept, next })
}

async fn unfinished(newsroom: &Newsroom) -> Result<Vec<IssueId>, AppError> {
    let mailings = newsroom.store().mailings().await?;
    let goes_on = mailings.into_iter().filter(|mailing| mailing.finished_at.is_none() && mailing.paused.is_none());
    Ok(goes_on.map(|mailing| mailing.issue).collect())
}
