//! The problems that the description of the API lists for each operation.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

macro_rules! refusals {
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

refusals! {
    /// Of whatever needs credentials.
    Common: 400 401 403 500 503;
    /// Of looking at one thing.
    Looking: 400 401 403 404 410 500 503;
    /// Of a change without a body.
    Changing: 400 401 403 404 409 410 500 503;
    /// Of a change with a body.
    Writing: 400 401 403 404 408 409 410 413 415 500 503;
    /// Of an edit of a version.
    Editing: 400 401 403 404 408 409 410 412 413 415 500 503;
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
        400 => "The request, or something in it, is not acceptable.",
        401 => "There are no credentials, or they are not valid.",
        403 => "The role does not suffice, or another site made the request.",
        404 => "There is no such thing.",
        408 => "The body took too long to arrive.",
        409 => "Something stands in the way: a name that is taken, a thing in use, a key used up.",
        410 => "The provisioning key was deleted.",
        412 => "It was edited since the ETag in If-Match.",
        413 => "The body is too large.",
        415 => "The body is not JSON.",
        503 => "The store is not available now.",
        _ => "The server cannot do this; its log says why.",
    }
}
