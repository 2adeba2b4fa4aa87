//! Queries: one SELECT over the views, and nothing else.
//!
//! When a statement is prepared, SQLite asks the authorizer about everything that it would do. The
//! views may read the table `records`; the statement itself may not. SQLite passes the name of the
//! view that reads the table, but passes the name of a common table expression in the same way:
//! `WITH enrollments AS (SELECT * FROM records) …`. So a statement that mentions the table is
//! refused before SQLite sees it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use provkey::limits::{QUERY_CELL_BYTES_MAX, QUERY_SQL_BYTES_MAX};
use provkey::store::{
    QueryError, QueryLimits, QueryResult, QueryRows, QueryValue, check_query_size,
};
use provkey::views::{VIEWS, View};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection, Error, ErrorCode, Row, Statement, ffi};

use crate::error::not_applied;

/// The table that the views read.
const TABLE: &str = "records";
/// Table-valued functions of SQLite, for lists in JSON such as `allowed_addresses`.
const OF_VALUES: [&str; 2] = ["json_each", "json_tree"];

/// Functions that only compute a value from their arguments, or read the clock. They include those
/// that the views use.
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

/// The longest pattern of LIKE and GLOB. The time of one match grows with it and cannot be
/// interrupted.
const PATTERN_BYTES_MAX: i32 = 256;
/// How many instructions of SQLite's virtual machine run between two readings of the clock.
const INSTRUCTIONS: i32 = 20;

/// Answers a query over a connection that is used for nothing else.
pub(crate) fn query(
    path: &Path,
    mut connection: Connection,
    sql: &str,
    limits: &QueryLimits,
) -> Result<QueryResult, QueryError> {
    check_query_size(sql)?;
    if mentions(sql, TABLE) {
        let why = format!("it mentions {TABLE}; a query may read the views only: {}", view_names());
        return Err(QueryError::Refused(why));
    }
    let confined = confine(&mut connection, limits);
    let denied = confined.map_err(|error| not_applied(path, &error))?;
    let failed = |error: Error| match denied.load(Ordering::Relaxed) {
        true => QueryError::Refused(format!(
            "{error}; a query may read the views {}, with plain functions",
            view_names()
        )),
        false => error_of(path, &error, limits),
    };
    let mut statements = Batch::new(&connection, sql);
    let mut statement = statements.next().map_err(failed)?.ok_or_else(|| refused("it is empty"))?;
    if statements.next().map_err(failed)?.is_some() {
        return Err(refused("it is more than one statement"));
    }
    if !statement.readonly() || statement.column_count() == 0 || statement.is_explain() != 0 {
        return Err(refused("it is not a SELECT"));
    }
    if statement.parameter_count() > 0 {
        return Err(refused("it has parameters"));
    }
    collect(&mut statement, limits, failed)
}

fn is_view(name: &str) -> bool {
    VIEWS.iter().any(|view| view.name() == name)
}

fn view_names() -> String {
    VIEWS.iter().map(View::name).collect::<Vec<_>>().join(", ")
}

fn refused(why: &str) -> QueryError {
    QueryError::Refused(why.into())
}

/// Whether the text contains the name as a word. SQLite has no escapes in names, so there is no
/// other spelling but for upper and lower case.
fn mentions(sql: &str, name: &str) -> bool {
    let of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    sql.split(|c| !of_word(c)).any(|word| word.eq_ignore_ascii_case(name))
}

/// Restricts the connection to reading the views, for a limited time. The returned flag is set when
/// anything else is tried.
fn confine(connection: &mut Connection, limits: &QueryLimits) -> Result<Arc<AtomicBool>, Error> {
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, QUERY_CELL_BYTES_MAX as i32)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, QUERY_SQL_BYTES_MAX as i32)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    let (started, time) = (Instant::now(), limits.time);
    connection.progress_handler(INSTRUCTIONS, Some(move || started.elapsed() >= time))?;
    let tables = tables(connection)?;
    let denied = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&denied);
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        if is_allowed(&tables, &context) {
            return Authorization::Allow;
        }
        flag.store(true, Ordering::Relaxed);
        Authorization::Deny
    }))?;
    Ok(denied)
}

/// The names of all tables and of SQLite's virtual table modules.
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
            context.accessor.is_some_and(is_view)
        }
        AuthAction::Read { table_name, .. } if OF_VALUES.contains(&table_name) => true,
        // Counting the rows of a subquery reads its name without a column.
        AuthAction::Read { table_name, column_name: "" } => !is_table(table_name),
        AuthAction::Read { table_name, .. } => is_view(table_name),
        _ => false,
    }
}

fn collect(
    statement: &mut Statement<'_>,
    limits: &QueryLimits,
    failed: impl Fn(Error) -> QueryError,
) -> Result<QueryResult, QueryError> {
    // A vector in rusqlite 0.39, an iterator in 0.41.
    let mut columns = Vec::with_capacity(statement.column_count());
    for name in statement.column_names() {
        columns.push(name.to_owned());
    }
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
        // An unknown name, or a syntax error.
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
    fn a_mention_of_a_table_is_found_in_every_spelling() {
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
