//! An application that mounts the server beside its own routes.
//!
//! Run `cargo run -p provkey-server --example mounted`, and then `curl -H 'X-User: alice'
//! http://127.0.0.1:8080/fleet/api/v1/session`. The application authenticates its own users, and
//! gives them the role `operator`.

use std::error::Error;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::routing::get;
use provkey::authority::{AdminRole, Authority, Environment, NewAuthority};
use provkey::key::{Host, Keyring, MasterKey};
use provkey::random::SystemRandom;
use provkey::store::Memory;
use provkey_server::{Administrator, Config, Mount, Problem};
use tokio::net::TcpListener;

/// The application as a router.
fn application(authority: Authority) -> Router {
    let mut config = Config::default();
    config.administrators = Some(Arc::new(user));
    let provkey = Mount::new(authority, config);
    Router::new()
        .route("/", get(|| async { "the application" }))
        .merge(provkey.est())
        .nest("/fleet", provkey.api().merge(provkey.console()))
        .fallback(|| async { "the application knows no such page" })
}

/// The administrator who sends a request. A real application reads its session in a middleware.
fn user(request: &Parts) -> Result<Option<Administrator>, Problem> {
    let user = request.headers.get("x-user").and_then(|user| user.to_str().ok());
    Ok(user.map(|user| Administrator::new(user, AdminRole::Operator)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let environment = Environment::system(Arc::new(Memory::new()));
    let keyring = Keyring::new(MasterKey::generate(&SystemRandom)?);
    let host = Host::parse("fleet.example.com")?;
    let authority = Authority::create(environment, keyring, &NewAuthority::new(host))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 8080)).await?;
    writeln!(std::io::stdout(), "http://{}/fleet/console/", listener.local_addr()?)?;
    let service = application(authority).into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}
