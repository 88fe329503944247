//! A strait between a node and its database, which a story closes and opens.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a client of PostgreSQL looks for in the folder that it is told.
const SOCKET: &str = ".s.PGSQL.5432";

/// A socket of one's own that leads to a server's, unless it is closed.
pub struct Strait {
    folder: TempDir,
    is_open: watch::Sender<bool>,
    ferry: JoinHandle<()>,
}

impl Strait {
    /// One that leads to the server in this folder, open.
    pub fn to(server: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder of our own");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let is_open = watch::Sender::new(true);
        let ferry = tokio::spawn(ferry(listener, server.join(SOCKET), is_open.subscribe()));
        Self { folder, is_open, ferry }
    }

    /// The address of a database beyond it, of which the direct address is known.
    pub fn url(&self, direct: &str) -> String {
        let (user, rest) = direct.split_once('@').expect("a user");
        let (_, database) = rest.rsplit_once('/').expect("a database");
        format!("{user}@{}/{database}", self.folder.path().display().to_string().replace('/', "%2F"))
    }

    /// Breaks off every connection, and lets none come about.
    pub fn close(&self) {
        self.is_open.send_replace(false);
    }

    /// Lets connections come about again.
    pub fn open(&self) {
        self.is_open.send_replace(true);
    }
}

impl Drop for Strait {
    fn drop(&mut self) {
        self.ferry.abort();
    }
}

async fn ferry(listener: UnixListener, server: PathBuf, is_open: watch::Receiver<bool>) {
    while let Ok((mut near, _)) = listener.accept().await {
        if !*is_open.borrow() {
            continue;
        }
        let (server, mut is_open) = (server.clone(), is_open.clone());
        tokio::spawn(async move {
            let Ok(mut far) = UnixStream::connect(&server).await else { return };
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                _ = is_open.wait_for(|is_open| !is_open) => {}
            }
        });
    }
}
