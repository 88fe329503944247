//! What the server's errors mean for whoever asked.

use deadpool_postgres::{PoolError, TimeoutType};
use rustls::CertificateError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::Address;
use crate::store::StoreError;

/// Somebody may be there, and says nothing.
pub(super) const SILENT: &str = "the database does not answer";

/// A server in recovery lets everybody look, and nobody write.
const READ_ONLY: &str = "the server takes no writes: it is a replica that nobody has promoted, or is set so";

/// Its certificate may be in order for all that.
const UNVOUCHED: &str = "nobody whom we trust has signed the server's certificate: whoever has is named in `ca_file`";

/// As the engine's own library says it where none was given.
const NO_PASSWORD: &str = "the server wants a password, and `password_file` names none";

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        if is_passing(&error) { Self::Unavailable(in_words(&error)) } else { Self::Engine(in_words(&error)) }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(TimeoutType::Create) => Self::Unavailable(SILENT.to_owned()),
            PoolError::Timeout(_) => Self::Unavailable("no connection to the database came free".to_owned()),
            other => Self::Engine(other.to_string()),
        }
    }
}

impl StoreError {
    /// The same, met by whoever would open this database: of several a person has to know which.
    pub(super) fn at(self, address: &Address) -> Self {
        match self {
            Self::Unavailable(cause) => Self::Unavailable(format!("{address}: {cause}")),
            Self::Engine(cause) => Self::Open { place: address.to_string(), cause },
            other => other,
        }
    }
}

/// What the server said, without the statement and its values.
pub(super) fn in_words(error: &Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(said), _) if *said.code() == SqlState::READ_ONLY_SQL_TRANSACTION => READ_ONLY.to_owned(),
        (Some(said), _) => said.message().to_owned(),
        (None, Some(cause)) if takes_no_writes(cause) => READ_ONLY.to_owned(),
        (None, Some(cause)) if is_unvouched(cause) => UNVOUCHED.to_owned(),
        (None, Some(cause)) if cause.to_string() == "password missing" => NO_PASSWORD.to_owned(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

/// Whether a server was passed by because it is read-only. The kernel's refusals have a number.
fn takes_no_writes(cause: &(dyn std::error::Error + 'static)) -> bool {
    let cause = cause.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::PermissionDenied && cause.raw_os_error().is_none())
}

/// Whether a certificate was refused for who has signed it.
fn is_unvouched(cause: &(dyn std::error::Error + 'static)) -> bool {
    let fault = cause.downcast_ref::<std::io::Error>().and_then(|cause| cause.get_ref()?.downcast_ref::<rustls::Error>());
    matches!(fault, Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)))
}

/// Whether the same may go through later: the server is away, starting, full, or at odds with another transaction.
fn is_passing(error: &Error) -> bool {
    let Some(code) = error.code() else {
        // Not the server's word: a connection that was lost or never came about. A value that it could not take is ours.
        return error.is_closed() || std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
    };
    // A class: connection lost, resources (a full disk too), an operator's word, a system error, a transaction that gave way.
    matches!(code.code().get(..2), Some("08" | "53" | "57" | "58" | "40"))
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
        || *code == SqlState::LOCK_NOT_AVAILABLE
}
