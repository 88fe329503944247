//! Hands letters to a relay: each once, since nobody waits for a report that comes twice.

use super::send::fleet::relays;
use crate::app::{AppError, Newsroom};
use crate::mailing::Scope;
use crate::mailing::letter::Letter;
use crate::relay::{Connection, Relay};

/// What became of letters.
#[derive(Debug, Default)]
pub struct Posted {
    /// Those that a relay took.
    pub taken: Vec<Letter>,
    /// Those that none took: refused, lost on the way, or never tried. The same again is the same letter.
    pub left: Vec<Letter>,
    /// Why no relay could be used, if none could.
    pub fault: Option<AppError>,
}

/// Hands letters over through the first relay that can be connected to. Returns how many a relay took.
///
/// A letter that is refused, that cannot be composed or whose answer is lost is logged, without its address, and keeps
/// no other from its reader. The error is that keys or relays cannot be had; what was taken by then is taken.
pub async fn post(newsroom: &Newsroom, letters: Vec<Letter>) -> Result<u64, AppError> {
    let posted = hand_in(newsroom, letters).await?;
    match posted.fault {
        Some(fault) => Err(fault),
        None => Ok(posted.taken.len() as u64),
    }
}

/// The same for letters that are tried again until somebody takes them: tells them apart. The error is that nothing could
/// be tried at all.
pub async fn hand_in(newsroom: &Newsroom, letters: Vec<Letter>) -> Result<Posted, AppError> {
    let config = newsroom.config();
    let (sender, lang) = (&config.imprint.sender, config.house.lang.as_str());
    let (keys, signer, relays) = (newsroom.keys()?, newsroom.signer()?, in_use(newsroom).await?);
    let mut posted = Posted::default();
    let mut open: Option<Connection> = None;
    let mut waiting = letters.into_iter();
    while let Some(letter) = waiting.next() {
        if !newsroom.attendance().comes_to_act().await {
            // Another node may say it by now.
            posted.fault = Some(AppError::Refused("the store has not been reached for too long".to_owned()));
            posted.left.push(letter);
            posted.left.extend(waiting);
            return Ok(posted);
        }
        let message = match letter.compose(sender, &keys, signer.as_ref(), newsroom.now(), lang) {
            Ok(message) => message,
            Err(fault) => {
                tracing::warn!(kind = letter.kind, about = %letter.about, %fault, "a letter cannot be written");
                posted.left.push(letter);
                continue;
            }
        };
        let mut connection = match connection(open, &relays).await {
            Ok(connection) => connection,
            Err(fault) => {
                posted.fault = Some(fault);
                posted.left.push(letter);
                posted.left.extend(waiting);
                return Ok(posted);
            }
        };
        match connection.submit(&message).await {
            Ok(answer) if answer.reply.is_positive() => posted.taken.push(letter),
            Ok(answer) => {
                let (stage, code) = (answer.stage, answer.reply.code);
                tracing::warn!(kind = letter.kind, about = %letter.about, %stage, code, "a letter was refused");
                // Servers quote addresses in what they say.
                tracing::debug!(to = %letter.to, reply = %answer.reply, "the letter that was refused");
                posted.left.push(letter);
            }
            Err(fault) => {
                tracing::warn!(kind = letter.kind, about = %letter.about, %fault, "a letter was lost");
                posted.left.push(letter);
            }
        }
        open = Some(connection);
    }
    if let Some(connection) = open {
        connection.close().await;
    }
    Ok(posted)
}

/// The relays that nobody has paused, those of the first duty first.
async fn in_use(newsroom: &Newsroom) -> Result<Vec<Relay>, AppError> {
    let now = newsroom.now();
    let standing = newsroom.store().pauses().await?;
    let is_paused = |name: &str| {
        standing.iter().any(|(scope, pause)| {
            let lasts = pause.slow_to.is_none() && pause.until.is_none_or(|until| until > now);
            lasts && matches!(scope, Scope::Relay(relay) if relay == name)
        })
    };
    let all = newsroom.config().relays.iter().zip(relays(newsroom)?);
    let mut free: Vec<_> = all.filter(|(config, _)| !is_paused(&config.name)).collect();
    free.sort_by_key(|(config, _)| config.duty);
    Ok(free.into_iter().map(|(_, relay)| relay).collect())
}

/// The open connection, or one in the place of one that is spent: with the first relay that can be reached.
async fn connection(open: Option<Connection>, relays: &[Relay]) -> Result<Connection, AppError> {
    match open {
        Some(connection) if connection.is_usable() => return Ok(connection),
        Some(spent) => spent.close().await,
        None => {}
    }
    let mut last = AppError::Refused("every relay is paused".to_owned());
    for relay in relays {
        match relay.connect().await {
            Ok(connection) => return Ok(connection),
            Err(fault) => last = fault.into(),
        }
    }
    Err(last)
}
