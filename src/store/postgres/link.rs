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
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::entrance::Entrance;
use crate::store::{Result, StoreError};

/// How many connections a node lends at most, beside those that it keeps for notes, news and signs of life.
pub(super) const MOST: usize = 8;

/// How long a connection may take to come about, and how long somebody waits until one is free.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long octets may lie unanswered before the connection counts as lost (RFC 5482).
const SILENCE: Duration = Duration::from_secs(15);

/// Where a database is, as `url` of `[store]` tells. Shown without its password.
#[derive(Clone)]
pub struct Address {
    config: Config,
    /// One for each server that it names, in the order in which they are tried.
    servers: Vec<Config>,
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
        let mut config = Config::from_str(url).map_err(|fault| malformed(&fault))?;
        if config.get_hosts().is_empty() {
            return Err(NotAnAddress::Incomplete("host"));
        }
        if config.get_dbname().is_none() {
            return Err(NotAnAddress::Incomplete("database"));
        }
        let is_local = config.get_hosts().iter().all(is_here) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let is_encrypted = match config.get_ssl_mode() {
            SslMode::Disable if !is_local => return Err(NotAnAddress::Unencrypted),
            SslMode::Require => true,
            // A socket in the file system knows no TLS, and nobody else listens on loopback.
            _ => !is_local,
        };
        config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        let servers = servers(&config)?;
        Ok(Self { config, servers, is_encrypted, ca_file: None })
    }
}

impl Address {
    /// The same with this password.
    #[must_use]
    pub fn with_password(mut self, password: &SecretString) -> Self {
        for config in self.servers.iter_mut().chain([&mut self.config]) {
            config.password(password.expose_secret());
        }
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

    /// The servers that it names, in the order in which they are tried.
    pub(super) fn servers(&self) -> &[Config] {
        &self.servers
    }

    /// Whether what goes there and back is under TLS.
    pub(super) fn is_encrypted(&self) -> bool {
        self.is_encrypted
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
                if roots.is_empty() {
                    return Err(read(&"there is no certificate in it"));
                }
                builder.with_root_certificates(roots).with_no_client_auth()
            }
        };
        Ok(MakeRustlsConnect::new(config))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        write!(out, "the database {} at {}", self.config.get_dbname().unwrap_or_default(), hosts.collect::<Vec<_>>().join(" or "))
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

/// Why it cannot be read. What other programs are told about certificates is not wanted here, or stands elsewhere.
fn malformed(fault: &tokio_postgres::Error) -> NotAnAddress {
    let words = super::fault::in_words(fault);
    let is_of_tls = words.contains("`sslmode`") || words.contains("`sslrootcert`");
    let help = "; certificates are always looked at in full, and an authority of your own is named in `ca_file`";
    NotAnAddress::Malformed(if is_of_tls { words + help } else { words })
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

/// An address for each server, so that each can be given its time.
fn servers(all: &Config) -> std::result::Result<Vec<Config>, NotAnAddress> {
    let (hosts, addresses, ports) = (all.get_hosts(), all.get_hostaddrs(), all.get_ports());
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(NotAnAddress::Malformed("a port belongs behind its host, as in `HOST:5433`".to_owned()));
    }
    let one = |(at, host): (usize, &Host)| {
        let mut one = Config::new();
        if let Some(user) = all.get_user() {
            one.user(user);
        }
        if let Some(password) = all.get_password() {
            one.password(password);
        }
        if let Some(database) = all.get_dbname() {
            one.dbname(database);
        }
        if let Some(options) = all.get_options() {
            one.options(options);
        }
        one.ssl_mode(all.get_ssl_mode())
            .ssl_negotiation(all.get_ssl_negotiation())
            .channel_binding(all.get_channel_binding())
            // Of several, whoever lets us write; of one, it is enough to look.
            .target_session_attrs(if hosts.len() > 1 { TargetSessionAttrs::ReadWrite } else { all.get_target_session_attrs() })
            .connect_timeout(PATIENCE)
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE)
            .application_name("masthead");
        match host {
            Host::Tcp(name) => one.host(name),
            Host::Unix(path) => one.host_path(path),
        };
        if let Some(address) = addresses.get(at) {
            one.hostaddr(*address);
        }
        if let Some(port) = ports.get(at).or(ports.first()) {
            one.port(*port);
        }
        one
    };
    Ok(hosts.iter().enumerate().map(one).collect())
}

/// So many connections to lend; none is opened yet.
pub(super) fn pool(address: &Address, most: usize) -> Result<Pool> {
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = if address.is_encrypted {
        Manager::from_connect(address.config.clone(), Entrance::to(address, address.tls()?), settings)
    } else {
        Manager::from_connect(address.config.clone(), Entrance::to(address, NoTls), settings)
    };
    let pool =
        Pool::builder(manager).max_size(most).runtime(Runtime::Tokio1).wait_timeout(Some(PATIENCE)).create_timeout(Some(PATIENCE)).build();
    pool.map_err(|fault| StoreError::Engine(fault.to_string()))
}

/// One of them.
pub(super) async fn borrow(pool: &Pool) -> Result<Object> {
    Ok(pool.get().await?)
}
