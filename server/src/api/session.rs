//! Signing in: who is asking, and the cookie of a browser.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use provkey::authority::Authority;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::acting::Viewer;
use super::credentials::{self, SESSION_SECONDS, Who};
use super::cross_site;
use super::input::Body;
use super::moment::Moment;
use super::refusals::{Common, Writing};
use crate::app::App;
use crate::problem::Problem;

/// Who is asking.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    /// The name of the admin token, of the client certificate's holder, or of the application's
    /// user.
    name: String,
    /// `viewer`, `operator` or `admin`.
    #[schema(example = "operator")]
    role: &'static str,
    /// `token`, `certificate` or `application`.
    by: &'static str,
    /// When the token or the certificate ends.
    expires_at: Option<Moment>,
}

impl From<Who> for Session {
    fn from(who: Who) -> Self {
        let Who { name, role, by, expires_at, .. } = who;
        let (role, by) = (role.as_str(), by.as_str());
        Self { name, role, by, expires_at: expires_at.map(Moment) }
    }
}

/// What to sign in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The text of an admin token: `pvkt1_…`.
    #[schema(value_type = String)]
    token: Zeroizing<String>,
}

/// Who is asking.
#[utoipa::path(get, path = "/session", tag = "access", operation_id = "showSession",
    responses((status = 200, body = Session), Common))]
pub(super) async fn show(viewer: Viewer) -> Json<Session> {
    Json(viewer.who.into())
}

/// Signs a browser in: it keeps the token in a cookie that no script can read, for 12 hours at
/// most.
#[utoipa::path(post, path = "/session", tag = "access", operation_id = "signIn",
    security(()), request_body = SignIn, responses((status = 200, body = Session), Writing))]
pub(super) async fn sign_in(
    State(app): State<App>,
    parts: Parts,
    Body(input): Body<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    cross_site::refuse(&parts)?;
    let text = input.token.trim();
    let who = credentials::by_token(text, &parts, &app).await?;
    let address = credentials::address(&parts, &app);
    let actor = who.actor(address);
    let record = move |authority: &Authority| authority.acting_as(actor.clone()).record_sign_in();
    app.administer(address, record).await?.map_err(|error| app.problem(error))?;
    let now = app.config.clock.now();
    let left =
        who.expires_at.map_or(u64::MAX, |at| at.unix_seconds().saturating_sub(now.unix_seconds()));
    let cookie = credentials::set_cookie(&app, text, left.min(SESSION_SECONDS))?;
    Ok(([(SET_COOKIE, cookie)], Json(Session::from(who))))
}

/// Signs a browser out: the cookie is taken away. The token itself stays good. Nothing keeps anybody
/// from signing out: not even that it cannot be recorded.
#[utoipa::path(delete, path = "/session", tag = "access", operation_id = "signOut",
    security(()), responses((status = 204, description = "Signed out."), Common))]
pub(super) async fn sign_out(
    State(app): State<App>,
    parts: Parts,
) -> Result<impl IntoResponse, Problem> {
    cross_site::refuse(&parts)?;
    if let Some(who) = credentials::signed_in(&parts, &app).await {
        let address = credentials::address(&parts, &app);
        let actor = who.actor(address);
        let record =
            move |authority: &Authority| authority.acting_as(actor.clone()).record_sign_out();
        let _ = app.administer(address, record).await;
    }
    let cookie = credentials::set_cookie(&app, "", 0)?;
    Ok((axum::http::StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]))
}
