//! From a host's name to addresses that may be connected to: asked once for a connection, looked at before it is made.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::addresses::is_public;

/// Most addresses of one name that are tried.
const MOST_ADDRESSES: usize = 8;

/// Why a name gives no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Nobody has this name.
    #[error("there is no host of this name")]
    NoSuchName,
    /// All its addresses are private.
    #[error("this name leads into a private network")]
    Private,
    /// Nobody could be asked, or nobody knew.
    #[error("nobody answers for this name")]
    Unanswered,
}

/// Knows the addresses of hosts.
#[async_trait]
pub trait Names: Send + Sync {
    /// All addresses of a host, in the order in which to try them.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameFault>;
}

/// The names as this machine knows them.
#[derive(Debug, Clone, Copy)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameFault> {
        let found = tokio::net::lookup_host((host, 0)).await.map_err(|fault| fault_of(&fault))?;
        Ok(found.map(|place| place.ip()).collect())
    }
}

/// The system's calls tell the two apart in words only, and these are never translated in a program of ours.
fn fault_of(fault: &io::Error) -> NameFault {
    let words = fault.to_string();
    let is_final = ["not known", "No address associated", "does not resolve", "has no usable address"];
    if is_final.iter().any(|end| words.contains(end)) { NameFault::NoSuchName } else { NameFault::Unanswered }
}

/// Stands between the names and those who connect.
pub(super) struct Guard {
    names: Arc<dyn Names>,
    lets_all: bool,
}

impl Guard {
    /// Lets through addresses of the public network only.
    pub(super) fn of_everybody(names: Arc<dyn Names>) -> Self {
        Self { names, lets_all: false }
    }

    /// Lets through all: of a host that the operator allows, wherever it is.
    pub(super) fn of_the_allowed(names: Arc<dyn Names>) -> Self {
        Self { names, lets_all: true }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, lets_all) = (Arc::clone(&self.names), self.lets_all);
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await?;
            if found.is_empty() {
                return Err(NameFault::NoSuchName.into());
            }
            let passed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| lets_all || is_public(*address))
                .take(MOST_ADDRESSES)
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if passed.is_empty() {
                return Err(NameFault::Private.into());
            }
            Ok(Box::new(passed.into_iter()) as Addrs)
        })
    }
}
