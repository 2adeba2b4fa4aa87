//! Reads bodies whole before a handler runs: up to a size, within a time, and within the memory
//! limit of the client.

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use crate::app::App;
use crate::client::Client;
use crate::connection::Connection;
use crate::memory_pool::Reservation;
use crate::origin::Origin;
use crate::problem::Problem;

/// More than any request needs.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// The first capacity of a body.
const CAPACITY_BYTES_MIN: usize = 1024;

/// Reads the body of a request, and then runs the handler.
pub(crate) async fn read_whole(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // `Content-Length` is refused before anything is read.
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return too_large().into_response();
    }
    let connection = parts.extensions.get::<Connection>();
    let client = Client::of(&app.config, connection, &parts.headers);
    // The handler may hold the body until it has responded.
    let mut memory = app.bodies.reserve(Origin::of_client(client.address));
    let body = match timeout(app.config.body_time_max, read(body, &mut memory)).await {
        Ok(Ok(bytes)) => Body::from(bytes),
        Ok(Err(problem)) => return problem.into_response(),
        Err(_) => return too_slow().into_response(),
    };
    next.run(Request::from_parts(parts, body)).await
}

/// Copies the body: a chunk would keep the larger buffer that it is a part of.
async fn read(mut body: Body, memory: &mut Reservation) -> Result<Vec<u8>, Problem> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ended_early())?;
        let Some(data) = frame.data_ref() else { continue };
        let length = whole.len() + data.len();
        if length > BODY_BYTES_MAX {
            return Err(too_large());
        }
        if length > whole.capacity() {
            let capacity = length.next_power_of_two().max(CAPACITY_BYTES_MIN);
            if !memory.try_resize(capacity) {
                return Err(Problem::busy());
            }
            whole.reserve_exact(capacity - whole.len());
        }
        whole.extend_from_slice(data);
    }
    Ok(whole)
}

pub(crate) fn too_large() -> Problem {
    let status = StatusCode::PAYLOAD_TOO_LARGE;
    Problem::new("body_too_large", status, "the body is longer than any valid request")
}

fn too_slow() -> Problem {
    let status = StatusCode::REQUEST_TIMEOUT;
    Problem::new("body_too_slow", status, "the body took too long to arrive").retry_after(1)
}

fn ended_early() -> Problem {
    Problem::new("body_malformed", StatusCode::BAD_REQUEST, "the body ended early")
}
