//! Standard output: tables for people, JSON for programs.

use std::io::{self, IsTerminal, StdoutLock, Write};

use clap::Args;
use comfy_table::{ColumnConstraint, Table, Width, presets};
use provkey::authority::{self, Cursor, Page, PageRequest};
use serde::Serialize;

use crate::failure::Failure;
use crate::record::Record;

/// Standard output, and questions to the person at the terminal.
pub(crate) struct Output {
    is_json: bool,
    yes: bool,
    stdout: StdoutLock<'static>,
}

impl Output {
    /// With `yes` nothing is asked.
    pub(crate) fn new(is_json: bool, yes: bool) -> Self {
        Self { is_json, yes, stdout: io::stdout().lock() }
    }

    /// Asks for confirmation of what cannot be undone. Without a terminal the command goes on: the
    /// script that runs it has decided.
    pub(crate) fn confirm(&self, question: impl std::fmt::Display) -> Result<(), Failure> {
        let (stdin, mut stderr) = (io::stdin(), io::stderr());
        if self.yes || !stdin.is_terminal() || !stderr.is_terminal() {
            return Ok(());
        }
        let _ = write!(stderr, "{question} [y/N] ");
        let mut answer = String::new();
        let read = stdin.read_line(&mut answer);
        match read.map(|_| answer.trim().to_ascii_lowercase()).as_deref() {
            Ok("y" | "yes") => Ok(()),
            _ => Err(Failure::new("not_confirmed", "not confirmed: nothing was changed")),
        }
    }

    /// Shows one record.
    pub(crate) fn show(&mut self, record: &Record) -> Result<(), Failure> {
        if self.is_json {
            return self.json(record);
        }
        for (label, text) in record.lines() {
            writeln!(self.stdout, "{label:<16}{}", text.replace('\n', "\n                "))?;
        }
        Ok(())
    }

    /// Shows one page of a listing, or all pages.
    pub(crate) fn pages<T>(
        &mut self,
        args: &PageArgs,
        list: impl Fn(&PageRequest) -> Result<Page<T>, authority::Error>,
        record: impl Fn(T) -> Record,
    ) -> Result<(), Failure> {
        let mut request = args.request();
        let mut items = Vec::new();
        let next = loop {
            let page = list(&request)?;
            items.extend(page.items.into_iter().map(&record));
            match page.next {
                Some(next) if args.all => request.after = Some(next),
                next => break next,
            }
        };
        let next = next.as_ref().map(Cursor::as_str);
        if self.is_json {
            return self.json(&JsonPage { items, next });
        }
        if let Some(first) = items.first() {
            let rows = items.iter().map(Record::row);
            writeln!(self.stdout, "{}", table(&first.columns(), rows))?;
        } else if next.is_none() {
            writeln!(self.stdout, "None.")?;
        }
        match next {
            Some(next) => Ok(writeln!(self.stdout, "There are more: --all, or --after {next}")?),
            None => Ok(()),
        }
    }

    /// Whether the output is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Writes a sentence for people; nothing if the output is JSON.
    pub(crate) fn remark(&mut self, sentence: impl std::fmt::Display) -> Result<(), Failure> {
        if !self.is_json {
            writeln!(self.stdout, "{sentence}")?;
        }
        Ok(())
    }

    /// Writes a text as it is.
    pub(crate) fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.stdout.write_all(text.as_bytes())?;
        Ok(self.stdout.flush()?)
    }

    /// Writes a value if the output is JSON; nothing for people.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        if self.is_json {
            serde_json::to_writer_pretty(&mut self.stdout, value).map_err(io::Error::from)?;
            writeln!(self.stdout)?;
        }
        Ok(())
    }
}

/// A table with aligned columns and no lines.
pub(crate) fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(columns.to_vec()).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2)).set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(1)));
    }
    table.trim_fmt()
}

#[derive(Serialize)]
struct JsonPage<'a> {
    items: Vec<Record>,
    next: Option<&'a str>,
}

/// The answer to a deletion.
pub(crate) fn deleted(id: impl Serialize + ToString) -> Record {
    Record::new().field("id", "Deleted", id).json("deleted", true)
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The largest page. `--all` reads pages of this size.
const PAGE_ENTRIES_MAX: u16 = 1000;

/// The options that choose a page of a listing.
#[derive(Args)]
pub(crate) struct PageArgs {
    /// The most entries to show, up to 1000
    #[arg(long, value_name = "N", default_value_t = 50)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=PAGE_ENTRIES_MAX.into()))]
    limit: u16,
    /// Continue after the previous page, at the cursor that it ended with
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// Show all entries
    #[arg(long, conflicts_with_all = ["limit", "after"])]
    all: bool,
}

impl PageArgs {
    fn request(&self) -> PageRequest {
        let limit = if self.all { PAGE_ENTRIES_MAX } else { self.limit };
        PageRequest { limit: limit.into(), after: self.after.clone().map(Cursor::new) }
    }
}
