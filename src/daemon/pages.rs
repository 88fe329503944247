//! The pages that the daemon serves, where it is told to listen.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::app::{AppError, Newsroom};
use crate::web;

/// The pages, open until they are closed.
pub(super) struct Pages(Option<(oneshot::Sender<()>, JoinHandle<()>)>);

/// Opens them, if the settings say where.
pub(super) async fn open(newsrooms: watch::Receiver<Arc<Newsroom>>) -> Result<Pages, AppError> {
    let Some(address) = newsrooms.borrow().config().listen else { return Ok(Pages(None)) };
    let listener = TcpListener::bind(address).await.map_err(AppError::io("listen at", address.to_string()))?;
    tracing::info!(%address, "pages are open");
    let (close, closed) = oneshot::channel();
    let task = tokio::spawn(async move {
        let ended = async { drop(closed.await) };
        if let Err(fault) = web::public::serve(listener, newsrooms, ended).await {
            tracing::error!(%fault, "the pages are closed");
        }
    });
    Ok(Pages(Some((close, task))))
}

impl Pages {
    /// Lets those be answered who have asked, for a second at most.
    pub(super) async fn close(self) {
        if let Some((close, task)) = self.0 {
            let _ = close.send(());
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), task).await;
        }
    }
}
