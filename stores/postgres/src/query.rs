//! Queries: one SELECT over the views, and nothing else.
//!
//! A query runs on a separate connection, in a READ ONLY transaction, as a role that may read the
//! views only, and as a subquery: `SELECT … FROM (the query) …`, where PostgreSQL accepts nothing
//! but a SELECT.
//!
//! The role alone is no protection. It is set with `SET LOCAL ROLE`, and a query may call
//! functions: `set_config('role', …)` resets the role, after which `query_to_xml('…')` runs any
//! SQL. So a query may call listed functions only ([`scan`](crate::query_scan)). PostgreSQL also
//! calls a function of one argument without parentheses, as `argument.function`. So a name after a
//! dot must not be that of a function, unless a view has a column of this name.

use std::time::Duration;

use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{ToSql, Type};
use postgres::{Client, Column, Error, Row};
use provkey::limits::QUERY_CELL_BYTES_MAX;
use provkey::store::{
    QueryError, QueryLimits, QueryResult, QueryRows, QueryValue, check_query_size,
};
use provkey::views::{VIEWS, View};

use crate::address::Address;
use crate::error::Failed;
use crate::pool::Pool;
use crate::query_scan::{Scanned, scan};

const SETTINGS: &str = "
    SELECT set_config('search_path', 'pg_catalog, ' || quote_ident($1), false),
        set_config('statement_timeout', $2, false),
        set_config('lock_timeout', $2, false),
        set_config('standard_conforming_strings', 'on', false),
        set_config('TimeZone', 'UTC', false)";

/// Whether the role is a superuser, and whether this connection may set it.
const ROLE: &str = "
    SELECT rolsuper, pg_has_role(current_user, oid, 'MEMBER') FROM pg_catalog.pg_roles
    WHERE rolname = $1";

/// A table or view that the role may read besides our views. The catalog, which every role may
/// read, is left out: [`scan`] refuses queries that name it.
const ALSO_READABLE: &str = "
    SELECT n.nspname::text || '.' || c.relname::text
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relname NOT LIKE 'pg\\_%'
    AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    AND NOT (n.nspname = $2 AND c.relname::text = ANY ($3))
    AND has_schema_privilege($1, n.oid, 'USAGE') AND has_any_column_privilege($1, c.oid, 'SELECT')
    ORDER BY 1 LIMIT 1";

/// One of these names that is a function and not a column of the views.
const FUNCTIONS_NAMED: &str = "
    SELECT proname::text FROM pg_catalog.pg_proc WHERE proname::text = ANY ($1)
    EXCEPT SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $2 AND c.relname::text = ANY ($3)
    LIMIT 1";

pub(crate) fn query(
    pool: &Pool,
    sql: &str,
    limits: &QueryLimits,
) -> Result<QueryResult, QueryError> {
    check_query_size(sql)?;
    let Scanned { select, attributes } = scan(sql).map_err(QueryError::Refused)?;
    let connected = pool.connect_anew();
    let client = &mut connected.map_err(|failed| failed.not_applied(&pool.address))?;
    let failed = |error| error_of(&pool.address, error, limits.time);
    confine(client, &pool.address, limits.time, failed)?;
    check_attributes(client, &pool.address, &attributes, failed)?;
    let described = client.prepare(&format!("SELECT * FROM (\n{select}\n) AS query"));
    let described = described.map_err(failed)?;
    let columns = described.columns();
    if columns.is_empty() {
        return Err(QueryError::Refused("it returns no column".into()));
    }
    let rows_asked = limits.rows.saturating_add(1).min(i64::MAX as usize);
    let (names, values) = (names(columns.len()), values(columns));
    let sql = format!("SELECT {values} FROM (\n{select}\n) AS query ({names}) LIMIT {rows_asked}");
    let named = columns.iter().map(|column| column.name().to_owned()).collect();
    let mut answer = QueryRows::new(named, limits);
    let no_parameters: [&(dyn ToSql + Sync); 0] = [];
    let mut rows = client.query_raw(&sql, no_parameters).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let values = columns.iter().enumerate().map(|(index, column)| value(&row, index, column));
        if !answer.push(values.collect::<Result<_, _>>().map_err(failed)?)? {
            break;
        }
    }
    Ok(answer.finish())
}

/// Restricts the connection to reading the views, for a limited time.
fn confine(
    client: &mut Client,
    address: &Address,
    time: Duration,
    failed: impl Fn(Error) -> QueryError + Copy,
) -> Result<(), QueryError> {
    let (schema, role) = (address.schema(), address.query_role());
    let refused = |why: &str| {
        let how = "docs/scaling.md, \"Queries\", says how to make a role for queries";
        Err(QueryError::Refused(format!("the role \"{role}\" {why}; {how}")))
    };
    // 0 would be no limit, and the server takes no larger number.
    let time = format!("{}ms", time.as_millis().clamp(1, i32::MAX as u128));
    client.query(SETTINGS, &[&schema, &time]).map_err(failed)?;
    client.batch_execute("BEGIN READ ONLY").map_err(failed)?;
    let Some(found) = client.query_opt(ROLE, &[&role]).map_err(failed)? else {
        return refused("does not exist");
    };
    if found.try_get(0).map_err(failed)? {
        return refused("is a superuser, and so cannot be restricted");
    }
    if !found.try_get::<_, bool>(1).map_err(failed)? {
        return refused("is not granted to the role of this connection");
    }
    let views: Vec<_> = VIEWS.iter().map(View::name).collect();
    let more = client.query_opt(ALSO_READABLE, &[&role, &schema, &views]).map_err(failed)?;
    if let Some(more) = more {
        let more: String = more.try_get(0).map_err(failed)?;
        return refused(&format!("may read {more}, besides the views"));
    }
    client.query("SELECT set_config('role', $1, true)", &[&role]).map_err(failed)?;
    Ok(())
}

/// Refuses function calls without parentheses.
fn check_attributes(
    client: &mut Client,
    address: &Address,
    attributes: &[String],
    failed: impl Fn(Error) -> QueryError,
) -> Result<(), QueryError> {
    let views: Vec<_> = VIEWS.iter().map(View::name).collect();
    let found = client.query_opt(FUNCTIONS_NAMED, &[&attributes, &address.schema(), &views]);
    match found.and_then(|row| row.map(|row| row.try_get::<_, String>(0)).transpose()) {
        Ok(None) => Ok(()),
        Ok(Some(name)) => Err(QueryError::Refused(format!(
            "after a dot, {name} would call the function of this name; rename the column"
        ))),
        Err(error) => Err(failed(error)),
    }
}

fn names(count: usize) -> String {
    (0..count).map(|index| format!("c{index}")).collect::<Vec<_>>().join(", ")
}

/// The columns, cast to the types of an answer. A value that is too long is cut one past the limit,
/// which the limit then catches.
fn values(columns: &[Column]) -> String {
    let long = QUERY_CELL_BYTES_MAX + 1;
    let value = |(index, column): (usize, &Column)| match *column.type_() {
        Type::INT2 | Type::INT4 | Type::INT8 => format!("c{index}::pg_catalog.int8"),
        Type::BOOL => format!("c{index}::pg_catalog.int4::pg_catalog.int8"),
        Type::FLOAT4 | Type::FLOAT8 => format!("c{index}::pg_catalog.float8"),
        Type::BYTEA => format!("pg_catalog.substr(c{index}, 1, {long})"),
        Type::TIMESTAMPTZ => {
            format!("pg_catalog.to_char(c{index}, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")
        }
        _ => format!("pg_catalog.left(c{index}::pg_catalog.text, {long})"),
    };
    columns.iter().enumerate().map(value).collect::<Vec<_>>().join(", ")
}

fn value(row: &Row, index: usize, column: &Column) -> Result<QueryValue, Error> {
    Ok(match *column.type_() {
        Type::INT2 | Type::INT4 | Type::INT8 | Type::BOOL => {
            row.try_get::<_, Option<i64>>(index)?.map_or(QueryValue::Null, QueryValue::Integer)
        }
        Type::FLOAT4 | Type::FLOAT8 => {
            row.try_get::<_, Option<f64>>(index)?.map_or(QueryValue::Null, QueryValue::Float)
        }
        Type::BYTEA => {
            row.try_get::<_, Option<Vec<u8>>>(index)?.map_or(QueryValue::Null, QueryValue::Blob)
        }
        Type::NUMERIC => row.try_get::<_, Option<String>>(index)?.map_or(QueryValue::Null, number),
        _ => row.try_get::<_, Option<String>>(index)?.map_or(QueryValue::Null, QueryValue::Text),
    })
}

/// A `numeric`, the type of sums of whole numbers.
fn number(text: String) -> QueryValue {
    match (text.parse(), text.parse()) {
        (Ok(whole), _) => QueryValue::Integer(whole),
        (_, Ok(float)) => QueryValue::Float(float),
        _ => QueryValue::Text(text),
    }
}

fn error_of(address: &Address, error: Error, time: Duration) -> QueryError {
    let failed = Failed::from(error);
    let Failed::RolledBack(cause) = &failed else { return failed.not_applied(address).into() };
    let Some(said) = cause.as_db_error() else { return failed.not_applied(address).into() };
    let why = said.message().to_owned();
    match said.code().code() {
        "57014" => QueryError::TimedOut(time),
        // A missing privilege; a change in a READ ONLY transaction.
        "42501" | "25006" => QueryError::Refused(why),
        _ => QueryError::Failed(why),
    }
}
