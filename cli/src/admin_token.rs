//! `provkey admin-token`: who may look after the authority over the network.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use provkey::authority::{AdminRole, AdminToken, AdminTokenId, Authority, Name, NewAdminToken};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Fields, Output, PageArgs, Row, or_dash};
use crate::times::{Expiry, Time};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a token, and show its text: this once, for only what verifies it is stored
    Create(Create),
    /// List the tokens by id, those that are revoked or have expired included
    List(PageArgs),
    /// Revoke a token, at once and for ever
    Revoke {
        /// Its id or its name
        #[arg(value_name = "ID")]
        token: String,
    },
}

#[derive(Args)]
pub(crate) struct Create {
    /// Its name, unique among those that are not revoked: the audit trail shows it
    name: String,
    /// What its holder may do
    #[arg(long)]
    #[arg(value_parser = PossibleValuesParser::new(AdminRole::ALL.map(AdminRole::as_str)))]
    role: String,
    /// When it ends: RFC 3339, or a period such as 90d, or never
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
            output.confirm(format_args!("Revoke the admin token {name}, at once and for ever?"))?;
            output.one(&TokenView::from(authority.revoke_token(token.id)?))
        }
    }
}

fn create(create: &Create, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let role = AdminRole::parse(&create.role).unwrap_or(AdminRole::Viewer);
    let new = NewAdminToken { name: Name::new(&create.name)?, role, expires_at: create.expires.0 };
    let (token, text) = authority.create_token(&new)?;
    output.one(&Created { token: token.into(), text: text.expose() })
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
