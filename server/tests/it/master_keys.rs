//! A master key to which another process has rotated.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use provkey::authority::{Authority, Environment, NewKey};
use provkey::key::{Keyring, MasterKey, ProvisioningKey, Slot};
use provkey::store::Memory;
use provkey_server::{Config, KeyringSource, Metrics, operations, router};
use tokio::time::sleep;
use tower::ServiceExt as _;

use crate::common::{World, body, connection, csr, name, post_enroll, problem};

fn rotated() -> Keyring {
    let slot = Slot::new(1).unwrap();
    let keyring = Keyring::new(MasterKey::from_bytes([1; 32]));
    keyring.with(slot, MasterKey::from_bytes([2; 32])).with_current(slot).unwrap()
}

/// A process that rotates, and a server in another process.
struct Site {
    world: World,
    store: Arc<Memory>,
    /// The master key file that the server reads again.
    file: Arc<Mutex<String>>,
}

impl Site {
    fn new() -> Self {
        let store = Arc::new(Memory::new());
        let world = World::over(store.clone(), 9, Config::default());
        let file = MasterKey::from_bytes([1; 32]).to_hex().to_string();
        Self { world, store, file: Arc::new(Mutex::new(file)) }
    }

    fn serve(&self, config: &Config) -> World {
        let keyring = Keyring::parse(&self.file.lock().unwrap()).unwrap();
        let environment = Environment::system(self.store.clone());
        let authority = Authority::open(environment, keyring).unwrap();
        let router = router(authority.clone(), config.clone());
        World { authority, key: self.world.key.clone(), router }
    }

    /// Rotates, and creates a key under the new master key.
    fn rotate(&self) -> ProvisioningKey {
        let authority = &self.world.authority;
        authority.rotate_master(rotated()).unwrap();
        let old = &self.world.key;
        let new = NewKey::new(name("new"), old.group.id, old.certificate.id, 9);
        let text = authority.copy_key(authority.create_key(&new).unwrap().id).unwrap();
        ProvisioningKey::read(text.expose().as_bytes()).unwrap()
    }
}

async fn enroll(server: &World, key: &ProvisioningKey) -> Response<Body> {
    server.ask(post_enroll(csr(key))).await
}

#[tokio::test]
async fn a_server_keeps_serving_and_finds_the_new_master_key() {
    let site = Site::new();
    let file = site.file.clone();
    let mut config = Config::default();
    config.metrics = Some(Metrics::default());
    config.keyring = Some(KeyringSource::new(move || Ok(Keyring::parse(&file.lock().unwrap())?)));
    let server = site.serve(&config);
    let operations = operations(server.authority.clone(), config.clone());
    let operation = async |path: &str| {
        let request = Request::get(path).extension(connection(None)).body(Body::empty()).unwrap();
        operations.clone().oneshot(request).await.unwrap()
    };
    let missing = async || {
        let text = String::from_utf8(body(operation("/metrics").await).await).unwrap();
        let line =
            text.lines().find(|line| line.starts_with("provkey_master_keys_missing ")).unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    let old_key = site.world.provisioning_key();
    assert_eq!(enroll(&server, &old_key).await.status(), 200);
    assert_eq!((missing().await, operation("/readyz").await.status().as_u16()), ("0".into(), 200));

    let new_key = site.rotate();
    for _ in 0..3 {
        assert_eq!(enroll(&server, &old_key).await.status(), 200);
        // Checked by `problem`: retryable, with Retry-After.
        let refused = enroll(&server, &new_key).await;
        assert!(refused.headers().contains_key("retry-after"));
        assert_eq!(problem(refused, 503).await, "master_key_missing");
    }
    assert_eq!(missing().await, "1");
    sleep(Duration::from_millis(1100)).await;
    let answer = String::from_utf8(body(operation("/readyz").await).await).unwrap();
    assert!(answer.contains("master_key_missing") && answer.contains("slots 1"), "{answer}");

    *site.file.lock().unwrap() = rotated().to_file_text().to_string();
    sleep(Duration::from_millis(1100)).await;
    assert_eq!(enroll(&server, &new_key).await.status(), 200);
    assert_eq!((missing().await, operation("/readyz").await.status().as_u16()), ("0".into(), 200));
}

/// If the file already has the new master key, no request notices the rotation.
#[tokio::test]
async fn the_first_request_that_needs_a_new_master_key_finds_it() {
    let site = Site::new();
    let file = site.file.clone();
    let mut config = Config::default();
    config.keyring = Some(KeyringSource::new(move || Ok(Keyring::parse(&file.lock().unwrap())?)));
    let server = site.serve(&config);
    *site.file.lock().unwrap() = rotated().to_file_text().to_string();
    let new_key = site.rotate();
    assert_eq!(enroll(&server, &new_key).await.status(), 200);
}

#[tokio::test]
async fn without_a_source_a_missing_master_key_is_not_retryable() {
    let site = Site::new();
    let server = site.serve(&Config::default());
    let new_key = site.rotate();
    assert_eq!(problem(enroll(&server, &new_key).await, 500).await, "master_key_missing");
    server.authority.replace_keyring(rotated()).unwrap();
    assert_eq!(enroll(&server, &new_key).await.status(), 200);
}
