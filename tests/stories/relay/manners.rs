//! A well-behaved client: what arrives, in which order, over how many connections.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use masthead::mailing::compose::Message;
use masthead::mailing::{Envelope, Stage};
use masthead::relay::smtp::{SmtpRelay, SmtpSettings, Timeouts};
use masthead::relay::{Door, Relay, RelayError};
use masthead::subscription::EmailAddress;
use tokio::sync::{Barrier, oneshot};
use tokio::task::JoinSet;

use super::{AMPLE, BRIEF, MESSAGE, connect, connect_plain, in_time, message, said, settings, submit};
use crate::support::sink::{Action, At, Sink, When};

#[tokio::test]
async fn a_message_arrives_as_it_was_given_with_one_recipient_a_transaction() {
    for extensions in [&["PIPELINING", "SIZE 1000"][..], &["pipelining", "Size"], &[]] {
        let sink = Sink::builder().offering(extensions).start().await;
        let mut connection = connect_plain(&sink).await;
        for recipient in ["ann@example.org", "bob@example.org", "cy@example.org"] {
            assert_eq!(said(&submit(&mut connection, recipient).await.unwrap()), (Stage::Message, 250, "2.0.0".to_owned()));
        }
        connection.close().await;
        sink.wait_until_left().await;
        let messages = sink.wait_for(3).await;
        let recipients: Vec<_> = messages.iter().map(|message| message.recipient.as_str()).collect();
        assert_eq!(recipients, ["ann@example.org", "bob@example.org", "cy@example.org"]);
        assert!(messages.iter().all(|message| message.bytes == MESSAGE && message.sender == "b+1@bounce.example.org"));
        let size = if extensions.is_empty() { String::new() } else { format!("SIZE={}", MESSAGE.len()) };
        assert!(messages.iter().all(|message| message.parameters == size));
        assert_eq!((sink.connections(), sink.count("RSET"), sink.count("QUIT")), (1, 0, 1));
        assert_eq!(sink.commands()[0], "EHLO press.example.org");
        assert_eq!(sink.faults(), [""; 0]);
    }
}

#[tokio::test]
async fn lines_that_begin_with_dots_and_large_messages_come_back_equal() {
    let sink = Sink::builder().start().await;
    let mut connection = connect_plain(&sink).await;
    let large = [b"Subject: x\r\n\r\n".as_slice(), &b".a line of a long report\r\n".repeat(40_000)].concat();
    let bodies: [&[u8]; 6] = [b".\r\n", b"..\r\n.\r\n...\r\n", b"a\r\n.\r\nb\r\n", b"\r\n.\r\n\r\n", b".hidden\r\n", &large];
    for body in bodies {
        in_time(connection.submit(&message("ann@example.org", body))).await.unwrap();
    }
    let arrived: Vec<_> = sink.wait_for(bodies.len()).await.into_iter().map(|message| message.bytes).collect();
    assert!(arrived.iter().zip(bodies).all(|(arrived, body)| arrived == body));
    assert_eq!(sink.faults(), [""; 0]);
}

#[tokio::test]
async fn a_thousand_messages_full_of_dots_come_back_equal() {
    let sink = Sink::builder().start().await;
    let mut connection = connect_plain(&sink).await;
    let lines = ["", ".", "..", ".x", "x.", ". ", "a longer line of which nothing is to be said, but that it ends with a dot."];
    // Every number is another choice of lines, of their order and of their count.
    let letter = |number: usize| {
        let chosen = (0..2 + number % 90).map(|line| lines[(number * 31 + line * line * 17 + line * (number % 13)) % lines.len()]);
        message("ann@example.org", (chosen.collect::<Vec<_>>().join("\r\n") + "\r\n").as_bytes())
    };
    let letters: Vec<_> = (0..1000).map(letter).collect();
    assert_eq!(in_time(connection.open(&letters[0])).await.unwrap(), Door::Open);
    for (at, letter) in letters.iter().enumerate() {
        let (answer, _) = in_time(connection.hand_over(letter, letters.get(at + 1))).await;
        assert!(answer.unwrap().reply.is_positive());
    }
    let arrived = sink.wait_for(letters.len()).await;
    assert!(arrived.iter().zip(&letters).all(|(arrived, letter)| arrived.bytes == letter.octets));
    assert_eq!(sink.faults(), [""; 0]);
}

#[tokio::test]
async fn s6_a_message_larger_than_the_relay_takes_is_not_sent() {
    let sink = Sink::builder().offering(&["PIPELINING", "SIZE 100"]).start().await;
    let mut connection = connect_plain(&sink).await;
    let large = message("ann@example.org", &[b'x'; 99].iter().copied().chain(*b"\r\n").collect::<Vec<_>>());
    let just_so = message("bob@example.org", &large.octets[1..]);
    assert_eq!(said(&in_time(connection.submit(&large)).await.unwrap()), (Stage::Mail, 552, "5.3.4".to_owned()));
    assert_eq!(in_time(connection.open(&just_so)).await.unwrap(), Door::Open);
    let (answer, door) = in_time(connection.hand_over(&just_so, Some(&large))).await;
    assert!(answer.unwrap().reply.is_positive() && matches!(door, Door::Refused(_)) && connection.is_usable());
    assert_eq!((sink.messages().len(), sink.count("MAIL")), (1, 1));
}

#[tokio::test]
async fn s7_notices_of_failure_are_asked_for_where_that_is_offered_and_wished() {
    for (offered, dsn, asked) in [("DSN", true, true), ("DSN", false, false), ("HELP", true, false)] {
        let sink = Sink::builder().offering(&["PIPELINING", offered]).start().await;
        let mut connection = connect(SmtpSettings { dsn, ..settings(&sink) }).await.unwrap();
        submit(&mut connection, "ann+news@example.org").await.unwrap();
        let arrived = &sink.wait_for(1).await[0];
        let (parameters, wishes) =
            if asked { ("RET=HDRS ENVID=b+2B1", "NOTIFY=FAILURE ORCPT=rfc822;ann+2Bnews@example.org") } else { ("", "") };
        assert_eq!((arrived.parameters.as_str(), arrived.wishes.as_str()), (parameters, wishes), "{offered} {dsn}");
        assert_eq!((arrived.sender.as_str(), arrived.recipient.as_str()), ("b+1@bounce.example.org", "ann+news@example.org"));
    }
}

#[tokio::test]
async fn t2_nothing_that_could_be_smuggled_is_sent_and_the_connection_lives_on() {
    let sink = Sink::builder().start().await;
    let mut connection = connect_plain(&sink).await;
    for body in [&b"a\n.\nMAIL FROM:<a@b>\r\n"[..], b"\r.\r", b"a\r\n.\nb\r\n", b"a\n.\r\nb\r\n", b"a\0b\r\n", b"a\r\n.\r", b"no end"] {
        let error = in_time(connection.submit(&message("ann@example.org", body))).await.unwrap_err();
        assert!(matches!(error, RelayError::Unfit { .. }), "{error}");
        assert!(!error.is_transient() && !error.is_in_doubt());
    }
    assert!(connection.is_usable());
    in_time(connection.submit(&message("ann@example.org", b"x\r\n.\r\nRSET\r\nMAIL FROM:<a@b>\r\n"))).await.unwrap();
    assert_eq!(sink.wait_for(1).await[0].bytes, b"x\r\n.\r\nRSET\r\nMAIL FROM:<a@b>\r\n");
    assert_eq!((sink.count("MAIL"), sink.count("RSET")), (1, 0));
    assert_eq!(sink.faults(), [""; 0]);
}

#[tokio::test]
async fn t2_no_address_becomes_a_second_command() {
    let sink = Sink::builder().start().await;
    let mut connection = connect_plain(&sink).await;
    for address in ["a@b.org> NOTIFY=NEVER", "a@b.org\r\nRSET", "<a@b.org", "a b@c.org", "a@b.org\0", "a\u{85}@b.org", "a@b.org\u{2028}"] {
        // An address that the rooms above refuse gets no further than there.
        let Ok(bad) = EmailAddress::parse(address) else { continue };
        let good = EmailAddress::parse("ann@example.org").unwrap();
        for envelope in [Envelope { sender: bad.clone(), recipient: good.clone() }, Envelope { sender: good, recipient: bad }] {
            let error = in_time(connection.submit(&Message { envelope, octets: MESSAGE.to_vec() })).await.unwrap_err();
            assert!(matches!(error, RelayError::Unfit { .. }), "{address:?}: {error}");
        }
    }
    submit(&mut connection, "ann@example.org").await.unwrap();
    assert_eq!((sink.count("MAIL"), sink.count("RCPT"), sink.count("RSET")), (1, 1, 0));
}

#[tokio::test]
async fn a_refusal_at_rcpt_costs_a_reset_and_no_connection() {
    for extensions in [&["PIPELINING"][..], &[]] {
        let sink = Sink::builder()
            .offering(extensions)
            .on(At::Rcpt, When::to("gone@example.org"), Action::reply("550 5.1.1 no such reader"))
            .start()
            .await;
        let mut connection = connect_plain(&sink).await;
        let refusal = submit(&mut connection, "gone@example.org").await.unwrap();
        assert_eq!(said(&refusal), (Stage::Rcpt, 550, "5.1.1".to_owned()));
        assert_eq!(refusal.reply.text, "no such reader");
        assert!(connection.is_usable());
        submit(&mut connection, "ann@example.org").await.unwrap();
        assert_eq!(sink.wait_for(1).await[0].recipient, "ann@example.org");
        assert_eq!((sink.connections(), sink.count("RSET")), (1, 1));
        assert_eq!(sink.faults(), [""; 0]);
    }
}

#[tokio::test]
async fn a_server_that_wants_the_message_of_a_refused_recipient_gets_a_lone_dot() {
    let sink = Sink::builder()
        .on(At::Rcpt, When::to("gone@example.org"), Action::reply("550 5.1.1 no such reader"))
        .on(At::Data, When::Nth(1), Action::reply("354 nobody will read it"))
        .start()
        .await;
    let mut connection = connect_plain(&sink).await;
    assert_eq!(submit(&mut connection, "gone@example.org").await.unwrap().stage, Stage::Rcpt);
    assert!(connection.is_usable());
    submit(&mut connection, "ann@example.org").await.unwrap();
    let messages = sink.wait_for(1).await;
    assert_eq!((messages.len(), messages[0].recipient.as_str(), messages[0].bytes.as_slice()), (1, "ann@example.org", MESSAGE));
}

#[tokio::test]
async fn a_reply_beyond_ascii_keeps_its_code() {
    let sink = Sink::builder()
        .on(At::Rcpt, When::Always, Action::Octets(b"550-5.7.1 Empf\xe4nger\r\n550 5.7.1 unbekannt\r\n".to_vec()))
        .start()
        .await;
    let answer = submit(&mut connect_plain(&sink).await, "ann@example.org").await.unwrap();
    assert_eq!(said(&answer), (Stage::Rcpt, 550, "5.7.1".to_owned()));
    assert_eq!(answer.reply.text, "Empf?nger unbekannt");
}

#[tokio::test]
async fn s6_an_address_beyond_ascii_needs_a_server_that_takes_it() {
    let sink = Sink::builder().offering(&["PIPELINING"]).start().await;
    let mut connection = connect_plain(&sink).await;
    assert_eq!(said(&submit(&mut connection, "änn@example.org").await.unwrap()), (Stage::Rcpt, 550, "5.6.7".to_owned()));
    assert!(connection.is_usable());
    assert_eq!(sink.count("MAIL"), 0);

    let sink = Sink::builder().offering(&["PIPELINING", "SMTPUTF8"]).start().await;
    submit(&mut connect_plain(&sink).await, "änn@example.org").await.unwrap();
    let message = &sink.wait_for(1).await[0];
    assert_eq!((message.recipient.as_str(), message.parameters.as_str()), ("änn@example.org", "SMTPUTF8"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_work_side_by_side() {
    let sink = Sink::builder().start().await;
    let relay = Arc::new(Relay::Smtp(SmtpRelay::new(settings(&sink)).unwrap()));
    let together = Arc::new(Barrier::new(8));
    let mut workers = JoinSet::new();
    for worker in 0..8 {
        let (relay, together) = (Arc::clone(&relay), Arc::clone(&together));
        workers.spawn(async move {
            let mut connection = relay.connect().await.unwrap();
            together.wait().await;
            for reader in 0..50 {
                let answer = connection.submit(&message(&format!("r{worker}.{reader}@example.org"), MESSAGE)).await.unwrap();
                assert!(answer.reply.is_positive());
            }
            connection.close().await;
        });
    }
    in_time(workers.join_all()).await;
    let recipients: BTreeSet<_> = sink.wait_for(400).await.into_iter().map(|message| message.recipient).collect();
    assert_eq!((recipients.len(), sink.messages().len(), sink.connections(), sink.most_open()), (400, 400, 8, 8));
    assert_eq!(sink.faults(), [""; 0]);
}

#[tokio::test]
async fn a_connection_carries_as_many_messages_as_the_relay_allows() {
    let sink = Sink::builder().start().await;
    let mut connection = connect(SmtpSettings { max_messages_per_connection: NonZeroU32::new(2), ..settings(&sink) }).await.unwrap();
    submit(&mut connection, "ann@example.org").await.unwrap();
    assert!(connection.is_usable());
    submit(&mut connection, "bob@example.org").await.unwrap();
    assert!(!connection.is_usable());
    assert!(submit(&mut connection, "cy@example.org").await.is_err());
    connection.close().await;
    sink.wait_until_left().await;
    assert_eq!((sink.messages().len(), sink.count("QUIT")), (2, 1));
}

#[tokio::test]
async fn a_submission_given_up_half_way_leaves_nothing_that_could_be_mistaken_for_an_answer() {
    let sink = Sink::builder().on(At::Rcpt, When::Always, Action::Stall).start().await;
    let mut connection = connect_plain(&sink).await;
    let message = message("ann@example.org", MESSAGE);
    let (sender, given_up) = oneshot::channel::<()>();
    drop(sender);
    tokio::select! {
        biased;
        _ = connection.submit(&message) => unreachable!("the sink never answers"),
        _ = given_up => {}
    }
    assert!(!connection.is_usable());
    let error = submit(&mut connection, "bob@example.org").await.unwrap_err();
    assert!(matches!(error, RelayError::Lost { in_doubt: false, .. }), "{error}");
}

#[tokio::test]
async fn a_reply_too_many_is_noticed_before_it_is_taken_for_the_next_answer() {
    let sink = Sink::builder().on(At::Dot, When::Nth(1), Action::Also(b"250 2.0.0 and again\r\n".to_vec())).start().await;
    let mut connection = connect_plain(&sink).await;
    submit(&mut connection, "ann@example.org").await.unwrap();
    let error = submit(&mut connection, "bob@example.org").await.unwrap_err();
    assert!(error.to_string().contains("unasked"), "{error}");
    assert!(matches!(error, RelayError::Lost { in_doubt: false, .. }), "{error}");
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test]
async fn a_server_that_says_good_bye_while_nothing_is_going_on_costs_no_message() {
    let sink = Sink::builder().on(At::Dot, When::Always, Action::Also(b"421 4.4.2 idle too long\r\n".to_vec())).start().await;
    let mut connection = connect_plain(&sink).await;
    submit(&mut connection, "ann@example.org").await.unwrap();
    let error = submit(&mut connection, "bob@example.org").await.unwrap_err();
    assert!(error.to_string().contains("421") && error.is_transient() && !error.is_in_doubt(), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_quit_is_left_all_the_same() {
    let sink = Sink::builder().on(At::Quit, When::Always, Action::Stall).start().await;
    let connection = connect(SmtpSettings { timeouts: Timeouts { quit: BRIEF, ..Timeouts::all(AMPLE) }, ..settings(&sink) }).await.unwrap();
    in_time(connection.close()).await;
    in_time(sink.wait_until_left()).await;
}
