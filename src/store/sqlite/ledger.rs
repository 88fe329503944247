//! The ledger's calls in SQLite; each is done in the file named after its part of a mailing's life.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{SqliteStore, claiming, opening, recording, reports};
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::mailing::fate::{FateWord, OnDoubt};
use crate::mailing::{Delivery, Mailing, MailingId};
use crate::store::{Attempt, Ledger, LedgerLine, Opened, Opening, Recovered, Result, Tally};
use crate::subscription::SubscriberId;

#[async_trait]
impl Ledger for SqliteStore {
    async fn open_mailing(&self, opening: Opening) -> Result<Opened> {
        self.writer.write(move |connection| opening::open(connection, &opening)).await
    }

    async fn mailing(&self, issue: &IssueId) -> Result<Option<Mailing>> {
        let issue = issue.clone();
        self.readers.read(move |connection| reports::mailing(connection, &issue)).await
    }

    async fn mailings(&self) -> Result<Vec<Mailing>> {
        self.readers.read(reports::mailings).await
    }

    async fn edition(&self, hash: &str) -> Result<Option<Edition>> {
        let hash = hash.to_owned();
        self.readers.read(move |connection| reports::edition(connection, &hash)).await
    }

    async fn recover(&self, mailing: MailingId, on_doubt: OnDoubt, now: Timestamp) -> Result<Recovered> {
        self.writer.write(move |connection| claiming::recover(connection, mailing, on_doubt, now)).await
    }

    async fn claim(&self, mailing: MailingId, most: usize, now: Timestamp) -> Result<Vec<Delivery>> {
        self.writer.write(move |connection| claiming::claim(connection, mailing, most, now)).await
    }

    async fn release(&self, mailing: MailingId, subscribers: &[SubscriberId]) -> Result<()> {
        let subscribers = subscribers.to_vec();
        self.writer.write(move |connection| claiming::release(connection, mailing, &subscribers)).await
    }

    async fn submitting(&self, mailing: MailingId, subscriber: SubscriberId, now: Timestamp) -> Result<()> {
        self.writer.write(move |connection| recording::submitting(connection, mailing, subscriber, now)).await
    }

    async fn record(&self, attempt: Attempt) -> Result<()> {
        self.writer.write(move |connection| recording::record(connection, &attempt)).await
    }

    async fn tally(&self, mailing: MailingId) -> Result<Tally> {
        self.readers.read(move |connection| reports::tally(connection, mailing)).await
    }

    async fn lines(&self, mailing: MailingId, fate: Option<FateWord>, after: SubscriberId, most: usize) -> Result<Vec<LedgerLine>> {
        self.readers.read(move |connection| reports::lines(connection, mailing, fate, after, most)).await
    }

    async fn finish(&self, mailing: MailingId, now: Timestamp) -> Result<bool> {
        self.writer.write(move |connection| recording::finish(connection, mailing, now)).await
    }
}
