//! What moves from one engine to another is described: every table and column of both is held against their catalogues.

use std::collections::BTreeSet;

use masthead::store::portable::tables::{DERIVED, LOCAL, LOCAL_COLUMNS};
use masthead::store::portable::{Kind, TABLES};
use masthead::store::sqlite::SqliteStore;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::cluster::{self, Database};
use crate::postgres::open_in as database;

/// A column as a catalogue has it: table, name, kind, and whether it may be empty.
type Catalogued = (String, String, Option<Kind>, bool);

/// A new store, past which its catalogue is read.
fn sqlite() -> (TempDir, Connection) {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("masthead.db");
    drop(SqliteStore::open(&place).unwrap());
    let connection = Connection::open(&place).unwrap();
    (folder, connection)
}

fn of_sqlite() -> Vec<Catalogued> {
    let (_folder, connection) = sqlite();
    let sql =
        "SELECT t.name, c.name, c.type, NOT c.\"notnull\" FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'";
    let mut statement = connection.prepare(sql).unwrap();
    let kind = |kind: String| match kind.as_str() {
        "INTEGER" => Some(Kind::Int),
        "REAL" => Some(Kind::Real),
        "TEXT" => Some(Kind::Text),
        "BLOB" => Some(Kind::Octets),
        _ => None,
    };
    let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, kind(row.get(2)?), row.get(3)?))).unwrap();
    columns.map(std::result::Result::unwrap).collect()
}

fn of_postgresql(database: &Database) -> Vec<Catalogued> {
    let sql = "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'public'";
    let kind = |kind: &str| match kind {
        "bigint" | "integer" | "smallint" | "boolean" => Some(Kind::Int),
        "double precision" => Some(Kind::Real),
        "text" => Some(Kind::Text),
        "bytea" => Some(Kind::Octets),
        _ => None,
    };
    database.ask(sql).into_iter().map(|row| (row[0].clone(), row[1].clone(), kind(&row[2]), row[3] == "YES")).collect()
}

/// Holds the description against a catalogue.
fn describes(catalogue: &[Catalogued]) {
    let is_named = |table: &str| {
        DERIVED.iter().chain(LOCAL).any(|name| name.strip_suffix('*').map_or(*name == table, |begins| table.starts_with(begins)))
    };
    for (table, column, kind, is_nullable) in catalogue {
        let Some(described) = TABLES.iter().find(|known| known.name == table) else {
            assert!(is_named(table), "`{table}` is neither described nor derived nor local");
            continue;
        };
        let Some(place) = described.columns.iter().position(|known| known.name == column) else {
            assert!(LOCAL_COLUMNS.contains(&(table, column)), "`{table}.{column}` is neither described nor derived nor local");
            continue;
        };
        let known = &described.columns[place];
        assert_eq!(Some(known.kind), *kind, "{table}.{column}");
        // A key is never empty, whatever SQLite's catalogue says of it.
        assert!(known.is_nullable == *is_nullable || place < described.key, "{table}.{column}");
    }
    let there: BTreeSet<(&str, &str)> = catalogue.iter().map(|(table, column, ..)| (table.as_str(), column.as_str())).collect();
    for table in TABLES {
        for column in table.columns {
            assert!(there.contains(&(table.name, column.name)), "there is no `{}.{}`", table.name, column.name);
        }
    }
}

#[test]
fn every_column_of_sqlite_is_carried_or_known_not_to_be() {
    describes(&of_sqlite());
}

#[tokio::test]
async fn every_column_of_postgresql_is_carried_or_known_not_to_be() {
    let Some(shared) = cluster::empty() else { return };
    drop(database(&shared, "a").await);
    describes(&of_postgresql(&shared));
}

/// Pages of a table without such an index would each read all of it: a move would take the square of its rows.
#[tokio::test]
async fn an_index_of_each_engine_begins_with_the_key_of_every_table() {
    let (_folder, file) = sqlite();
    for table in TABLES {
        let page = format!("EXPLAIN QUERY PLAN SELECT {} FROM {} ORDER BY {} LIMIT 9", table.names(), table.name, table.key_names());
        let mut statement = file.prepare(&page).unwrap();
        let plan: Vec<String> = statement.query_map([], |row| row.get("detail")).unwrap().map(std::result::Result::unwrap).collect();
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{}: {plan:?}", table.name);
    }
    let Some(shared) = cluster::empty() else { return };
    drop(database(&shared, "a").await);
    for table in TABLES {
        let indexes = shared.ask(&format!(
            "SELECT string_agg(attname, ', ' ORDER BY place) || ', ' FROM pg_index, unnest(indkey) WITH ORDINALITY AS part (number, place), \
             pg_attribute WHERE indrelid = '{0}'::regclass AND attrelid = indrelid AND attnum = part.number GROUP BY indexrelid",
            table.name
        ));
        assert!(indexes.iter().any(|columns| columns[0].starts_with(&format!("{}, ", table.key_names()))), "{}: {indexes:?}", table.name);
    }
}

#[test]
fn a_number_is_given_for_good_where_sqlite_keeps_it_beside_the_rows() {
    let (_folder, connection) = sqlite();
    for table in TABLES {
        let made: String = connection.query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [table.name], |row| row.get(0)).unwrap();
        assert_eq!(table.gives_for_good, made.contains("AUTOINCREMENT"), "{}", table.name);
    }
}
