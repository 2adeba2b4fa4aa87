//! Authorization: the one place that compares roles.

use std::marker::PhantomData;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use provkey::authority::{AdminRole, Authority, Error, InputError, Refusal};

use super::credentials::{self, Caller};
use crate::app::App;
use crate::problem::Problem;

/// A caller with at least the role `R`, and the authority acting in their name.
pub(super) struct Authorized<R> {
    app: App,
    pub(super) caller: Caller,
    address: Option<IpAddr>,
    role: PhantomData<R>,
}

/// The role that a handler requires.
pub(super) trait RequiredRole: Send + Sync {
    const ROLE: AdminRole;
}

macro_rules! roles {
    ($($name:ident = $marker:ident, $doc:literal;)*) => {
        $(
            pub(super) enum $marker {}

            impl RequiredRole for $marker {
                const ROLE: AdminRole = AdminRole::$name;
            }

            #[doc = $doc]
            pub(super) type $name = Authorized<$marker>;
        )*
    };
}

roles! {
    Viewer = IsViewer, "A caller who may read everything except secrets.";
    Operator = IsOperator, "A caller who may change keys, groups and connectors.";
    Admin = IsAdmin, "A caller who may also change certificates, hosts and admin tokens.";
}

impl<R: RequiredRole> FromRequestParts<App> for Authorized<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = credentials::authenticate(parts, app).await?;
        if caller.role < R::ROLE {
            let detail = format!("this requires the role {}, yours is {}", R::ROLE, caller.role);
            return Err(Problem::new("role_insufficient", StatusCode::FORBIDDEN, detail));
        }
        let address = credentials::address(parts, app);
        Ok(Self { app: app.clone(), caller, address, role: PhantomData })
    }
}

impl<R> Authorized<R> {
    /// Calls the authority in the caller's name.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl Fn(&Authority) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let actor = self.caller.actor(self.address);
        let call = move |authority: &Authority| work(&authority.acting_as(actor.clone()));
        self.app
            .call_for_administrator(self.address, call)
            .await?
            .map_err(|error| problem(&self.app, error))
    }
}

/// A refusal of a connector is a conflict with the state of a key or connector to an operator.
fn problem(app: &App, error: Error) -> Problem {
    let status = match &error {
        Error::Refused(Refusal::KeyDeleted) => Some(StatusCode::GONE),
        Error::Refused(Refusal::KeyCompromised) => Some(StatusCode::FORBIDDEN),
        Error::Refused(_) => Some(StatusCode::CONFLICT),
        Error::Input(InputError::SignerMissing) => Some(StatusCode::CONFLICT),
        _ => None,
    };
    let problem = app.problem(error);
    Problem { status: status.unwrap_or(problem.status), ..problem }
}
