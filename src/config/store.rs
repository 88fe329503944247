//! `[store]` and `[node]`: where everything is kept, and who this node is among those that share it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use toml::Spanned;

use super::delivery::length;
use super::{Reader, overrides};

/// How long a node may give no sign of life before the others take over what it held.
const LEASE: Duration = Duration::from_secs(15);

/// The table `[store]` as it is typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Store {
    url: Spanned<String>,
    password_file: Option<Spanned<String>>,
    ca_file: Option<Spanned<String>>,
}

/// The table `[node]` as it is typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    name: Option<Spanned<String>>,
    lease: Option<Spanned<String>>,
    office: Option<bool>,
}

/// Where a newsroom's store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorePlace {
    /// A file of the embedded engine.
    File(PathBuf),
    /// A database that several nodes can share.
    Database {
        /// Where it is: `postgres://`.
        url: DatabaseUrl,
        /// Where its password is.
        password_file: Option<PathBuf>,
        /// An authority of our own that signed its certificate.
        ca_file: Option<PathBuf>,
    },
}

/// The address of a database. It may hold a password, so it is not printed.
#[derive(Clone)]
pub struct DatabaseUrl(SecretString);

impl DatabaseUrl {
    /// An address that somebody typed.
    pub fn new(text: &str) -> Self {
        Self(SecretString::from(text.trim()))
    }

    /// The text, for who opens it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for DatabaseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for DatabaseUrl {}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("postgres://…")
    }
}

/// This node among those that share the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeConfig {
    /// What people call it, where it is not the machine's name.
    pub name: Option<String>,
    /// How long a node may give no sign of life before the others take over what it held.
    pub lease: Duration,
    /// Whether it may attend to folder, calendar and letters; one that may not sends and serves pages.
    pub keeps_office: bool,
}

impl StorePlace {
    /// The place that somebody typed, as `url` of `[store]` is written; `None` if it names none. A password is what it says.
    pub fn typed(url: &str, newsroom: &Path) -> Option<Self> {
        match url.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Some(Self::File(newsroom.join(path))),
            Some(("postgres" | "postgresql", _)) => Some(Self::Database { url: DatabaseUrl::new(url), password_file: None, ca_file: None }),
            _ => None,
        }
    }
}

impl Reader<'_> {
    pub(super) fn store(&mut self, table: &Store) -> Option<StorePlace> {
        let file = |written: &Option<Spanned<String>>| written.as_ref().map(|path| PathBuf::from(path.get_ref().trim()));
        let url = &table.url;
        match url.get_ref().split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => {
                for needless in [&table.password_file, &table.ca_file].into_iter().flatten() {
                    self.wrong(needless, "a file has no password and no certificate", "leave this out, or name a `postgres://` database");
                }
                Some(StorePlace::File(self.newsroom.join(path)))
            }
            Some(("postgres" | "postgresql", place)) => {
                let has_password = place.rsplit_once('@').is_some_and(|(who, _)| who.trim_start_matches('/').contains(':'));
                if has_password && overrides::variable(url.span().start, self.environment).is_none() {
                    let help = "leave it out here, and name a file that holds it in `password_file`";
                    self.wrong(url, "a password does not belong in the settings", help);
                }
                let url = DatabaseUrl::new(url.get_ref());
                Some(StorePlace::Database { url, password_file: file(&table.password_file), ca_file: file(&table.ca_file) })
            }
            _ => {
                let help = "write `sqlite:` and a path, such as `sqlite:data/masthead.db`, or `postgres://USER@HOST/DATABASE`";
                self.wrong(url, "this names no store", help);
                None
            }
        }
    }

    pub(super) fn node(&mut self, table: &Node) -> NodeConfig {
        let lease = table.lease.as_ref().and_then(|written| {
            let lease = written.get_ref().trim().parse().ok().and_then(length);
            let lease = lease.filter(|lease| (Duration::from_secs(3)..=Duration::from_mins(10)).contains(lease));
            if lease.is_none() {
                self.wrong(written, "this is no time to wait for a sign of life", "write a time between `3s` and `10m`, such as `15s`");
            }
            lease
        });
        NodeConfig {
            name: table.name.as_ref().map(|name| name.get_ref().trim().to_owned()),
            lease: lease.unwrap_or(LEASE),
            keeps_office: table.office.unwrap_or(true),
        }
    }
}
