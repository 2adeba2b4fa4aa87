//! What a schema must have in it to be a store, and how it becomes one.

use postgres::{GenericClient, Transaction};

use crate::address::Address;
use crate::error::Failed;

/// Each brings the schema from the version before it to its own, the first from an empty one.
/// The table `store` keeps the number of those that there have been.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];

/// What a schema is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// There is none, or nothing is in it yet.
    Empty,
    /// A store that is as this program knows it.
    Current,
    /// A store that an older program made.
    Older,
    /// A store that a newer program made.
    Newer,
    /// Somebody else's.
    Foreign,
}

/// Looks into the catalog, which everybody may, before it looks into the schema.
pub(crate) fn identity(
    client: &mut impl GenericClient,
    address: &Address,
) -> Result<Identity, Failed> {
    let objects = client.query_one(
        "SELECT count(*), count(*) FILTER (WHERE relname = 'store' AND relkind = 'r')
         FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname = $1",
        &[&address.schema()],
    )?;
    match (objects.try_get::<_, i64>(0)?, objects.try_get::<_, i64>(1)?) {
        (0, _) => return Ok(Identity::Empty),
        (_, 0) => return Ok(Identity::Foreign),
        _ => {}
    }
    let known = client.query_one(
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = $1
         AND table_name = 'store' AND column_name IN ('application', 'schema_version')",
        &[&address.schema()],
    )?;
    if known.try_get::<_, i64>(0)? == 1 {
        return Ok(Identity::Foreign);
    }
    let version = version(client, address)?;
    let current = MIGRATIONS.len() as i32;
    Ok(match version {
        Some(version) if version == current => Identity::Current,
        Some(version) if version > current => Identity::Newer,
        Some(version) if version > 0 => Identity::Older,
        _ => Identity::Foreign,
    })
}

fn version(client: &mut impl GenericClient, address: &Address) -> Result<Option<i32>, Failed> {
    let sql = "SELECT schema_version FROM {schema}.store WHERE application = 'provkey'";
    let row = client.query_opt(&address.sql(sql), &[])?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Waits until nobody else makes or migrates this schema; until the end of the transaction.
pub(crate) fn lock(transaction: &mut Transaction<'_>, address: &Address) -> Result<(), Failed> {
    // Whatever is brought up to date may be large.
    transaction.batch_execute("SET LOCAL statement_timeout = 0")?;
    let sql = "SELECT pg_advisory_xact_lock(hashtext('provkey schema'), hashtext($1))";
    transaction.query_one(sql, &[&address.schema()])?;
    Ok(())
}

/// Brings an empty or older store up to date, all or nothing.
pub(crate) fn migrate(
    transaction: &mut Transaction<'_>,
    address: &Address,
    identity: Identity,
) -> Result<(), Failed> {
    let version = match identity {
        Identity::Empty => {
            make_schema(transaction, address)?;
            0
        }
        _ => version(transaction, address)?.unwrap_or(0),
    };
    for migration in MIGRATIONS.iter().skip(version as usize) {
        transaction.batch_execute(&address.sql(migration))?;
    }
    let sql = address.sql("UPDATE {schema}.store SET schema_version = $1");
    transaction.execute(&sql, &[&(MIGRATIONS.len() as i32)])?;
    Ok(())
}

/// An empty schema may have been made by somebody who may make schemas.
fn make_schema(transaction: &mut Transaction<'_>, address: &Address) -> Result<(), Failed> {
    let sql = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let row = transaction.query_one(sql, &[&address.schema()])?;
    if row.try_get::<_, i64>(0)? == 0 {
        transaction.batch_execute(&address.sql("CREATE SCHEMA {schema}"))?;
    }
    Ok(())
}
