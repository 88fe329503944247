//! One duty: look at the folder if it has changed, ask whose turn it is, and tell whoever must know.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::office::after;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::notice::{self, Notice};
use crate::desk::tray::{self, Tray};
use crate::desk::turns::{self, Turns};
use crate::desk::{adopt, cataloguing, joining};
use crate::intake::watch::Still;

/// How soon those are tried again who could not be told.
const AGAIN: SignedDuration = SignedDuration::from_secs(20);

/// How soon the ledger is asked again where a person's word is waited for.
const SOON: SignedDuration = SignedDuration::from_secs(2);

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
    /// When the folder is looked at again although nothing in it has changed; never is [`Timestamp::MAX`].
    pub(super) look_again: Timestamp,
}

/// Attends to everything once. `folder` is how it stands, where it is to be looked at.
pub(super) async fn attend(newsroom: Arc<Newsroom>, tray: Arc<Tray>, folder: Option<Arc<Still>>) -> Result<Attended, AppError> {
    let (again, soon) = (after(newsroom.now(), AGAIN), after(newsroom.now(), SOON));
    if !adopt::is_at_home(&newsroom).await? {
        let home = newsroom.store().home().await?.unwrap_or_default();
        notice::tell(&newsroom, &Notice::Foreign { home, here: newsroom.here().to_owned() }).await?;
        let kept = vec!["nothing goes out: the database is at home elsewhere".to_owned()];
        return Ok(Attended { tray, go: Vec::new(), unfinished: Vec::new(), kept, next: soon, look_again: soon });
    }
    let tray = match folder {
        Some(still) => Arc::new(tray::look(&newsroom, &still).await?),
        None => tray,
    };
    joining::tidy(&newsroom).await?;
    cataloguing::try_to_catch_up(&newsroom).await;
    let Turns { go, kept, next, is_untold } = turns::take(&newsroom, &tray).await?;
    let next = if is_untold { next.min(again) } else { next };
    let look_again = if tray.is_untold { again } else { Timestamp::MAX };
    let (unfinished, are_paused) = unfinished(&newsroom).await?;
    // Whoever lets it go on is waited for: other programs write the ledger too, and nobody tells us.
    let next = if are_paused || !unfinished.is_empty() { next.min(soon) } else { next };
    Ok(Attended { tray, go, unfinished, kept, next, look_again })
}

/// Mailings that are not finished and that nobody has paused, and whether there are others that somebody has.
async fn unfinished(newsroom: &Newsroom) -> Result<(Vec<IssueId>, bool), AppError> {
    let mailings = newsroom.store().mailings().await?;
    let unfinished = mailings.into_iter().filter(|mailing| mailing.finished_at.is_none());
    let (paused, goes_on): (Vec<_>, Vec<_>) = unfinished.partition(|mailing| mailing.paused.is_some());
    Ok((goes_on.into_iter().map(|mailing| mailing.issue).collect(), !paused.is_empty()))
}
