//! What goes to standard output: tables for people, JSON for programs.

use std::io::{self, IsTerminal, StdoutLock, Write};

use clap::Args;
use comfy_table::{ColumnConstraint, Table, Width, presets};
use provkey::authority::{self, Cursor, Page, PageRequest};
use serde::Serialize;

use crate::failure::Failure;

/// What is shown alone: to programs as it serializes, to people field by field.
pub(crate) trait Fields: Serialize {
    /// Everything of it that people want to know, each under its name.
    fn fields(&self) -> Vec<(&'static str, String)>;
}

/// What is shown in a listing: to programs as it serializes, to people as the row of a table.
pub(crate) trait Row: Serialize {
    /// The columns of the table.
    const COLUMNS: &'static [&'static str];

    /// Its cells.
    fn row(&self) -> Vec<String>;
}

/// Standard output, and what is asked of the person there.
pub(crate) struct Output {
    json: bool,
    yes: bool,
    stdout: StdoutLock<'static>,
}

impl Output {
    /// `yes`: ask nothing.
    pub(crate) fn new(json: bool, yes: bool) -> Self {
        Self { json, yes, stdout: io::stdout().lock() }
    }

    /// Asks whether to go on with what cannot be undone, if a person is there to be asked: without
    /// a terminal nobody is, and a script has decided.
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
            _ => Err(Failure::new("not_confirmed", "nothing was changed: it was not confirmed")),
        }
    }

    /// Shows one thing.
    pub(crate) fn one(&mut self, thing: &impl Fields) -> Result<(), Failure> {
        if self.json {
            return self.program(thing);
        }
        for (name, value) in thing.fields() {
            writeln!(self.stdout, "{name:<16}{}", value.replace('\n', "\n                "))?;
        }
        Ok(())
    }

    /// Shows a page of a listing, or all of them.
    pub(crate) fn pages<T, V: Row>(
        &mut self,
        which: &PageArgs,
        list: impl Fn(&PageRequest) -> Result<Page<T>, authority::Error>,
        view: impl Fn(T) -> V,
    ) -> Result<(), Failure> {
        let mut request = which.request();
        let mut items = Vec::new();
        let next = loop {
            let page = list(&request)?;
            items.extend(page.items.into_iter().map(&view));
            match page.next {
                Some(next) if which.all => request.after = Some(next),
                next => break next,
            }
        };
        let next = next.as_ref().map(Cursor::as_str);
        if self.json {
            return self.program(&JsonPage { items, next });
        }
        if !items.is_empty() {
            writeln!(self.stdout, "{}", table(V::COLUMNS, items.iter().map(V::row)))?;
        } else if next.is_none() {
            writeln!(self.stdout, "None.")?;
        }
        match next {
            Some(next) => Ok(writeln!(self.stdout, "There is more: --all, or --after {next}")?),
            None => Ok(()),
        }
    }

    /// Whether programs read it, as JSON.
    pub(crate) fn is_for_programs(&self) -> bool {
        self.json
    }

    /// Says something to people.
    pub(crate) fn say(&mut self, sentence: impl std::fmt::Display) -> Result<(), Failure> {
        if !self.json {
            writeln!(self.stdout, "{sentence}")?;
        }
        Ok(())
    }

    /// Writes something as it is.
    pub(crate) fn plain(&mut self, text: &str) -> Result<(), Failure> {
        self.stdout.write_all(text.as_bytes())?;
        Ok(self.stdout.flush()?)
    }

    /// Says something to programs.
    pub(crate) fn program(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        if self.json {
            serde_json::to_writer_pretty(&mut self.stdout, value).map_err(io::Error::from)?;
            writeln!(self.stdout)?;
        }
        Ok(())
    }
}

/// A table without lines, its columns aligned.
pub(crate) fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(columns.to_vec()).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2)).set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(1)));
    }
    table.trim_fmt()
}

#[derive(Serialize)]
struct JsonPage<'a, V> {
    items: Vec<V>,
    next: Option<&'a str>,
}

/// That something is no more.
#[derive(Serialize)]
pub(crate) struct Deleted<Id> {
    id: Id,
    deleted: bool,
}

impl<Id> Deleted<Id> {
    pub(crate) fn new(id: Id) -> Self {
        Self { id, deleted: true }
    }
}

impl<Id: Serialize + ToString> Fields for Deleted<Id> {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("Deleted", self.id.to_string())]
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many entries are read at a time where all are shown.
const PAGE_ENTRIES_MAX: u16 = 1000;

/// Which page of a listing.
#[derive(Args)]
pub(crate) struct PageArgs {
    /// How many entries at most, up to 1000
    #[arg(long, value_name = "N", default_value_t = 50)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=PAGE_ENTRIES_MAX.into()))]
    limit: u16,
    /// Go on where the page before ended
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// All entries, however many there are
    #[arg(long, conflicts_with_all = ["limit", "after"])]
    all: bool,
}

impl PageArgs {
    fn request(&self) -> PageRequest {
        let limit = if self.all { PAGE_ENTRIES_MAX } else { self.limit };
        PageRequest { limit: limit.into(), after: self.after.clone().map(Cursor::new) }
    }
}

/// What a field shows that may be absent.
pub(crate) fn or_dash<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "-".into(), ToString::to_string)
}
