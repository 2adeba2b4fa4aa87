//! Each request: its id, its line in the log, its part in the metrics.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, Span};

use crate::app::App;
use crate::asker::Asker;
use crate::client::Client;
use crate::connection::Connection;
use crate::problem::ProblemCode;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Too short for the secret of a key.
const ID_CHARACTERS_MAX: usize = 64;

/// Gives a request an id, and tells what became of it; of one that proved its key or its
/// certificate also which they were. The route is told, not the path: anything
/// may be written in a path, a key text, too.
pub(crate) async fn tell(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = given_id(request.headers()).unwrap_or_else(new_id);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "-".to_owned());
    let connection = request.extensions().get::<Connection>();
    let client = Client::of(&app.config, connection, request.headers());
    let span = tracing::info_span!("request", id = %id.to_str().unwrap_or_default());
    let unanswered =
        Unanswered { method: &method, route: &route, address: client.address, span: &span };
    let mut response = next.run(request).instrument(span.clone()).await;
    std::mem::forget(unanswered);

    let took = begun.elapsed();
    let status = response.status().as_u16();
    let code = response.extensions().get::<ProblemCode>().map(|code| code.0);
    let asker = response.extensions().get::<Asker>();
    let key = asker.and_then(|asker| asker.key).map(tracing::field::display);
    let connector = asker.map(|asker| tracing::field::display(asker.connector));
    let address = client.address.map(tracing::field::display);
    let _in_span = span.enter();
    tracing::info!(
        %method,
        route,
        status,
        code,
        address,
        key,
        connector,
        took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    if let Some(metrics) = &app.config.metrics {
        metrics.answered(&route, status, took);
    }
    response.headers_mut().insert(X_REQUEST_ID, id);
    response
}

/// Tells of a request whose client has hung up before its answer was there.
struct Unanswered<'a> {
    method: &'a Method,
    route: &'a str,
    address: Option<IpAddr>,
    span: &'a Span,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        let Self { method, route, span, .. } = self;
        let address = self.address.map(tracing::field::display);
        span.in_scope(|| tracing::info!(%method, route, address, "hung up before it was answered"));
    }
}

/// The id that a proxy gave the request, if it is one that can be told.
fn given_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(X_REQUEST_ID)?;
    let tellable = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
    let bytes = id.as_bytes();
    let fits = (1..=ID_CHARACTERS_MAX).contains(&bytes.len()) && bytes.iter().all(tellable);
    fits.then(|| id.clone())
}

/// An id that no other request of this server has, and hardly one of another.
fn new_id() -> HeaderValue {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let id = format!("{:x}-{:x}", now.as_micros(), NEXT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::try_from(id).expect("hexadecimal digits")
}
