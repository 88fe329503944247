//! What an answer makes of a delivery, of its reader, and of the run (the reply table of STANDARDS 1.4).

use jiff::Timestamp;
use serde::Serialize;

use super::fate::OnDoubt;
use super::plan::RetryPlan;
use super::{Delivery, EnhancedCode, Fate, Reply, Stage};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
            Verdict::Final(judgement) => just(Fate::Refused, judgement),
            Verdict::Ours => Settlement { fate: Fate::Queued, judgement: Judgement::Nothing, halt: true },
        },
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Retry,
    Final(Judgement),
    /// Our message, our settings or our relay is at fault, not the reader.
    Ours,
}

#[allow(clippy::match_same_arms, reason = "the arms stand as the table does")]
fn verdict(stage: Stage, reply: &Reply) -> Verdict {
    let enhanced = reply.enhanced.map(|EnhancedCode(_, subject, detail)| (subject, detail));
    let about_reader = matches!(stage, Stage::Rcpt | Stage::Data | Stage::Message);
    match (reply.code, enhanced) {
        (200..=299, _) if stage == Stage::Message => Verdict::Accepted,
        (400..=499, _) => Verdict::Retry,
        (500..=504 | 530 | 534 | 535 | 538, _) => Verdict::Ours,
        (554, Some((6, 0))) | (552, Some((3, 4))) => Verdict::Ours,
        (500..=599, _) if !about_reader => Verdict::Ours,
        (500..=599, Some((1, 1 | 2 | 3 | 6 | 10))) => Verdict::Final(Judgement::Hard),
        (521 | 551 | 556, _) => Verdict::Final(Judgement::Hard),
        (500..=599, Some((7, _))) => Verdict::Final(Judgement::Block),
        (500..=599, _) if speaks_of_policy(&reply.text) => Verdict::Final(Judgement::Block),
        (550, None) if stage == Stage::Rcpt && speaks_of_mailbox(&reply.text) => Verdict::Final(Judgement::Hard),
        (500..=599, _) => Verdict::Final(Judgement::Soft),
        // A positive answer before the message was sent, or a code that no RFC knows: nothing was taken.
        _ => Verdict::Retry,
    }
}

fn has_word(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

fn speaks_of_policy(text: &str) -> bool {
    has_word(text, &["spam", "blocked", "blocklist", "blacklist", "policy", "dmarc", "spamhaus", "reputation", "unsolicited"])
}

fn speaks_of_mailbox(text: &str) -> bool {
    let text = text.to_lowercase();
    let about = ["user", "mailbox", "recipient", "account", "address"].iter().any(|word| text.contains(word));
    let gone = [
        "unknown",
        "not found",
        "no such",
        "does not exist",
        "doesn't exist",
        "not exist",
        "invalid",
        "unavailable",
        "not here",
        "rejected",
    ]
    .iter()
    .any(|word| text.contains(word));
    about && gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stage: Stage, said: &str) -> Verdict {
        let (code, text) = said.split_once(' ').unwrap_or((said, ""));
        verdict(stage, &Reply::new(code.parse().unwrap(), [text]))
    }

    #[test]
    fn the_reply_table_of_the_standards() {
        use Judgement::{Block, Hard, Soft};
        use Stage::{Auth, Data, Mail, Message, Rcpt};
        for (stage, said, wanted) in [
            (Message, "250 2.0.0 Ok: queued as 1F", Verdict::Accepted),
            (Rcpt, "421 5.7.32 try later", Verdict::Retry),
            (Rcpt, "450 4.2.0 Greylisted", Verdict::Retry),
            (Rcpt, "451 4.7.1 please wait", Verdict::Retry),
            (Rcpt, "452 4.2.2 mailbox full", Verdict::Retry),
            (Mail, "454 4.7.0 TLS not available", Verdict::Retry),
            (Data, "500 what?", Verdict::Ours),
            (Message, "554 5.6.0 malformed", Verdict::Ours),
            (Message, "552 5.3.4 too big", Verdict::Ours),
            (Auth, "535 5.7.8 bad password", Verdict::Ours),
            (Mail, "530 5.7.0 authenticate first", Verdict::Ours),
            (Mail, "550 5.7.1 sender not allowed", Verdict::Ours),
            (Rcpt, "550 5.1.1 no such user", Verdict::Final(Hard)),
            (Rcpt, "553 5.1.3 bad address", Verdict::Final(Hard)),
            (Rcpt, "550 5.1.10 null MX", Verdict::Final(Hard)),
            (Rcpt, "556 domain takes no mail", Verdict::Final(Hard)),
            (Rcpt, "550 Mailbox unavailable", Verdict::Final(Hard)),
            (Rcpt, "550 No such user here", Verdict::Final(Hard)),
            (Rcpt, "550 5.2.1 disabled", Verdict::Final(Soft)),
            (Rcpt, "552 5.2.2 over quota", Verdict::Final(Soft)),
            (Message, "550 5.7.26 unauthenticated", Verdict::Final(Block)),
            (Message, "554 Message blocked as spam", Verdict::Final(Block)),
            (Rcpt, "550 no thanks", Verdict::Final(Soft)),
            (Data, "250 odd", Verdict::Retry),
        ] {
            assert_eq!(of(stage, said), wanted, "{stage} {said}");
        }
    }
}
