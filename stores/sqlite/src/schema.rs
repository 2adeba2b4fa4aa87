//! The schema of a store: what marks a file as a store, and how a file is brought up to date.
//!
//! The tables are made once. Triggers and views hold no data, so there is one description of them
//! (of the views, in [`provkey::views`]), and they are dropped and made again when an older store
//! is opened. A change of a table needs a step from the schema before it; there has been none yet.

use provkey::views::{Dialect, Kind, VIEWS};
use rusqlite::{Connection, Result, Transaction};

/// "pvk1" in ASCII, in the header of each file that is a provkey store.
pub(crate) const APPLICATION_ID: i32 = i32::from_be_bytes(*b"pvk1");
/// The schema below, as a file states it in `user_version`. Each change of the schema raises it.
const VERSION: i64 = 4;

const TABLES: &str = include_str!("schema/tables.sql");
const TRIGGERS: &str = include_str!("schema/triggers.sql");

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A database without any content.
    Empty,
    /// A store with this schema.
    Current,
    /// A store with an older schema.
    Older,
    /// A store with a newer schema.
    Newer,
    /// The database of another program.
    Foreign,
}

pub(crate) fn identity(connection: &Connection) -> Result<Identity> {
    let (application, version, objects) = connection.query_row(
        "SELECT (SELECT application_id FROM pragma_application_id),
                (SELECT user_version FROM pragma_user_version),
                (SELECT count(*) FROM sqlite_schema)",
        (),
        |row| Ok((row.get::<_, i32>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)),
    )?;
    Ok(match (application, version, objects) {
        (0, 0, 0) => Identity::Empty,
        (APPLICATION_ID, VERSION, _) => Identity::Current,
        (APPLICATION_ID, 1..VERSION, _) => Identity::Older,
        (APPLICATION_ID, VERSION.., _) => Identity::Newer,
        _ => Identity::Foreign,
    })
}

/// Brings an empty file or an older store up to date.
pub(crate) fn migrate(transaction: &Transaction<'_>, from: Identity) -> Result<()> {
    if from == Identity::Empty {
        transaction.execute_batch(TABLES)?;
    }
    transaction.execute_batch(TRIGGERS)?;
    for view in VIEWS {
        let (name, select) = (view.name(), view.select(&Sqlite));
        let make = format!("DROP VIEW IF EXISTS {name}; CREATE VIEW {name} AS {select};");
        transaction.execute_batch(&make)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)
}

/// The expressions of views. Times are RFC 3339 in UTC.
struct Sqlite;

impl Dialect for Sqlite {
    fn records(&self) -> &str {
        "records"
    }

    fn bytes(&self, text: &str) -> String {
        format!("CAST({text} AS BLOB)")
    }

    fn json(&self, bytes: &str) -> String {
        format!("CAST({bytes} AS TEXT)")
    }

    fn field(&self, json: &str, field: &str, _: Kind) -> String {
        format!("{json} ->> '{field}'")
    }

    fn time(&self, unix_ms: &str) -> String {
        format!("strftime('%Y-%m-%dT%H:%M:%fZ', ({unix_ms}) / 1000.0, 'unixepoch')")
    }

    fn now_ms(&self) -> &str {
        "unixepoch() * 1000"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::TransactionBehavior;

    /// All objects of a schema, as SQLite keeps them.
    fn objects(connection: &Connection) -> Vec<(String, Option<String>)> {
        let sql = "SELECT name, sql FROM sqlite_schema ORDER BY name";
        let mut objects = connection.prepare(sql).unwrap();
        let rows = objects.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_>>().unwrap()
    }

    fn migrated(mut connection: Connection) -> Connection {
        let from = identity(&connection).unwrap();
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        migrate(&transaction, from).unwrap();
        transaction.commit().unwrap();
        assert_eq!(identity(&connection).unwrap(), Identity::Current);
        connection
    }

    /// The first schema had the tables alone, later ones triggers, and views with fewer columns.
    #[test]
    fn a_store_of_each_older_schema_is_brought_up_to_date() {
        let new = Connection::open_in_memory().unwrap();
        assert_eq!(identity(&new).unwrap(), Identity::Empty);
        let current = objects(&migrated(new));
        for version in 1..VERSION {
            let older = Connection::open_in_memory().unwrap();
            older.execute_batch(TABLES).unwrap();
            older.execute_batch("INSERT INTO records (key, version) VALUES (x'61', 1)").unwrap();
            if version > 1 {
                older.execute_batch(TRIGGERS).unwrap();
                older.execute_batch("CREATE VIEW audit AS SELECT key FROM records").unwrap();
            }
            older.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
            older.pragma_update(None, "user_version", version).unwrap();
            assert_eq!(identity(&older).unwrap(), Identity::Older);
            let older = migrated(older);
            assert_eq!(objects(&older), current, "from schema {version}");
            let records = older.query_row("SELECT count(*) FROM records", (), |row| row.get(0));
            assert_eq!(records, Ok(1));
        }
    }
}
