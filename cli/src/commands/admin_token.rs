//! `provkey admin-token`: tokens that administer the authority over the network.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use provkey::authority::{AdminRole, AdminScope, Authority, Name, NewAdminToken};
use provkey_admin::AdminToken;

use crate::failure::Failure;
use crate::output::{Output, PageArgs};
use crate::record::{Record, or_dash};
use crate::time::{Expiry, Time};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create a token, and show its text. It cannot be shown again: the store only has a verifier
    Create(Create),
    /// List the tokens by id, including revoked and expired ones
    List(PageArgs),
    /// Revoke a token, for good
    Revoke {
        /// The id or the name of the token
        #[arg(value_name = "ID")]
        token: String,
    },
}

#[derive(Args)]
pub(crate) struct Create {
    /// The name, which the audit trail shows; unique among tokens that are not revoked
    name: String,
    /// What the holder may do
    #[arg(long, required_unless_present = "scope")]
    #[arg(value_parser = PossibleValuesParser::new(AdminRole::ALL.map(AdminRole::as_str)))]
    role: Option<String>,
    /// What the holder is limited to: operator: and a group, by id or name
    #[arg(long, value_name = "SCOPE", conflicts_with = "role")]
    scope: Option<String>,
    /// When the token expires: RFC 3339, or a period such as 90d, or never
    #[arg(long, value_name = "WHEN", default_value = "90d", value_parser = Expiry::parse)]
    expires: Expiry,
}

pub(crate) fn run(
    command: &Command,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    match command {
        Command::Create(create) => self::create(create, authority, output),
        Command::List(page) => output.pages(page, |page| authority.list_tokens(page), shown),
        Command::Revoke { token } => {
            let token = authority.find_token(token)?;
            let name = &token.name;
            output.confirm(format_args!("Revoke the admin token {name} for good?"))?;
            output.show(&shown(authority.revoke_token(token.id)?))
        }
    }
}

fn create(create: &Create, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let scope = create.scope.as_deref().map(|text| authority.find_scope(text)).transpose()?;
    let role = create.role.as_deref().and_then(|role| AdminRole::parse(role).ok());
    let role = scope.map(AdminScope::role).or(role).unwrap_or(AdminRole::Viewer);
    let new = NewAdminToken::new(Name::parse(&create.name)?, role)
        .scope(scope)
        .expires_at(create.expires.0);
    let (token, text) = authority.create_token(&new)?;
    let token = AdminToken::from(token);
    let record = Record::new().record("token", Some(Record::of(&token)));
    output.show(&described(record, &token).field("text", "Token", text.expose()))
}

fn shown(token: impl Into<AdminToken>) -> Record {
    let token = token.into();
    let record = Record::of(&token);
    described(record, &token)
}

/// What people see of a token.
fn described(record: Record, token: &AdminToken) -> Record {
    let expires = Time::or_never(token.expires_at.map(Time::from));
    let revoked = or_dash(token.revoked_at.map(Time::from).as_ref());
    record
        .line("Admin token", &token.id)
        .line("Name", &token.name)
        .line("Role", token.role.as_str())
        .line_if_present("Scope", token.scope.as_ref())
        .line("Expires", &expires)
        .line("Revoked", &revoked)
        .line("Created by", or_dash(token.created_by.as_ref()))
        .line("Created", Time::from(token.created_at).to_string())
        .cell("ID", &token.id)
        .cell("NAME", &token.name)
        .cell("ROLE", token.role)
        .cell("SCOPE", or_dash(token.scope.as_ref()))
        .cell("EXPIRES", expires)
        .cell("REVOKED", revoked)
}
