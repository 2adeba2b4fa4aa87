//! Who may do what, decided in one place.

use std::marker::PhantomData;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use provkey::authority::{AdminRole, Authority, Error, InputError, Refusal};

use super::credentials::{self, Who};
use crate::app::App;
use crate::problem::Problem;

/// Somebody who has at least the role `R`, and the authority acting in their name.
pub(super) struct Acting<R> {
    app: App,
    pub(super) who: Who,
    address: Option<IpAddr>,
    role: PhantomData<R>,
}

/// A role that a handler wants.
pub(super) trait Wanted: Send + Sync {
    const ROLE: AdminRole;
}

macro_rules! wanted {
    ($($name:ident = $marker:ident, $doc:literal;)*) => {
        $(
            pub(super) enum $marker {}

            impl Wanted for $marker {
                const ROLE: AdminRole = AdminRole::$name;
            }

            #[doc = $doc]
            pub(super) type $name = Acting<$marker>;
        )*
    };
}

wanted! {
    Viewer = IsViewer, "Somebody who may look at everything but secrets.";
    Operator = IsOperator, "Somebody who may look after keys, groups and connectors.";
    Admin = IsAdmin, "Somebody who may look after certificates and admin tokens, too.";
}

impl<R: Wanted> FromRequestParts<App> for Acting<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let who = credentials::authenticate(parts, app).await?;
        if who.role < R::ROLE {
            let detail = format!("this wants the role {}, yours is {}", R::ROLE, who.role);
            return Err(Problem::new("role_insufficient", StatusCode::FORBIDDEN, detail));
        }
        let address = credentials::address(parts, app);
        Ok(Self { app: app.clone(), who, address, role: PhantomData })
    }
}

impl<R> Acting<R> {
    /// Calls the authority in the name of whoever asks.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl Fn(&Authority) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let actor = self.who.actor(self.address);
        let call = move |authority: &Authority| work(&authority.acting_as(actor.clone()));
        self.app.administer(self.address, call).await?.map_err(|error| problem(&self.app, error))
    }
}

/// What is a refusal to a connector is to an operator the state that a thing is in.
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
