//! What nodes let each other hear.

use deadpool_postgres::GenericClient;

use super::rows;
use crate::store::Result;

/// Lets all nodes hear, once the transaction is through, that something has changed which they may have to know.
pub(super) async fn tell(client: &impl GenericClient) -> Result<()> {
    rows::one(client, "SELECT pg_notify('masthead', '')", &[]).await.map(drop)
}
