//! Admin tokens.

use std::time::SystemTime;

use axum::Json;
use axum::http::StatusCode;
use provkey::authority::{AdminRole, AdminToken, AdminTokenId, Name, NewAdminToken};
use provkey::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::authorized::Admin;
use super::error_responses::{CommonErrors, ReadErrors, WriteErrors};
use super::input::{Body, Id, Parameters, nullable};
use super::moment::Moment;
use super::page::{PageQuery, PageView};
use crate::problem::Problem;
use crate::secret::SecretJson;

/// An admin token without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminToken)]
pub(super) struct Token {
    /// Its id, which its text shows.
    id: String,
    /// Its name, which the audit trail shows.
    name: String,
    /// `viewer`, `operator` or `admin`.
    role: &'static str,
    /// When it was created.
    created_at: Moment,
    /// Who created it.
    created_by: Option<String>,
    /// When it expires.
    expires_at: Option<Moment>,
    /// When it was revoked.
    revoked_at: Option<Moment>,
}

impl From<AdminToken> for Token {
    fn from(token: AdminToken) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name.into(),
            role: token.role.as_str(),
            created_at: token.created_at.into(),
            created_by: token.created_by,
            expires_at: token.expires_at.map(Moment),
            revoked_at: token.revoked_at.map(Moment),
        }
    }
}

/// A new admin token.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedToken {
    /// The token without its secret.
    token: Token,
    /// Its text, which is shown only once.
    #[schema(value_type = String)]
    text: Zeroizing<String>,
}

/// A role. Each includes those before it.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Role {
    Viewer,
    Operator,
    Admin,
}

/// An admin token to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAdminToken)]
pub(super) struct TokenInput {
    /// Its name, unique among those that are not revoked.
    name: String,
    /// The role of its holder.
    role: Role,
    /// When it expires; default: after 90 days; null: never.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Moment>)]
    expires_at: Option<Option<Moment>>,
}

impl TokenInput {
    fn expires_at(&self) -> Option<Timestamp> {
        match self.expires_at {
            Some(at) => at.map(|at| at.0),
            None => Some(Timestamp::from(SystemTime::now()).plus(NewAdminToken::VALIDITY)),
        }
    }
}

/// Lists the admin tokens by id.
#[utoipa::path(get, path = "/tokens", tag = "access", operation_id = "listTokens",
    params(PageQuery), responses((status = 200, body = PageView<Token>), CommonErrors))]
pub(super) async fn list(
    admin: Admin,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<PageView<Token>>, Problem> {
    let page = admin.call(move |authority| authority.list_tokens(&query.page())).await?;
    Ok(Json(PageView::of(page, Token::from)))
}

/// Creates an admin token. Only this response contains its text.
#[utoipa::path(post, path = "/tokens", tag = "access", operation_id = "createToken",
    request_body = TokenInput, responses((status = 201, body = CreatedToken), WriteErrors))]
pub(super) async fn create(
    admin: Admin,
    Body(input): Body<TokenInput>,
) -> Result<(StatusCode, SecretJson<CreatedToken>), Problem> {
    let role = match input.role {
        Role::Viewer => AdminRole::Viewer,
        Role::Operator => AdminRole::Operator,
        Role::Admin => AdminRole::Admin,
    };
    let (name, expires_at) = (Name::parse(&input.name)?, input.expires_at());
    let new = NewAdminToken::new(name, role).expires_at(expires_at);
    let (token, text) = admin.call(move |authority| authority.create_token(&new)).await?;
    let created = CreatedToken { token: token.into(), text: text.expose().to_owned().into() };
    Ok((StatusCode::CREATED, SecretJson(created)))
}

/// Revokes an admin token permanently.
#[utoipa::path(post, path = "/tokens/{id}/revoke", tag = "access", operation_id = "revokeToken",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Token), ReadErrors))]
pub(super) async fn revoke(admin: Admin, Id(id): Id<AdminTokenId>) -> Result<Json<Token>, Problem> {
    Ok(Json(admin.call(move |authority| authority.revoke_token(id)).await?.into()))
}
