//! `provkey demo`: the whole story in a temporary folder. Each command of the story is run as if it
//! had been typed.

mod served;
mod stage;

use std::env;
use std::fs;
use std::path::Path;

use provkey::key::ProvisioningKey;
use provkey::x509::{KeyAlgorithm, SoftwareSigner, build_csr};

use self::stage::{RunArguments, Stage, unusable};
use crate::failure::Failure;
use crate::files;

const STORE: &str = "sqlite:authority.db";
const KEY_FILE: &str = "gateways.key";
/// The key copied by hand, with one wrong character.
const MISCOPIED_FILE: &str = "by-hand.key";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Keep the server of the story running until Ctrl-C, to look at it
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(args: &Args, run_arguments: RunArguments<'_>) -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(unusable)?;
    let before = env::current_dir().map_err(unusable)?;
    env::set_current_dir(&folder).map_err(unusable)?;
    let played = play(run_arguments, args.keep);
    env::set_current_dir(before).map_err(unusable)?;
    folder.close().map_err(unusable)?;
    played
}

fn play(run_arguments: RunArguments<'_>, keep: bool) -> Result<(), Failure> {
    let stage = Stage::new(STORE, run_arguments);
    prepare(&stage)?;
    let key = make_key(&stage)?;
    enroll_two(&stage)?;
    explain_a_miscopied_key(&stage)?;
    use_up(&stage, &key)?;
    raise_the_limit(&stage, &key)?;
    served::play(run_arguments, keep)?;
    stage.narrate("That is all. The temporary folder is deleted.")
}

fn prepare(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.narrate("An authority lives in one file, its master key in another.")?;
    stage.export_location()?;
    stage.run("init --host provkey.example.com")?;
    stage.narrate("A group for the connectors to join, and a certificate that signs for them.")?;
    stage.run("group create gateways")?;
    stage.run("cert create signing")
}

/// Returns the id of the key.
fn make_key(stage: &Stage<'_>) -> Result<String, Failure> {
    stage.narrate("A provisioning key: a text that enrolls two connectors, and not one more.")?;
    let create = "key create --name first-floor --group gateways --cert signing --max-uses 2";
    stage.run(&format!("{create} --expires 90d --out {KEY_FILE}"))?;
    let key = ProvisioningKey::read(&files::read(Path::new(KEY_FILE))?)?;
    Ok(key.id().to_string())
}

fn enroll_two(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.narrate(
        "A connector makes its own key pair, and proves that it holds the key without sending it.",
    )?;
    stage
        .run(&format!("identity new --dir one --key-file {KEY_FILE} --fingerprint machine-one"))?;
    stage.run("sign --csr one/request.csr --address 192.0.2.1 --out one.pem")?;
    stage.run("identity accept --dir one --chain one.pem --fingerprint machine-one")?;
    stage.narrate(
        "The answer was lost? The same connector gets the same certificate again, for free.",
    )?;
    stage.run("sign --csr one/request.csr --address 192.0.2.1 --out again.pem")?;
    stage.narrate(
        "A second connector uses a plain tool: an ordinary CSR, and the key's text beside it.",
    )?;
    write_ordinary_csr(Path::new("two.csr"))?;
    stage.run(&format!("sign --csr two.csr --key-file {KEY_FILE} --out two.pem"))
}

fn explain_a_miscopied_key(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.narrate(
        "A key copied by hand, with one wrong character. The command finds it without a network.",
    )?;
    miscopy()?;
    stage.run_refused(&format!("inspect --file {MISCOPIED_FILE}"))
}

fn use_up(stage: &Stage<'_>, key: &str) -> Result<(), Failure> {
    stage.narrate(
        "The key is used up: a third connector is refused, and so is a copy of the key.",
    )?;
    stage.run(&format!("identity new --dir three --key-file {KEY_FILE}"))?;
    stage.run_refused("sign --csr three/request.csr --out three.pem")?;
    stage.run_refused(&format!("key copy {key}"))
}

fn raise_the_limit(stage: &Stage<'_>, key: &str) -> Result<(), Failure> {
    stage.narrate("The operator raises the limit, and the third connector asks again.")?;
    stage.run(&format!("key edit {key} --max-uses 3"))?;
    stage.run("sign --csr three/request.csr --out three.pem")?;
    stage.run("identity accept --dir three --chain three.pem")?;
    stage.narrate("Every use was counted once, with the connector that used it.")?;
    stage.run("key list")?;
    stage.run(&format!("connector list --key {key}"))?;
    stage.run(&format!("audit list --key {key}"))
}

/// Writes a CSR without a proof, like one from `openssl req`.
fn write_ordinary_csr(path: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::from(provkey::connector::Error::Signer(error));
    let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).map_err(failed)?;
    fs::write(path, build_csr(&signer, &[]).map_err(failed)?).map_err(unusable)
}

/// Writes the key with one character changed near its end.
fn miscopy() -> Result<(), Failure> {
    let mut text = files::read(Path::new(KEY_FILE))?;
    if let Some(character) = text.iter_mut().rev().nth(20) {
        *character = if *character == b'q' { b'p' } else { b'q' };
    }
    fs::write(MISCOPIED_FILE, &text).map_err(unusable)
}
