//! A server that refuses, hangs up, falls silent, talks nonsense or talks without end, at every stage (STANDARDS T21).

use std::time::Duration;

use masthead::mailing::Stage;
use masthead::relay::RelayError;
use masthead::relay::smtp::{Security, SmtpSettings, Timeouts};

use super::{AMPLE, BRIEF, ca_file, connect, credentials, in_time, message, said, settings, submit};
use crate::support::sink::{Action, At, Sink, SinkBuilder, When};

const STAGES: [(At, Stage); 4] = [(At::Mail, Stage::Mail), (At::Rcpt, Stage::Rcpt), (At::Data, Stage::Data), (At::Dot, Stage::Message)];

/// What no conversation survives.
pub(super) fn deadly() -> Vec<Action> {
    vec![Action::Drop, Action::Stall, Action::Garbage, Action::Endless, Action::Trickle, Action::reply("221 2.0.0 early good-bye")]
}

/// Waits briefly at this point only.
pub(super) fn impatient(at: At) -> Timeouts {
    let mut limits = Timeouts::all(AMPLE);
    *match at {
        At::Connect => &mut limits.greeting,
        At::Mail => &mut limits.mail,
        At::Rcpt => &mut limits.rcpt,
        At::Data => &mut limits.data,
        At::Dot => &mut limits.message,
        At::Ehlo | At::StartTls | At::Auth | At::Rset => &mut limits.command,
        At::Quit => &mut limits.quit,
    } = BRIEF;
    limits
}

fn with_and_without_pipelining() -> [SinkBuilder; 2] {
    [Sink::builder(), Sink::builder().offering(&[])]
}

#[tokio::test]
async fn a_refusal_is_told_with_its_stage_and_the_next_message_goes_through() {
    for (at, stage) in STAGES {
        for (line, code, enhanced) in
            [("451 4.3.0 later", 451, "4.3.0"), ("552 5.2.2 full", 552, "5.2.2"), ("571 5.7.1 blocked", 554, "5.7.1")]
        {
            for builder in with_and_without_pipelining() {
                let sink = builder.on(at, When::Nth(1), Action::reply(line)).start().await;
                let mut connection = connect(settings(&sink)).await.unwrap();
                let answer = submit(&mut connection, "ann@example.org").await.unwrap();
                assert_eq!(said(&answer), (stage, code, enhanced.to_owned()), "{at:?}");
                assert!(connection.is_usable(), "{at:?} {line}");
                submit(&mut connection, "bob@example.org").await.unwrap();
                assert_eq!(sink.wait_for(1).await[0].recipient, "bob@example.org");
                assert_eq!((sink.connections(), sink.count("RSET")), (1, usize::from(at != At::Dot)), "{at:?}");
                assert_eq!(sink.faults(), [""; 0]);
            }
        }
    }
}

#[tokio::test]
async fn after_421_the_answer_stands_and_the_connection_is_given_up() {
    for (at, stage) in STAGES {
        for builder in with_and_without_pipelining() {
            let sink = builder.on(at, When::Always, Action::reply("421 4.3.2 going down")).start().await;
            let mut connection = connect(settings(&sink)).await.unwrap();
            let answer = submit(&mut connection, "ann@example.org").await.unwrap();
            assert_eq!(said(&answer), (stage, 421, "4.3.2".to_owned()));
            assert!(!connection.is_usable());
            connection.close().await;
            assert_eq!((sink.count("RSET"), sink.count("QUIT")), (0, 0));
        }
    }
}

#[tokio::test]
async fn t21_a_lost_conversation_is_told_with_its_stage_and_is_in_doubt_only_after_the_dot() {
    for (at, stage) in STAGES {
        for action in deadly() {
            // Hanging up before the message is another story, below.
            let action = if matches!((at, &action), (At::Dot, Action::Drop)) { Action::DropAfterDot } else { action };
            for builder in with_and_without_pipelining() {
                let sink = builder.on(at, When::Always, action.clone()).start().await;
                let mut connection = connect(SmtpSettings { timeouts: impatient(at), ..settings(&sink) }).await.unwrap();
                let error = submit(&mut connection, "ann@example.org").await.unwrap_err();
                let RelayError::Lost { stage: lost_at, in_doubt, .. } = &error else { panic!("{at:?} {action:?}: {error}") };
                assert_eq!((*lost_at, *in_doubt), (stage, stage == Stage::Message), "{action:?}: {error}");
                assert!(error.is_transient() && !connection.is_usable());
                assert!(!error.to_string().contains("ann@example.org"), "{error}");
                connection.close().await;
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_before_the_message_loses_it_at_that_stage() {
    let sink = Sink::builder().on(At::Dot, When::Always, Action::Drop).start().await;
    let mut connection = connect(settings(&sink)).await.unwrap();
    let error = submit(&mut connection, "ann@example.org").await.unwrap_err();
    // In doubt or not is a race that the client cannot see through: doubtful if it wrote before it noticed.
    assert!(matches!(error, RelayError::Lost { stage: Stage::Message, .. }), "{error}");
    assert!(sink.messages().is_empty() && !connection.is_usable());
}

#[tokio::test]
async fn t21_a_server_that_stops_reading_is_given_up() {
    let sink = Sink::builder().offering(&["PIPELINING"]).on(At::Dot, When::Always, Action::Deaf).start().await;
    let timeouts = Timeouts { block: Duration::from_millis(1), ..Timeouts::all(AMPLE) };
    let mut connection = connect(SmtpSettings { timeouts, ..settings(&sink) }).await.unwrap();
    let large = b"A line of a message that no buffer on the way can hold.\r\n".repeat(400_000);
    let error = in_time(connection.submit(&message("ann@example.org", &large))).await.unwrap_err();
    assert!(matches!(error, RelayError::Lost { stage: Stage::Message, .. }), "{error}");
    assert!(error.to_string().contains("took nothing in time"), "{error}");
}

#[tokio::test]
async fn s12_a_reply_lost_after_the_dot_leaves_the_message_in_doubt_because_it_may_have_been_kept() {
    let sink = Sink::builder().on(At::Dot, When::Always, Action::DropAfterDot).start().await;
    let mut connection = connect(settings(&sink)).await.unwrap();
    let error = submit(&mut connection, "ann@example.org").await.unwrap_err();
    assert!(error.is_in_doubt(), "{error}");
    assert_eq!(sink.wait_for(1).await.len(), 1);
}

#[tokio::test]
async fn a_refusal_stands_even_if_the_server_then_hangs_up_or_falls_silent() {
    for action in deadly() {
        let sink = Sink::builder()
            .on(At::Mail, When::Always, Action::reply("550 5.7.1 not you"))
            .on(At::Rcpt, When::Always, action.clone())
            .start()
            .await;
        let mut connection = connect(SmtpSettings { timeouts: impatient(At::Rcpt), ..settings(&sink) }).await.unwrap();
        assert_eq!(said(&submit(&mut connection, "ann@example.org").await.unwrap()), (Stage::Mail, 550, "5.7.1".to_owned()));
        assert!(!connection.is_usable(), "{action:?}");
    }
    for action in [Action::Drop, Action::Stall, Action::Garbage] {
        let sink =
            Sink::builder().on(At::Rcpt, When::Always, Action::reply("550 5.1.1 who?")).on(At::Rset, When::Always, action).start().await;
        let mut connection =
            connect(SmtpSettings { timeouts: Timeouts { command: BRIEF * 4, ..Timeouts::all(AMPLE) }, ..settings(&sink) }).await.unwrap();
        assert_eq!(submit(&mut connection, "ann@example.org").await.unwrap().stage, Stage::Rcpt);
        // The reset goes out with the next message, of which nothing is sent then.
        let error = submit(&mut connection, "bob@example.org").await.unwrap_err();
        assert!(matches!(error, RelayError::Lost { stage: Stage::Mail, in_doubt: false, .. }), "{error}");
        assert!(!connection.is_usable() && sink.messages().is_empty());
    }
}

#[tokio::test]
async fn t21_an_answer_to_data_that_is_not_354_never_releases_the_message() {
    let sink = Sink::builder().on(At::Data, When::Always, Action::reply("250 2.0.0 already fine")).start().await;
    let mut connection = connect(settings(&sink)).await.unwrap();
    let error = submit(&mut connection, "ann@example.org").await.unwrap_err();
    assert!(matches!(error, RelayError::Lost { stage: Stage::Data, in_doubt: false, .. }), "{error}");
    assert!(sink.messages().is_empty());
}

/// A sink on which opening a connection passes through every point, and the settings for it.
async fn full_sink(at: At, action: Action) -> (Sink, SmtpSettings, tempfile::TempDir) {
    let sink = Sink::builder().start_tls().account("press", "secret").on(at, When::Always, action).start().await;
    let (folder, ca_file) = ca_file(&sink);
    let settings = SmtpSettings {
        security: Security::StartTls,
        credentials: Some(credentials("secret")),
        ca_file,
        timeouts: impatient(at),
        ..settings(&sink)
    };
    (sink, settings, folder)
}

#[tokio::test]
async fn a_connection_refused_while_opening_carries_the_servers_reply() {
    for at in [At::Connect, At::Ehlo, At::StartTls, At::Auth] {
        for (line, code, is_transient) in [("421 4.3.2 full", 421, true), ("454 4.7.0 not now", 454, true), ("554 5.7.1 never", 554, false)]
        {
            let (_sink, settings, _folder) = full_sink(at, Action::reply(line)).await;
            let settings = SmtpSettings { timeouts: Timeouts::all(AMPLE), ..settings };
            let Err(error) = connect(settings).await else { panic!("{at:?} {line}") };
            let RelayError::Open { reply: Some(reply), transient, .. } = &error else { panic!("{at:?} {line}: {error}") };
            assert_eq!((reply.to_string().as_str(), reply.code, *transient), (line, code, is_transient), "{at:?}: {error}");
        }
    }
}

#[tokio::test]
async fn t21_a_greeting_that_is_a_good_bye_is_not_taken_for_a_welcome() {
    let sink = Sink::builder().on(At::Connect, When::Always, Action::reply("221 2.0.0 early good-bye")).start().await;
    let Err(error) = connect(settings(&sink)).await else { panic!("nobody is welcome") };
    assert!(error.to_string().ends_with("the connection was answered with `221 2.0.0 early good-bye`"), "{error}");
    assert!(error.is_transient() && sink.commands().is_empty());
}

#[tokio::test]
async fn a_refused_ehlo_is_told_at_once_and_with_its_own_words() {
    let sink = Sink::builder()
        .on(At::Ehlo, When::Always, Action::reply("504 5.5.4 no such name"))
        .on(At::Quit, When::Always, Action::Stall)
        .start()
        .await;
    let Err(error) = connect(settings(&sink)).await else { panic!("EHLO is refused") };
    assert!(error.to_string().ends_with("EHLO was answered with `504 5.5.4 no such name`"), "{error}");
}

#[tokio::test]
async fn t21_a_server_that_fails_while_opening_is_given_up_in_bounded_time() {
    for at in [At::Connect, At::Ehlo, At::StartTls, At::Auth] {
        for action in deadly() {
            let (sink, settings, _folder) = full_sink(at, action.clone()).await;
            let Err(error) = connect(settings).await else { panic!("{at:?} {action:?}") };
            assert!(
                matches!(&error, RelayError::Open { .. }) && error.is_transient() && !error.is_in_doubt(),
                "{at:?} {action:?}: {error}"
            );
            assert!(!error.to_string().contains("secret"), "{error}");
            drop(sink);
        }
    }
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_told_by_name_and_place() {
    let sink = Sink::builder().start().await;
    let settings = settings(&sink);
    let place = format!("127.0.0.1:{}", sink.port());
    drop(sink);
    tokio::task::yield_now().await;
    let Err(error) = connect(settings).await else { panic!("nobody listens") };
    assert!(error.to_string().starts_with(&format!("could not open relay `main` at {place}: ")), "{error}");
    assert!(error.is_transient());
}
