//! What would go out, as files: the whole chain up to the relay, and nothing noted.

use std::path::{Path, PathBuf};

use super::{Request, composer, opening};
use crate::app::{AppError, Newsroom};
use crate::desk::check;
use crate::mailing::{Delivery, MailingId, ProviderId};
use crate::relay::Relay;
use crate::relay::folder::FolderRelay;
use crate::store::Frozen;
use crate::subscription::{ListId, Standing, SubscriberId};

/// Writes every message that would go out as a file, and touches neither ledger nor relay. Returns how many.
pub async fn dry_run(newsroom: &Newsroom, request: &Request, folder: &Path) -> Result<(u64, PathBuf), AppError> {
    let (_, Frozen { edition, lists, .. }) = opening::as_shown(newsroom, check::check_issue(newsroom, &request.issue).await?).await?;
    let composer = composer(newsroom, &edition).await?;
    let numbered = newsroom.store().lists().await?;
    let relay = Relay::Folder(FolderRelay::new("dry run", folder));
    let mut connection = relay.connect().await?;
    let (mut after, mut count) = (SubscriberId(0), 0);
    loop {
        let page = newsroom.store().readers(None, after, 500).await?;
        let Some(last) = page.last() else { return Ok((count, folder.to_owned())) };
        after = last.subscriber.id;
        for reader in page.into_iter().filter(|reader| !reader.suppressed) {
            let on = |list: &&ListId| reader.subscriptions.iter().any(|s| s.list == **list && s.standing == Standing::Confirmed);
            let Some(on_account_of) = lists.iter().find(on) else { continue };
            let delivery = Delivery {
                mailing: MailingId(0),
                subscriber: reader.subscriber.id,
                address: reader.subscriber.address,
                name: reader.subscriber.name,
                list: on_account_of.clone(),
                format: reader.subscriber.format,
                list_number: numbered.iter().find(|tally| tally.list.id == *on_account_of).map_or(0, |tally| tally.number),
                provider: ProviderId::other(),
                attempt: 1,
                first_attempt_at: newsroom.now(),
            };
            connection.submit(&composer.compose(&delivery)?).await?;
            count += 1;
        }
    }
}
