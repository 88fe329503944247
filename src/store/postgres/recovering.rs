//! Taking back what nobody holds any more.

use deadpool_postgres::Transaction;
use jiff::Timestamp;

use super::counting::{self, Counts, Slot};
use super::paging::Queueing;
use super::{locks, news, reports, rows};
use crate::mailing::MailingId;
use crate::mailing::fate::OnDoubt;
use crate::store::{NodeId, Recovered, Result};

/// Whose lines are taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Those of nodes that have ended.
    Buried,
    /// Those too of this node, which begins anew, and what is in doubt, where that is sent again.
    Own,
}

/// Takes lines of a mailing back. Notes lose nothing here when the power goes, so what was claimed was certainly not sent.
pub(super) async fn take_back(
    transaction: &Transaction<'_>,
    node: NodeId,
    mailing: MailingId,
    whose: Whose,
    on_doubt: OnDoubt,
    now: Timestamp,
) -> Result<Recovered> {
    locks::hold_mailing(transaction, mailing).await?;
    reports::is_finished(transaction, mailing).await?;
    let at = rows::kept(now);
    let is_own = whose == Whose::Own;
    let mut found = rows::all(transaction, HELD, &[&mailing.0, &node.0, &is_own], line).await?;
    if is_own && on_doubt == OnDoubt::Resend && reports::tally(transaction, mailing).await?.doubtful > 0 {
        found.extend(rows::all(transaction, DOUBTFUL, &[&mailing.0], line).await?);
    }
    let (mut recovered, mut counts, mut queueing) = (Recovered::default(), Counts::default(), Queueing::default());
    let (mut queued, mut doubtful) = (Vec::new(), Vec::new());
    for (subscriber, provider, wave, fate) in found {
        let (to, lines, count) = match (fate, on_doubt) {
            (rows::CLAIMED, _) => (rows::QUEUED, &mut queued, &mut recovered.claimed),
            (_, OnDoubt::Resend) => (rows::QUEUED, &mut queued, &mut recovered.doubtful),
            (_, OnDoubt::Hold) => (rows::DOUBTFUL, &mut doubtful, &mut recovered.doubtful),
        };
        *count += 1;
        lines.push(subscriber);
        let slot = Slot::of(mailing, provider, to, wave);
        counts.shift(Slot::past(mailing, provider, fate), slot);
        if to == rows::QUEUED {
            queueing.add(slot, subscriber);
        }
    }
    for (lines, fate) in [(queued, rows::QUEUED), (doubtful, rows::DOUBTFUL)] {
        if !lines.is_empty() {
            rows::change(transaction, TAKE_BACK, &[&mailing.0, &lines, &fate, &at]).await?;
        }
    }
    queueing.write(transaction).await?;
    counting::write(counts, transaction, node).await?;
    if recovered != Recovered::default() {
        news::tell(transaction).await?;
    }
    Ok(recovered)
}

fn line(row: &tokio_postgres::Row) -> Result<(i64, i64, i64, i64)> {
    Ok((rows::int(row, "subscriber")?, rows::int(row, "provider")?, rows::int(row, "wave")?, rows::int(row, "fate")?))
}

// Of all that a node took, what it holds still. Looked up and forgotten by one statement: another node may be buried between
// two, and the second would forget what the first has not seen.
const HELD: &str = "
    WITH forgotten AS (
        DELETE FROM held h
        USING nodes n
        WHERE n.id = h.node
          AND h.mailing = $1
          AND (n.has_ended OR $3 AND n.id = $2)
        RETURNING h.node, h.subscribers
    )
    SELECT DISTINCT d.subscriber, d.provider, d.wave, d.fate
    FROM forgotten f
    CROSS JOIN unnest(f.subscribers) AS p (subscriber)
    JOIN deliveries d ON d.mailing = $1 AND d.subscriber = p.subscriber AND d.holder = f.node
    ORDER BY d.subscriber";

// Read from end to end, and only where the tally says that there are any.
const DOUBTFUL: &str = "
    SELECT subscriber, provider, wave, fate
    FROM deliveries
    WHERE mailing = $1
      AND fate = 8
    ORDER BY subscriber";

const TAKE_BACK: &str = "
    UPDATE deliveries
    SET fate = $3::bigint, holder = NULL, changed_at = $4
    WHERE mailing = $1
      AND subscriber = ANY ($2)";
