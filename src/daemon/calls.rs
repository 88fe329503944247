//! What the operator calls to a daemon at work: stop, or read the settings again.

use std::io;

use tokio::sync::mpsc;

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// End: see to what is in flight, and send nothing more. The second time: at once.
    Stop,
    /// Read the settings again.
    Reload,
}

/// Calls as they come.
#[derive(Debug)]
pub struct Calls(mpsc::Receiver<Call>);

impl Calls {
    /// SIGTERM and SIGINT stop, SIGHUP reloads. From now on they end this process no more.
    #[cfg(unix)]
    pub fn of_the_system() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (caller, calls) = mpsc::channel(8);
        for (kind, call) in
            [(SignalKind::terminate(), Call::Stop), (SignalKind::interrupt(), Call::Stop), (SignalKind::hangup(), Call::Reload)]
        {
            let (mut signal, caller) = (signal(kind)?, caller.clone());
            tokio::spawn(async move { while signal.recv().await.is_some() && caller.send(call).await.is_ok() {} });
        }
        Ok(Self(calls))
    }

    /// Ctrl-C stops.
    #[cfg(not(unix))]
    pub fn of_the_system() -> io::Result<Self> {
        let (caller, calls) = mpsc::channel(8);
        tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && caller.send(Call::Stop).await.is_ok() {} });
        Ok(Self(calls))
    }

    /// Those of whoever holds the other end.
    pub fn of(calls: mpsc::Receiver<Call>) -> Self {
        Self(calls)
    }

    /// The next one. Where nobody can call any more it does not return.
    pub(super) async fn next(&mut self) -> Call {
        match self.0.recv().await {
            Some(call) => call,
            None => std::future::pending().await,
        }
    }
}
