//! Authorization of a request, and its call of the administration.

use std::marker::PhantomData;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use provkey::authority::{self, Authority, InputError, Refusal};
use provkey_admin::operation::Operation;
use provkey_admin::{Actor, Error, Local};

use super::credentials::{self, Caller};
use crate::app::App;
use crate::problem::Problem;

/// A caller who may call the operation `O`.
pub(super) struct Authorized<O> {
    app: App,
    actor: Actor,
    address: Option<IpAddr>,
    operation: PhantomData<O>,
}

impl<O: Operation> FromRequestParts<App> for Authorized<O> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let address = credentials::address(parts, app);
        let actor = caller.actor(address);
        // Before the body is read; the administration checks it again.
        actor.authorize::<O>()?;
        Ok(Self { app: app.clone(), actor, address, operation: PhantomData })
    }
}

impl<O> Authorized<O> {
    /// Calls the administration in the caller's name.
    pub(super) async fn call<T: Send + 'static>(
        self,
        work: impl Fn(&Local, &Actor) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let Self { app, actor, address, .. } = self;
        let call = move |authority: &Authority| {
            // Only an error of the authority can mean that a master key is missing.
            match work(&Local::new(authority.clone()), &actor) {
                Err(Error::Authority(error)) => Err(error),
                result => Ok(result),
            }
        };
        let called = app.call_for_administrator(address, call).await?;
        Ok(called.map_err(|error| problem(&app, error))??)
    }
}

/// A refusal of a connector is a conflict with the state of a key or connector to an operator.
fn problem(app: &App, error: authority::Error) -> Problem {
    let status = match &error {
        authority::Error::Refused(Refusal::KeyDeleted) => Some(StatusCode::GONE),
        authority::Error::Refused(Refusal::KeyCompromised) => Some(StatusCode::FORBIDDEN),
        authority::Error::Refused(_) => Some(StatusCode::CONFLICT),
        error if error.is_input(InputError::SignerMissing) => Some(StatusCode::CONFLICT),
        _ => None,
    };
    let problem = app.problem(error);
    Problem { status: status.unwrap_or(problem.status), ..problem }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::Authority(error) => return error.into(),
            Error::RoleInsufficient { .. } | Error::ScopeInsufficient(_) => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(error.code(), status, error.to_string())
    }
}
