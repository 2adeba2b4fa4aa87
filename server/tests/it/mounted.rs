//! The parts of the server in an application with other routes.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::request::Parts;
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use provkey::authority::AdminRole;
use provkey::store::Memory;
use provkey_server::{Administrator, Config, Mount, Problem};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::common::{World, body, csr, post_enroll, problem};

fn user(request: &Parts) -> Result<Option<Administrator>, Problem> {
    let user = request.headers.get("x-user").map(|user| user.to_str().unwrap());
    if user == Some("mallory") {
        return Err(Problem::new("user_blocked", StatusCode::FORBIDDEN, "mallory is blocked"));
    }
    Ok(user.map(|user| Administrator::new(user, AdminRole::Operator)))
}

struct Application {
    world: World,
    router: Router,
}

impl Application {
    fn new() -> Self {
        let world = World::over(Arc::new(Memory::new()), 5, Config::default());
        let mut config = Config::default();
        config.administrators = Some(Arc::new(user));
        let provkey = Mount::new(world.authority.clone(), config);
        let router = Router::new()
            .route("/", get(|| async { "home" }))
            .route("/healthz", get(|| async { "the application is well" }))
            .route("/api/v1/orders", get(|| async { "orders" }))
            .merge(provkey.est())
            .nest("/fleet", provkey.api().merge(provkey.console()).merge(provkey.health()))
            .fallback(|| async { (StatusCode::NOT_FOUND, "no such page") });
        Self { world, router }
    }

    async fn ask(&self, request: Request<Body>) -> Response<Body> {
        let router =
            self.router.clone().layer(MockConnectInfo(SocketAddr::from(([192, 0, 2, 7], 1))));
        router.oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let request = headers
            .iter()
            .fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    async fn text(&self, path: &str) -> String {
        String::from_utf8(body(self.get(path, &[]).await).await).unwrap()
    }
}

#[tokio::test]
async fn the_application_answers_all_other_paths() {
    let application = Application::new();
    for (path, expected) in [
        ("/", "home"),
        ("/healthz", "the application is well"),
        ("/api/v1/orders", "orders"),
        ("/nothing", "no such page"),
        ("/fleet/nothing", "no such page"),
        ("/.well-known/est/nothing", "no such page"),
        ("/fleet/healthz", "ok\n"),
    ] {
        assert_eq!(application.text(path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_connector_enrolls_beside_the_routes_of_the_application() {
    let application = Application::new();
    let request = post_enroll(csr(&application.world.provisioning_key()));
    assert_eq!(application.ask(request).await.status(), 200);
    assert_eq!(application.world.used(), 1);
    let wrong = application.get("/.well-known/est/simpleenroll", &[]).await;
    assert_eq!(problem(wrong, 405).await, "method_not_allowed");
}

#[tokio::test]
async fn the_application_recognizes_its_administrators() {
    let application = Application::new();
    let session = application.get("/fleet/api/v1/session", &[("x-user", "alice")]).await;
    let session: Value = serde_json::from_slice(&body(session).await).unwrap();
    assert_eq!(
        (&session["name"], &session["role"], &session["by"]),
        (&"alice".into(), &"operator".into(), &"application".into())
    );
    let check = async |path: &str, headers: &[(&str, &str)], status, code: &str| {
        assert_eq!(problem(application.get(path, headers).await, status).await, code);
    };
    check("/fleet/api/v1/keys", &[], 401, "credentials_missing").await;
    check("/fleet/api/v1/keys", &[("x-user", "mallory")], 403, "user_blocked").await;
    check("/fleet/api/v1/tokens", &[("x-user", "alice")], 403, "role_insufficient").await;
    let elsewhere = [("x-user", "alice"), ("sec-fetch-site", "cross-site")];
    check("/fleet/api/v1/keys", &elsewhere, 403, "cross_site_request").await;

    let create = Request::post("/fleet/api/v1/groups")
        .header("content-type", "application/json")
        .header("x-user", "alice")
        .body(Body::from(r#"{"name": "plants"}"#));
    assert_eq!(application.ask(create.unwrap()).await.status(), 201);
    let audit = application.get("/fleet/api/v1/audit", &[("x-user", "alice")]).await;
    let audit: Value = serde_json::from_slice(&body(audit).await).unwrap();
    assert_eq!(audit["items"][0]["actor"], "application:alice");
}

/// All paths in the page and its script are relative.
#[tokio::test]
async fn the_console_works_under_any_path() {
    let application = Application::new();
    let redirected = application.get("/fleet/console", &[]).await;
    assert_eq!(
        (redirected.status().as_u16(), &redirected.headers()["location"]),
        (307, &"console/".parse().unwrap())
    );
    let page = application.text("/fleet/console/").await;
    for file in ["app.js", "style.css", "icon.svg"] {
        assert!(page.contains(&format!("\"{file}\"")), "{page}");
        let found = application.get(&format!("/fleet/console/{file}"), &[]).await;
        assert_eq!(found.status(), 200);
    }
    let script = application.text("/fleet/console/app.js").await;
    assert!(script.contains("../api/v1"));
    for absolute in ["\"/", "`/api", "\"/console"] {
        assert!(!page.contains(absolute));
    }
    assert!(!script.contains("`/api/v1") && !script.contains("/console/icon.svg"));
}

#[tokio::test]
async fn a_request_without_an_address_is_refused() {
    let application = Application::new();
    for path in ["/.well-known/est/cacerts", "/fleet/api/v1/session", "/fleet/console/"] {
        let request = Request::get(path).header("x-user", "alice").body(Body::empty()).unwrap();
        let response = application.router.clone().oneshot(request).await.unwrap();
        let document: Value = {
            assert_eq!(response.status(), 500);
            serde_json::from_slice(&body(response).await).unwrap()
        };
        assert_eq!(document["code"], "connection_unknown");
        let detail = document["detail"].as_str().unwrap();
        assert!(detail.contains("into_make_service_with_connect_info"), "{detail}");
    }
}
