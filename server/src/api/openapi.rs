//! The parts of the OpenAPI description that no handler declares.

use utoipa::OpenApi;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};

use super::credentials;
use crate::problem::Document;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "provkey administration",
        description = "Administers provisioning keys, connector groups, enrollment certificates \
                       and connectors. Every error is a problem document (RFC 9457) with a stable \
                       code.",
        version = "1",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(Document)),
    tags(
        (name = "keys", description = "Provisioning keys"),
        (name = "groups", description = "Connector groups"),
        (name = "certificates", description = "Enrollment certificates"),
        (name = "connectors", description = "Connectors that have enrolled"),
        (name = "audit", description = "The audit trail"),
        (name = "authority", description = "The authority itself"),
        (name = "access", description = "Admin tokens and sessions"),
    ),
)]
struct Frame;

pub(super) fn frame() -> utoipa::openapi::OpenApi {
    let mut description = Frame::openapi();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An admin token: `provkey admin-token create NAME --role R`."))
        .build();
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
        credentials::COOKIE,
        "Signing in sets it. Changes also need the header X-Provkey-Console.",
    ));
    let certificate = SecurityScheme::MutualTls {
        description: Some("A client certificate that the configuration lists.".into()),
        deprecated: None,
        extensions: None,
    };
    let components = description.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    components.add_security_scheme("certificate", certificate);
    let none: [&str; 0] = [];
    description.security = Some(
        ["token", "session", "certificate"].map(|name| SecurityRequirement::new(name, none)).into(),
    );
    description
}
