//! The door of the next message goes out with the body of this one: what a server may make of that.

use std::num::NonZeroU32;

use masthead::mailing::Stage;
use masthead::mailing::compose::Message;
use masthead::relay::smtp::{SmtpConnection, SmtpSettings, Timeouts};
use masthead::relay::{Answer, Door, RelayError};
use tokio::sync::oneshot;

use super::faults::{deadly, impatient};
use super::{AMPLE, BRIEF, MESSAGE, connect, connect_plain, in_time, message, said, settings};
use crate::support::sink::{Action, At, Sink, When};

const DOOR: [(At, Stage); 3] = [(At::Mail, Stage::Mail), (At::Rcpt, Stage::Rcpt), (At::Data, Stage::Data)];

/// Ann, Bob and Cy, each with a letter.
fn three() -> [Message; 3] {
    ["ann@example.org", "bob@example.org", "cy@example.org"].map(|reader| message(reader, MESSAGE))
}

async fn open(connection: &mut SmtpConnection, message: &Message) -> Door {
    in_time(connection.open(message)).await.unwrap()
}

async fn hand_over(connection: &mut SmtpConnection, message: &Message, next: &Message) -> (Result<Answer, RelayError>, Door) {
    in_time(connection.hand_over(message, Some(next))).await
}

fn is_accepted(answer: &Result<Answer, RelayError>) -> bool {
    answer.as_ref().is_ok_and(|answer| answer.reply.is_positive())
}

/// Hands over every message, each with the door of the next; a shut door is opened again on the same connection.
/// Returns what became of each.
async fn send_all(connection: &mut SmtpConnection, messages: &[Message]) -> Vec<Result<Answer, RelayError>> {
    let mut fates = Vec::new();
    let mut door = Door::Shut;
    for (at, message) in messages.iter().enumerate() {
        if door == Door::Shut {
            match in_time(connection.open(message)).await {
                Ok(opened) => door = opened,
                Err(fault) => {
                    fates.push(Err(fault));
                    continue;
                }
            }
        }
        let (fate, next) = match door {
            Door::Open => in_time(connection.hand_over(message, messages.get(at + 1))).await,
            Door::Refused(answer) => (Ok(answer), Door::Shut),
            Door::Shut => unreachable!("opening gives an answer or an error"),
        };
        fates.push(fate);
        door = next;
    }
    fates
}

fn readers(count: usize) -> Vec<Message> {
    (0..count).map(|reader| message(&format!("r{reader}@example.org"), MESSAGE)).collect()
}

#[tokio::test]
async fn s4_with_pipelining_a_message_costs_one_round_trip() {
    let sink = Sink::builder().start().await;
    let mut connection = connect_plain(&sink).await;
    let fates = send_all(&mut connection, &readers(50)).await;
    assert!(fates.iter().all(is_accepted));
    connection.close().await;
    sink.wait_until_left().await;
    // One for EHLO, one for the first door, one for QUIT.
    assert_eq!((sink.turns(), sink.messages().len(), sink.faults()), (1 + 1 + 50 + 1, 50, vec![]));
}

#[tokio::test]
async fn a_refused_recipient_costs_one_round_trip_more_and_no_connection() {
    for (at, line) in [(At::Mail, "451 4.7.1 later"), (At::Rcpt, "550 5.1.1 who?"), (At::Data, "554 5.7.1 no")] {
        let sink = Sink::builder().on(at, When::Nth(25), Action::reply(line)).start().await;
        let mut connection = connect_plain(&sink).await;
        let fates = send_all(&mut connection, &readers(50)).await;
        assert_eq!(fates.iter().filter(|fate| is_accepted(fate)).count(), 49);
        assert!(!is_accepted(&fates[24]));
        connection.close().await;
        sink.wait_until_left().await;
        // The refused one's body is not sent, which is the round trip that its successor's door takes.
        assert_eq!((sink.turns(), sink.connections(), sink.count("RSET")), (1 + 1 + 50 + 1, 1, 1), "{at:?}");
        assert_eq!((sink.messages().len(), sink.faults()), (49, vec![]));
    }
}

#[tokio::test]
async fn a_refused_door_is_told_with_its_stage_beside_the_answer_to_the_message_before() {
    for (at, stage) in DOOR {
        for (line, code, enhanced) in [("451 4.3.0 later", 451, "4.3.0"), ("550 5.2.2 full", 550, "5.2.2")] {
            let sink = Sink::builder().on(at, When::Nth(2), Action::reply(line)).start().await;
            let mut connection = connect_plain(&sink).await;
            let [ann, bob, cy] = three();
            assert_eq!(open(&mut connection, &ann).await, Door::Open);
            let (answer, door) = hand_over(&mut connection, &ann, &bob).await;
            assert_eq!(said(&answer.unwrap()), (Stage::Message, 250, "2.0.0".to_owned()));
            let Door::Refused(refusal) = door else { panic!("{at:?} {line}: {door:?}") };
            assert_eq!(said(&refusal), (stage, code, enhanced.to_owned()));
            assert!(connection.is_usable());
            assert_eq!(open(&mut connection, &cy).await, Door::Open);
            assert!(is_accepted(&in_time(connection.hand_over(&cy, None)).await.0));
            let arrived: Vec<_> = sink.messages().into_iter().map(|message| message.recipient).collect();
            assert_eq!(arrived, ["ann@example.org", "cy@example.org"]);
            assert_eq!((sink.count("RSET"), sink.connections(), sink.faults()), (1, 1, vec![]));
        }
    }
}

#[tokio::test]
async fn a_body_wanted_for_a_refused_recipient_is_an_empty_one_that_goes_with_the_next_door() {
    let sink = Sink::builder()
        .on(At::Rcpt, When::to("bob@example.org"), Action::reply("550 5.1.1 who?"))
        .on(At::Data, When::Nth(2), Action::reply("354 nobody will read it"))
        .start()
        .await;
    let mut connection = connect_plain(&sink).await;
    let fates = send_all(&mut connection, &three()).await;
    assert_eq!(fates.iter().map(is_accepted).collect::<Vec<_>>(), [true, false, true]);
    connection.close().await;
    sink.wait_until_left().await;
    assert_eq!((sink.turns(), sink.messages().len(), sink.count("RSET"), sink.faults()), (1 + 1 + 3 + 1, 2, 1, vec![]));
}

#[tokio::test]
async fn t21_a_connection_lost_at_the_next_door_leaves_the_answer_before_and_a_shut_door() {
    for (at, _) in DOOR {
        for action in deadly() {
            let sink = Sink::builder().on(at, When::Nth(2), action.clone()).start().await;
            let mut connection = connect(SmtpSettings { timeouts: impatient(at), ..settings(&sink) }).await.unwrap();
            let [ann, bob, _] = three();
            assert_eq!(open(&mut connection, &ann).await, Door::Open);
            let (answer, door) = hand_over(&mut connection, &ann, &bob).await;
            assert!(is_accepted(&answer), "{at:?} {action:?}: {answer:?}");
            assert_eq!(door, Door::Shut, "{at:?} {action:?}");
            assert!(!connection.is_usable());
            assert_eq!(sink.messages().len(), 1);
        }
    }
}

#[tokio::test]
async fn after_421_at_the_next_door_it_is_refused_and_the_connection_given_up() {
    for (at, stage) in DOOR {
        let sink = Sink::builder().on(at, When::Nth(2), Action::reply("421 4.7.0 enough for now")).start().await;
        let mut connection = connect_plain(&sink).await;
        let [ann, bob, _] = three();
        assert_eq!(open(&mut connection, &ann).await, Door::Open);
        let (answer, door) = hand_over(&mut connection, &ann, &bob).await;
        assert!(is_accepted(&answer));
        let Door::Refused(refusal) = door else { panic!("{at:?}: {door:?}") };
        assert_eq!(said(&refusal), (stage, 421, "4.7.0".to_owned()));
        assert!(!connection.is_usable());
    }
}

#[tokio::test]
async fn a_refused_body_leaves_the_next_door_open() {
    for line in ["451 4.3.0 later", "554 5.6.0 no"] {
        let sink = Sink::builder().on(At::Dot, When::Nth(1), Action::reply(line)).start().await;
        let mut connection = connect_plain(&sink).await;
        let [ann, bob, _] = three();
        assert_eq!(open(&mut connection, &ann).await, Door::Open);
        let (answer, door) = hand_over(&mut connection, &ann, &bob).await;
        assert_eq!((answer.unwrap().stage, door), (Stage::Message, Door::Open));
        assert!(is_accepted(&in_time(connection.hand_over(&bob, None)).await.0));
        assert_eq!(sink.messages().iter().map(|message| message.recipient.as_str()).collect::<Vec<_>>(), ["bob@example.org"]);
        assert_eq!((sink.count("RSET"), sink.faults()), (0, vec![]));
    }
}

#[tokio::test]
async fn a_body_answered_with_421_or_not_at_all_shuts_the_next_door() {
    let sink = Sink::builder().on(At::Dot, When::Always, Action::reply("421 4.3.2 going down")).start().await;
    let mut connection = connect_plain(&sink).await;
    let [ann, bob, _] = three();
    assert_eq!(open(&mut connection, &ann).await, Door::Open);
    let (answer, door) = hand_over(&mut connection, &ann, &bob).await;
    assert_eq!((said(&answer.unwrap()), door), ((Stage::Message, 421, "4.3.2".to_owned()), Door::Shut));
    assert!(!connection.is_usable());

    for action in deadly() {
        let action = if matches!(action, Action::Drop) { Action::DropAfterDot } else { action };
        let sink = Sink::builder().on(At::Dot, When::Always, action.clone()).start().await;
        let mut connection = connect(SmtpSettings { timeouts: impatient(At::Dot), ..settings(&sink) }).await.unwrap();
        assert_eq!(open(&mut connection, &ann).await, Door::Open);
        let (answer, door) = hand_over(&mut connection, &ann, &bob).await;
        assert!(answer.unwrap_err().is_in_doubt(), "{action:?}");
        assert!(door == Door::Shut && !connection.is_usable(), "{action:?}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_a_message_half_way_and_closes_has_given_its_answer() {
    for (line, code) in [("552 5.3.4 too much", 552), ("421 4.3.2 going down", 421)] {
        let sink = Sink::builder().offering(&["PIPELINING"]).on(At::Dot, When::Always, Action::Interrupt(line.to_owned())).start().await;
        let mut connection = connect_plain(&sink).await;
        let large = message("ann@example.org", &b"A line of a message that no buffer on the way can hold.\r\n".repeat(400_000));
        assert_eq!(open(&mut connection, &large).await, Door::Open);
        let (answer, door) = hand_over(&mut connection, &large, &three()[1]).await;
        let answer = answer.unwrap();
        assert_eq!((answer.stage, answer.reply.code, door), (Stage::Message, code, Door::Shut));
        assert!(!connection.is_usable());
    }
    let sink = Sink::builder().offering(&[]).on(At::Dot, When::Always, Action::Interrupt("250 2.0.0 fine".to_owned())).start().await;
    let mut connection = connect_plain(&sink).await;
    let large = message("ann@example.org", &b"Half a message is none, whatever is said of it in advance.\r\n".repeat(400_000));
    let error = in_time(connection.submit(&large)).await.unwrap_err();
    assert!(error.is_in_doubt(), "{error}");
}

#[tokio::test]
async fn replies_that_slide_never_make_a_refused_message_an_accepted_one() {
    let extra = |count: usize| Action::Also(b"250 2.0.0 and again\r\n".repeat(count));
    for at in [At::Mail, At::Rcpt, At::Data, At::Dot] {
        for refused_at in [At::Mail, At::Rcpt, At::Data, At::Dot] {
            for count in 1..6 {
                let sink = Sink::builder()
                    .on(at, When::Nth(1), extra(count))
                    .on(refused_at, When::Nth(2), Action::reply("550 5.7.1 no"))
                    .start()
                    .await;
                let fates = send_all(&mut connect_plain(&sink).await, &three()).await;
                assert!(!is_accepted(&fates[1]), "{at:?} {refused_at:?} {count}: {fates:?}");
                let kept: Vec<_> = sink.messages().into_iter().map(|message| message.recipient).collect();
                for (fate, reader) in fates.iter().zip(three()) {
                    let reader = reader.envelope.recipient.as_str();
                    assert!(!is_accepted(fate) || kept.iter().any(|kept| kept == reader), "{at:?} {refused_at:?} {count}: {fates:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_turns_out_to_be_another_commands_puts_its_message_in_doubt() {
    for answers in [&b"250 2.0.0 whatever\r\n550 5.7.1 no\r\n"[..], b"250 2.0.0 whatever\r\n250 2.0.0 kept\r\n"] {
        let sink = Sink::builder().on(At::Dot, When::Nth(1), Action::Octets(answers.to_vec())).start().await;
        let mut connection = connect_plain(&sink).await;
        let [ann, bob, _] = three();
        assert_eq!(open(&mut connection, &ann).await, Door::Open);
        let (answer, door) = hand_over(&mut connection, &ann, &bob).await;
        let error = answer.unwrap_err();
        assert!(error.is_in_doubt() && matches!(error, RelayError::Lost { stage: Stage::Message, .. }), "{error}");
        assert!(door == Door::Shut && !connection.is_usable());
    }
}

#[tokio::test]
async fn the_last_message_of_a_connection_takes_no_other_along() {
    let sink = Sink::builder().start().await;
    let mut connection = connect(SmtpSettings { max_messages_per_connection: NonZeroU32::new(2), ..settings(&sink) }).await.unwrap();
    let [ann, bob, cy] = three();
    assert_eq!(open(&mut connection, &ann).await, Door::Open);
    let (answer, door) = hand_over(&mut connection, &ann, &bob).await;
    assert!(is_accepted(&answer) && door == Door::Open && !connection.is_usable());
    let (answer, door) = hand_over(&mut connection, &bob, &cy).await;
    assert!(is_accepted(&answer) && door == Door::Shut && !connection.is_usable());
    connection.close().await;
    sink.wait_until_left().await;
    assert_eq!((sink.count("MAIL"), sink.count("QUIT"), sink.faults()), (2, 1, vec![]));
}

#[tokio::test]
async fn without_pipelining_no_door_is_asked_for_in_advance() {
    let sink = Sink::builder().offering(&[]).start().await;
    let mut connection = connect_plain(&sink).await;
    assert!(!connection.offers_pipelining());
    let fates = send_all(&mut connection, &three()).await;
    assert!(fates.iter().all(is_accepted));
    assert_eq!((sink.messages().len(), sink.faults()), (3, vec![]));
}

#[tokio::test]
async fn t2_an_unfit_next_message_is_left_out_and_told_of_when_it_is_opened() {
    let sink = Sink::builder().start().await;
    let mut connection = connect_plain(&sink).await;
    let [ann, _, cy] = three();
    let unfit = message("bob@example.org", b"a\n.\nMAIL FROM:<a@b>\r\n");
    assert_eq!(open(&mut connection, &ann).await, Door::Open);
    let (answer, door) = hand_over(&mut connection, &ann, &unfit).await;
    assert!(is_accepted(&answer) && door == Door::Shut && connection.is_usable());
    assert!(matches!(in_time(connection.open(&unfit)).await, Err(RelayError::Unfit { .. })));
    assert_eq!(open(&mut connection, &cy).await, Door::Open);
    assert_eq!(sink.count("MAIL"), 2);
}

#[tokio::test]
async fn t2_nobody_gets_the_message_of_another_whose_door_is_open() {
    let [ann, bob, _] = three();
    let longer = message("ann@example.org", b"another length\r\n.\r\n");
    let torn = message("ann@example.org", &MESSAGE.iter().map(|&octet| if octet == b'\r' { b' ' } else { octet }).collect::<Vec<_>>());
    for other in [bob, longer, torn] {
        let sink = Sink::builder().start().await;
        let mut connection = connect_plain(&sink).await;
        assert_eq!(open(&mut connection, &ann).await, Door::Open);
        let (answer, door) = in_time(connection.hand_over(&other, None)).await;
        assert!(matches!(answer, Err(RelayError::Unfit { .. })), "{answer:?}");
        assert!(door == Door::Shut && !connection.is_usable());
        connection.close().await;
        sink.wait_until_left().await;
        assert_eq!((sink.messages().len(), sink.count("QUIT")), (0, 0));
    }
    let sink = Sink::builder().start().await;
    let mut connection = connect_plain(&sink).await;
    assert_eq!(open(&mut connection, &ann).await, Door::Open);
    assert!(is_accepted(&in_time(connection.hand_over(&ann.clone(), None)).await.0), "a copy is the same message");
}

#[tokio::test]
async fn a_message_given_up_at_its_open_door_is_not_sent_at_all() {
    let sink = Sink::builder().start().await;
    let mut connection = connect_plain(&sink).await;
    assert_eq!(open(&mut connection, &three()[0]).await, Door::Open);
    in_time(connection.close()).await;
    in_time(sink.wait_until_left()).await;
    assert_eq!((sink.messages().len(), sink.commands().last().map(String::as_str)), (0, Some("DATA")));
}

#[tokio::test]
async fn a_body_given_up_half_way_leaves_a_connection_that_carries_no_other() {
    for at in [At::Dot, At::Mail, At::Rcpt, At::Data] {
        let sink = Sink::builder().on(at, When::Nth(if at == At::Dot { 1 } else { 2 }), Action::Stall).start().await;
        let mut connection = connect_plain(&sink).await;
        let [ann, bob, cy] = three();
        assert_eq!(open(&mut connection, &ann).await, Door::Open);
        let (sender, given_up) = oneshot::channel::<()>();
        drop(sender);
        tokio::select! {
            biased;
            _ = connection.hand_over(&ann, Some(&bob)) => unreachable!("the sink never answers"),
            _ = given_up => {}
        }
        assert!(!connection.is_usable());
        let (answer, door) = hand_over(&mut connection, &bob, &cy).await;
        assert!(matches!(answer, Err(RelayError::Lost { in_doubt: false, .. })) && door == Door::Shut, "{answer:?}");
        assert!(in_time(connection.open(&cy)).await.is_err());
    }
}

#[tokio::test]
async fn a_connection_that_rested_too_long_is_not_used_again() {
    let sink = Sink::builder().start().await;
    let (short, long) = (BRIEF * 60, BRIEF * 600);
    let idle = short + long;
    let mut connection = connect(SmtpSettings { idle, ..settings(&sink) }).await.unwrap();
    in_time(connection.submit(&three()[0])).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(long).await;
    assert!(connection.is_usable());
    tokio::time::advance(2 * short).await;
    assert!(!connection.is_usable());
}

#[tokio::test]
async fn t21_a_server_that_trickles_its_answers_is_given_up_at_the_deadline_of_one() {
    let sink = Sink::builder().on(At::Dot, When::Always, Action::Trickle).start().await;
    let timeouts = Timeouts { message: BRIEF, ..Timeouts::all(AMPLE) };
    let mut connection = connect(SmtpSettings { timeouts, ..settings(&sink) }).await.unwrap();
    let [ann, bob, _] = three();
    assert_eq!(open(&mut connection, &ann).await, Door::Open);
    let began = tokio::time::Instant::now();
    let (answer, _) = hand_over(&mut connection, &ann, &bob).await;
    assert!(answer.unwrap_err().to_string().contains("in time") && began.elapsed() < AMPLE);
}
