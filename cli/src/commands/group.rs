//! `provkey group`: connector groups.

use clap::Subcommand;
use provkey::authority::{Authority, Name};
use provkey_admin::Group;

use crate::failure::Failure;
use crate::output::{Output, PageArgs, deleted};
use crate::record::Record;
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
            let group = authority.create_group(&Name::parse(name)?)?;
            output.show(&shown(group))
        }
        Command::List(page) => output.pages(page, |page| authority.list_groups(page), shown),
        Command::Delete { group } => {
            let group = authority.find_group(group)?;
            output.confirm(format_args!("Delete the group {} for good?", group.name))?;
            authority.delete_group(group.id)?;
            output.show(&deleted(group.id))
        }
    }
}

fn shown(group: impl Into<Group>) -> Record {
    let group = group.into();
    let created = Time::from(group.created_at);
    Record::of(&group)
        .line("Group", &group.id)
        .line("Name", &group.name)
        .line("Keys", group.keys.to_string())
        .line("Created", created.to_string())
        .cell("ID", &group.id)
        .cell("NAME", &group.name)
        .cell("KEYS", group.keys)
        .cell("CREATED", created)
}
