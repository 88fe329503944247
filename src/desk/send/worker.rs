//! One worker holds one connection: composes ahead, notes what it is about to hand over, hands it over, and notes what
//! was answered.
//!
//! Where the server takes several commands at once, the body of one message and the opening of the next go in one
//! write, so that a message costs one round trip. Before a body leaves, one note says both what became of the message
//! before and that this one is under way: whatever happens next, at most one message a connection is in doubt.

mod settling;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Progress;
use super::dispatch::{Dispatch, Place};
use crate::app::AppError;
use crate::clock::Clock;
use crate::mailing::compose::{Composer, Message};
use crate::mailing::fate::OnDoubt;
use crate::mailing::plan::RetryPlan;
use crate::mailing::settle::{Judgement, Settlement};
use crate::mailing::{Delivery, Fate, MailingId, Stage};
use crate::relay::{Answer, Connection, Door, Relay, RelayError};
use crate::store::Store;

/// How often in a row a worker tries to open a connection before it gives the relay up for now.
const OPENING_TRIES: u32 = 3;

/// How long a worker stays away whose relay takes the others' connections but not its own.
const AWAY: Duration = Duration::from_secs(30);

/// What the workers of a run have in common.
pub(super) struct Crew {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) relays: Vec<Relay>,
    /// The relays' names, as attempts bear them.
    pub(super) names: Vec<Arc<str>>,
    pub(super) mailing: MailingId,
    pub(super) composer: Composer,
    pub(super) plan: RetryPlan,
    pub(super) on_doubt: OnDoubt,
    pub(super) dispatch: Arc<Dispatch>,
    pub(super) progress: Arc<Progress>,
}

/// A delivery and its message.
struct Parcel {
    delivery: Delivery,
    message: Message,
}

/// Whether a message noted as under way is still ours to send.
#[derive(PartialEq, Eq)]
enum Noted {
    Ours,
    /// Somebody has cancelled or withheld it since it was claimed.
    TakenAway,
}

/// One connection and what it sends.
pub(super) struct Worker<'c> {
    crew: &'c Crew,
    place: Place,
    connection: Option<Connection>,
    /// Whether the connection has carried a message: what ends it then is nobody's fault.
    has_carried: bool,
    /// Composed and not opened.
    spare: VecDeque<Parcel>,
}

impl<'c> Worker<'c> {
    pub(super) fn new(crew: &'c Crew, place: Place) -> Self {
        Self { crew, place, connection: None, has_carried: false, spare: VecDeque::new() }
    }

    /// Works until this round has no more for it. What was claimed and not sent goes back.
    pub(super) async fn run(mut self) -> Result<(), AppError> {
        let outcome = self.work().await;
        self.put_all_back();
        self.hang_up(true).await;
        outcome
    }

    async fn work(&mut self) -> Result<(), AppError> {
        loop {
            if self.spare.is_empty() {
                let Some(delivery) = self.crew.dispatch.next(self.place).await else { return Ok(()) };
                let parcel = self.crew.compose(delivery);
                self.keep(Some(parcel)).await?;
            }
            if self.crew.dispatch.must_stop() {
                return Ok(());
            }
            if self.crew.dispatch.rests(self.place.relay) {
                self.put_all_back();
                continue;
            }
            let Some(parcel) = self.spare.pop_front() else { continue };
            match self.has_connection().await {
                Ok(()) => self.carry(parcel).await?,
                Err(fault) => {
                    self.put_back(parcel);
                    if let Some(fault) = fault {
                        self.cannot_connect(&fault).await;
                    }
                }
            }
        }
    }

    /// Opens the door of one message, and goes on from there for as long as one message follows the other.
    async fn carry(&mut self, parcel: Parcel) -> Result<(), AppError> {
        let Some(connection) = self.connection.as_mut() else { return Ok(()) };
        match connection.open(&parcel.message).await {
            Ok(Door::Open) => self.stream(parcel).await,
            Ok(Door::Shut) => {
                self.spare.push_front(parcel);
                self.hang_up(false).await;
                Ok(())
            }
            Ok(Door::Refused(answer)) if self.has_carried && is_farewell(&answer) => {
                self.spare.push_front(parcel);
                self.hang_up(false).await;
                Ok(())
            }
            Err(RelayError::Lost { .. }) if self.has_carried => {
                // The server closed a connection that it had taken mail on; the message had not begun.
                self.spare.push_front(parcel);
                self.hang_up(false).await;
                Ok(())
            }
            Ok(Door::Refused(answer)) => {
                let attempt = self.settled(&parcel.delivery, Ok(answer)).await?;
                self.note(Some(attempt), None).await?;
                Ok(())
            }
            Err(fault) => {
                let attempt = self.settled(&parcel.delivery, Err(fault)).await?;
                self.note(Some(attempt), None).await?;
                Ok(())
            }
        }
    }

    /// Hands over a message whose door is open, and the next in the same breath, until there is none.
    async fn stream(&mut self, first: Parcel) -> Result<(), AppError> {
        let mut current = first;
        let mut before = None;
        loop {
            if self.crew.dispatch.has_ended() {
                self.note(before, None).await?;
                self.put_back(current);
                self.hang_up(false).await;
                return Ok(());
            }
            if self.note(before.take(), Some(current.delivery.subscriber)).await? == Noted::TakenAway {
                self.crew.dispatch.give_up(self.place, &current.delivery.provider);
                self.crew.dispatch.noted(&current.delivery.provider, None);
                self.hang_up(false).await;
                return Ok(());
            }
            let ahead = match self.spare.pop_front() {
                Some(parcel) => Some(parcel),
                None => self.pack_at_once().await?,
            };
            let Some(connection) = self.connection.as_mut() else { return Ok(()) };
            let (crew, place) = (self.crew, self.place);
            let ((answer, door), after) = tokio::join!(
                connection.hand_over(&current.message, ahead.as_ref().map(|parcel| &parcel.message)),
                // The network is waited for; the next but one is composed meanwhile.
                async { if ahead.is_some() { crew.take_at_once(place) } else { None } }
            );
            self.has_carried = true;
            self.keep(after).await?;
            let attempt = self.settled(&current.delivery, answer).await?;
            match (ahead, door) {
                (Some(next), Door::Open) => {
                    before = Some(attempt);
                    current = next;
                }
                (Some(next), Door::Refused(answer)) if !is_farewell(&answer) => {
                    self.note(Some(attempt), None).await?;
                    let refused = self.settled(&next.delivery, Ok(answer)).await?;
                    self.note(Some(refused), None).await?;
                    return Ok(());
                }
                (next, _) => {
                    self.note(Some(attempt), None).await?;
                    if let Some(next) = next {
                        self.spare.push_front(next);
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Sees to it that there is a connection to use: the open one, or a new one in the place of one that is spent. The
    /// error is why there is none; nothing if the run is asked to stop meanwhile.
    async fn has_connection(&mut self) -> Result<(), Option<RelayError>> {
        if self.connection.as_ref().is_some_and(Connection::is_usable) {
            return Ok(());
        }
        self.hang_up(true).await;
        let crew = self.crew;
        let mut tries = 1;
        loop {
            let Some(relay) = crew.relays.get(self.place.relay) else { return Err(None) };
            let connected = tokio::select! {
                connected = relay.connect() => connected,
                () = crew.dispatch.ended() => return Err(None),
            };
            match connected {
                Ok(connection) => {
                    crew.dispatch.connected(self.place.relay);
                    self.connection = Some(connection);
                    self.has_carried = false;
                    return Ok(());
                }
                Err(fault) if !fault.is_transient() || tries == OPENING_TRIES => return Err(Some(fault)),
                Err(_) => tries += 1,
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(200 << tries)) => {}
                () = crew.dispatch.ended() => return Err(None),
            }
        }
    }

    /// A relay that takes the others' connections has enough of them; one that takes none is out of order.
    async fn cannot_connect(&self, fault: &RelayError) {
        let crew = self.crew;
        if fault.is_transient() && crew.dispatch.is_at_work(self.place.relay) {
            tokio::select! {
                () = tokio::time::sleep(AWAY) => {}
                () = crew.dispatch.round_ended() => {}
            }
        } else {
            crew.dispatch.relay_failed(self.place.relay, fault.to_string(), fault.is_transient());
        }
    }

    async fn hang_up(&mut self, politely: bool) {
        if let Some(connection) = self.connection.take() {
            if politely {
                connection.close().await;
            }
            self.crew.dispatch.disconnected(self.place.relay);
        }
    }

    fn put_all_back(&mut self) {
        for parcel in std::mem::take(&mut self.spare).into_iter().rev() {
            self.put_back(parcel);
        }
    }

    fn put_back(&self, parcel: Parcel) {
        self.crew.dispatch.put_back(self.place, parcel.delivery);
    }

    async fn pack_at_once(&mut self) -> Result<Option<Parcel>, AppError> {
        let Some(taken) = self.crew.take_at_once(self.place) else { return Ok(None) };
        self.packed(taken).await
    }

    async fn keep(&mut self, taken: Option<Result<Parcel, Unwritable>>) -> Result<(), AppError> {
        if let Some(taken) = taken
            && let Some(parcel) = self.packed(taken).await?
        {
            self.spare.push_back(parcel);
        }
        Ok(())
    }

    /// One reader's message that cannot be written must not keep the others from theirs.
    async fn packed(&mut self, taken: Result<Parcel, Unwritable>) -> Result<Option<Parcel>, AppError> {
        match taken {
            Ok(parcel) => Ok(Some(parcel)),
            Err(Unwritable { delivery, cause }) => {
                let settlement = Settlement { fate: Fate::Refused, judgement: Judgement::Nothing, halt: false };
                let attempt = self.attempt(&delivery, Stage::Greeting, settlement, None, Some(cause));
                self.crew.dispatch.put_by(self.place, &delivery.provider);
                self.note(Some(attempt), None).await?;
                Ok(None)
            }
        }
    }
}

/// A delivery whose message cannot be written, and why.
struct Unwritable {
    delivery: Box<Delivery>,
    cause: String,
}

impl Crew {
    /// The next message, if a delivery may go at once.
    fn take_at_once(&self, place: Place) -> Option<Result<Parcel, Unwritable>> {
        self.dispatch.next_at_once(place).map(|delivery| self.compose(delivery))
    }

    fn compose(&self, delivery: Delivery) -> Result<Parcel, Unwritable> {
        match self.composer.compose(&delivery) {
            Ok(message) => Ok(Parcel { delivery, message }),
            Err(fault) => Err(Unwritable { delivery: Box::new(delivery), cause: fault.to_string() }),
        }
    }

    /// A relay that wants nothing of us before it has seen a recipient is out of order; what it says of a message that
    /// every relay would get is a reason to stop the run.
    fn turned_away(&self, relay: usize, stage: Stage, reason: String) {
        match stage {
            Stage::Greeting | Stage::Auth | Stage::Mail => self.dispatch.relay_failed(relay, reason, false),
            Stage::Rcpt | Stage::Data | Stage::Message => self.dispatch.halt(reason),
        }
    }
}

/// 421: the server closes the connection, whatever it was asked (RFC 5321 section 3.8).
fn is_farewell(answer: &Answer) -> bool {
    answer.reply.code == 421
}
