//! The ledger's calls, in PostgreSQL.

use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::mailing::fate::{FateWord, OnDoubt};
use crate::mailing::{Delivery, Mailing, MailingId, Pause, ProviderId, Scope};
use crate::store::{Claim, Latecomers, Ledger, LedgerLine, Note, Opened, Opening, Reason, Recovered, Result, Tally, Waiting, Wave};
use crate::subscription::{ListId, SubscriberId};
use crate::traffic::{Day, Tallied};
use async_trait::async_trait;
use jiff::Timestamp;

#[async_trait]
impl Ledger for super::PgStore {
    async fn open_mailing(&self, opening: Opening) -> Result<Opened> {
        Err(super::not_yet())
    }

    async fn extend(&self, late: Latecomers) -> Result<u64> {
        Err(super::not_yet())
    }

    async fn mailing(&self, issue: &IssueId) -> Result<Option<Mailing>> {
        Err(super::not_yet())
    }

    async fn mailings(&self) -> Result<Vec<Mailing>> {
        Err(super::not_yet())
    }

    async fn edition(&self, hash: &str) -> Result<Option<Edition>> {
        Err(super::not_yet())
    }

    async fn take_up(&self, mailing: MailingId, boot: &str, on_doubt: OnDoubt, now: Timestamp) -> Result<Recovered> {
        Err(super::not_yet())
    }

    async fn waiting(&self, mailing: MailingId, wave: Wave) -> Result<Vec<Waiting>> {
        Err(super::not_yet())
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Delivery>> {
        Err(super::not_yet())
    }

    async fn release(&self, mailing: MailingId, subscribers: &[SubscriberId]) -> Result<()> {
        Err(super::not_yet())
    }

    async fn note(&self, note: Note) -> Result<()> {
        Err(super::not_yet())
    }

    async fn pause(&self, scope: &Scope, pause: Pause) -> Result<()> {
        Err(super::not_yet())
    }

    async fn resume(&self, scope: &Scope) -> Result<bool> {
        Err(super::not_yet())
    }

    async fn pauses(&self) -> Result<Vec<(Scope, Pause)>> {
        Err(super::not_yet())
    }

    async fn canary_sent(&self, mailing: MailingId, until: Timestamp) -> Result<()> {
        Err(super::not_yet())
    }

    async fn cancel(&self, mailing: MailingId, now: Timestamp) -> Result<u64> {
        Err(super::not_yet())
    }

    async fn retry(&self, mailing: MailingId, now: Timestamp) -> Result<u64> {
        Err(super::not_yet())
    }

    async fn tally(&self, mailing: MailingId) -> Result<Tally> {
        Err(super::not_yet())
    }

    async fn tallies(&self, mailing: MailingId) -> Result<Vec<(ProviderId, Tally)>> {
        Err(super::not_yet())
    }

    async fn traffic(&self, since: Timestamp) -> Result<Vec<Tallied>> {
        Err(super::not_yet())
    }

    async fn days(&self, since: Timestamp) -> Result<Vec<Day>> {
        Err(super::not_yet())
    }

    async fn reasons(&self, mailing: MailingId, most: usize) -> Result<Vec<Reason>> {
        Err(super::not_yet())
    }

    async fn domains(&self, lists: &[ListId]) -> Result<Vec<(String, u64)>> {
        Err(super::not_yet())
    }

    async fn lines(&self, mailing: MailingId, fate: Option<FateWord>, after: SubscriberId, most: usize) -> Result<Vec<LedgerLine>> {
        Err(super::not_yet())
    }

    async fn finish(&self, mailing: MailingId, now: Timestamp) -> Result<bool> {
        Err(super::not_yet())
    }
}
