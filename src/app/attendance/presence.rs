//! Being here: entering, one beat after the other, what follows from what the store answers, and leaving.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::Attendance;
use super::watching::Watching;
use crate::app::neighbours;
use crate::store::{Nodes, Result, Store, StoreError};

/// How far apart beats are at most, so that shares are settled soon.
const BEAT: Duration = Duration::from_secs(1);

/// How far apart they are at least, whatever others call out.
const LEAST: Duration = Duration::from_millis(100);

/// How long is waited for the store when we go.
const FAREWELL: Duration = Duration::from_secs(2);

/// That this node is here, until it leaves. One that is dropped gives no sign of life any more.
pub struct Presence(Option<Here>);

/// One that is here.
struct Here {
    attendance: Arc<Attendance>,
    store: Arc<dyn Store>,
    task: JoinHandle<()>,
}

impl Presence {
    /// Goes away, so that nobody has to find out.
    pub async fn leave(mut self) {
        let Some(Here { attendance, store, task }) = &mut self.0 else { return };
        task.abort();
        let _ = task.await;
        if let Some(nodes) = store.shared()
            && !matches!(timeout(FAREWELL, nodes.leave()).await, Ok(Ok(())))
        {
            tracing::warn!("the other nodes could not be told that this one leaves; they will find out");
        }
        let mut state = attendance.state();
        state.attends = false;
        drop(state);
        attendance.was_buried();
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(here) = &self.0 {
            here.task.abort();
        }
    }
}

/// Enters among the nodes that share the store, and stays until the guard goes. On a store of one's own, and where this
/// process has entered already, there is nothing to do.
pub(in crate::app) async fn begin(attendance: &Arc<Attendance>, store: &Arc<dyn Store>) -> Result<Presence> {
    let Some(nodes) = store.shared() else { return Ok(Presence(None)) };
    if std::mem::replace(&mut attendance.state().attends, true) {
        return Ok(Presence(None));
    }
    attendance.allotment.lost();
    let mut watching = Watching::new(attendance.lease);
    if let Err(fault) = beat(attendance, nodes, &mut watching).await {
        attendance.state().attends = false;
        return Err(fault);
    }
    let (kept, shared) = (Arc::clone(attendance), Arc::clone(store));
    let task = tokio::spawn(async move {
        if let Some(nodes) = shared.shared() {
            keep(&kept, nodes, watching).await;
        }
    });
    Ok(Presence(Some(Here { attendance: Arc::clone(attendance), store: Arc::clone(store), task })))
}

/// Beats for as long as it lives.
async fn keep(attendance: &Attendance, nodes: &dyn Nodes, mut watching: Watching) {
    let span = BEAT.min(attendance.lease / 8);
    let mut is_settled = true;
    loop {
        // A share that is still to grow waits for others who make room.
        let next = if is_settled { span } else { span / 3 };
        tokio::select! {
            () = tokio::time::sleep(next) => {}
            () = attendance.called.notified() => {}
            () = nodes.hear() => {}
        }
        is_settled = match beat(attendance, nodes, &mut watching).await {
            Ok(is_settled) => is_settled,
            Err(fault) => {
                tracing::debug!(%fault, "no sign of life could be given");
                true
            }
        };
        tokio::time::sleep(LEAST).await;
    }
}

/// One beat, and what follows from what the store answers. Returns whether the share is settled.
async fn beat(attendance: &Attendance, nodes: &dyn Nodes, watching: &mut Watching) -> Result<bool> {
    let most = attendance.lease / 4;
    let began = (Instant::now(), attendance.clock.now());
    let own = in_time(most, nodes.enter(began.1)).await?;
    if attendance.state().own.is_some_and(|known| known != own) {
        attendance.was_buried();
    }
    attendance.state().own = Some(own);
    let (beat, wanted) = attendance.next_beat();
    let all = match in_time(most, nodes.beat(&beat, began.1)).await {
        Ok(all) => all,
        Err(StoreError::Unknown(what)) => {
            tracing::warn!("the other nodes took this one for dead; it enters anew");
            attendance.was_buried();
            attendance.called.notify_one();
            return Err(StoreError::Unknown(what));
        }
        Err(fault) => return Err(fault),
    };
    let mut dead = watching.look(&all, own, began.0, Instant::now());
    if let Some(myself) = all.iter().find(|node| node.id == own) {
        dead.extend(all.iter().filter(|node| node.id != own && neighbours::is_gone(myself, node)).map(|node| (node.id, node.beats)));
    }
    let is_settled = attendance.heard(all, own, began, wanted);
    for (node, beats) in dead {
        if in_time(most, nodes.bury(node, beats)).await? {
            tracing::warn!(node = node.0, "a node gives no sign of life: the others take over what it held");
            attendance.is_dead(node);
        }
    }
    let free = attendance.state().free();
    for duty in free {
        if in_time(most, nodes.take(duty)).await?.is_none() {
            tracing::info!(?duty, "this node has the duty now");
            attendance.took(duty);
        }
    }
    Ok(is_settled)
}

/// What the store answers, if it does within that time.
async fn in_time<T>(most: Duration, asked: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(most, asked).await.unwrap_or_else(|_| Err(StoreError::Unavailable("it has not answered in time".to_owned())))
}
