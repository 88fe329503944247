//! The ledger's calls in SQLite; each is done in the file named after its part of a mailing's life.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{SqliteStore, claiming, ending, figures, opening, pausing, reports};
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::mailing::fate::{FateWord, OnDoubt};
use crate::mailing::{Delivery, Mailing, MailingId, Pause, ProviderId, Scope};
use crate::store::{Claim, Latecomers, Ledger, LedgerLine, Note, Opened, Opening, Reason, Recovered, Result, Tally, Waiting, Wave};
use crate::subscription::{ListId, SubscriberId};
use crate::traffic::{Day, Tallied};

#[async_trait]
impl Ledger for SqliteStore {
    async fn open_mailing(&self, opening: Opening) -> Result<Opened> {
        self.writer.write(move |connection| opening::open(connection, &opening)).await
    }

    async fn extend(&self, late: Latecomers) -> Result<u64> {
        self.writer.write(move |connection| opening::extend(connection, &late)).await
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

    async fn take_up(&self, mailing: MailingId, boot: &str, on_doubt: OnDoubt, now: Timestamp) -> Result<Recovered> {
        let boot = boot.to_owned();
        self.writer.write(move |connection| claiming::take_up(connection, mailing, &boot, on_doubt, now)).await
    }

    async fn waiting(&self, mailing: MailingId, wave: Wave) -> Result<Vec<Waiting>> {
        self.readers.read(move |connection| reports::waiting(connection, mailing, wave)).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Delivery>> {
        self.writer.write_or_undo(move |connection| claiming::claim(connection, &claim), claiming::give_back).await
    }

    async fn release(&self, mailing: MailingId, subscribers: &[SubscriberId]) -> Result<()> {
        let subscribers = subscribers.to_vec();
        self.writer.write_soon(move |connection| claiming::release(connection, mailing, &subscribers)).await
    }

    async fn note(&self, note: Note) -> Result<()> {
        self.writer.note(note).await
    }

    async fn pause(&self, scope: &Scope, pause: Pause) -> Result<()> {
        let scope = scope.clone();
        self.writer.write(move |connection| pausing::pause(connection, &scope, &pause)).await
    }

    async fn resume(&self, scope: &Scope) -> Result<bool> {
        let scope = scope.clone();
        self.writer.write(move |connection| pausing::resume(connection, &scope)).await
    }

    async fn pauses(&self) -> Result<Vec<(Scope, Pause)>> {
        self.readers.read(pausing::pauses).await
    }

    async fn canary_sent(&self, mailing: MailingId, until: Timestamp) -> Result<()> {
        self.writer.write(move |connection| pausing::canary_sent(connection, mailing, until)).await
    }

    async fn cancel(&self, mailing: MailingId, now: Timestamp) -> Result<u64> {
        self.writer.write(move |connection| ending::cancel(connection, mailing, now)).await
    }

    async fn retry(&self, mailing: MailingId, now: Timestamp) -> Result<u64> {
        self.writer.write(move |connection| ending::retry(connection, mailing, now)).await
    }

    async fn tally(&self, mailing: MailingId) -> Result<Tally> {
        self.readers.read(move |connection| reports::tally(connection, mailing)).await
    }

    async fn tallies(&self, mailing: MailingId) -> Result<Vec<(ProviderId, Tally)>> {
        self.readers.read(move |connection| reports::tallies(connection, mailing)).await
    }

    async fn traffic(&self, since: Timestamp) -> Result<Vec<Tallied>> {
        self.readers.read(move |connection| figures::traffic(connection, since)).await
    }

    async fn days(&self, since: Timestamp) -> Result<Vec<Day>> {
        self.readers.read(move |connection| figures::days(connection, since)).await
    }

    async fn reasons(&self, mailing: MailingId, most: usize) -> Result<Vec<Reason>> {
        self.readers.read(move |connection| figures::reasons(connection, mailing, most)).await
    }

    async fn domains(&self, lists: &[ListId]) -> Result<Vec<(String, u64)>> {
        let lists = lists.to_vec();
        self.readers.read(move |connection| figures::domains(connection, &lists)).await
    }

    async fn lines(&self, mailing: MailingId, fate: Option<FateWord>, after: SubscriberId, most: usize) -> Result<Vec<LedgerLine>> {
        self.readers.read(move |connection| reports::lines(connection, mailing, fate, after, most)).await
    }

    async fn finish(&self, mailing: MailingId, now: Timestamp) -> Result<bool> {
        self.writer.write(move |connection| ending::finish(connection, mailing, now)).await
    }
}
