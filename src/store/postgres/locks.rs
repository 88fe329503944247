//! Locks on what has no row yet. Whoever takes several takes them in the order in which they stand here.

use deadpool_postgres::GenericClient;

use super::rows;
use crate::mailing::MailingId;
use crate::store::Result;

/// Kinds of locks; a lock is a kind and a number of 32 bits.
const LISTS: i32 = 1;
const ASKINGS: i32 = 2;
const ROLLS: i32 = 3;
const ADDRESS: i32 = 4;
pub(super) const MAILING: i32 = 5;
const SCOURING: i32 = 6;
const FEEDS: i32 = 7;
const FILES: i32 = 8;
const SIGNING: i32 = 9;
const GROWING: i32 = 10;
const DUTY: i32 = 11;

/// One node at a time that declares lists, so that each is declared once and they have their numbers in the order of the
/// settings.
pub(super) async fn lists(client: &impl GenericClient) -> Result<()> {
    rows::one(client, NAMED, &[&LISTS, &""]).await.map(drop)
}

/// One request to join at a time: each is counted under the cap for all, so that no two may count at once.
pub(super) async fn askings(client: &impl GenericClient) -> Result<()> {
    rows::one(client, NAMED, &[&ASKINGS, &""]).await.map(drop)
}

/// One roll at a time, whichever node enters it: so no two wait for each other's readers. An erasure counts as one, so that
/// no roll brings back whom it has just not found.
pub(super) async fn rolls(client: &impl GenericClient) -> Result<()> {
    rows::one(client, NAMED, &[&ROLLS, &""]).await.map(drop)
}

/// One change at a time of what is known of an address, given as its key. Whoever has this locks no other reader; a roll
/// takes none of these, and meets the others at the rows of readers.
pub(super) async fn address(client: &impl GenericClient, key: &str) -> Result<()> {
    rows::one(client, NAMED, &[&ADDRESS, &key]).await.map(drop)
}

/// One node at a time whose share grows.
pub(super) async fn growing(client: &impl GenericClient) -> Result<()> {
    rows::one(client, NAMED, &[&GROWING, &""]).await.map(drop)
}

/// One node at a time that takes the duty of this number.
pub(super) async fn duty(client: &impl GenericClient, number: i64) -> Result<()> {
    rows::one(client, "SELECT pg_advisory_xact_lock($1, $2::bigint::integer)", &[&DUTY, &number]).await.map(drop)
}

/// One node at a time that settles with which key all sign.
pub(super) async fn signing(client: &impl GenericClient) -> Result<()> {
    rows::one(client, NAMED, &[&SIGNING, &""]).await.map(drop)
}

/// For work on single lines of a mailing, which any number may do at once: claims and notes. Of several mailings, the oldest
/// first.
pub(super) async fn share_mailing(client: &impl GenericClient, mailing: MailingId) -> Result<()> {
    rows::one(client, "SELECT pg_advisory_xact_lock_shared($1, $2::bigint::integer)", &[&MAILING, &mailing.0]).await.map(drop)
}

/// For work on a whole mailing, which would otherwise meet single lines in another order than those who work on them.
pub(super) async fn hold_mailing(client: &impl GenericClient, mailing: MailingId) -> Result<()> {
    rows::one(client, "SELECT pg_advisory_xact_lock($1, $2::bigint::integer)", &[&MAILING, &mailing.0]).await.map(drop)
}

/// One change at a time of feeds and their items, whose rows are locked in no order.
pub(super) async fn feeds(client: &impl GenericClient) -> Result<()> {
    rows::one(client, NAMED, &[&FEEDS, &""]).await.map(drop)
}

/// One change at a time of kept files: what one finds kept, another might else throw away before it is held.
pub(super) async fn files(client: &impl GenericClient) -> Result<()> {
    rows::one(client, NAMED, &[&FILES, &""]).await.map(drop)
}

/// One node at a time that writes tables anew; held until the session ends. Says whether we have it.
pub(super) async fn scouring(client: &impl GenericClient) -> Result<bool> {
    Ok(rows::one(client, "SELECT pg_try_advisory_lock($1, 0) AS is_ours", &[&SCOURING]).await?.try_get("is_ours")?)
}

const NAMED: &str = "SELECT pg_advisory_xact_lock($1, hashtext($2))";

/// What [`share_mailing`] asks, for several at once, in the order of their numbers.
pub(super) const SHARE_MAILINGS: &str = "
    SELECT pg_advisory_xact_lock_shared($1, m.mailing::integer)
    FROM (SELECT mailing FROM unnest($2::bigint[]) AS n (mailing) ORDER BY mailing OFFSET 0) AS m";
