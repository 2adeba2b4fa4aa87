//! `provkey query`: runs one SELECT over the views of the store.

use base64ct::{Base64, Encoding};
use provkey::store::{QueryLimits, QueryResult, QueryValue};
use serde_json::{Value, json};

use crate::authority_location::AuthorityLocation;
use crate::failure::{Failure, warn};
use crate::output::{Output, hex, table};
use crate::time::Period;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// One SELECT over provisioning_keys, enrollments, connector_groups, enrollment_certificates
    /// and audit
    #[arg(value_name = "SQL")]
    sql: String,
    /// How long the query may run
    #[arg(long, value_name = "PERIOD", default_value = "10s", value_parser = Period::parse)]
    timeout: Period,
    /// The most rows to show; if there are more, the first ones are shown
    #[arg(long, value_name = "N", default_value_t = QueryLimits::default().rows)]
    max_rows: usize,
    /// Write comma-separated values (RFC 4180)
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(crate) fn run(
    args: &Args,
    location: &AuthorityLocation,
    output: &mut Output,
) -> Result<(), Failure> {
    let limits = QueryLimits::default().time(args.timeout.starting_now()).rows(args.max_rows);
    let found = location.store()?.open()?.query(&args.sql, &limits)?;
    output.json(&to_json(&found))?;
    if args.csv {
        output.write(&csv(&found))?;
    } else {
        let columns: Vec<_> = found.columns.iter().map(String::as_str).collect();
        let rows = found.rows.iter().map(|row| row.iter().map(shown).collect());
        output.remark(table(&columns, rows))?;
    }
    if found.truncated {
        warn(format_args!("only {} rows are shown: there are more", found.rows.len()));
    }
    Ok(())
}

fn to_json(found: &QueryResult) -> Value {
    let value = |value: &QueryValue| match value {
        QueryValue::Null => Value::Null,
        QueryValue::Integer(number) => json!(number),
        QueryValue::Float(number) => json!(number),
        QueryValue::Text(text) => json!(text),
        QueryValue::Blob(bytes) => json!(Base64::encode_string(bytes)),
    };
    let rows: Vec<Vec<Value>> =
        found.rows.iter().map(|row| row.iter().map(value).collect()).collect();
    match found.truncated {
        true => json!({ "columns": found.columns, "rows": rows, "truncated": true }),
        false => json!({ "columns": found.columns, "rows": rows }),
    }
}

fn shown(value: &QueryValue) -> String {
    match value {
        QueryValue::Null => "-".into(),
        value => text(value),
    }
}

fn text(value: &QueryValue) -> String {
    match value {
        QueryValue::Null => String::new(),
        QueryValue::Integer(number) => number.to_string(),
        QueryValue::Float(number) => number.to_string(),
        QueryValue::Text(text) => text.clone(),
        QueryValue::Blob(bytes) => hex(bytes),
    }
}

fn csv(found: &QueryResult) -> String {
    let header = found.columns.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(",");
    let rows = found
        .rows
        .iter()
        .map(|row| row.iter().map(|value| quoted(&text(value))).collect::<Vec<_>>().join(","));
    std::iter::once(header).chain(rows).map(|line| line + "\r\n").collect()
}

fn quoted(field: &str) -> String {
    match field.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.into(),
    }
}
