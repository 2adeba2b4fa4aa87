//! The schema of a store: what marks it as a store, and how it is brought up to date.
//!
//! The tables are made once. The function and the views hold no data, so there is one description
//! of them (of the views, in [`provkey::views`]), and they are replaced when an older store is
//! opened. They are not dropped, so that roles keep their rights on the views; for that a view may
//! only get new columns at its end. The function keeps its arguments: another signature needs
//! another name. A change of a table needs a step from the schema before it; there has been none
//! yet.

use postgres::{GenericClient, Transaction};
use provkey::views::{Dialect, Kind, VIEWS};

use crate::address::Address;
use crate::error::Failed;

/// The schema below, as the table `store` states it. Each change of what the schema does raises it.
const VERSION: i32 = 4;

const TABLES: &str = include_str!("schema/tables.sql");
const APPLY: &str = include_str!("schema/apply.sql");

/// What a schema is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// There is none, or it is empty.
    Empty,
    /// A store with this schema.
    Current,
    /// A store with an older schema.
    Older,
    /// A store with a newer schema.
    Newer,
    /// The schema of another program.
    Foreign,
}

/// Reads the catalog, which every role may, before it reads the schema.
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
    let sql = "SELECT schema_version FROM {schema}.store WHERE application = 'provkey'";
    let row = client.query_opt(&address.sql(sql), &[])?;
    Ok(match row.map(|row| row.try_get(0)).transpose()? {
        Some(VERSION) => Identity::Current,
        Some(1..VERSION) => Identity::Older,
        Some(VERSION..) => Identity::Newer,
        _ => Identity::Foreign,
    })
}

/// Keeps other processes from making or migrating this schema until the transaction ends.
pub(crate) fn lock(transaction: &mut Transaction<'_>, address: &Address) -> Result<(), Failed> {
    // A migration of a large table takes long.
    transaction.batch_execute("SET LOCAL statement_timeout = 0")?;
    let sql = "SELECT pg_advisory_xact_lock(hashtext('provkey schema'), hashtext($1))";
    transaction.query_one(sql, &[&address.schema()])?;
    Ok(())
}

/// Brings an empty schema or an older store up to date.
pub(crate) fn migrate(
    transaction: &mut Transaction<'_>,
    address: &Address,
    from: Identity,
) -> Result<(), Failed> {
    if from == Identity::Empty {
        make_schema(transaction, address)?;
        transaction.batch_execute(&address.sql(TABLES))?;
    }
    transaction.batch_execute(&address.sql(APPLY))?;
    for view in VIEWS {
        let (name, select) = (view.name(), view.select(&Postgres));
        let make = format!("CREATE OR REPLACE VIEW {{schema}}.{name} AS {select}");
        transaction.batch_execute(&address.sql(&make))?;
    }
    let sql = address.sql("UPDATE {schema}.store SET schema_version = $1");
    transaction.execute(&sql, &[&VERSION])?;
    Ok(())
}

/// Makes the schema, unless an administrator has made it: the role may lack the right to.
fn make_schema(transaction: &mut Transaction<'_>, address: &Address) -> Result<(), Failed> {
    let sql = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let row = transaction.query_one(sql, &[&address.schema()])?;
    if row.try_get::<_, i64>(0)? == 0 {
        transaction.batch_execute(&address.sql("CREATE SCHEMA {schema}"))?;
    }
    Ok(())
}

/// The expressions of views.
struct Postgres;

impl Dialect for Postgres {
    fn records(&self) -> &str {
        "{schema}.records"
    }

    fn bytes(&self, text: &str) -> String {
        format!("convert_to({text}, 'UTF8')")
    }

    fn json(&self, bytes: &str) -> String {
        format!("convert_from({bytes}, 'UTF8')::jsonb")
    }

    fn field(&self, json: &str, field: &str, kind: Kind) -> String {
        match kind {
            Kind::Json => format!("{json} -> '{field}'"),
            Kind::Integer => format!("({json} ->> '{field}')::bigint"),
            Kind::Boolean => format!("({json} ->> '{field}')::boolean"),
            _ => format!("{json} ->> '{field}'"),
        }
    }

    fn time(&self, unix_ms: &str) -> String {
        format!("timestamptz 'epoch' + interval '1 millisecond' * {unix_ms}")
    }

    fn now_ms(&self) -> &str {
        "extract(epoch FROM now()) * 1000"
    }

    /// Otherwise each body is parsed once for each column.
    fn evaluated_once(&self) -> &str {
        " OFFSET 0"
    }
}
