//! The reply table of STANDARDS 1.4 as data: what an answer means for the message and for its reader.
//!
//! The basic code decides whether the message is tried again; the enhanced code (RFC 3463, and the registry of RFC 5248)
//! decides what becomes of the reader. Where a server leaves it out, what it says in words has to do.

use super::settle::Judgement::{self, Block, Hard, Soft};
use super::{EnhancedCode, Reply, Stage};

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The message was taken.
    Accepted,
    /// Try again later.
    Retry,
    /// A parameter of the command was not liked: once more without it, and if that is refused too, as [`Judgement::Soft`].
    /// A conversation that has no parameters to leave out simply tries again.
    RetryPlain,
    /// Never try again.
    Final(Judgement),
    /// Our message, our settings or our relay is at fault, not the reader.
    Ours,
}

use Verdict::{Accepted, Final, Ours, Retry, RetryPlain};

/// Where in the conversation a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Anywhere.
    Any,
    /// Before the reader was named: at the greeting, AUTH and MAIL.
    Before,
    /// At RCPT.
    Rcpt,
    /// After the final dot.
    Message,
}

/// Which enhanced codes a row takes: those of these subjects and details, whatever their class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    /// Any, and none.
    Any,
    /// None.
    Absent,
    /// One of these.
    Of(&'static [(u16, u16)]),
    /// All of this subject.
    Subject(u16),
}

/// One row: an answer that fits in every column has its verdict, and the first row that fits decides.
#[derive(Debug, Clone, Copy)]
struct Row {
    at: At,
    /// First and last basic code of each range.
    codes: &'static [(u16, u16)],
    code: Code,
    /// Of each group one word must be in the text, in whatever case.
    words: &'static [&'static [&'static str]],
    verdict: Verdict,
}

const fn row(at: At, codes: &'static [(u16, u16)], code: Code, words: &'static [&'static [&'static str]], verdict: Verdict) -> Row {
    Row { at, codes, code, words, verdict }
}

/// Any permanent refusal.
const NEVER: &[(u16, u16)] = &[(500, 599)];

/// There is no such mailbox, domain or mail host.
const NOBODY: &[(u16, u16)] = &[(1, 1), (1, 2), (1, 3), (1, 6), (1, 10)];

const POLICY: &[&[&str]] =
    &[&["spam", "blocked", "blocklist", "block list", "blacklist", "policy", "dmarc", "spamhaus", "reputation", "unsolicited"]];

const UNKNOWN_MAILBOX: &[&[&str]] = &[
    &["user", "mailbox", "recipient", "account", "address"],
    &["unknown", "not found", "no such", "does not exist", "doesn't exist", "not exist", "invalid", "unavailable", "not here", "rejected"],
];

/// Gmail says `550 5.2.1` of a mailbox that gets too much mail, too.
const TOO_FAST: &[&[&str]] = &[&["rate", "quickly"]];

const ROWS: &[Row] = &[
    row(At::Message, &[(200, 299)], Code::Any, &[], Accepted),
    // What is told with 421 is told of the connection, whatever enhanced code stands beside it; 4xx is 4xx.
    row(At::Any, &[(421, 421), (450, 452), (454, 454)], Code::Any, &[], Retry),
    row(At::Any, &[(455, 455), (555, 555)], Code::Any, &[], RetryPlain),
    row(At::Any, &[(400, 499)], Code::Any, &[], Retry),
    // Our commands, our size, our password.
    row(At::Any, &[(500, 504), (530, 530), (534, 535), (538, 538)], Code::Any, &[], Ours),
    row(At::Any, &[(554, 554)], Code::Of(&[(6, 0)]), &[], Ours),
    row(At::Any, &[(552, 552)], Code::Of(&[(3, 4)]), &[], Ours),
    row(At::Before, NEVER, Code::Any, &[], Ours),
    // The reader is not there.
    row(At::Any, NEVER, Code::Of(NOBODY), &[], Final(Hard)),
    row(At::Any, &[(521, 521), (551, 551), (556, 556)], Code::Any, &[], Final(Hard)),
    // The reader is there and gets too much mail, does not look, or has no room: the next issue may find it otherwise.
    row(At::Any, &[(550, 550)], Code::Of(&[(2, 1)]), TOO_FAST, Final(Soft)),
    row(At::Any, NEVER, Code::Of(&[(2, 1), (2, 2)]), &[], Final(Soft)),
    row(At::Rcpt, &[(552, 552)], Code::Absent, &[], Final(Soft)),
    // The provider does not want us, which is never held against the reader.
    row(At::Any, NEVER, Code::Subject(7), &[], Final(Block)),
    row(At::Any, NEVER, Code::Any, POLICY, Final(Block)),
    row(At::Rcpt, &[(550, 550)], Code::Absent, UNKNOWN_MAILBOX, Final(Hard)),
    row(At::Any, NEVER, Code::Any, &[], Final(Soft)),
    // A positive answer before the message was sent, or a code that no RFC knows: nothing was taken.
    row(At::Any, &[(0, u16::MAX)], Code::Any, &[], Retry),
];

impl Row {
    fn fits(&self, stage: Stage, reply: &Reply, text: &mut Option<String>) -> bool {
        let stages = match self.at {
            At::Any => true,
            At::Before => matches!(stage, Stage::Greeting | Stage::Auth | Stage::Mail),
            At::Rcpt => stage == Stage::Rcpt,
            At::Message => stage == Stage::Message,
        };
        stages
            && self.codes.iter().any(|(first, last)| (*first..=*last).contains(&reply.code))
            && self.code.fits(reply.enhanced)
            && (self.words.is_empty() || has_all(text.get_or_insert_with(|| reply.text.to_lowercase()), self.words))
    }
}

fn has_all(text: &str, groups: &[&[&str]]) -> bool {
    groups.iter().all(|group| group.iter().any(|word| text.contains(word)))
}

impl Code {
    fn fits(self, enhanced: Option<EnhancedCode>) -> bool {
        match (self, enhanced) {
            (Self::Any, _) | (Self::Absent, None) => true,
            (Self::Of(codes), Some(EnhancedCode(_, subject, detail))) => codes.contains(&(subject, detail)),
            (Self::Subject(wanted), Some(EnhancedCode(_, subject, _))) => subject == wanted,
            _ => false,
        }
    }
}

/// What this answer means at this stage.
pub(super) fn verdict(stage: Stage, reply: &Reply) -> Verdict {
    // Nearly all answers are this one.
    if stage == Stage::Message && reply.code == 250 {
        return Accepted;
    }
    let mut text = None;
    ROWS.iter().find(|row| row.fits(stage, reply, &mut text)).map_or(Retry, |row| row.verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stage::{Auth, Data, Greeting, Mail, Message, Rcpt};

    fn of(stage: Stage, said: &str) -> Verdict {
        let (code, text) = said.split_once(' ').unwrap_or((said, ""));
        verdict(stage, &Reply::new(code.parse().unwrap(), [text]))
    }

    fn all(cases: &[(Stage, &str, Verdict)]) {
        for (stage, said, wanted) in cases {
            assert_eq!(of(*stage, said), *wanted, "{stage} {said}");
        }
    }

    #[test]
    fn the_reply_table_of_the_standards() {
        all(&[
            (Message, "250 2.0.0 Ok: queued as 1F", Accepted),
            (Message, "251 will forward", Accepted),
            (Rcpt, "421 5.7.32 try later", Retry),
            (Rcpt, "450 4.2.0 Greylisted", Retry),
            (Rcpt, "451 4.7.1 please wait", Retry),
            (Rcpt, "452 4.2.2 mailbox full", Retry),
            (Mail, "454 4.7.0 TLS not available", Retry),
            (Data, "500 what?", Ours),
            (Message, "554 5.6.0 malformed", Ours),
            (Message, "552 5.3.4 too big", Ours),
            (Auth, "535 5.7.8 bad password", Ours),
            (Mail, "530 5.7.0 authenticate first", Ours),
            (Mail, "550 5.7.1 sender not allowed", Ours),
            (Rcpt, "550 5.1.1 no such user", Final(Hard)),
            (Rcpt, "553 5.1.3 bad address", Final(Hard)),
            (Rcpt, "550 5.1.10 null MX", Final(Hard)),
            (Rcpt, "556 domain takes no mail", Final(Hard)),
            (Rcpt, "550 Mailbox unavailable", Final(Hard)),
            (Rcpt, "550 No such user here", Final(Hard)),
            (Rcpt, "550 5.2.1 disabled", Final(Soft)),
            (Rcpt, "552 5.2.2 over quota", Final(Soft)),
            (Message, "550 5.7.26 unauthenticated", Final(Block)),
            (Message, "554 Message blocked as spam", Final(Block)),
            (Rcpt, "550 no thanks", Final(Soft)),
            (Data, "250 odd", Retry),
        ]);
    }

    #[test]
    fn what_is_said_to_be_temporary_is_tried_again() {
        all(&[
            (Greeting, "421 too many connections", Retry),
            (Message, "421 4.7.28 unusual rate of unsolicited mail", Retry),
            (Rcpt, "450 4.1.1 no such user for now", Retry),
            (Rcpt, "451 4.3.0 system trouble", Retry),
            (Rcpt, "451 4.4.3 no answer from DNS", Retry),
            (Message, "451 4.7.500 Server busy", Retry),
            (Message, "452 4.3.1 no room", Retry),
            (Rcpt, "452 4.5.3 too many recipients", Retry),
            (Message, "432 4.7.12 odd", Retry),
        ]);
    }

    #[test]
    fn a_parameter_that_is_not_liked_is_left_out() {
        all(&[
            (Mail, "455 4.5.4 not now", RetryPlain),
            (Mail, "555 5.5.4 unknown parameter", RetryPlain),
            (Rcpt, "555 NOTIFY?", RetryPlain),
        ]);
    }

    #[test]
    fn what_is_our_own_fault_is_no_readers() {
        all(&[
            (Rcpt, "501 5.1.3 bad syntax", Ours),
            (Rcpt, "503 5.5.1 bad sequence", Ours),
            (Data, "504 odd", Ours),
            (Auth, "534 5.7.9 too weak", Ours),
            (Auth, "538 5.7.11 encrypt first", Ours),
            (Greeting, "554 5.7.1 no access", Ours),
            (Greeting, "521 no mail here", Ours),
            (Mail, "553 5.1.8 bad sender", Ours),
            (Mail, "552 5.3.4 too big", Ours),
        ]);
    }

    #[test]
    fn a_reader_who_is_not_there_is_told_from_one_who_cannot() {
        all(&[
            (Rcpt, "550 5.1.2 no such domain", Final(Hard)),
            (Rcpt, "550 5.1.6 moved", Final(Hard)),
            (Message, "550 5.1.1 unknown after all", Final(Hard)),
            (Rcpt, "550 5.1.1 blocked by policy", Final(Hard)),
            (Rcpt, "551 not here, try elsewhere", Final(Hard)),
            (Rcpt, "521 5.3.2 takes no mail", Final(Hard)),
            (Rcpt, "553 mailbox name invalid", Final(Soft)),
            (Rcpt, "550 5.2.1 The user you are trying to contact is receiving email at a rate that prevents more", Final(Soft)),
            (Rcpt, "550 5.2.1 receiving mail too quickly, blocked", Final(Soft)),
            (Rcpt, "550 5.2.1 The email account is inactive", Final(Soft)),
            (Rcpt, "552 5.2.2 out of storage space and inactive", Final(Soft)),
            (Rcpt, "552 user over quota, message rejected", Final(Soft)),
            (Message, "550 Mailbox unavailable", Final(Soft)),
            (Rcpt, "550 5.0.0 user unknown", Final(Soft)),
            (Rcpt, "550 5.4.1 Recipient address rejected: Access denied", Final(Soft)),
        ]);
    }

    #[test]
    fn what_is_refused_for_policy_is_never_held_against_the_reader() {
        for code in ["5.7.1", "5.7.25", "5.7.26", "5.7.27", "5.7.28", "5.7.29", "5.7.30", "5.7.32", "5.7.40", "5.7.515"] {
            all(&[(Message, &format!("550 {code} no"), Final(Block)), (Rcpt, &format!("554 {code} no"), Final(Block))]);
        }
        all(&[
            (Rcpt, "550 Recipient address rejected: listed by Spamhaus", Final(Block)),
            (Rcpt, "554 part of their network is on our block list", Final(Block)),
            (Message, "553 5.7.1 [BL21] not accepted", Final(Block)),
            (Message, "550 fails DMARC", Final(Block)),
            (Message, "554 5.0.0 poor REPUTATION", Final(Block)),
            (Message, "554 transaction failed", Final(Soft)),
        ]);
    }

    #[test]
    fn every_row_decides_something_and_every_answer_finds_one() {
        for code in 200..=599 {
            let reply = Reply::new(code, ["5.1.1 user unknown"]);
            for stage in [Greeting, Auth, Mail, Rcpt, Data, Message] {
                assert!(ROWS.iter().any(|row| row.fits(stage, &reply, &mut None)), "{stage} {code}");
            }
        }
        for row in ROWS {
            assert!(row.words.iter().flat_map(|group| group.iter()).all(|word| *word == word.to_lowercase()));
            assert!(row.codes.iter().all(|(first, last)| first <= last));
        }
    }
}
