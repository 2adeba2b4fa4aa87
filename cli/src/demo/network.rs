//! The second half of the story: a server on this machine, with a fleet.

use std::sync::Arc;

use provkey::authority::{Authority, EnrollRequest, Environment, Name, NewKey};
use provkey::key::{Host, Proof, ProvisioningKey};
use provkey::x509::{KeyAlgorithm, Signer as _, SoftwareSigner, build_csr};
use provkey_server::{Config, Metrics, ServeOptions, Tls, router, serve};
use provkey_sqlite::SqliteStore;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::{narrate, run_at, unusable};
use crate::failure::Failure;
use crate::keyring_file;

const PLACE: [&str; 4] = ["--store", "sqlite:served.db", "--master-key-file", "master.key"];
/// Groups, and how many of the connectors that their keys are for have enrolled.
const FLEET: [(&str, u64, u64); 4] =
    [("gateways", 40, 31), ("sensors", 60, 60), ("cameras", 25, 3), ("doors", 10, 0)];

/// Tells it; with `keep` the server stays until Ctrl-C.
pub(super) fn tell(keep: bool) -> Result<(), Failure> {
    narrate("The same over the network: a server on this machine.")?;
    let runtime = Runtime::new().map_err(unusable)?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(unusable)?;
    let port = listener.local_addr().map_err(unusable)?.port();
    let host = format!("localhost:{port}");
    run_at(&PLACE, &format!("init --host {host} --trust-domain demo.example"))?;
    let metrics = Metrics::default();
    let authority = open(&metrics)?;
    narrate("A fleet, so that there is something to look at. (It is made by a program.)")?;
    seed(&authority)?;
    run_at(&PLACE, "key list")?;

    let mut options = ServeOptions::default();
    options.tls = Some(Tls::issued_by(authority.clone(), Host::parse(&host)?)?);
    let mut config = Config::default();
    config.metrics = Some(metrics);
    let (end, ended) = oneshot::channel::<()>();
    let router = router(authority, config);
    let serving = runtime.spawn(serve(listener, router, options, async {
        let _ = ended.await;
    }));
    narrate(
        "A connector enrolls through it. All it is given is the key: that says where, and whom to trust.",
    )?;
    run_at(
        &PLACE,
        "key create --name demo --group gateways --cert signing --max-uses 3 --out demo.key",
    )?;
    run_at(&PLACE, "enroll --key-file demo.key --dir networked")?;
    narrate("And it renews, with a new key pair.")?;
    run_at(&PLACE, "renew --dir networked --now --new-key")?;
    narrate("A token for an operator, to sign in with.")?;
    run_at(&PLACE, "admin-token create demo --role admin --expires 1d")?;
    narrate(&format!("The server is at https://{host}/"))?;
    if keep {
        narrate("It stays until Ctrl-C.")?;
        runtime.block_on(tokio::signal::ctrl_c()).map_err(unusable)?;
    }
    let _ = end.send(());
    let _ = runtime.block_on(serving);
    Ok(())
}

fn open(metrics: &Metrics) -> Result<Authority, Failure> {
    let store = metrics.store(Arc::new(SqliteStore::open("served.db")?));
    let mut environment = Environment::system(store);
    environment.observer = Some(Arc::new(metrics.clone()));
    Ok(Authority::open(environment, keyring_file::read("master.key".as_ref())?)?)
}

fn seed(authority: &Authority) -> Result<(), Failure> {
    let new = provkey::authority::NewCertificate::new(Name::new("signing")?);
    let certificate = authority.create_certificate(&new)?.id;
    for (name, max_uses, used) in FLEET {
        let group = authority.create_group(&Name::new(name)?)?.id;
        let new = NewKey::new(Name::new(&format!("{name} 2026"))?, group, certificate, max_uses);
        let id = authority.create_key(&new)?.id;
        let text = authority.copy_key(id)?;
        let key = ProvisioningKey::read(text.expose().as_bytes())?;
        let requests: Result<Vec<_>, Failure> = (0..used).map(|_| request(&key)).collect();
        for enrolled in authority.enroll_many(&requests?) {
            enrolled?;
        }
    }
    Ok(())
}

fn request(key: &ProvisioningKey) -> Result<EnrollRequest, Failure> {
    let failed = |error| Failure::from(provkey::connector::Error::Signer(error));
    let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).map_err(failed)?;
    let proof = Proof::make(key, signer.public_key().spki(), None);
    let csr = build_csr(&signer, &[&proof.to_attribute()]).map_err(failed)?;
    Ok(EnrollRequest { csr, ..EnrollRequest::default() })
}
