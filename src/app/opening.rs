//! The store of a newsroom, opened where the settings say, and who sits down at it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::neighbours::started;
use super::{AppError, credentials};
use crate::config::{Config, StorePlace, secret};
use crate::store::postgres::{Address, PgStore};
use crate::store::sqlite::SqliteStore;
use crate::store::{Seat, Store};

/// Opens it. `boot` names this run of the machine.
pub(super) async fn store(root: &Path, config: &Config, boot: &str) -> Result<Arc<dyn Store>, AppError> {
    match &config.store {
        StorePlace::File(path) => Ok(Arc::new(SqliteStore::open(path)?)),
        StorePlace::Database { .. } => Ok(Arc::new(PgStore::open(address(root, &config.store)?, seat(config, boot)).await?)),
    }
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
