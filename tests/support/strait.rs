//! A strait between a node and its database, which a story closes, becalms and opens.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a client of PostgreSQL looks for in the folder that it is told.
const SOCKET: &str = ".s.PGSQL.5432";

/// What gets across.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sea {
    Open,
    /// Nothing does, and nobody hears of it.
    Becalmed,
    Closed,
}

/// A socket of one's own that leads to a server's, unless it is closed.
pub struct Strait {
    folder: TempDir,
    sea: watch::Sender<Sea>,
    ferry: JoinHandle<()>,
}

impl Strait {
    /// One that leads to the server in this folder, open.
    pub fn to(server: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder of our own");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let sea = watch::Sender::new(Sea::Open);
        let ferry = tokio::spawn(ferry(listener, server.join(SOCKET), sea.subscribe()));
        Self { folder, sea, ferry }
    }

    /// The address of a database beyond it, of which the direct address is known.
    pub fn url(&self, direct: &str) -> String {
        let (user, rest) = direct.split_once('@').expect("a user");
        let (_, database) = rest.rsplit_once('/').expect("a database");
        format!("{user}@{}/{database}", self.folder.path().display().to_string().replace('/', "%2F"))
    }

    /// Breaks off every connection, and lets none come about.
    pub fn close(&self) {
        self.sea.send_replace(Sea::Closed);
    }

    /// Lets nothing across, as if whoever is on this side had frozen; connections stay.
    pub fn becalm(&self) {
        self.sea.send_replace(Sea::Becalmed);
    }

    /// Lets everything across again.
    pub fn open(&self) {
        self.sea.send_replace(Sea::Open);
    }
}

impl Drop for Strait {
    fn drop(&mut self) {
        self.ferry.abort();
    }
}

async fn ferry(listener: UnixListener, server: PathBuf, sea: watch::Receiver<Sea>) {
    while let Ok((mut near, _)) = listener.accept().await {
        if *sea.borrow() == Sea::Closed {
            continue;
        }
        let (server, mut sea) = (server.clone(), sea.clone());
        tokio::spawn(async move {
            let Ok(mut far) = UnixStream::connect(&server).await else { return };
            let crossing = tokio::io::copy_bidirectional(&mut near, &mut far);
            tokio::pin!(crossing);
            loop {
                match sea.wait_for(|sea| *sea != Sea::Becalmed).await.map(|sea| *sea) {
                    Ok(Sea::Open) => {}
                    _ => return,
                }
                tokio::select! {
                    _ = &mut crossing => return,
                    _ = sea.changed() => {}
                }
            }
        });
    }
}
