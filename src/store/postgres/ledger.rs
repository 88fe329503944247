//! The ledger's calls in PostgreSQL; each is done in the file named after its part of a mailing's life.

use async_trait::async_trait;
use jiff::Timestamp;

use super::recovering::{self, Whose};
use super::{PgStore, ending, figures, opening, pausing, reports};
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::mailing::fate::{FateWord, OnDoubt};
use crate::mailing::{Delivery, Mailing, MailingId, Pause, ProviderId, Scope};
use crate::store::{Claim, Latecomers, Ledger, LedgerLine, Note, Opened, Opening, Reason, Recovered, Result, Tally, Waiting, Wave};
use crate::subscription::{ListId, SubscriberId};
use crate::traffic::{Day, Tallied};

/// Does something in a transaction, and commits it.
macro_rules! in_transaction {
    ($store:ident, |$transaction:ident| $deed:expr) => {{
        let mut link = $store.link().await?;
        let $transaction = link.transaction().await?;
        let done = $deed.await?;
        $transaction.commit().await?;
        Ok(done)
    }};
}

#[async_trait]
impl Ledger for PgStore {
    async fn open_mailing(&self, opening: Opening) -> Result<Opened> {
        let opened: Result<Opened> = in_transaction!(self, |transaction| opening::open(&transaction, &opening));
        let opened = opened?;
        if opened.is_new {
            opening::survey(&self.link().await?).await;
        }
        Ok(opened)
    }

    async fn extend(&self, late: Latecomers) -> Result<u64> {
        in_transaction!(self, |transaction| opening::extend(&transaction, &late))
    }

    async fn mailing(&self, issue: &IssueId) -> Result<Option<Mailing>> {
        reports::mailing(&self.link().await?, issue).await
    }

    async fn mailings(&self) -> Result<Vec<Mailing>> {
        reports::mailings(&self.link().await?).await
    }

    async fn edition(&self, hash: &str) -> Result<Option<Edition>> {
        reports::edition(&self.link().await?, hash).await
    }

    async fn take_up(&self, mailing: MailingId, _boot: &str, on_doubt: OnDoubt, now: Timestamp) -> Result<Recovered> {
        let node = self.node(now).await?;
        in_transaction!(self, |transaction| recovering::take_back(&transaction, node, mailing, Whose::Own, on_doubt, now))
    }

    async fn waiting(&self, mailing: MailingId, wave: Wave) -> Result<Vec<Waiting>> {
        reports::waiting(&self.link().await?, mailing, wave).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Delivery>> {
        self.claim_page(&claim).await
    }

    async fn release(&self, mailing: MailingId, subscribers: &[SubscriberId]) -> Result<()> {
        self.release_page(mailing, subscribers).await
    }

    async fn note(&self, note: Note) -> Result<()> {
        let by = self.node(note.at).await?;
        self.notes.note(by, note).await
    }

    async fn pause(&self, scope: &Scope, pause: Pause) -> Result<()> {
        in_transaction!(self, |transaction| pausing::pause(&transaction, scope, &pause))
    }

    async fn resume(&self, scope: &Scope) -> Result<bool> {
        in_transaction!(self, |transaction| pausing::resume(&transaction, scope))
    }

    async fn pauses(&self) -> Result<Vec<(Scope, Pause)>> {
        pausing::pauses(&self.link().await?).await
    }

    async fn canary_sent(&self, mailing: MailingId, until: Timestamp) -> Result<()> {
        in_transaction!(self, |transaction| pausing::canary_sent(&transaction, mailing, until))
    }

    async fn cancel(&self, mailing: MailingId, now: Timestamp) -> Result<u64> {
        in_transaction!(self, |transaction| ending::cancel(&transaction, mailing, now))
    }

    async fn retry(&self, mailing: MailingId, now: Timestamp) -> Result<u64> {
        in_transaction!(self, |transaction| ending::retry(&transaction, mailing, now))
    }

    async fn tally(&self, mailing: MailingId) -> Result<Tally> {
        reports::tally(&self.link().await?, mailing).await
    }

    async fn tallies(&self, mailing: MailingId) -> Result<Vec<(ProviderId, Tally)>> {
        reports::tallies(&self.link().await?, mailing).await
    }

    async fn traffic(&self, since: Timestamp) -> Result<Vec<Tallied>> {
        figures::traffic(&self.link().await?, since).await
    }

    async fn days(&self, since: Timestamp) -> Result<Vec<Day>> {
        figures::days(&self.link().await?, since).await
    }

    async fn reasons(&self, mailing: MailingId, most: usize) -> Result<Vec<Reason>> {
        figures::reasons(&self.link().await?, mailing, most).await
    }

    async fn domains(&self, lists: &[ListId]) -> Result<Vec<(String, u64)>> {
        figures::domains(&self.link().await?, lists).await
    }

    async fn lines(&self, mailing: MailingId, fate: Option<FateWord>, after: SubscriberId, most: usize) -> Result<Vec<LedgerLine>> {
        reports::lines(&self.link().await?, mailing, fate, after, most).await
    }

    async fn finish(&self, mailing: MailingId, now: Timestamp) -> Result<bool> {
        in_transaction!(self, |transaction| ending::finish(&transaction, mailing, now))
    }
}
