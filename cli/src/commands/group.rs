//! `provkey group`: connector groups.

use clap::Subcommand;
use provkey::authority::{Authority, ConnectorGroup, GroupId, Name};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Deleted, Fields, Output, PageArgs, Row};
use crate::time::Time;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create a group
    Create {
        /// The name, unique among groups
        name: String,
    },
    /// List the groups by name
    List(PageArgs),
    /// Delete a group. No key and no connector may belong to it
    Delete {
        /// The id or the name of the group
        #[arg(value_name = "ID")]
        group: String,
    },
}

pub(crate) fn run(
    command: &Command,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    match command {
        Command::Create { name } => {
            let group = authority.create_group(&Name::new(name)?)?;
            output.show(&GroupView::from(group))
        }
        Command::List(page) => {
            output.pages(page, |page| authority.list_groups(page), GroupView::from)
        }
        Command::Delete { group } => {
            let group = authority.find_group(group)?;
            output.confirm(format_args!("Delete the group {} for good?", group.name))?;
            authority.delete_group(group.id)?;
            output.show(&Deleted::new(group.id))
        }
    }
}

#[derive(Serialize)]
struct GroupView {
    id: GroupId,
    name: Name,
    keys: u64,
    created_at: Time,
}

impl From<ConnectorGroup> for GroupView {
    fn from(group: ConnectorGroup) -> Self {
        let ConnectorGroup { id, name, created_at, keys, .. } = group;
        Self { id, name, keys, created_at: created_at.into() }
    }
}

impl Row for GroupView {
    const COLUMNS: &'static [&'static str] = &["ID", "NAME", "KEYS", "CREATED"];

    fn row(&self) -> Vec<String> {
        let Self { id, name, keys, created_at } = self;
        vec![id.to_string(), name.to_string(), keys.to_string(), created_at.to_string()]
    }
}

impl Fields for GroupView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Group", self.id.to_string()),
            ("Name", self.name.to_string()),
            ("Keys", self.keys.to_string()),
            ("Created", self.created_at.to_string()),
        ]
    }
}
