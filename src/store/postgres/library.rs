//! The library, in PostgreSQL.

use crate::archive::catalogue::Catalogued;
use crate::dateline::IssueId;
use crate::issue::archive::ArchivedIssue;
use crate::store::{EnclosedName, Enclosure, Find, Hits, Library, Referring, Result};
use async_trait::async_trait;
use jiff::civil::Date;

#[async_trait]
impl Library for super::PgStore {
    async fn shelf_mark(&self) -> Result<u64> {
        Err(super::not_yet())
    }

    async fn public_shelf(&self) -> Result<Vec<ArchivedIssue>> {
        Err(super::not_yet())
    }

    async fn public_issue(&self, id: &IssueId) -> Result<Option<ArchivedIssue>> {
        Err(super::not_yet())
    }

    async fn enclose(&self, issue: &IssueId, files: Vec<Enclosure>) -> Result<()> {
        Err(super::not_yet())
    }

    async fn enclosed(&self, issue: &IssueId) -> Result<Vec<EnclosedName>> {
        Err(super::not_yet())
    }

    async fn enclosure(&self, issue: &IssueId, name: &str) -> Result<Option<Enclosure>> {
        Err(super::not_yet())
    }

    async fn enclosed_part(&self, digest: &str, part: u32) -> Result<Option<Vec<u8>>> {
        Err(super::not_yet())
    }

    async fn uncatalogued(&self, version: u32) -> Result<Vec<IssueId>> {
        Err(super::not_yet())
    }

    async fn catalogue(&self, entry: Catalogued, mark: u64) -> Result<()> {
        Err(super::not_yet())
    }

    async fn search(&self, find: Find) -> Result<Hits> {
        Err(super::not_yet())
    }

    async fn referring(&self, to: &IssueId) -> Result<Vec<Referring>> {
        Err(super::not_yet())
    }
}
