//! A record as the command shows it: JSON for programs, fields or a row of a table for people.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::time::Time;

/// The fields of a record, in the order in which they are shown.
#[derive(Default)]
pub(crate) struct Record {
    json: Vec<(&'static str, Json)>,
    lines: Vec<(&'static str, String)>,
    cells: Vec<(&'static str, String)>,
}

/// What programs see of a field.
#[derive(Serialize)]
#[serde(untagged)]
enum Json {
    Value(Value),
    Record(Record),
}

impl Record {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A field that programs and people see alike.
    pub(crate) fn field(
        self,
        name: &'static str,
        label: &'static str,
        value: impl Serialize + ToString,
    ) -> Self {
        let text = value.to_string();
        self.json(name, value).line(label, text)
    }

    /// Like [`Self::field`]. People see a dash if there is no value.
    pub(crate) fn optional<T: Serialize + ToString>(
        self,
        name: &'static str,
        label: &'static str,
        value: Option<T>,
    ) -> Self {
        let text = or_dash(value.as_ref());
        self.json(name, value).line(label, text)
    }

    /// Like [`Self::field`]. People see nothing if there is no value.
    pub(crate) fn if_present<T: Serialize + ToString>(
        self,
        name: &'static str,
        label: &'static str,
        value: Option<T>,
    ) -> Self {
        let text = value.as_ref().map(ToString::to_string);
        let record = self.json(name, value);
        match text {
            Some(text) => record.line(label, text),
            None => record,
        }
    }

    /// A time. People see `never` if there is none.
    pub(crate) fn time_or_never(
        self,
        name: &'static str,
        label: &'static str,
        time: Option<Time>,
    ) -> Self {
        self.json(name, time).line(label, Time::or_never(time))
    }

    /// A field that only programs see.
    pub(crate) fn json(mut self, name: &'static str, value: impl Serialize) -> Self {
        // The values are numbers, texts, and lists and objects of these: none fails to serialize.
        self.json.push((name, Json::Value(serde_json::to_value(value).unwrap_or_default())));
        self
    }

    /// A record within this one, which only programs see.
    pub(crate) fn record(mut self, name: &'static str, record: Option<Self>) -> Self {
        self.json.push((name, record.map_or(Json::Value(Value::Null), Json::Record)));
        self
    }

    /// A line that only people see.
    pub(crate) fn line(mut self, label: &'static str, text: impl Into<String>) -> Self {
        self.lines.push((label, text.into()));
        self
    }

    /// A column of the table in which people see a listing.
    pub(crate) fn cell(mut self, column: &'static str, value: impl ToString) -> Self {
        self.cells.push((column, value.to_string()));
        self
    }

    /// The lines for people, each with its label.
    pub(crate) fn lines(&self) -> &[(&'static str, String)] {
        &self.lines
    }

    /// The names of the columns.
    pub(crate) fn columns(&self) -> Vec<&'static str> {
        self.cells.iter().map(|(column, _)| *column).collect()
    }

    /// The row of the table.
    pub(crate) fn row(&self) -> Vec<String> {
        self.cells.iter().map(|(_, text)| text.clone()).collect()
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.json.len()))?;
        for (name, value) in &self.json {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The value, or a dash if there is none.
pub(crate) fn or_dash<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "-".into(), ToString::to_string)
}

/// `yes` or `no`.
pub(crate) fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
