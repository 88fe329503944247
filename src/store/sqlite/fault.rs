//! What SQLite reports, in the store's own words.

use rusqlite::{Error, ErrorCode};

use crate::store::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let words = error.to_string();
        match error {
            Error::SqliteFailure(failure, _) if passes(failure.code) => Self::Unavailable(words),
            Error::SqliteFailure(failure, _) if is_damage(failure.code) => Self::Corrupt(words),
            Error::FromSqlConversionFailure(..) | Error::IntegralValueOutOfRange(..) | Error::InvalidColumnType(..) => Self::Corrupt(words),
            _ => Self::Engine(words),
        }
    }
}

/// What another try may not meet any more, once somebody has made room or let go of the file.
fn passes(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
    )
}

fn is_damage(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn fault(sql: &str) -> StoreError {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE notes (text TEXT NOT NULL) STRICT; PRAGMA query_only = ON").unwrap();
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap_err().into()
    }

    #[test]
    fn what_may_not_be_written_just_now_is_unavailable() {
        let refused = fault("INSERT INTO notes VALUES ('a')");
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        assert!(refused.is_transient());
    }

    #[test]
    fn a_column_of_another_type_is_unexpected() {
        assert!(matches!(fault("SELECT 'three'"), StoreError::Corrupt(_)));
    }

    #[test]
    fn a_wrong_statement_is_the_engines_fault() {
        assert!(matches!(fault("SELECT nothing"), StoreError::Engine(_)));
    }
}
