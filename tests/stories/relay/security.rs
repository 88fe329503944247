//! TLS and passwords: nothing goes to a stranger.

use masthead::relay::smtp::{Credentials, Login, Security, SmtpRelay, SmtpSettings, Timeouts};
use masthead::relay::{Door, RelayError};

use super::{BRIEF, ca_file, connect, credentials, in_time, message, settings, submit};
use crate::support::sink::{Action, At, Authority, Sink, SinkBuilder, When};

/// What went wrong, where it must go wrong for good.
async fn refusal(settings: SmtpSettings) -> String {
    match connect(settings).await {
        Err(error @ RelayError::Open { .. }) => {
            assert!(!error.is_transient(), "{error}");
            error.to_string()
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the connection was opened"),
    }
}

fn tls_sinks() -> [(Security, SinkBuilder); 2] {
    [(Security::Implicit, Sink::builder().implicit_tls()), (Security::StartTls, Sink::builder().start_tls())]
}

#[tokio::test]
async fn s2_mail_goes_under_tls_from_the_start_or_after_starttls() {
    for (security, builder) in tls_sinks() {
        let sink = builder.start().await;
        let (_folder, ca_file) = ca_file(&sink);
        let mut connection = connect(SmtpSettings { security, ca_file, ..settings(&sink) }).await.unwrap();
        submit(&mut connection, "ann@example.org").await.unwrap();
        submit(&mut connection, "bob@example.org").await.unwrap();
        connection.close().await;
        let messages = sink.wait_for(2).await;
        assert!(messages.iter().all(|message| message.secure && message.connection == 1));
        let ehlos = if security == Security::StartTls { 2 } else { 1 };
        assert_eq!((sink.count("EHLO"), sink.faults()), (ehlos, vec![]));
    }
}

#[tokio::test]
async fn s2_a_stripped_starttls_is_refused_before_any_mail() {
    let sink = Sink::builder().account("press", "secret").start().await;
    let honest = Sink::builder().start_tls().start().await;
    let (_folder, ca_file) = ca_file(&honest);
    let cause =
        refusal(SmtpSettings { security: Security::StartTls, credentials: Some(credentials("secret")), ca_file, ..settings(&sink) }).await;
    assert!(cause.contains("does not offer STARTTLS"), "{cause}");
    assert_eq!(sink.commands(), ["EHLO press.example.org", "QUIT"]);
}

#[tokio::test]
async fn s1_words_slipped_in_before_tls_are_refused() {
    let injected = b"250-INJECTED\r\n250 AUTH LOGIN\r\n".to_vec();
    let sink = Sink::builder().start_tls().on(At::StartTls, When::Always, Action::Also(injected)).start().await;
    let (_folder, ca_file) = ca_file(&sink);
    let cause = refusal(SmtpSettings { security: Security::StartTls, ca_file, ..settings(&sink) }).await;
    assert!(cause.contains("more before TLS"), "{cause}");
}

#[tokio::test]
async fn s2_a_certificate_of_another_authority_or_another_name_is_refused() {
    for (security, builder) in tls_sinks() {
        let sink = builder.start().await;
        let stranger = Sink::builder().implicit_tls().start().await;
        let (_folder, ca_file) = ca_file(&stranger);
        let cause = refusal(SmtpSettings { security, ca_file, ..settings(&sink) }).await;
        assert!(cause.contains("certificate"), "{cause}");
    }
    for (security, builder) in tls_sinks() {
        let sink = builder.vouched_for_by(Authority::vouching_for(&["mx.example.org"])).start().await;
        let (_folder, ca_file) = ca_file(&sink);
        let cause = refusal(SmtpSettings { security, ca_file, ..settings(&sink) }).await;
        assert!(cause.contains("certificate"), "{cause}");
        assert!(sink.messages().is_empty());
    }
}

#[tokio::test]
async fn t21_a_server_that_never_shakes_hands_is_given_up() {
    let sink = Sink::builder().on(At::Connect, When::Always, Action::Stall).start().await;
    let tls_sink = Sink::builder().implicit_tls().start().await;
    let (_folder, ca_file) = ca_file(&tls_sink);
    let timeouts = Timeouts { connect: BRIEF, ..settings(&sink).timeouts };
    let Err(error) = connect(SmtpSettings { security: Security::Implicit, ca_file, timeouts, ..settings(&sink) }).await else {
        panic!("no TLS there")
    };
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn s2_name_and_password_are_given_under_tls() {
    for mechanisms in ["PLAIN LOGIN", "plain", "LOGIN", "CRAM-MD5 login"] {
        for (security, builder) in tls_sinks() {
            let sink = builder.account("press", "s\u{e9}cret").mechanisms(mechanisms).start().await;
            let (_folder, ca_file) = ca_file(&sink);
            let mut connection =
                connect(SmtpSettings { security, credentials: Some(credentials("s\u{e9}cret")), ca_file, ..settings(&sink) })
                    .await
                    .unwrap();
            submit(&mut connection, "ann@example.org").await.unwrap();
            assert_eq!((sink.messages().len(), sink.faults()), (1, vec![]));
        }
    }
}

#[tokio::test]
async fn s2_a_token_is_given_under_tls_to_a_server_that_takes_one() {
    let token = |password: &str| Some(Credentials { login: Login::Xoauth2, ..credentials(password) });
    for (security, builder) in tls_sinks() {
        let sink = builder.account("press", "ya29.token").mechanisms("PLAIN LOGIN XOAUTH2").start().await;
        let (_folder, ca) = ca_file(&sink);
        let settings = SmtpSettings { security, ca_file: ca, ..settings(&sink) };
        let mut connection = connect(SmtpSettings { credentials: token("ya29.token"), ..settings.clone() }).await.unwrap();
        submit(&mut connection, "ann@example.org").await.unwrap();
        let cause = refusal(SmtpSettings { credentials: token("expired"), ..settings }).await;
        assert!(cause.contains("535") && !cause.contains("expired"), "{cause}");
        assert_eq!((sink.messages().len(), sink.count("AUTH"), sink.faults()), (1, 2, vec![]));
    }
    let sink = Sink::builder().implicit_tls().account("press", "ya29.token").start().await;
    let (_folder, ca_file) = ca_file(&sink);
    let cause = refusal(SmtpSettings { security: Security::Implicit, credentials: token("ya29.token"), ca_file, ..settings(&sink) }).await;
    assert!(cause.contains("no way to log in with a token"), "{cause}");
    assert_eq!(sink.count("AUTH"), 0);
}

#[tokio::test]
async fn s2_under_tls_too_a_body_and_the_next_door_go_together() {
    let sink = Sink::builder().implicit_tls().start().await;
    let (_folder, ca_file) = ca_file(&sink);
    let mut connection = connect(SmtpSettings { security: Security::Implicit, ca_file, ..settings(&sink) }).await.unwrap();
    let large = message("ann@example.org", &b".A line of a report that is longer than a record of TLS.\r\n".repeat(20_000));
    assert_eq!(in_time(connection.open(&large)).await.unwrap(), Door::Open);
    for _ in 0..3 {
        let (answer, door) = in_time(connection.hand_over(&large, Some(&large))).await;
        assert!(answer.unwrap().reply.is_positive() && door == Door::Open);
    }
    assert!(sink.wait_for(3).await.iter().all(|arrived| arrived.bytes == large.octets));
}

#[tokio::test]
async fn a_wrong_password_or_an_unknown_mechanism_stops_the_relay() {
    let sink = Sink::builder().implicit_tls().account("press", "secret").start().await;
    let (_folder, ca) = ca_file(&sink);
    let cause =
        refusal(SmtpSettings { security: Security::Implicit, credentials: Some(credentials("wrong")), ca_file: ca, ..settings(&sink) })
            .await;
    assert!(cause.contains("535") && !cause.contains("wrong"), "{cause}");

    let sink = Sink::builder().implicit_tls().account("press", "secret").mechanisms("CRAM-MD5").start().await;
    let (_folder, ca) = ca_file(&sink);
    let cause =
        refusal(SmtpSettings { security: Security::Implicit, credentials: Some(credentials("secret")), ca_file: ca, ..settings(&sink) })
            .await;
    assert!(cause.contains("no way to log in"), "{cause}");
    assert_eq!((sink.count("AUTH"), sink.count("QUIT")), (0, 1));
}

#[tokio::test]
async fn s2_a_password_is_never_sent_in_clear() {
    let sink = Sink::builder().account("press", "secret").start().await;
    let cause = refusal(SmtpSettings { credentials: Some(credentials("secret")), ..settings(&sink) }).await;
    assert!(cause.contains("never sent without TLS"), "{cause}");
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_before_anything_is_tried() {
    let sink = Sink::builder().start().await;
    for ehlo_name in ["", "a b", "x\r\nMAIL FROM:<a@b>", "ä.org"] {
        assert!(refusal(SmtpSettings { ehlo_name: ehlo_name.to_owned(), ..settings(&sink) }).await.contains("introduce"), "{ehlo_name}");
    }
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    for file in [empty, folder.path().join("missing.pem")] {
        let cause = refusal(SmtpSettings { security: Security::Implicit, ca_file: Some(file), ..settings(&sink) }).await;
        assert!(cause.contains("could not read the certificates in"), "{cause}");
    }
    let cause = refusal(SmtpSettings { security: Security::Implicit, host: "not a host".to_owned(), ..settings(&sink) }).await;
    assert!(cause.contains("no host name"), "{cause}");
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn t19_a_password_does_not_show_in_debug_output() {
    let sink = Sink::builder().implicit_tls().start().await;
    let (_folder, ca_file) = ca_file(&sink);
    let relay = SmtpRelay::new(SmtpSettings {
        security: Security::Implicit,
        credentials: Some(credentials("hunter2")),
        ca_file,
        ..settings(&sink)
    })
    .unwrap();
    assert!(!format!("{relay:?}").contains("hunter2"));
}
