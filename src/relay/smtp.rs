//! An SMTP server that takes our mail.

use std::fmt;
use std::sync::Arc;

use super::RelayError;
use super::connect::{OpenFault, open};
use super::tls::TlsClient;

pub use super::conversation::SmtpConnection;
pub use super::settings::{Credentials, Login, Security, SmtpSettings, Timeouts};

/// A server to hand messages to.
pub struct SmtpRelay {
    settings: Arc<SmtpSettings>,
    tls: Option<TlsClient>,
}

impl SmtpRelay {
    /// Checks the settings and reads the certificates to trust; talks to nobody yet. The error is
    /// [`RelayError::Open`] and not transient.
    pub fn new(settings: SmtpSettings) -> Result<Self, RelayError> {
        let misfit = |cause: String| opening_failed(&settings, OpenFault { cause, reply: None, is_transient: false });
        if settings.ehlo_name.is_empty() || !settings.ehlo_name.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(misfit(format!("`{}` is no name to introduce ourselves by", settings.ehlo_name.escape_debug())));
        }
        let tls = match settings.security {
            Security::None if settings.credentials.is_some() => return Err(misfit("a password is never sent without TLS".to_owned())),
            Security::None => None,
            Security::Implicit | Security::StartTls => {
                Some(TlsClient::new(&settings.host, settings.ca_file.as_deref()).map_err(|fault| misfit(fault.cause))?)
            }
        };
        Ok(Self { settings: Arc::new(settings), tls })
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Opens one connection, up to and including AUTH. The error is [`RelayError::Open`].
    pub async fn connect(&self) -> Result<SmtpConnection, RelayError> {
        let greeted = open(&self.settings, self.tls.as_ref()).await.map_err(|fault| opening_failed(&self.settings, fault))?;
        tracing::debug!(relay = self.settings.name, "opened a connection");
        Ok(SmtpConnection::new(greeted, Arc::clone(&self.settings)))
    }
}

/// Without the TLS configuration, which prints nothing worth reading.
impl fmt::Debug for SmtpRelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpRelay").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn opening_failed(settings: &SmtpSettings, fault: OpenFault) -> RelayError {
    RelayError::Open {
        relay: settings.name.clone(),
        place: format!("{}:{}", settings.host, settings.port),
        cause: fault.cause,
        reply: fault.reply,
        transient: fault.is_transient,
    }
}
