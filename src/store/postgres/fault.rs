//! What the server's errors mean for whoever asked.

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::Address;
use crate::store::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        if is_passing(&error) { Self::Unavailable(in_words(&error)) } else { Self::Engine(in_words(&error)) }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
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
        (Some(said), _) => said.message().to_owned(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
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
