//! A record as the command shows it: JSON for programs, fields or a row of a table for people.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The fields of a record, in the order in which they are shown.
#[derive(Default)]
pub(crate) struct Record {
    json: Members,
    lines: Vec<(&'static str, String)>,
    cells: Vec<(&'static str, String)>,
}

/// The members of a JSON object, in their order.
#[derive(Default)]
struct Members(Vec<(String, Json)>);

/// What programs see of a field.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Json {
    Object(Members),
    Value(Value),
}

impl Record {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Programs see this value, in the form that the API has, too.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        // It is a struct of numbers, texts, and lists and structs of these: it is written and read
        // without an error.
        let json = serde_json::to_string(value).unwrap_or_default();
        Self { json: serde_json::from_str(&json).unwrap_or_default(), ..Self::default() }
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

    /// Like [`Self::field`]. People see nothing if there is no value.
    pub(crate) fn if_present<T: Serialize + ToString>(
        self,
        name: &'static str,
        label: &'static str,
        value: Option<T>,
    ) -> Self {
        let text = value.as_ref().map(ToString::to_string);
        self.json(name, value).line_if_present(label, text)
    }

    /// A field that only programs see.
    pub(crate) fn json(mut self, name: &'static str, value: impl Serialize) -> Self {
        // The values are numbers, texts, and lists and objects of these: none fails to serialize.
        let value = serde_json::to_value(value).unwrap_or_default();
        self.json.0.push((name.into(), Json::Value(value)));
        self
    }

    /// A record within this one, which only programs see.
    pub(crate) fn record(mut self, name: &'static str, record: Option<Self>) -> Self {
        let json = record.map_or(Json::Value(Value::Null), |record| Json::Object(record.json));
        self.json.0.push((name.into(), json));
        self
    }

    /// A line that only people see.
    pub(crate) fn line(mut self, label: &'static str, text: impl Into<String>) -> Self {
        self.lines.push((label, text.into()));
        self
    }

    /// Like [`Self::line`]. People see nothing if there is no value.
    pub(crate) fn line_if_present(self, label: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.line(label, value.to_string()),
            None => self,
        }
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
        self.json.serialize(serializer)
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ReadMembers)
    }
}

struct ReadMembers;

impl<'de> Visitor<'de> for ReadMembers {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
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
