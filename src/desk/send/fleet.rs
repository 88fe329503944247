//! The relays of the configuration, ready to be connected to, and one worker for each connection.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::dispatch::{End, Place};
use super::roster::{Part, Roster};
use super::worker::{Crew, Worker};
use crate::app::{AppError, Newsroom};
use crate::config::{RelayConfig, RelayPlace, secret};
use crate::relay::Relay;
use crate::relay::folder::FolderRelay;
use crate::relay::smtp::{Credentials, SmtpRelay, SmtpSettings, Timeouts};

/// Every relay of the newsroom, in the order of the configuration.
pub(in crate::desk) fn relays(newsroom: &Newsroom) -> Result<Vec<Relay>, AppError> {
    let relays = &newsroom.config().relays;
    if relays.is_empty() {
        return Err(AppError::Refused("no relay is configured: add a table `[[relay]]` with `name` and `url`".to_owned()));
    }
    relays.iter().map(|config| relay(newsroom, config)).collect()
}

/// Who carries how much, in the same order.
pub(super) fn roster(newsroom: &Newsroom) -> Roster {
    Roster::new(newsroom.config().relays.iter().map(|relay| Part { duty: relay.duty, weight: f64::from(relay.weight) }))
}

/// All connections of all relays.
pub(super) fn places(newsroom: &Newsroom) -> Vec<Place> {
    let relays = newsroom.config().relays.iter().enumerate();
    let all = relays.flat_map(|(relay, config)| std::iter::repeat_n(relay, config.connections));
    all.enumerate().map(|(connection, relay)| Place { relay, connection }).collect()
}

/// Lets every connection work until this round has no more for it.
pub(super) async fn work(crew: &Arc<Crew>, places: &[Place]) {
    let mut workers = JoinSet::new();
    for &place in places {
        let crew = Arc::clone(crew);
        workers.spawn(async move { Worker::new(&crew, place).run().await });
    }
    while let Some(ended) = workers.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => crew.dispatch.end(End::Failed(fault)),
            Err(fault) => crew.dispatch.end(End::Failed(AppError::Refused(format!("a worker broke down: {fault}")))),
        }
    }
}

/// A relay ready to be connected to.
fn relay(newsroom: &Newsroom, config: &RelayConfig) -> Result<Relay, AppError> {
    Ok(match &config.place {
        RelayPlace::Folder(folder) => Relay::Folder(FolderRelay::new(&config.name, folder)),
        RelayPlace::Smtp { host, port, security } => {
            let credentials = match (&config.user, &config.password_file) {
                (Some(user), Some(file)) => Some(Credentials {
                    user: user.clone(),
                    login: config.login,
                    password: secret::read(&newsroom.secret_path(file), crate::app::credentials().as_deref())?,
                }),
                _ => None,
            };
            let messages = u32::try_from(config.messages_per_connection).ok().and_then(std::num::NonZeroU32::new);
            Relay::Smtp(SmtpRelay::new(SmtpSettings {
                name: config.name.clone(),
                host: host.clone(),
                port: *port,
                security: *security,
                ehlo_name: config.ehlo_name.clone(),
                credentials,
                ca_file: config.ca_file.clone(),
                max_messages_per_connection: messages,
                timeouts: Timeouts::default(),
                idle: config.idle,
                dsn: config.dsn,
            })?)
        }
    })
}
