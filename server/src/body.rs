//! Bodies are read whole before anything is done with them: up to a size, within a time, and as long
//! as there is memory for what the client sends.

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use crate::app::App;
use crate::budget::Charge;
use crate::client::Client;
use crate::connection::Connection;
use crate::origin::Origin;
use crate::problem::Problem;

/// More than any request needs.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// What a body has room for at first.
const ROOM_BYTES_MIN: usize = 1024;

/// Reads the body of a request before it goes on.
pub(crate) async fn read_whole(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // The length that a header promises.
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return too_large().into_response();
    }
    let connection = parts.extensions.get::<Connection>();
    let client = Client::of(&app.config, connection, &parts.headers);
    // Until the answer is there, a handler may have it.
    let mut charge = app.bodies.charge(Origin::of_client(client.address));
    let body = match timeout(app.config.body_time_max, read(body, &mut charge)).await {
        Ok(Ok(bytes)) => Body::from(bytes),
        Ok(Err(problem)) => return problem.into_response(),
        Err(_) => return too_slow().into_response(),
    };
    next.run(Request::from_parts(parts, body)).await
}

/// Copies the body: a piece of it is a part of a larger buffer, which it would keep.
async fn read(mut body: Body, charge: &mut Charge) -> Result<Vec<u8>, Problem> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ended_early())?;
        let Some(data) = frame.data_ref() else { continue };
        let length = whole.len() + data.len();
        if length > BODY_BYTES_MAX {
            return Err(too_large());
        }
        if length > whole.capacity() {
            let room = length.next_power_of_two().max(ROOM_BYTES_MIN);
            if !charge.set(room) {
                return Err(Problem::busy());
            }
            whole.reserve_exact(room - whole.len());
        }
        whole.extend_from_slice(data);
    }
    Ok(whole)
}

pub(crate) fn too_large() -> Problem {
    let status = StatusCode::PAYLOAD_TOO_LARGE;
    Problem::new("body_too_large", status, "the body is longer than any good one")
}

fn too_slow() -> Problem {
    let status = StatusCode::REQUEST_TIMEOUT;
    Problem::new("body_too_slow", status, "the body took too long to arrive").retry_after(1)
}

fn ended_early() -> Problem {
    Problem::new("body_malformed", StatusCode::BAD_REQUEST, "the body ended early")
}
