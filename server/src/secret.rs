//! What is sent and must not stay in memory: its buffers are made once, large enough, and are wiped
//! when they have been sent.
//!
//! Whatever sends them may keep copies for as long as a connection lives: HTTP, TLS, the kernel.

use std::io::{self, Write};

use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::problem::Problem;

/// JSON that holds a secret.
pub(crate) struct SecretJson<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for SecretJson<T> {
    fn into_response(self) -> Response {
        let mut length = Length(0);
        let mut json = match serde_json::to_writer(&mut length, &self.0) {
            // A buffer that grew would leave copies of itself behind.
            Ok(()) => Zeroizing::new(Vec::with_capacity(length.0)),
            Err(_) => return Problem::internal().into_response(),
        };
        match serde_json::to_writer(&mut *json, &self.0) {
            Ok(()) => ([(header::CONTENT_TYPE, "application/json")], bytes(json)).into_response(),
            Err(_) => Problem::internal().into_response(),
        }
    }
}

/// A body, or a part of one, that is wiped when nobody needs it any more.
pub(crate) fn bytes(secret: Zeroizing<Vec<u8>>) -> Bytes {
    Bytes::from_owner(secret)
}

/// The same for the value of a header, which is not shown when headers are printed.
pub(crate) fn header_value(secret: Zeroizing<Vec<u8>>) -> Result<HeaderValue, Problem> {
    let value = HeaderValue::from_maybe_shared(bytes(secret));
    let mut value = value.map_err(|_| Problem::internal())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Parts put together, in a buffer that is never moved.
pub(crate) fn concat(parts: &[&str]) -> Zeroizing<Vec<u8>> {
    let mut whole = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| whole.extend_from_slice(part.as_bytes()));
    whole
}

/// How long something is that is written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
