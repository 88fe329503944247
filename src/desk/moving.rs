//! A newsroom that moves from one store to another: first looked at, then carried, then compared; and only then are the two
//! told which of them sends.
//!
//! What was under way when the last sender died is taken up here as the next run would take it up, before anything is
//! carried: so `claimed` and `submitting`, which belong to a process, never cross over, and what a lost power cut has left in doubt
//! is judged where the run of the machine is known.

use crate::app::{AppError, Stores};
use crate::config::StorePlace;
use crate::desk::adopt;
use crate::store::portable::{self, Attendant, Compared, Progress};
use crate::store::{Recovered, Store, StoreError};

/// What a move came to.
#[derive(Debug)]
pub struct Moved {
    /// Each table, as both sides have it.
    pub tables: Vec<Compared>,
    /// What the last sender had left under way.
    pub recovered: Recovered,
}

impl Moved {
    /// Whether both sides hold the same, so that the newsroom is where it was to go.
    pub fn is_whole(&self) -> bool {
        self.tables.iter().all(Compared::is_same)
    }
}

/// Opens the store of the settings, which brings its tables up to this version, and names the steps that this took.
pub async fn migrate(stores: &Stores) -> Result<Vec<&'static str>, AppError> {
    Ok(stores.open(&stores.config().store).await?.steps().to_vec())
}

/// Moves everything from one store to another, which has to be empty. The one that was left sends nothing from then on; where
/// anything is amiss it stays as it was, and nobody can open the other.
pub async fn copy(stores: &Stores, from: &str, to: &str, progress: &Progress) -> Result<Moved, AppError> {
    let (old, new) = (stores.place(from)?, stores.place(to)?);
    must_be_there(stores, &old)?;
    if old == new {
        return Err(AppError::Refused("both are the same store".to_owned()));
    }
    let _held = (stores.hold(&old)?, stores.hold(&new)?);
    let from = stores.open(&old).await?;
    must_be_left(stores, &old, from.as_ref()).await?;
    must_be_at_home(stores, from.as_ref()).await?;
    let to = stores.open(&new).await?;
    if from.place().await? == to.place().await? {
        return Err(AppError::Refused("both are the same store".to_owned()));
    }
    must_be_left(stores, &new, to.as_ref()).await?;
    if let Some(table) = to.occupied().await? {
        let words = format!("{} holds something in `{table}`: take an empty one", stores.shown(&new)?);
        return Err(AppError::Refused(words));
    }
    let home = stores.home(to.as_ref()).await?;
    let recovered = take_up(stores, from.as_ref()).await?;
    let origin = from.origin().await?;
    // Asked again: from now on nobody can enter.
    must_be_left(stores, &old, from.as_ref()).await?;
    let destination = to.destination().await?;
    let tables = portable::copy(origin.as_ref(), destination.as_ref(), progress).await.map_err(|fault| and(fault, HALF_WAY))?;
    let moved = Moved { tables, recovered };
    if moved.is_whole() {
        origin.leave().await?;
        destination.finish(&home).await.map_err(|fault| and(fault, AT_THE_END))?;
    }
    Ok(moved)
}

/// What a person is to do where one of the two failed half-way.
const HALF_WAY: &str = "; the newsroom stays where it was, and the copy is to be emptied before the next try";

/// The same where the one store was left and the other did not answer: it may have taken the last word or not.
const AT_THE_END: &str = "; the newsroom has left the old store: if the new one can be opened it is there; else empty that, and \
                          `masthead adopt` on the old one before the next try";

/// A fault of a store, and what to do then.
fn and(fault: StoreError, words: &str) -> AppError {
    AppError::from(match fault {
        StoreError::Unavailable(cause) => StoreError::Unavailable(cause + words),
        StoreError::Corrupt(cause) => StoreError::Corrupt(cause + words),
        StoreError::Engine(cause) => StoreError::Engine(cause + words),
        other => other,
    })
}

/// A file that is not there would be made, and then hold nothing.
fn must_be_there(stores: &Stores, place: &StorePlace) -> Result<(), AppError> {
    match place {
        StorePlace::File(path) if !path.is_file() => Err(AppError::Refused(format!("there is no {}", stores.shown(place)?))),
        _ => Ok(()),
    }
}

/// Refuses a store that a node is at. Whether one that is silent is dead is for a person to judge, or for a node.
async fn must_be_left(stores: &Stores, place: &StorePlace, store: &dyn Store) -> Result<(), AppError> {
    let here = store.attendants().await?;
    if here.is_empty() {
        return Ok(());
    }
    let name = |node: &Attendant| format!("`{}`, last heard of at {:.0}", node.name, node.seen_at);
    let names: Vec<String> = here.iter().map(name).collect();
    Err(AppError::Refused(format!(
        "at {} there is {}: stop it first; where it died without a word, let `masthead serve` run there for a minute, which sees to that",
        stores.shown(place)?,
        names.join(", and ")
    )))
}

/// Refuses a copy whose twin may be sending, and a store that was left before: what is carried from there may be old.
async fn must_be_at_home(stores: &Stores, store: &dyn Store) -> Result<(), AppError> {
    match store.home().await? {
        Some(home) if home != stores.home(store).await? => Err(AppError::Refused(adopt::why_not(Some(&home)).to_owned())),
        _ => Ok(()),
    }
}

/// Gives back what a sender that died had claimed, and judges what it was handing over.
async fn take_up(stores: &Stores, store: &dyn Store) -> Result<Recovered, AppError> {
    let mut all = Recovered::default();
    let under_way = store.under_way().await?;
    for mailing in &under_way {
        let recovered = store.take_up(*mailing, stores.boot(), stores.config().on_doubt, stores.now()).await?;
        all.claimed += recovered.claimed;
        all.doubtful += recovered.doubtful;
    }
    if let (false, Some(nodes)) = (under_way.is_empty(), store.shared()) {
        // Whoever takes up is a node, if only for a moment.
        nodes.leave().await?;
    }
    Ok(all)
}
