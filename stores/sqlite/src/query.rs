//! One SELECT over the views for people, and nothing else.
//!
//! SQLite asks the authorizer for all that a statement would do, when it is prepared. The views read
//! the table `records`; the statement may not. For what a view reads SQLite names the view, but it
//! names a common table expression alike: `WITH enrollments AS (SELECT * FROM records) …`. So a
//! statement that mentions the table by its name is refused before SQLite sees it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use provkey::limits::{QUERY_CELL_BYTES_MAX, QUERY_SQL_BYTES_MAX};
use provkey::store::{
    QueryError, QueryLimits, QueryResult, QueryRows, QueryValue, check_query_size,
};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection, Error, ErrorCode, Row, Statement, ffi};

use crate::error::not_applied;

const VIEWS: [&str; 5] =
    ["provisioning_keys", "enrollments", "connector_groups", "enrollment_certificates", "audit"];
/// What the views read.
const TABLE: &str = "records";
/// Tables that SQLite makes of a value: of a list in JSON, for instance of addresses.
const OF_VALUES: [&str; 2] = ["json_each", "json_tree"];

/// Functions that compute a value of their arguments, or of the clock. Those that the views use are
/// among them.
const FUNCTIONS: &[&str] = &[
    "->",
    "->>",
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "floor",
    "format",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_object",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "pow",
    "power",
    "printf",
    "quote",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "subtype",
    "sum",
    "time",
    "timediff",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unixepoch",
    "upper",
];

/// Longest pattern of LIKE and GLOB: the time for one match grows with it, and nothing interrupts that.
const PATTERN_BYTES_MAX: i32 = 256;
/// Between two looks at the clock, in instructions of SQLite's machine.
const INSTRUCTIONS: i32 = 20;

/// Answers a query on a connection that is used for nothing else.
pub(crate) fn query(
    path: &Path,
    mut connection: Connection,
    sql: &str,
    limits: &QueryLimits,
) -> Result<QueryResult, QueryError> {
    check_query_size(sql)?;
    if mentions(sql, TABLE) {
        let why = format!("it mentions {TABLE}, and may read the views only: {}", VIEWS.join(", "));
        return Err(QueryError::Refused(why));
    }
    let confined = confine(&mut connection, limits);
    let denied = confined.map_err(|error| not_applied(path, &error))?;
    let failed = |error: Error| match denied.load(Ordering::Relaxed) {
        true => QueryError::Refused(format!(
            "{error}; it may read the views {}, with plain functions",
            VIEWS.join(", ")
        )),
        false => error_of(path, &error, limits),
    };
    let mut statements = Batch::new(&connection, sql);
    let mut statement = statements.next().map_err(failed)?.ok_or_else(|| refused("it is empty"))?;
    if statements.next().map_err(failed)?.is_some() {
        return Err(refused("it is more than one statement"));
    }
    if !statement.readonly() || statement.column_count() == 0 || statement.is_explain() != 0 {
        return Err(refused("it is no SELECT"));
    }
    if statement.parameter_count() > 0 {
        return Err(refused("it has parameters, for which there are no values"));
    }
    collect(&mut statement, limits, failed)
}

fn refused(why: &str) -> QueryError {
    QueryError::Refused(why.into())
}

/// Whether a name stands anywhere in a text, as a word. SQLite knows no other spelling of a name than
/// its letters, in either case.
fn mentions(sql: &str, name: &str) -> bool {
    let of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    sql.split(|c| !of_word(c)).any(|word| word.eq_ignore_ascii_case(name))
}

/// Lets the connection do nothing but to read the views, for a limited time. Answers what tells whether
/// anything else was tried.
fn confine(connection: &mut Connection, limits: &QueryLimits) -> Result<Arc<AtomicBool>, Error> {
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, QUERY_CELL_BYTES_MAX as i32)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, QUERY_SQL_BYTES_MAX as i32)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    let (started, time) = (Instant::now(), limits.time);
    connection.progress_handler(INSTRUCTIONS, Some(move || started.elapsed() >= time))?;
    let tables = tables(connection)?;
    let denied = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&denied);
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        if is_allowed(&tables, &context) {
            return Authorization::Allow;
        }
        note.store(true, Ordering::Relaxed);
        Authorization::Deny
    }))?;
    Ok(denied)
}

/// All tables that there are, and those that SQLite's modules are.
fn tables(connection: &Connection) -> Result<Vec<String>, Error> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'
        UNION SELECT name FROM pragma_module_list";
    connection.prepare(sql)?.query_map((), |row| row.get(0))?.collect()
}

fn is_allowed(tables: &[String], context: &AuthContext<'_>) -> bool {
    let is_table = |name: &str| {
        let name = name.to_ascii_lowercase();
        let of_sqlite = name.starts_with("sqlite_") || name.starts_with("pragma_");
        of_sqlite || tables.iter().any(|table| table.eq_ignore_ascii_case(&name))
    };
    match context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => {
            FUNCTIONS.iter().any(|function| function.eq_ignore_ascii_case(function_name))
        }
        AuthAction::Read { table_name, .. } if table_name == TABLE => {
            context.accessor.is_some_and(|accessor| VIEWS.contains(&accessor))
        }
        AuthAction::Read { table_name, .. } if OF_VALUES.contains(&table_name) => true,
        // To count the rows of a subquery is to read no column of what has its name.
        AuthAction::Read { table_name, column_name: "" } => !is_table(table_name),
        AuthAction::Read { table_name, .. } => VIEWS.contains(&table_name),
        _ => false,
    }
}

fn collect(
    statement: &mut Statement<'_>,
    limits: &QueryLimits,
    failed: impl Fn(Error) -> QueryError,
) -> Result<QueryResult, QueryError> {
    let columns: Vec<_> = statement.column_names().map(String::from).collect();
    let count = columns.len();
    let mut answer = QueryRows::new(columns, limits);
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(&failed)? {
        let values = (0..count).map(|column| value(row, column));
        if !answer.push(values.collect::<Result<_, _>>().map_err(&failed)?)? {
            break;
        }
    }
    Ok(answer.finish())
}

fn value(row: &Row<'_>, column: usize) -> Result<QueryValue, Error> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => QueryValue::Null,
        ValueRef::Integer(number) => QueryValue::Integer(number),
        ValueRef::Real(number) => QueryValue::Float(number),
        ValueRef::Text(text) => QueryValue::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => QueryValue::Blob(bytes.into()),
    })
}

fn error_of(path: &Path, error: &Error, limits: &QueryLimits) -> QueryError {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => QueryError::TimedOut(limits.time),
        Some(ErrorCode::TooBig | ErrorCode::TypeMismatch) => QueryError::Failed(error.to_string()),
        // A name that does not exist, or a mistake in the SQL.
        _ if is_of_sql(error) => QueryError::Failed(error.to_string()),
        _ => not_applied(path, error).into(),
    }
}

fn is_of_sql(error: &Error) -> bool {
    match error {
        Error::SqlInputError { .. } | Error::InvalidQuery => true,
        Error::SqliteFailure(failure, _) => failure.extended_code == ffi::SQLITE_ERROR,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_mentioned_however_it_is_written() {
        for sql in [
            "SELECT * FROM records",
            "SELECT * FROM \"Records\"",
            "SELECT * FROM [RECORDS]",
            "SELECT * FROM`records`",
            "SELECT * FROM 'records'",
            "SELECT * FROM main.records AS r",
            "SELECT * FROM/**/records--",
        ] {
            assert!(mentions(sql, TABLE), "{sql}");
        }
        assert!(!mentions("SELECT count(*) AS records_of_all FROM audit", TABLE));
    }
}
