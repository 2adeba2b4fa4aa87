//! Views: what a SQL store shows of its records, to people and to reports.
//!
//! [`VIEWS`] describes each view once. It reads the bodies of records, which only this crate knows.
//! A SQL store makes the views from it, with the few expressions that its database writes in
//! another way: its [`Dialect`]. Programs use the library: the fields of a body may change.
//!
//! The columns of a view stay as they are, and new ones are added at the end: PostgreSQL replaces a
//! view only then, and a report keeps its columns.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::authority::KeyState;
use crate::ledger::records;

/// The views of a SQL store.
pub const VIEWS: &[View] = &[
    View {
        name: "connector_groups",
        records: records::GROUPS,
        counter: Some(records::GROUP_USERS),
        required: None,
        columns: &[text("id"), text("name"), time("created_at"), counted("keys", "used")],
    },
    View {
        name: "enrollment_certificates",
        // A request that an external CA has not answered is not among them.
        records: records::CERTIFICATES,
        counter: Some(records::CERTIFICATE_USERS),
        required: None,
        columns: &[
            text("id"),
            text("name"),
            time("created_at"),
            integer("leaf_validity_seconds"),
            text("certificate_base64").of("certificate"),
            counted("keys", "used"),
        ],
    },
    View {
        name: "enrollments",
        records: records::ENROLLMENTS,
        counter: None,
        // The records without this field are public keys that a connector renewed with.
        required: Some("connector"),
        columns: &[
            text("connector"),
            text("key"),
            text("group_id").of("group"),
            name_of("group_name", records::GROUPS, "group"),
            text("certificate_id").of("certificate"),
            name_of("certificate_name", records::CERTIFICATES, "certificate"),
            time("enrolled_at"),
            text("address"),
            text("fingerprint"),
            text("serial"),
            time("not_before"),
            time("not_after"),
            time("revoked_at"),
            Column {
                name: "replays",
                kind: Kind::Integer,
                source: Source::CountOf { records: records::REPLAYS, id: "connector" },
            },
        ],
    },
    View {
        name: "audit",
        records: records::AUDIT,
        counter: None,
        required: None,
        columns: &[
            time("at"),
            text("action"),
            text("actor"),
            text("key"),
            text("group_id").of("group"),
            text("certificate_id").of("certificate"),
            text("connector"),
            text("address"),
            text("code"),
            integer("count"),
            // The field is a text. The column is JSON because the first schema made it so, and
            // PostgreSQL cannot change the type of a view's column.
            json("details"),
            text("admin_token"),
            time("last_at"),
        ],
    },
    View {
        name: "provisioning_keys",
        records: records::KEYS,
        counter: Some(records::KEY_USES),
        required: None,
        columns: &[
            text("id"),
            text("name"),
            text("host"),
            text("group_id").of("group"),
            name_of("group_name", records::GROUPS, "group"),
            text("certificate_id").of("certificate"),
            name_of("certificate_name", records::CERTIFICATES, "certificate"),
            time("created_at"),
            counted("max_uses", "used_max"),
            counted("used", "used"),
            Column {
                name: "last_used_at",
                kind: Kind::Time,
                source: Source::Counter("last_at_ms"),
            },
            boolean("enabled"),
            boolean("proof_only"),
            time("expires_at"),
            json("allowed_addresses"),
            Column { name: "state", kind: Kind::Text, source: Source::KeyState },
            time("compromised_at"),
        ],
    },
];

/// A view over all records of one kind.
#[derive(Clone, Copy, Debug)]
pub struct View {
    name: &'static str,
    columns: &'static [Column],
    /// What the keys of the records begin with.
    records: &'static str,
    /// What the keys of the counters begin with that belong to the records. The field `id` follows.
    counter: Option<&'static str>,
    /// Only records with this field are shown.
    required: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    name: &'static str,
    kind: Kind,
    source: Source,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// True or false; 1 or 0 where the database has no type for it.
    Boolean,
    /// A moment; where the database has no type for it, text as RFC 3339 has it, in UTC.
    Time,
    /// JSON; where the database has no type for it, its text.
    Json,
}

/// Where the values of a column are.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// In a field of the body.
    Field(&'static str),
    /// In a column of the counter.
    Counter(&'static str),
    /// The name of another record. Its key is `records` and the field `id` of this body.
    NameOf { records: &'static str, id: &'static str },
    /// The count of another record, or 0 if there is none.
    CountOf { records: &'static str, id: &'static str },
    /// The state of a provisioning key.
    KeyState,
}

impl Column {
    /// A field of the body with the name of the column.
    const fn field(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, source: Source::Field(name) }
    }

    /// The field has another name than the column.
    const fn of(self, field: &'static str) -> Self {
        Self { source: Source::Field(field), ..self }
    }
}

const fn text(name: &'static str) -> Column {
    Column::field(name, Kind::Text)
}

const fn integer(name: &'static str) -> Column {
    Column::field(name, Kind::Integer)
}

const fn boolean(name: &'static str) -> Column {
    Column::field(name, Kind::Boolean)
}

const fn time(name: &'static str) -> Column {
    Column::field(name, Kind::Time)
}

const fn json(name: &'static str) -> Column {
    Column::field(name, Kind::Json)
}

const fn counted(name: &'static str, of: &'static str) -> Column {
    Column { name, kind: Kind::Integer, source: Source::Counter(of) }
}

const fn name_of(name: &'static str, records: &'static str, id: &'static str) -> Column {
    Column { name, kind: Kind::Text, source: Source::NameOf { records, id } }
}

/// How a database writes what databases write differently. The table of records has the columns
/// `key` and `body`, both bytes, and `used`, `used_max` and `last_at_ms`, whole numbers.
pub trait Dialect {
    /// The table of records.
    fn records(&self) -> &str;

    /// The bytes of a text, in UTF-8.
    fn bytes(&self, text: &str) -> String;

    /// The JSON that bytes are the text of.
    fn json(&self, bytes: &str) -> String;

    /// A field of JSON, as a value of a kind; never called for [`Kind::Time`]. NULL if there is no
    /// such field.
    fn field(&self, json: &str, field: &str, kind: Kind) -> String;

    /// The moment of Unix milliseconds.
    fn time(&self, unix_ms: &str) -> String;

    /// The present, in Unix milliseconds.
    fn now_ms(&self) -> &str;

    /// What ends a subquery so that it is evaluated once a row, not once for each use of a column.
    fn evaluated_once(&self) -> &str {
        ""
    }
}

impl View {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The SELECT that the view is.
    pub fn select(&self, dialect: &dyn Dialect) -> String {
        let columns = self.columns.iter();
        let columns: Vec<_> = columns
            .map(|column| format!("    {} AS {}", column.value(dialect), column.name))
            .collect();
        let columns = columns.join(",\n");
        let (table, body) = (dialect.records(), dialect.json("body"));
        // A range of keys ends at '0', the character after '/'.
        let first = dialect.bytes(&literal(self.records));
        let end = dialect.bytes(&literal(&format!("{}0", self.records.trim_end_matches('/'))));
        let once = dialect.evaluated_once();
        let counter = self.counter.map_or(String::new(), |records| {
            let key = key_of(dialect, records, "id");
            format!("\nLEFT JOIN {table} AS counter ON counter.key = {key}")
        });
        let required = self.required.map_or(String::new(), |field| {
            format!("\nWHERE {} IS NOT NULL", dialect.field(BODY, field, Kind::Text))
        });
        format!(
            "SELECT\n{columns}\nFROM (\n    \
                SELECT {body} AS body FROM {table}\n    \
                WHERE key >= {first} AND key < {end}{once}\n\
            ) AS it{counter}{required}"
        )
    }
}

/// The body of a record that is shown.
const BODY: &str = "it.body";

impl Column {
    fn value(&self, dialect: &dyn Dialect) -> String {
        match self.source {
            Source::Field(field) => self.field_of(dialect, BODY, field),
            Source::Counter(column) => match self.kind {
                Kind::Time => dialect.time(&format!("counter.{column}")),
                _ => format!("counter.{column}"),
            },
            Source::NameOf { records, id } => self.of_other(dialect, records, id, "name"),
            Source::CountOf { records, id } => {
                format!("coalesce({}, 0)", self.of_other(dialect, records, id, "count"))
            }
            Source::KeyState => key_state(dialect),
        }
    }

    fn field_of(&self, dialect: &dyn Dialect, json: &str, field: &str) -> String {
        match self.kind {
            Kind::Time => dialect.time(&dialect.field(json, field, Kind::Integer)),
            kind => dialect.field(json, field, kind),
        }
    }

    /// A field of the record whose key is `records` and the field `id` of this body.
    fn of_other(&self, dialect: &dyn Dialect, records: &str, id: &str, field: &str) -> String {
        let value = self.field_of(dialect, &dialect.json("other.body"), field);
        let (table, key) = (dialect.records(), key_of(dialect, records, id));
        format!("(SELECT {value} FROM {table} AS other WHERE other.key = {key})")
    }
}

/// The state of a key, decided as [`KeyDetails::state`](crate::authority::KeyDetails::state) is.
fn key_state(dialect: &dyn Dialect) -> String {
    let field = |name, kind| dialect.field(BODY, name, kind);
    let (compromised, enabled) =
        (field("compromised_at", Kind::Integer), field("enabled", Kind::Boolean));
    let (expires, now) = (field("expires_at", Kind::Integer), dialect.now_ms());
    let reasons = [
        (KeyState::Compromised, format!("{compromised} IS NOT NULL")),
        (KeyState::Disabled, format!("NOT {enabled}")),
        (KeyState::Expired, format!("{expires} <= {now}")),
        (KeyState::Exhausted, "counter.used >= counter.used_max".into()),
    ];
    let cases = reasons.map(|(state, when)| format!("WHEN {when} THEN '{state}' "));
    format!("CASE {}ELSE '{}' END", cases.concat(), KeyState::Usable)
}

/// The key of a record: where such keys begin, and an id in the body.
fn key_of(dialect: &dyn Dialect, records: &str, id: &str) -> String {
    dialect.bytes(&format!("{} || ({})", literal(records), dialect.field(BODY, id, Kind::Text)))
}

fn literal(text: &str) -> String {
    format!("'{text}'")
}
