//! The error responses that the OpenAPI description lists for each operation.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

macro_rules! error_responses {
    ($($(#[$doc:meta])* $name:ident: $($status:literal)*;)*) => {
        $(
            $(#[$doc])*
            pub(super) enum $name {}

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    [$($status),*].into_iter().map(response).collect()
                }
            }
        )*
    };
}

error_responses! {
    /// Of every operation that needs credentials.
    CommonErrors: 400 401 403 500 503;
    /// Of reading an object.
    ReadErrors: 400 401 403 404 410 500 503;
    /// Of a change without a body.
    ChangeErrors: 400 401 403 404 409 410 500 503;
    /// Of a change with a body.
    WriteErrors: 400 401 403 404 408 409 410 413 415 500 503;
    /// Of an edit with `If-Match`.
    EditErrors: 400 401 403 404 408 409 410 412 413 415 500 503;
}

fn response(status: u16) -> (String, RefOr<Response>) {
    let document = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new()
        .description(description(status))
        .content("application/problem+json", document)
        .build();
    (status.to_string(), response.into())
}

fn description(status: u16) -> &'static str {
    match status {
        400 => "The request is malformed or invalid.",
        401 => "Credentials are missing or invalid.",
        403 => "The role does not suffice, or another site made the request.",
        404 => "The object does not exist.",
        408 => "The body took too long to arrive.",
        409 => "A conflict: the name is taken, the object is in use, the key is used up.",
        410 => "The provisioning key was deleted.",
        412 => "The key was edited since the ETag in If-Match.",
        413 => "The body is too large.",
        415 => "The body is not JSON.",
        503 => "The store is unavailable, or the server is busy.",
        _ => "The server has failed; its log says why.",
    }
}
