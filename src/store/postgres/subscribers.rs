//! Readers and lists, in PostgreSQL.

use crate::store::{ConsentLine, Dossier, Enrolled, ListTally, Reader, Result, Subscribers, Suppression};
use crate::subscription::{EmailAddress, Enrolment, Evidence, Format, List, ListId, Subscriber, SubscriberId, Subscription};
use async_trait::async_trait;
use jiff::Timestamp;

#[async_trait]
impl Subscribers for super::PgStore {
    async fn declare_lists(&self, lists: &[List]) -> Result<()> {
        Err(super::not_yet())
    }

    async fn lists(&self) -> Result<Vec<ListTally>> {
        Err(super::not_yet())
    }

    async fn enrol(&self, list: &ListId, roll: Vec<Enrolment>, now: Timestamp) -> Result<Vec<Enrolled>> {
        Err(super::not_yet())
    }

    async fn subscribe(&self, list: &ListId, enrolment: Enrolment, now: Timestamp) -> Result<Enrolled> {
        Err(super::not_yet())
    }

    async fn unsubscribe(&self, address: &EmailAddress, list: Option<&ListId>, evidence: Evidence, now: Timestamp) -> Result<Vec<ListId>> {
        Err(super::not_yet())
    }

    async fn dossier(&self, address: &EmailAddress) -> Result<Option<Dossier>> {
        Err(super::not_yet())
    }

    async fn readers(&self, list: Option<&ListId>, after: SubscriberId, most: usize) -> Result<Vec<Reader>> {
        Err(super::not_yet())
    }

    async fn audience(&self, lists: &[ListId]) -> Result<u64> {
        Err(super::not_yet())
    }
}
