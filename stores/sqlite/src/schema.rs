//! What a file must say of itself to be a store, and how it becomes one.

use rusqlite::{Connection, Result, Transaction};

/// "pvk1" in ASCII, in the header of each file that is a provkey store.
pub(crate) const APPLICATION_ID: i32 = i32::from_be_bytes(*b"pvk1");

/// Each brings the schema from the version before it to its own, the first from an empty file.
/// Files keep the number of those they have had in `user_version`.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A database with nothing in it yet.
    Empty,
    /// A store that is as this program knows it.
    Current,
    /// A store that an older program made.
    Older,
    /// A store that a newer program made.
    Newer,
    /// A database of somebody else.
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
    let current = MIGRATIONS.len() as i64;
    Ok(match (application, version, objects) {
        (0, 0, 0) => Identity::Empty,
        (APPLICATION_ID, version, _) if version == current => Identity::Current,
        (APPLICATION_ID, version, _) if version > current => Identity::Newer,
        (APPLICATION_ID, version, _) if version > 0 => Identity::Older,
        _ => Identity::Foreign,
    })
}

/// Brings an empty or older store up to date, all or nothing.
pub(crate) fn migrate(transaction: &Transaction<'_>) -> Result<()> {
    let version: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for migration in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::TransactionBehavior;

    /// A file as the program of each earlier schema version left it comes up to date.
    #[test]
    fn each_older_schema_is_migrated() {
        for version in 0..MIGRATIONS.len() {
            let mut connection = Connection::open_in_memory().unwrap();
            let wanted = if version == 0 { Identity::Empty } else { Identity::Older };
            for migration in &MIGRATIONS[..version] {
                connection.execute_batch(migration).unwrap();
                connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
            }
            connection.pragma_update(None, "user_version", version as i64).unwrap();
            assert_eq!(identity(&connection).unwrap(), wanted);
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
            migrate(&transaction).unwrap();
            transaction.commit().unwrap();
            assert_eq!(identity(&connection).unwrap(), Identity::Current);
        }
    }
}
