//! Authentication: by an admin token, a session cookie that contains one, a client certificate, or
//! the application.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use provkey::authority::{
    self, AdminRole, AdminScope, AdminToken, AdminTokenId, AdminTokenText, Authority,
};
use provkey::time::Timestamp;
use provkey_admin::Actor;
use zeroize::Zeroizing;

use super::cross_site;
use crate::administrators::Administrator;
use crate::app::App;
use crate::client::Client;
use crate::connection::Connection;
use crate::problem::Problem;
use crate::secret;

/// The session cookie. Its prefix keeps other hosts of the domain from setting it.
pub(super) const COOKIE: &str = "__Host-provkey";
const COOKIE_WITHOUT_TLS: &str = "provkey";

/// The longest time that a browser keeps a session.
pub(super) const SESSION_SECONDS: u64 = 12 * 3600;

/// An authenticated caller.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) name: String,
    pub(super) role: AdminRole,
    pub(super) scope: Option<AdminScope>,
    pub(super) by: By,
    pub(super) token: Option<AdminTokenId>,
    pub(super) expires_at: Option<Timestamp>,
}

/// How a caller was authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Token,
    Certificate,
    Application,
}

impl Caller {
    /// The caller, with what they may do.
    pub(super) fn actor(&self, address: Option<IpAddr>) -> Actor {
        Actor::new(self.identity(address), self.role).scope(self.scope)
    }

    /// The caller as the audit trail records them.
    pub(super) fn identity(&self, address: Option<IpAddr>) -> authority::Actor {
        let name = Some(format!("{}:{}", self.by.as_str(), self.name));
        authority::Actor::default().name(name).admin_token(self.token).address(address)
    }
}

impl By {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Certificate => "certificate",
            Self::Application => "application",
        }
    }
}

impl From<AdminToken> for Caller {
    fn from(token: AdminToken) -> Self {
        let AdminToken { id, name, role, scope, expires_at, .. } = token;
        Self { name: name.to_string(), role, scope, by: By::Token, token: Some(id), expires_at }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        authenticate(parts, app).await
    }
}

/// Authenticates the sender of a request.
async fn authenticate(parts: &Parts, app: &App) -> Result<Caller, Problem> {
    if let Some(caller) = by_application(parts, app)? {
        // The application may rely on a cookie, which a browser sends by itself.
        cross_site::refuse(parts)?;
        return Ok(caller);
    }
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let value = value.to_str().unwrap_or_default();
        let scheme = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer "));
        let text = scheme.and_then(|_| value.get(7..)).ok_or_else(missing)?;
        return by_token(text, parts, app).await;
    }
    // A browser sends a cookie by itself, so it authenticates requests of our own page only.
    if let Some(text) = cookie(&parts.headers, app) {
        cross_site::refuse_from_browser(parts)?;
        return by_token(&text, parts, app).await;
    }
    if let Some(caller) = by_certificate(parts, app)? {
        cross_site::refuse(parts)?;
        return Ok(caller);
    }
    Err(missing())
}

/// The caller whose session cookie is still valid.
pub(super) async fn signed_in(parts: &Parts, app: &App) -> Option<Caller> {
    by_token(&cookie(&parts.headers, app)?, parts, app).await.ok()
}

/// Authenticates an admin token.
pub(super) async fn by_token(text: &str, parts: &Parts, app: &App) -> Result<Caller, Problem> {
    let text = AdminTokenText::new(text.to_owned());
    let address = address(parts, app);
    let identity = authority::Actor::default().address(address);
    let authenticate = move |authority: &Authority| {
        authority.acting_as(identity.clone()).authenticate_token(&text)
    };
    let found = app.call_for_administrator(address, authenticate).await?;
    let found = found.map_err(|error| app.problem(error));
    if found.as_ref().is_err_and(|problem| problem.status == StatusCode::UNAUTHORIZED) {
        app.rate_limits.count_unproven(address);
    }
    found.map(Caller::from)
}

/// The address of the client.
pub(super) fn address(parts: &Parts, app: &App) -> Option<IpAddr> {
    Client::of(&app.config, parts.extensions.get::<Connection>(), &parts.headers).address
}

fn by_application(parts: &Parts, app: &App) -> Result<Option<Caller>, Problem> {
    let Some(administrators) = &app.config.administrators else { return Ok(None) };
    let found = administrators.identify(parts)?;
    Ok(found.map(|Administrator { name, role, scope }| Caller {
        name,
        role,
        scope,
        by: By::Application,
        token: None,
        expires_at: None,
    }))
}

fn by_certificate(parts: &Parts, app: &App) -> Result<Option<Caller>, Problem> {
    let connection = parts.extensions.get::<Connection>();
    let shown = connection.and_then(|connection| connection.client_certificate.as_deref());
    let Some(shown) = shown else { return Ok(None) };
    let found = app.config.admin_certificates.find(shown, app.config.clock.now())?;
    Ok(found.map(|certificate| {
        let Administrator { name, role, scope } = certificate.holder().clone();
        Caller {
            name,
            role,
            scope,
            by: By::Certificate,
            token: None,
            expires_at: Some(certificate.not_after()),
        }
    }))
}

fn missing() -> Problem {
    let detail = "send an admin token as `Authorization: Bearer`, sign in, or use the client \
                  certificate of an administrator";
    Problem::new("credentials_missing", StatusCode::UNAUTHORIZED, detail)
}

fn cookie(headers: &HeaderMap, app: &App) -> Option<Zeroizing<String>> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = lines.flat_map(|line| line.split(';')).filter_map(|one| one.split_once('='));
    let name = cookie_name(app);
    cookies.map(|(name, value)| (name.trim(), value.trim())).find_map(|(found, value)| {
        (found == name && !value.is_empty()).then(|| value.to_owned().into())
    })
}

fn cookie_name(app: &App) -> &'static str {
    if app.config.insecure_cookies { COOKIE_WITHOUT_TLS } else { COOKIE }
}

/// The `Set-Cookie` header that stores a token in a browser, out of reach of scripts.
pub(super) fn set_cookie(app: &App, text: &str, seconds: u64) -> Result<HeaderValue, Problem> {
    let secure = if app.config.insecure_cookies { "" } else { "; Secure" };
    let attributes = format!("; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    secret::header_value(secret::concat(&[cookie_name(app), "=", text, &attributes]))
}
