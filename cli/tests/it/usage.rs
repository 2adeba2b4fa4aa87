//! Wrong arguments: exit 2.

use crate::home::{Home, Run};

#[test]
fn wrong_arguments_exit_with_2() {
    let home = Home::empty();
    for arguments in [
        "nonsense",
        "key",
        "key create --name x",
        "key edit q2w3e4r5t6y7",
        "key list --state nonsense",
        "key list --sort nonsense",
        "key list --limit 0",
        "key list --store mysql:x",
        "key list --store sqlite:",
        "key list --store x.db",
        "cert create x --algorithm rsa",
        "cert create x --validity 10",
        "audit list --since yesterday",
        "sign --csr x --out y --address nowhere",
        "inspect --file x text",
        "inspect --out x",
        "key list --all --limit 3",
        "key edit q2w3e4r5t6y7 --max-uses ++1",
        "key edit q2w3e4r5t6y7 --max-uses -",
        "audit list --action nonsense",
        "enroll --key-file k --dir d --replace --daemon",
        "crl signing --der --pem",
        "serve --unproven-rate 1e-30",
        "serve --unproven-rate NaN",
        "serve --per-key-rate=-1",
        "serve --per-key-rate inf",
    ] {
        home.run(arguments).is_usage();
    }
}

#[test]
fn a_missing_store_or_master_key_is_named() {
    let home = Home::empty();
    let check = |variable: &str, option: &str| {
        let mut command = home.command(&["key", "list"]);
        let run: Run = command.env_remove(variable).output().unwrap().into();
        run.is_usage();
        assert!(run.stderr.contains(option) && run.stderr.contains(variable), "{run:?}");
    };
    check("PROVKEY_STORE", "--store");
    check("PROVKEY_MASTER_KEY_FILE", "--master-key-file");
}

#[test]
fn help_and_version_are_shown() {
    let home = Home::empty();
    assert!(home.run("--version").succeeds().stdout.starts_with("provkey "));
    for arguments in ["--help", "key create --help", "master rotate --help"] {
        assert!(home.run(arguments).succeeds().stdout.contains("Usage: provkey"));
    }
}
