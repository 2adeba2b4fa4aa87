//! `provkey query`: one SELECT over the views of the store.

use base64ct::{Base64, Encoding};
use provkey::store::{QueryLimits, QueryResult, QueryValue};
use serde_json::{Value, json};

use crate::failure::{Failure, warn};
use crate::output::{Output, hex, table};
use crate::place::Place;
use crate::times::Period;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// One SELECT over provisioning_keys, enrollments, connector_groups, enrollment_certificates and
    /// audit
    #[arg(value_name = "SQL")]
    sql: String,
    /// How long it may run
    #[arg(long, value_name = "PERIOD", default_value = "10s", value_parser = Period::parse)]
    timeout: Period,
    /// How many rows are shown; of more, the first
    #[arg(long, value_name = "N", default_value_t = QueryLimits::default().rows)]
    max_rows: usize,
    /// Write comma-separated values (RFC 4180)
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(crate) fn run(args: &Args, place: &Place, output: &mut Output) -> Result<(), Failure> {
    let limits = QueryLimits::default().time(args.timeout.starting_now()).rows(args.max_rows);
    let found = place.store()?.open()?.query(&args.sql, &limits)?;
    output.program(&of_programs(&found))?;
    if args.csv {
        output.plain(&csv(&found))?;
    } else {
        let columns: Vec<_> = found.columns.iter().map(String::as_str).collect();
        let rows = found.rows.iter().map(|row| row.iter().map(of_people).collect());
        output.say(table(&columns, rows))?;
    }
    if found.truncated {
        warn(format_args!("there are more rows than these {}", found.rows.len()));
    }
    Ok(())
}

fn of_programs(found: &QueryResult) -> Value {
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

fn of_people(value: &QueryValue) -> String {
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
