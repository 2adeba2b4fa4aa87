//! `provkey admin-token`: tokens that administer the authority over the network.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use provkey::authority::{AdminRole, AdminToken, AdminTokenId, Authority, Name, NewAdminToken};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Fields, Output, PageArgs, Row, or_dash};
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
    #[arg(long)]
    #[arg(value_parser = PossibleValuesParser::new(AdminRole::ALL.map(AdminRole::as_str)))]
    role: String,
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
        Command::List(page) => {
            output.pages(page, |page| authority.list_tokens(page), TokenView::from)
        }
        Command::Revoke { token } => {
            let token = authority.find_token(token)?;
            let name = &token.name;
            output.confirm(format_args!("Revoke the admin token {name} for good?"))?;
            output.show(&TokenView::from(authority.revoke_token(token.id)?))
        }
    }
}

fn create(create: &Create, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let role = AdminRole::parse(&create.role).unwrap_or(AdminRole::Viewer);
    let new = NewAdminToken::new(Name::new(&create.name)?, role).expires_at(create.expires.0);
    let (token, text) = authority.create_token(&new)?;
    output.show(&Created { token: token.into(), text: text.expose() })
}

/// A token with its text.
#[derive(Serialize)]
struct Created<'t> {
    #[serde(flatten)]
    token: TokenView,
    text: &'t str,
}

impl Fields for Created<'_> {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = self.token.fields();
        fields.push(("Token", self.text.into()));
        fields
    }
}

#[derive(Serialize)]
struct TokenView {
    id: AdminTokenId,
    name: Name,
    role: AdminRole,
    created_at: Time,
    created_by: Option<String>,
    expires_at: Option<Time>,
    revoked_at: Option<Time>,
}

impl From<AdminToken> for TokenView {
    fn from(token: AdminToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            role: token.role,
            created_at: token.created_at.into(),
            created_by: token.created_by,
            expires_at: token.expires_at.map(Time),
            revoked_at: token.revoked_at.map(Time),
        }
    }
}

impl Row for TokenView {
    const COLUMNS: &'static [&'static str] = &["ID", "NAME", "ROLE", "EXPIRES", "REVOKED"];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.name.to_string(),
            self.role.to_string(),
            Time::or_never(self.expires_at),
            or_dash(self.revoked_at.as_ref()),
        ]
    }
}

impl Fields for TokenView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Admin token", self.id.to_string()),
            ("Name", self.name.to_string()),
            ("Role", self.role.to_string()),
            ("Expires", Time::or_never(self.expires_at)),
            ("Revoked", or_dash(self.revoked_at.as_ref())),
            ("Created by", or_dash(self.created_by.as_ref())),
            ("Created", self.created_at.to_string()),
        ]
    }
}
