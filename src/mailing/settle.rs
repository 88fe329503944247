//! What an answer makes of a delivery, of its reader, and of the run, by the table of `replies`.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::fate::OnDoubt;
use super::plan::RetryPlan;
use super::replies::{Verdict, verdict};
use super::{Delivery, Fate, Reply, Stage};

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With an answer.
    Answered(Stage, Reply),
    /// Without one: the connection was lost.
    Lost {
        /// Where.
        stage: Stage,
        /// Whether the message may have been taken all the same (STANDARDS S12).
        in_doubt: bool,
    },
}

/// What follows for the reader's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Judgement {
    /// Nothing.
    Nothing,
    /// A failure that may pass; counts if it comes again with later issues.
    Soft,
    /// The address does not exist: never write to it again.
    Hard,
    /// The provider turned the message away; never held against the reader.
    Block,
}

impl Judgement {
    /// All, from what weighs nothing on; a store may keep a judgement by its place here.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Soft, Self::Hard, Self::Block];

    /// The word of the reports and `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Soft => "soft",
            Self::Hard => "hard",
            Self::Block => "block",
        }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// All that follows from one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// For the delivery.
    pub fate: Fate,
    /// For the reader.
    pub judgement: Judgement,
    /// Whether the run must stop, since every further message would end the same way.
    pub halt: bool,
}

/// Judges one try. Pure: the same arguments always give the same settlement.
pub fn settle(delivery: &Delivery, outcome: &Outcome, now: Timestamp, plan: &RetryPlan, on_doubt: OnDoubt) -> Settlement {
    let again = || match plan.next(delivery.attempt, delivery.subscriber, delivery.first_attempt_at, now) {
        Some(next_at) => Fate::Deferred { next_at },
        None => Fate::Expired,
    };
    let just = |fate, judgement| Settlement { fate, judgement, halt: false };
    match outcome {
        Outcome::Lost { in_doubt: true, .. } if on_doubt == OnDoubt::Hold => just(Fate::Doubtful, Judgement::Nothing),
        Outcome::Lost { .. } => just(again(), Judgement::Nothing),
        Outcome::Answered(stage, reply) => match verdict(*stage, reply) {
            Verdict::Accepted => just(Fate::Accepted, Judgement::Nothing),
            Verdict::Retry => just(again(), Judgement::Nothing),
            // The code tells whether it may still come right after the second chance.
            Verdict::RetryPlain if delivery.attempt <= 1 || reply.is_transient() => just(again(), Judgement::Nothing),
            Verdict::RetryPlain => just(Fate::Refused, Judgement::Soft),
            Verdict::Final(judgement) => just(Fate::Refused, judgement),
            Verdict::Ours => Settlement { fate: Fate::Queued, judgement: Judgement::Nothing, halt: true },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailing::MailingId;
    use crate::subscription::{EmailAddress, ListId, SubscriberId};

    fn settled(stage: Stage, said: &str, attempt: u32) -> Settlement {
        let (code, text) = said.split_once(' ').unwrap();
        let delivery = Delivery {
            mailing: MailingId(1),
            subscriber: SubscriberId(1),
            address: EmailAddress::parse("jane@example.org").unwrap(),
            name: None,
            list: "general".parse::<ListId>().unwrap(),
            format: crate::subscription::Format::Html,
            list_number: 1,
            provider: crate::mailing::ProviderId::other(),
            attempt,
            first_attempt_at: Timestamp::UNIX_EPOCH,
        };
        let outcome = Outcome::Answered(stage, Reply::new(code.parse().unwrap(), [text]));
        settle(&delivery, &outcome, Timestamp::UNIX_EPOCH, &RetryPlan::default(), OnDoubt::Resend)
    }

    #[test]
    fn an_answer_settles_delivery_reader_and_run() {
        for (stage, said, word, judgement, halt) in [
            (Stage::Message, "250 2.0.0 queued", "accepted", Judgement::Nothing, false),
            (Stage::Rcpt, "451 4.7.1 later", "deferred", Judgement::Nothing, false),
            (Stage::Rcpt, "550 5.1.1 nobody", "refused", Judgement::Hard, false),
            (Stage::Message, "550 5.7.1 spam", "refused", Judgement::Block, false),
            (Stage::Rcpt, "552 5.2.2 full", "refused", Judgement::Soft, false),
            (Stage::Auth, "535 5.7.8 password", "queued", Judgement::Nothing, true),
        ] {
            let settlement = settled(stage, said, 1);
            assert_eq!((settlement.fate.word(), settlement.judgement, settlement.halt), (word, judgement, halt), "{said}");
        }
    }

    #[test]
    fn what_is_refused_for_a_parameter_gets_one_more_chance() {
        assert!(matches!(settled(Stage::Rcpt, "555 5.5.4 what?", 1).fate, Fate::Deferred { .. }));
        let second = settled(Stage::Rcpt, "555 5.5.4 what?", 2);
        assert_eq!((second.fate, second.judgement), (Fate::Refused, Judgement::Soft));
        assert!(matches!(settled(Stage::Mail, "455 4.5.4 not now", 2).fate, Fate::Deferred { .. }));
    }
}
