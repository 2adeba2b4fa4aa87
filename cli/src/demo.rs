//! `provkey demo`: the whole story in a temporary directory.
//!
//! It is told by the commands themselves: each is run as if it had been typed.

mod network;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::Parser;
use provkey::key::ProvisioningKey;
use provkey::x509::{KeyAlgorithm, SoftwareSigner, build_csr};

use crate::cli::Cli;
use crate::failure::Failure;
use crate::files;

const NARRATION: Style = AnsiColor::Cyan.on_default();
const COMMAND: Style = Style::new().bold();
const REFUSAL: Style = AnsiColor::Red.on_default();
/// Where the store and the master keys are; in the story, the environment says so.
const PLACE: [&str; 4] = ["--store", "sqlite:authority.db", "--master-key-file", "master.key"];
const KEY_FILE: &str = "gateways.key";
/// In the story somebody copies the key by hand, and one character wrong.
const MISCOPIED_FILE: &str = "by-hand.key";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Let the server of the story stay until Ctrl-C, for a look
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(unusable)?;
    let before = env::current_dir().map_err(unusable)?;
    env::set_current_dir(&folder).map_err(unusable)?;
    let told = tell(args.keep);
    env::set_current_dir(before).map_err(unusable)?;
    folder.close().map_err(unusable)?;
    told
}

fn unusable(error: io::Error) -> Failure {
    let sentence = format!("the temporary folder cannot be used: {error}");
    Failure::new("file_unwritable", sentence)
}

fn tell(keep: bool) -> Result<(), Failure> {
    prepare()?;
    let key = make_key()?;
    enroll_two()?;
    explain_a_miscopied_key()?;
    run_out(&key)?;
    raise_the_limit(&key)?;
    network::tell(keep)?;
    narrate("That is all. The temporary folder is gone.")
}

fn prepare() -> Result<(), Failure> {
    narrate("An authority lives in one file, its master key in another.")?;
    let [_, store, _, master] = PLACE;
    let place = format!("PROVKEY_STORE={store} PROVKEY_MASTER_KEY_FILE={master}");
    writeln!(stdout(), "{COMMAND}$ export {place}{COMMAND:#}\n")?;
    provkey("init --host provkey.example.com")?;
    narrate("A group for the connectors to join, and a certificate that signs for them.")?;
    provkey("group create gateways")?;
    provkey("cert create signing")
}

/// Gives the id of the key.
fn make_key() -> Result<String, Failure> {
    narrate("A provisioning key: a text that enrolls two connectors, and not one more.")?;
    let create = "key create --name first-floor --group gateways --cert signing --max-uses 2";
    provkey(&format!("{create} --expires 90d --out {KEY_FILE}"))?;
    let key = ProvisioningKey::read(&files::read(Path::new(KEY_FILE))?)?;
    Ok(key.id().to_string())
}

fn enroll_two() -> Result<(), Failure> {
    narrate(
        "A connector makes its own key pair, and proves that it holds the key without sending it.",
    )?;
    provkey(&format!("identity new --dir one --key-file {KEY_FILE} --fingerprint machine-one"))?;
    provkey("sign --csr one/request.csr --address 192.0.2.1 --out one.pem")?;
    provkey("identity accept --dir one --chain one.pem --fingerprint machine-one")?;
    narrate(
        "Was the answer lost? The same connector gets the same certificate again, at no cost.",
    )?;
    provkey("sign --csr one/request.csr --address 192.0.2.1 --out again.pem")?;
    narrate(
        "A second connector, from a plain tool: an ordinary CSR, and the key's text beside it.",
    )?;
    write_ordinary_csr(Path::new("two.csr"))?;
    provkey(&format!("sign --csr two.csr --key-file {KEY_FILE} --out two.pem"))
}

fn explain_a_miscopied_key() -> Result<(), Failure> {
    narrate("A key copied by hand, one character wrong. Which one can be told without a network.")?;
    miscopy()?;
    provkey_refuses(&format!("inspect --file {MISCOPIED_FILE}"))
}

fn run_out(key: &str) -> Result<(), Failure> {
    narrate("The key is used up. A third connector is refused, and so is copying the key.")?;
    provkey(&format!("identity new --dir three --key-file {KEY_FILE}"))?;
    provkey_refuses("sign --csr three/request.csr --out three.pem")?;
    provkey_refuses(&format!("key copy {key}"))
}

fn raise_the_limit(key: &str) -> Result<(), Failure> {
    narrate("The operator raises the limit, and the third connector asks again.")?;
    provkey(&format!("key edit {key} --max-uses 3"))?;
    provkey("sign --csr three/request.csr --out three.pem")?;
    provkey("identity accept --dir three --chain three.pem")?;
    narrate("Every use was counted once, and it is known by whom.")?;
    provkey("key list")?;
    provkey(&format!("connector list --key {key}"))?;
    provkey(&format!("audit list --key {key}"))
}

/// Makes a CSR as `openssl req` does, without a proof.
fn write_ordinary_csr(path: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::from(provkey::connector::Error::Signer(error));
    let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).map_err(failed)?;
    fs::write(path, build_csr(&signer, &[]).map_err(failed)?).map_err(unusable)
}

/// Writes the key with another character in place of the 20th before its end.
fn miscopy() -> Result<(), Failure> {
    let mut text = files::read(Path::new(KEY_FILE))?;
    if let Some(character) = text.iter_mut().rev().nth(20) {
        *character = if *character == b'q' { b'p' } else { b'q' };
    }
    fs::write(MISCOPIED_FILE, &text).map_err(unusable)
}

fn stdout() -> AutoStream<io::Stdout> {
    AutoStream::auto(io::stdout())
}

fn narrate(sentence: &str) -> Result<(), Failure> {
    Ok(writeln!(stdout(), "{NARRATION}{sentence}{NARRATION:#}\n")?)
}

/// Runs one command of the story.
fn provkey(command: &str) -> Result<(), Failure> {
    run_command(command)?;
    Ok(writeln!(stdout())?)
}

fn run_command(command: &str) -> Result<(), Failure> {
    run_in(&PLACE, command)
}

/// Runs one command of the story at another place.
fn run_at(place: &[&str; 4], command: &str) -> Result<(), Failure> {
    run_in(place, command)?;
    Ok(writeln!(stdout())?)
}

fn run_in(place: &[&str; 4], command: &str) -> Result<(), Failure> {
    writeln!(stdout(), "{COMMAND}$ provkey {command}{COMMAND:#}")?;
    let arguments = ["provkey"].into_iter().chain(place.iter().copied()).chain(command.split(' '));
    Cli::try_parse_from(arguments).map_err(Failure::Usage)?.run()
}

/// Runs one command that has to be refused.
fn provkey_refuses(command: &str) -> Result<(), Failure> {
    match run_command(command) {
        Err(refusal @ Failure::Refused { .. }) => {
            for line in refusal.lines() {
                writeln!(stdout(), "{REFUSAL}{line}{REFUSAL:#}")?;
            }
            Ok(writeln!(stdout())?)
        }
        Ok(()) => Err(Failure::new("demo_failed", format!("`{command}` should be refused"))),
        Err(failure) => Err(failure),
    }
}
