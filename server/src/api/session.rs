//! Sessions of browsers, and the caller of a request.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use provkey::authority::Authority;
use provkey_admin::Moment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::credentials::{self, Caller, SESSION_SECONDS};
use super::cross_site;
use super::error_responses::{CommonErrors, WriteErrors};
use super::input::Body;
use crate::app::App;
use crate::problem::Problem;

/// The caller.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    /// The name of the admin token, of the holder of the client certificate, or of the
    /// application's user.
    name: String,
    /// `viewer`, `operator` or `admin`.
    #[schema(example = "operator")]
    role: &'static str,
    /// What the caller is limited to: `operator:` and the id of a group; null: nothing.
    scope: Option<String>,
    /// `token`, `certificate` or `application`.
    by: &'static str,
    /// When the token or the certificate expires.
    expires_at: Option<Moment>,
}

impl From<Caller> for Session {
    fn from(caller: Caller) -> Self {
        let role = caller.actor(None).role().as_str();
        let Caller { name, scope, by, expires_at, .. } = caller;
        let by = by.as_str();
        let scope = scope.map(|scope| scope.to_string());
        Self { name, role, scope, by, expires_at: expires_at.map(Moment) }
    }
}

/// The credentials to sign in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The text of an admin token: `pvkt1_…`.
    #[schema(value_type = String)]
    token: Zeroizing<String>,
}

/// Shows the caller.
#[utoipa::path(get, path = "/session", tag = "access", operation_id = "showSession",
    responses((status = 200, body = Session), CommonErrors))]
pub(super) async fn show(caller: Caller) -> Json<Session> {
    Json(caller.into())
}

/// Signs a browser in: a cookie that no script can read stores the token, for 12 hours at most.
#[utoipa::path(post, path = "/session", tag = "access", operation_id = "signIn",
    security(()), request_body = SignIn, responses((status = 200, body = Session), WriteErrors))]
pub(super) async fn sign_in(
    State(app): State<App>,
    parts: Parts,
    Body(input): Body<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    cross_site::refuse(&parts)?;
    let text = input.token.trim();
    let caller = credentials::by_token(text, &parts, &app).await?;
    let address = credentials::address(&parts, &app);
    let identity = caller.identity(address);
    let record =
        move |authority: &Authority| authority.acting_as(identity.clone()).record_sign_in();
    app.call_for_administrator(address, record).await?.map_err(|error| app.problem(error))?;
    let now = app.config.clock.now();
    let left = caller
        .expires_at
        .map_or(u64::MAX, |at| at.unix_seconds().saturating_sub(now.unix_seconds()));
    let cookie = credentials::set_cookie(&app, text, left.min(SESSION_SECONDS))?;
    Ok(([(SET_COOKIE, cookie)], Json(Session::from(caller))))
}

/// Signs a browser out by deleting the cookie. The token itself stays valid. Signing out succeeds
/// even if it cannot be recorded.
#[utoipa::path(delete, path = "/session", tag = "access", operation_id = "signOut",
    security(()), responses((status = 204, description = "Signed out."), CommonErrors))]
pub(super) async fn sign_out(
    State(app): State<App>,
    parts: Parts,
) -> Result<impl IntoResponse, Problem> {
    cross_site::refuse(&parts)?;
    if let Some(caller) = credentials::signed_in(&parts, &app).await {
        let address = credentials::address(&parts, &app);
        let identity = caller.identity(address);
        let record =
            move |authority: &Authority| authority.acting_as(identity.clone()).record_sign_out();
        let _ = app.call_for_administrator(address, record).await;
    }
    let cookie = credentials::set_cookie(&app, "", 0)?;
    Ok((axum::http::StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]))
}
