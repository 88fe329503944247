//! What two nodes must not do at the same time, and the locks that see to it; each ends with its transaction.

use deadpool_postgres::GenericClient;

use super::rows;
use crate::mailing::MailingId;
use crate::store::Result;

/// For work on single lines of a mailing, which any number may do at once: claims and notes.
pub(super) async fn share_mailing(client: &impl GenericClient, mailing: MailingId) -> Result<()> {
    rows::one(client, "SELECT pg_advisory_xact_lock_shared(1, $1::bigint::integer)", &[&mailing.0]).await?;
    Ok(())
}

/// For work on a whole mailing, which would otherwise meet single lines in another order than those who work on them.
pub(super) async fn hold_mailing(client: &impl GenericClient, mailing: MailingId) -> Result<()> {
    rows::one(client, "SELECT pg_advisory_xact_lock(1, $1::bigint::integer)", &[&mailing.0]).await?;
    Ok(())
}

/// Tells other nodes, once the transaction is committed, that something may have changed which they must know.
pub(super) async fn tell_others(client: &impl GenericClient) -> Result<()> {
    rows::one(client, "SELECT pg_notify('masthead', '')", &[]).await?;
    Ok(())
}
