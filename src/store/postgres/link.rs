//! Where the database is, and the connections to it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::{Result, StoreError};

/// How many connections a node lends at most, beside those that it keeps for notes, news and signs of life.
pub(super) const MOST: usize = 8;

/// How long a connection may take to come about, and how long somebody waits until one is free.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long octets may lie unanswered before the connection counts as lost (RFC 5482).
const SILENCE: Duration = Duration::from_secs(15);

/// Options of every session. What two nodes may do at once is thought out for this isolation, whatever the server's usual
/// one. And a node that freezes in the middle of a transaction must not keep what it has locked from the others: the server
/// ends the session, as if the node had died.
const OPTIONS: &str = "-c default_transaction_isolation=read\\ committed -c idle_in_transaction_session_timeout=2s";

/// Where a database is, as `url` of `[store]` tells. Shown without its password.
#[derive(Clone)]
pub struct Address {
    config: Config,
    is_encrypted: bool,
    ca_file: Option<PathBuf>,
}

/// Why a text is no address of a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAddress {
    /// It cannot be read.
    #[error("this is no address of a database: {0}")]
    Malformed(String),
    /// Host or database is missing.
    #[error("the {0} is missing: `postgres://USER@HOST/DATABASE` is wanted")]
    Incomplete(&'static str),
    /// Readers' addresses would go over a network for everybody to read.
    #[error("`sslmode=disable` is for this machine only")]
    Unencrypted,
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(url: &str) -> std::result::Result<Self, NotAnAddress> {
        let mut config = Config::from_str(url).map_err(|fault| NotAnAddress::Malformed(super::fault::in_words(&fault)))?;
        if config.get_hosts().is_empty() {
            return Err(NotAnAddress::Incomplete("host"));
        }
        if config.get_dbname().is_none() {
            return Err(NotAnAddress::Incomplete("database"));
        }
        let options = [config.get_options().unwrap_or_default(), OPTIONS].join(" ");
        let is_local = config.get_hosts().iter().all(is_here);
        let is_encrypted = match config.get_ssl_mode() {
            SslMode::Disable if !is_local => return Err(NotAnAddress::Unencrypted),
            SslMode::Require => true,
            // A socket in the file system knows no TLS, and nobody else listens on loopback.
            _ => !is_local,
        };
        config
            .ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable })
            .connect_timeout(PATIENCE)
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE)
            .options(options)
            .application_name("masthead");
        Ok(Self { config, is_encrypted, ca_file: None })
    }
}

impl Address {
    /// The same with this password.
    #[must_use]
    pub fn with_password(mut self, password: &SecretString) -> Self {
        self.config.password(password.expose_secret());
        self
    }

    /// The same, trusting who has signed the server's certificate as this file says.
    #[must_use]
    pub fn trusting(mut self, ca_file: PathBuf) -> Self {
        self.ca_file = Some(ca_file);
        self
    }

    /// Whether the address itself tells a password.
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// A connection of one's own, with what drives it.
    pub(super) fn connector(&self) -> (&Config, bool) {
        (&self.config, self.is_encrypted)
    }

    /// What speaks TLS to it.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect> {
        let refused = |cause: String| StoreError::Open { place: self.to_string(), cause };
        let builder = ClientConfig::builder();
        let config = match &self.ca_file {
            None => builder.with_platform_verifier().map_err(|fault| refused(fault.to_string()))?.with_no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                let read = |cause: &dyn fmt::Display| refused(format!("{}: {cause}", file.display()));
                for certificate in CertificateDer::pem_file_iter(file).map_err(|fault| read(&fault))? {
                    roots.add(certificate.map_err(|fault| read(&fault))?).map_err(|fault| read(&fault))?;
                }
                builder.with_root_certificates(roots).with_no_client_auth()
            }
        };
        Ok(MakeRustlsConnect::new(config))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.config.get_hosts().first().map_or_else(String::new, |host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        write!(out, "the database {} at {host}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config && self.ca_file == other.ca_file
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

/// So many connections to lend; none is opened yet.
pub(super) fn pool(address: &Address, most: usize) -> Result<Pool> {
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = if address.is_encrypted {
        Manager::from_config(address.config.clone(), address.tls()?, settings)
    } else {
        Manager::from_config(address.config.clone(), NoTls, settings)
    };
    let pool =
        Pool::builder(manager).max_size(most).runtime(Runtime::Tokio1).wait_timeout(Some(PATIENCE)).create_timeout(Some(PATIENCE)).build();
    pool.map_err(|fault| StoreError::Engine(fault.to_string()))
}

/// One of them.
pub(super) async fn borrow(pool: &Pool) -> Result<Object> {
    Ok(pool.get().await?)
}
