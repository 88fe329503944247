//! A newsroom opened: its settings, its press, its keys and its store, joined once at the start.

mod alike;
mod attendance;
mod holding;
mod home;
mod kept;
mod key_file;
mod neighbours;
mod opening;
mod patience;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use crate::archive::Index;
use crate::clock::Clock;
use crate::config::secret::{self, SecretError};
use crate::config::{self, CONFIG_PATH, Config, KeyPlace};
use crate::diagnostic::{Diagnostic, Source};
use crate::edition::Press;
use crate::intake::{self, IntakeError};
use crate::mailing::dkim::{DkimFault, DkimKey, Signer};
use crate::store::{Store, StoreError};
use crate::subscription::Seal;
use crate::subscription::token::Keys;

pub use attendance::{Allotment, Attendance, Presence};
pub use holding::Held;
pub use kept::Kept;
pub use opening::Stores;
pub use patience::{Advice, Patience};

/// Why a newsroom cannot be opened, or what was asked of it cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A text has faults: settings, templates, an issue.
    #[error("there are faults to mend first")]
    Faulty(Vec<Diagnostic>),
    /// As things stand it must not be done; the sentence says what to do instead.
    #[error("{0}")]
    Refused(String),
    /// The folder is none of ours.
    #[error("there is no newsroom here: `{CONFIG_PATH}` is missing; `masthead init` makes one, and `-C DIR` names another folder")]
    NoNewsroom,
    /// A file or folder is not as it should be.
    #[error("could not {deed} {path}: {cause}")]
    Io {
        /// What was tried.
        deed: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        cause: io::Error,
    },
    /// The issues folder cannot be read.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// Nobody on the web can be asked for anything.
    #[error(transparent)]
    Fetch(#[from] intake::fetch::NoFetcher),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A relay cannot be used.
    #[error(transparent)]
    Relay(#[from] crate::relay::RelayError),
    /// A message cannot be composed.
    #[error(transparent)]
    Compose(#[from] crate::mailing::compose::ComposeError),
}

impl AppError {
    /// Whether a person has to mend a text or choose otherwise, rather than the machine being at fault.
    pub fn is_finding(&self) -> bool {
        matches!(self, Self::Faulty(_) | Self::Refused(_))
    }

    /// Wraps an input or output fault.
    pub fn io(deed: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io { deed, path, cause }
    }
}

/// A newsroom, ready for the desk.
pub struct Newsroom {
    root: PathBuf,
    config: Config,
    press: Press,
    warnings: Vec<Diagnostic>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    boot: String,
    here: String,
    patience: Arc<Patience>,
    index: Kept<Index>,
    attendance: Arc<Attendance>,
}

impl Newsroom {
    /// Opens the newsroom in a folder. `environment` holds the variables that override its settings.
    pub async fn open(root: &Path, environment: &[(String, String)], clock: Arc<dyn Clock>) -> Result<Self, AppError> {
        let (config, warnings) = settings(root, environment, clock.now())?;
        let boot = boot(clock.now());
        let store = opening::store(root, &config, &boot).await?;
        Self::furnish(root, config, warnings, clock, store, boot).await
    }

    /// The same on a store that is open already, in the run of the machine that `boot` names: for an engine or a disk of
    /// the caller's own.
    pub async fn open_on(
        root: &Path,
        environment: &[(String, String)],
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        boot: String,
    ) -> Result<Self, AppError> {
        let (config, warnings) = settings(root, environment, clock.now())?;
        Self::furnish(root, config, warnings, clock, store, boot).await
    }

    async fn furnish(
        root: &Path,
        config: Config,
        mut warnings: Vec<Diagnostic>,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        boot: String,
    ) -> Result<Self, AppError> {
        let overrides = intake::templates(&config.templates_folder, &shown(root, &config.templates_folder))?;
        let (press, found) = Press::new(&overrides).clean().map_err(AppError::Faulty)?;
        warnings.extend(found);
        store.declare_lists(&config.lists).await?;
        let here = home::here(store.as_ref()).await?;
        let (patience, index) = (Arc::default(), Kept::default());
        let attendance = Attendance::new(Arc::clone(&clock), config.node.lease);
        let newsroom = Self { root: root.to_owned(), config, press, warnings, store, clock, boot, here, patience, index, attendance };
        // Without the key nobody would be known again; where nobody was erased it need not be there.
        if newsroom.store.has_erased().await? {
            newsroom.seal_store()?;
        }
        Ok(newsroom)
    }

    /// The same newsroom with its settings and templates read again. The store stays open: one in another place is
    /// refused, and wants a new start.
    pub async fn reopened(&self, environment: &[(String, String)]) -> Result<Self, AppError> {
        let (config, warnings) = settings(&self.root, environment, self.now())?;
        if config.store != self.config.store {
            return Err(AppError::Refused("`url` of [store] has changed: that takes a new start".to_owned()));
        }
        if config.listen != self.config.listen {
            return Err(AppError::Refused("`listen` of [web] has changed: that takes a new start".to_owned()));
        }
        let newsroom = Self::furnish(&self.root, config, warnings, self.clock(), self.shared_store(), self.boot.clone()).await?;
        Ok(Self { patience: Arc::clone(&self.patience), attendance: Arc::clone(&self.attendance), ..newsroom })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its press.
    pub fn press(&self) -> &Press {
        &self.press
    }

    /// What was found in settings and templates that stops nothing.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Its store.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Its store, to be shared with workers.
    pub fn shared_store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Which run of the machine this is: after a power cut another than before.
    pub fn boot(&self) -> &str {
        &self.boot
    }

    /// The name of this place on this machine, by which a database knows whether it is at home.
    pub fn here(&self) -> &str {
        &self.here
    }

    /// What somebody could not be told, and when it is tried again.
    pub fn patience(&self) -> &Patience {
        &self.patience
    }

    /// The index of what is out, as it was made last; it is of these settings, and goes with them.
    pub fn index(&self) -> &Kept<Index> {
        &self.index
    }

    /// Its clock, to be shared with workers.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// How a path is shown to people: from the newsroom on.
    pub fn shown(&self, path: &Path) -> String {
        shown(&self.root, path)
    }

    /// The keys that sign links: one a line, the newest first. Made at the first call and kept in a file of their own,
    /// unless they are passed as a credential.
    pub fn keys(&self) -> Result<Keys, AppError> {
        let (newest, older) = self.token_secrets()?;
        // Numbered from the last line up: a key keeps its number when a newer one is written above it.
        let numbers = (1..=u8::MAX).take(older.len() + 1).collect::<Vec<_>>();
        let secrets = std::iter::once(&newest).chain(&older);
        Keys::from_newest_first(numbers.into_iter().rev().zip(secrets)).map_err(|fault| AppError::Refused(fault.to_string()))
    }

    /// Has the store mark those who are erased, and know them again.
    pub fn seal_store(&self) -> Result<(), AppError> {
        let (newest, older) = self.token_secrets()?;
        self.store.seal_with(Seal::new(&newest).after(&older));
        Ok(())
    }

    /// The newest, and those before it.
    fn token_secrets(&self) -> Result<([u8; 32], Vec<[u8; 32]>), AppError> {
        let written = &self.config.token_key_file;
        let path = &self.secret_path(written);
        if !is_passed(written) && !path.exists() {
            key_file::make(path).map_err(AppError::io("make the key in", path))?;
        }
        let text = secret::read_text(path, credentials().as_deref())?;
        let wrong = |what| SecretError::Malformed(path.clone(), what);
        let mut secrets = text.expose_secret().lines().filter(|line| !line.is_empty()).map(|line| {
            let octets = data_encoding::HEXLOWER_PERMISSIVE.decode(line.as_bytes()).ok();
            octets.and_then(|octets| <[u8; 32]>::try_from(octets).ok()).ok_or_else(|| wrong("64 hex digits are wanted"))
        });
        let newest = secrets.next().ok_or_else(|| wrong("64 hex digits are wanted"))??;
        let older: Vec<_> = secrets.collect::<Result<_, _>>()?;
        if older.len() >= usize::from(u8::MAX) { Err(wrong("there are too many keys").into()) } else { Ok((newest, older)) }
    }

    /// The keys that sign messages, if the newsroom has any.
    pub fn signer(&self) -> Result<Option<Signer>, AppError> {
        let Some(dkim) = &self.config.dkim else { return Ok(None) };
        let key = |setting: &str, place: &KeyPlace, read: fn(&str, &str, &str) -> Result<DkimKey, DkimFault>| {
            let pem = secret::read_text(&self.secret_path(&place.file), credentials().as_deref())?;
            read(&dkim.domain, &place.selector, pem.expose_secret())
                .map_err(|fault| AppError::Refused(format!("`{setting}` of [dkim], {}: {fault}", place.file.display())))
        };
        let mut signer = Signer::new(key("key_file", &dkim.key, DkimKey::rsa)?);
        if let Some((from, place)) = &dkim.next {
            signer = signer.followed_by(*from, key("next_key_file", place, DkimKey::rsa)?);
        }
        if let Some(place) = &dkim.ed25519 {
            signer = signer.seconded_by(key("ed25519_key_file", place, DkimKey::ed25519)?);
        }
        Ok(Some(signer))
    }

    /// Where a secret is: among systemd's credentials, or below the newsroom.
    pub fn secret_path(&self, written: &Path) -> PathBuf {
        if is_passed(written) { written.to_owned() } else { self.root.join(written) }
    }

    /// This node among the others, where several share the store.
    pub fn attendance(&self) -> &Arc<Attendance> {
        &self.attendance
    }

    /// Enters among the nodes that share the store, until the guard leaves; one that would sign otherwise than they do is
    /// refused. Where nobody shares it, or this process has entered already, the guard guards nothing.
    pub async fn attend(&self) -> Result<Presence, AppError> {
        if let Some(nodes) = self.store.shared().filter(|_| !self.attendance.is_shared()) {
            let (newest, older) = self.token_secrets()?;
            alike::must_sign_alike(nodes, &newest, &older).await?;
        }
        Ok(attendance::begin(&self.attendance, &self.store).await?)
    }
}

/// The settings of a newsroom and what was found in them.
fn settings(root: &Path, environment: &[(String, String)], now: Timestamp) -> Result<(Config, Vec<Diagnostic>), AppError> {
    let path = root.join(CONFIG_PATH);
    let text = fs::read_to_string(&path).map_err(|cause| {
        if cause.kind() == io::ErrorKind::NotFound { AppError::NoNewsroom } else { AppError::Io { deed: "read", path, cause } }
    })?;
    config::parse(&Source::new(CONFIG_PATH, text), root, environment, now).clean().map_err(AppError::Faulty)
}

/// What the kernel calls this run of the machine. Where it does not say, every start counts as one: what may be in doubt
/// then is, and nothing is missed.
fn boot(now: Timestamp) -> String {
    match fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(id) if !id.trim().is_empty() => id.trim().to_owned(),
        _ => format!("started {now}"),
    }
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// Where systemd puts the credentials of its unit.
pub fn credentials() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

/// Whether a secret is among them.
fn is_passed(written: &Path) -> bool {
    credentials().is_some_and(|folder| folder.join(written).is_file())
}
