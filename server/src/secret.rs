//! Responses that contain a secret. Their buffers are allocated once at full size, and wiped when
//! they have been sent.
//!
//! The layers below (HTTP, TLS, the kernel) may hold copies for as long as the connection lives.

use std::io::{self, Write};

use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::problem::Problem;

/// JSON that contains a secret.
pub(crate) struct SecretJson<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for SecretJson<T> {
    fn into_response(self) -> Response {
        let mut length = Length(0);
        let mut json = match serde_json::to_writer(&mut length, &self.0) {
            // A growing buffer would leave copies behind.
            Ok(()) => Zeroizing::new(Vec::with_capacity(length.0)),
            Err(_) => return Problem::internal().into_response(),
        };
        match serde_json::to_writer(&mut *json, &self.0) {
            Ok(()) => ([(header::CONTENT_TYPE, "application/json")], bytes(json)).into_response(),
            Err(_) => Problem::internal().into_response(),
        }
    }
}

/// Bytes of a body that are wiped when dropped.
pub(crate) fn bytes(secret: Zeroizing<Vec<u8>>) -> Bytes {
    Bytes::from_owner(secret)
}

/// The value of a header that is wiped when dropped, and elided when headers are printed.
pub(crate) fn header_value(secret: Zeroizing<Vec<u8>>) -> Result<HeaderValue, Problem> {
    let value = HeaderValue::from_maybe_shared(bytes(secret));
    let mut value = value.map_err(|_| Problem::internal())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Concatenates parts in a buffer that is never reallocated.
pub(crate) fn concat(parts: &[&str]) -> Zeroizing<Vec<u8>> {
    let mut whole = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| whole.extend_from_slice(part.as_bytes()));
    whole
}

/// Counts the bytes that are written.
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
