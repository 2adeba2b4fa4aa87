//! Queries over the views that a SQL store offers to people.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::StoreError;
use crate::error_family::error_family;
use crate::limits::{QUERY_BYTES_MAX, QUERY_CELL_BYTES_MAX, QUERY_SQL_BYTES_MAX};
use crate::process::UsedAfterFork;

/// How long a query may run, and how much it may return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryLimits {
    /// How long it may run: 10 seconds by default.
    pub time: Duration,
    /// How many rows it returns at most: 10,000 by default.
    pub rows: usize,
}

impl QueryLimits {
    /// These limits with another [`Self::time`].
    #[must_use]
    pub fn time(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// These limits with another [`Self::rows`].
    #[must_use]
    pub fn rows(self, rows: usize) -> Self {
        Self { rows, ..self }
    }
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(10), rows: 10_000 }
    }
}

/// The result of a query.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QueryResult {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a value for each column.
    pub rows: Vec<Vec<QueryValue>>,
    /// Whether rows are missing, because the limit of rows or of 64 MiB was reached.
    pub truncated: bool,
}

/// A value in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryValue {
    /// NULL.
    Null,
    /// An integer. A Boolean is 0 or 1.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A text. A time is RFC 3339 in UTC.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

error_family! {
    /// Why a query has no result.
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum QueryError {
        /// It is not one SELECT over the views, or cannot be shown to be.
        #[error("the query is refused: {0}")]
        Refused(String) => "query_refused",
        /// The database rejected it, or it failed while it ran.
        #[error("the query failed: {0}")]
        Failed(String) => "query_failed",
        /// It exceeded [`QueryLimits::time`].
        #[error("the query took longer than {} ms", .0.as_millis())]
        TimedOut(Duration) => "query_timed_out",
        /// The store failed.
        #[error(transparent)]
        Store(#[from] StoreError) => error,
    }
}

impl From<UsedAfterFork> for QueryError {
    fn from(error: UsedAfterFork) -> Self {
        Self::Store(error.into())
    }
}

/// Collects the rows of a result within its limits.
#[derive(Debug)]
pub struct QueryRows {
    result: QueryResult,
    rows_max: usize,
    bytes: usize,
}

impl QueryRows {
    /// No rows yet.
    pub fn new(columns: Vec<String>, limits: &QueryLimits) -> Self {
        let result = QueryResult { columns, rows: Vec::new(), truncated: false };
        Self { result, rows_max: limits.rows, bytes: 0 }
    }

    /// Adds a row. Returns `false` if the limits were reached, and the row was not added.
    ///
    /// # Errors
    /// `query_failed` if a value is larger than 256 KiB.
    pub fn push(&mut self, row: Vec<QueryValue>) -> Result<bool, QueryError> {
        let sizes = row.iter().map(QueryValue::bytes);
        if sizes.clone().any(|size| size > QUERY_CELL_BYTES_MAX) {
            let why = format!("a value is larger than {QUERY_CELL_BYTES_MAX} bytes");
            return Err(QueryError::Failed(why));
        }
        self.bytes += sizes.map(|size| size + size_of::<QueryValue>()).sum::<usize>();
        if self.result.rows.len() >= self.rows_max || self.bytes > QUERY_BYTES_MAX {
            self.result.truncated = true;
            return Ok(false);
        }
        self.result.rows.push(row);
        Ok(true)
    }

    /// The result.
    pub fn finish(self) -> QueryResult {
        self.result
    }
}

impl QueryValue {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Blob(blob) => blob.len(),
            Self::Null | Self::Integer(_) | Self::Float(_) => 0,
        }
    }
}

/// Checks the length of a query. Every store begins with this check.
///
/// # Errors
/// `query_refused`.
pub fn check_query_size(sql: &str) -> Result<(), QueryError> {
    if sql.len() <= QUERY_SQL_BYTES_MAX {
        return Ok(());
    }
    let why = format!("it has {} bytes: at most {QUERY_SQL_BYTES_MAX} are allowed", sql.len());
    Err(QueryError::Refused(why))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn an_answer_keeps_its_limits() {
        let row = |size: usize| vec![QueryValue::Text("x".repeat(size))];
        let mut rows = QueryRows::new(vec!["a".into()], &QueryLimits::default().rows(2));
        assert_eq!([1, 1, 1].map(|size| rows.push(row(size))), [Ok(true), Ok(true), Ok(false)]);
        let result = rows.finish();
        assert_eq!((result.rows.len(), result.truncated), (2, true));

        let mut rows = QueryRows::new(vec!["a".into()], &QueryLimits::default());
        let error = rows.push(row(QUERY_CELL_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(error.code(), "query_failed");
        let taken = (0..1000).take_while(|_| rows.push(row(QUERY_CELL_BYTES_MAX)) == Ok(true));
        assert_eq!(taken.count(), 255, "64 MiB in all");
    }
}
