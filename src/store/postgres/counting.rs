//! Counts that are kept beside the lines: written once for many of them, in the part of whoever writes.

use deadpool_postgres::GenericClient;

use super::rows;
use super::script::{Script, given};
use crate::mailing::MailingId;
use crate::store::counts::{Cause, Passed};
pub(super) use crate::store::counts::{Counts, Slot};
use crate::store::{NodeId, Result};

/// How many parts a count has at most: nodes with the same part wait for each other's commits.
const PARTS: i64 = 16;

/// Writes what was gathered, in this node's part.
pub(super) async fn write(counts: Counts, client: &impl GenericClient, node: NodeId) -> Result<()> {
    let mut script = Script::default();
    say(counts, &mut script, node);
    script.run(client).await.map(drop)
}

/// Says it with all else that is said.
pub(super) fn say(counts: Counts, script: &mut Script, node: NodeId) {
    let Counts { slots, causes, traffic } = counts;
    let part = node.0.rem_euclid(PARTS);
    let slots: Vec<(Slot, i64)> = slots.into_iter().filter(|(_, many)| *many != 0).collect();
    if !slots.is_empty() {
        let column = |of: fn(&Slot) -> i64| slots.iter().map(|(slot, _)| of(slot)).collect::<Vec<i64>>();
        let (mailings, providers) = (column(|slot| slot.mailing.0), column(|slot| slot.provider));
        let (fates, waves) = (column(|slot| slot.fate), column(|slot| slot.wave));
        let many: Vec<i64> = slots.iter().map(|(_, many)| *many).collect();
        script.say(MOVE, given![mailings, providers, fates, waves, many, part]);
    }
    for ((minute, relay, provider), passed) in traffic {
        let Passed { attempts, accepted, deferred, hard, block } = passed;
        script.say(PASS, given![minute, relay, provider, part, attempts, accepted, deferred, hard, block]);
    }
    for (cause, (said, many)) in causes {
        let Cause { mailing, provider, fate, judgement, code, enhanced } = cause;
        script.say(EXPLAIN, given![mailing.0, provider, fate, judgement, code, part, enhanced, rows::text(&said), many]);
    }
}

const MOVE: &str = "
    INSERT INTO tallies AS t (mailing, provider, fate, wave, part, many)
    SELECT n.mailing, n.provider, n.fate, n.wave, $6::bigint, n.many
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS n (mailing, provider, fate, wave, many)
    ON CONFLICT (mailing, provider, fate, wave, part) DO UPDATE
    SET many = t.many + excluded.many";

const PASS: &str = "
    INSERT INTO traffic AS t (minute, relay, provider, part, attempts, accepted, deferred, hard, block)
    VALUES ($1, $2::bigint, $3::bigint, $4::bigint, $5, $6, $7, $8, $9)
    ON CONFLICT (minute, relay, provider, part) DO UPDATE
    SET attempts = t.attempts + excluded.attempts, accepted = t.accepted + excluded.accepted,
        deferred = t.deferred + excluded.deferred, hard = t.hard + excluded.hard, block = t.block + excluded.block";

const EXPLAIN: &str = "
    INSERT INTO reasons AS r (mailing, provider, fate, judgement, code, part, enhanced, said, many)
    VALUES ($1, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7, $8, $9)
    ON CONFLICT (mailing, provider, fate, judgement, code, enhanced, part) DO UPDATE
    SET many = r.many + excluded.many";

/// Counts a mailing's lines anew, after a statement that changed many of them. Nobody else may be at it meanwhile.
pub(super) async fn recount(client: &impl GenericClient, mailing: MailingId) -> Result<()> {
    rows::change(client, "DELETE FROM tallies WHERE mailing = $1", &[&mailing.0]).await?;
    rows::change(client, COUNT, &[&mailing.0]).await?;
    Ok(())
}

const COUNT: &str = "
    INSERT INTO tallies (mailing, provider, fate, wave, part, many)
    SELECT mailing, provider, fate, CASE fate WHEN 0 THEN wave ELSE 2 END AS wave_if_queued, 0, COUNT(*)
    FROM deliveries
    WHERE mailing = $1
    GROUP BY mailing, provider, fate, wave_if_queued";
