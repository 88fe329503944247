//! The store of a newsroom, opened where the settings say, and who sits down at it; or stores by themselves, for a newsroom that
//! moves.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::neighbours::started;
use super::{AppError, credentials, holding, home};
use crate::clock::Clock;
use crate::config::{Config, StorePlace, secret};
use crate::store::postgres::{Address, PgStore};
use crate::store::sqlite::SqliteStore;
use crate::store::{Seat, Store};

/// Opens it. `boot` names this run of the machine.
pub(super) async fn store(root: &Path, config: &Config, boot: &str) -> Result<Arc<dyn Store>, AppError> {
    store_at(root, config, &config.store, boot).await
}

async fn store_at(root: &Path, config: &Config, place: &StorePlace, boot: &str) -> Result<Arc<dyn Store>, AppError> {
    match place {
        StorePlace::File(path) => Ok(Arc::new(SqliteStore::open(path)?)),
        StorePlace::Database { .. } => Ok(Arc::new(PgStore::open(address(root, place)?, seat(config, boot)).await?)),
    }
}

/// The settings of a newsroom and whatever stores they or a person name, with no newsroom around them.
pub struct Stores {
    root: PathBuf,
    config: Config,
    clock: Arc<dyn Clock>,
    boot: String,
    /// A password that the environment passes.
    password: Option<String>,
}

impl Stores {
    /// Reads the settings.
    pub fn of(root: &Path, environment: &[(String, String)], clock: Arc<dyn Clock>) -> Result<Self, AppError> {
        let (config, _) = super::settings(root, environment, clock.now())?;
        let boot = super::boot(clock.now());
        let password = environment.iter().find(|(name, _)| name == "PGPASSWORD").map(|(_, value)| value.clone());
        Ok(Self { root: root.to_owned(), config, clock, boot, password })
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Which run of the machine this is.
    pub fn boot(&self) -> &str {
        &self.boot
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The place that somebody typed: as the settings know it if they name the same, else as it stands.
    pub fn place(&self, url: &str) -> Result<StorePlace, AppError> {
        let typed = StorePlace::typed(url, &self.root).ok_or_else(|| {
            AppError::Refused(format!("`{}` names no store: write `sqlite:PATH` or `postgres://USER@HOST/DATABASE`", scheme(url)))
        })?;
        let is_configured = match (&typed, &self.config.store) {
            (StorePlace::Database { url, .. }, StorePlace::Database { url: known, .. }) => url == known,
            (typed, known) => typed == known,
        };
        Ok(if is_configured { self.config.store.clone() } else { typed })
    }

    /// How a place is shown to people: without its password.
    pub fn shown(&self, place: &StorePlace) -> Result<String, AppError> {
        Ok(match place {
            StorePlace::File(path) => super::shown(&self.root, path),
            StorePlace::Database { .. } => address(&self.root, place)?.to_string(),
        })
    }

    /// Opens a store, and brings its tables up to this version.
    pub async fn open(&self, place: &StorePlace) -> Result<Arc<dyn Store>, AppError> {
        let StorePlace::Database { password_file: None, .. } = place else {
            return store_at(&self.root, &self.config, place, &self.boot).await;
        };
        let mut address = address(&self.root, place)?;
        if let (false, Some(password)) = (address.has_password(), &self.password) {
            address = address.with_password(&password.as_str().into());
        }
        Ok(Arc::new(PgStore::open(address, seat(&self.config, &self.boot)).await?))
    }

    /// Keeps senders and daemons from a file while the guards live. A database has its nodes for that.
    pub fn hold(&self, place: &StorePlace) -> Result<Vec<File>, AppError> {
        let StorePlace::File(path) = place else { return Ok(Vec::new()) };
        let taken = |who| format!("{who} is at {}: stop it first", super::shown(&self.root, path));
        Ok(vec![
            holding::lock(path.with_extension("serve.lock"), &taken("`masthead serve`"))?,
            holding::lock(path.with_extension("lock"), &taken("another `masthead`"))?,
        ])
    }

    /// The name of the home that a store has here.
    pub async fn home(&self, store: &dyn Store) -> Result<String, AppError> {
        Ok(home::here(store).await?)
    }
}

/// What stands before a password could.
fn scheme(url: &str) -> &str {
    url.split_once(':').map_or(url, |(scheme, _)| scheme)
}

/// The address of a database with its password; a file has none.
fn address(root: &Path, place: &StorePlace) -> Result<Address, AppError> {
    let StorePlace::Database { url, password_file, ca_file } = place else {
        return Err(AppError::Refused("a file is no database".to_owned()));
    };
    let address: Result<Address, _> = url.expose().parse();
    let mut address = address.map_err(|fault| AppError::Refused(format!("`url` of [store]: {fault}")))?;
    if let Some(file) = password_file {
        let file = if super::is_passed(file) { file.clone() } else { root.join(file) };
        address = address.with_password(&secret::read(&file, credentials().as_deref())?);
    }
    if let Some(file) = ca_file {
        address = address.trusting(root.join(file));
    }
    Ok(address)
}

/// Who this process is to others.
fn seat(config: &Config, boot: &str) -> Seat {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
    let name = config.node.name.clone().unwrap_or_else(|| read("/proc/sys/kernel/hostname"));
    // Two containers of one machine have process numbers of their own.
    let numbering = fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    Seat { name, place: format!("{boot} {numbering}"), process: format!("{} {}", std::process::id(), started(&read("/proc/self/stat"))) }
}
