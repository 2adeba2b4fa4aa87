//! The second half of the story: a server on this machine, and a fleet.

use std::sync::Arc;

use provkey::authority::{Authority, EnrollRequest, Environment, Name, NewKey};
use provkey::key::{Host, Proof, ProvisioningKey};
use provkey::x509::{KeyAlgorithm, Signer as _, SoftwareSigner, build_csr};
use provkey_server::{Config, Metrics, ServeOptions, Tls, router, serve};
use provkey_sqlite::SqliteStore;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::stage::{RunArguments, Stage, unusable};
use crate::failure::Failure;
use crate::keyring_file;

const STORE: &str = "sqlite:served.db";
/// Groups with the limit of their key, and how many connectors enrolled with it.
const FLEET: [(&str, u64, u64); 4] =
    [("gateways", 40, 31), ("sensors", 60, 60), ("cameras", 25, 3), ("doors", 10, 0)];

/// Plays it. With `keep` the server runs until Ctrl-C.
pub(super) fn play(run_arguments: RunArguments<'_>, keep: bool) -> Result<(), Failure> {
    let stage = Stage::new(STORE, run_arguments);
    stage.narrate("The same over the network: a server on this machine.")?;
    let runtime = Runtime::new().map_err(unusable)?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(unusable)?;
    let port = listener.local_addr().map_err(unusable)?.port();
    let host = format!("localhost:{port}");
    stage.run(&format!("init --host {host} --trust-domain demo.example"))?;
    let metrics = Metrics::default();
    let authority = open(&metrics)?;
    stage.narrate("A fleet to look at. (A program enrolls it.)")?;
    seed(&authority)?;
    stage.run("key list")?;

    let mut options = ServeOptions::default();
    options.tls = Some(Tls::issued_by(authority.clone(), Host::parse(&host)?)?);
    let mut config = Config::default();
    config.metrics = Some(metrics);
    let (end, ended) = oneshot::channel::<()>();
    let router = router(authority, config);
    let serving = runtime.spawn(serve(listener, router, options, async {
        let _ = ended.await;
    }));
    stage.narrate(
        "A connector enrolls over the network. Its key says where, and which server to trust.",
    )?;
    stage.run(
        "key create --name demo --group gateways --cert signing --max-uses 3 --out demo.key",
    )?;
    stage.run("enroll --key-file demo.key --dir networked")?;
    stage.narrate("The connector renews its certificate, with a new key pair.")?;
    stage.run("renew --dir networked --now --new-key")?;
    stage.narrate("A token, with which an operator signs in.")?;
    stage.run("admin-token create demo --role admin --expires 1d")?;
    stage.narrate(&format!("The server is at https://{host}/"))?;
    if keep {
        stage.narrate("It runs until Ctrl-C.")?;
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
    let new = provkey::authority::NewCertificate::new(Name::parse("signing")?);
    let certificate = authority.create_certificate(&new)?.id;
    for (name, max_uses, used) in FLEET {
        let group = authority.create_group(&Name::parse(name)?)?.id;
        let new = NewKey::new(Name::parse(&format!("{name} 2026"))?, group, certificate, max_uses);
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
    Ok(EnrollRequest::new(csr))
}
