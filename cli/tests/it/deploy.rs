//! The samples in `docs/deploy`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::home::{Home, Run};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy").join(name)
}

/// systemd accepts the units, and the command accepts the arguments in them.
#[test]
fn systemd_units_run_valid_commands() {
    let home = Home::empty();
    for name in ["provkey-serve.service", "provkey-enroll.service"] {
        let unit = fs::read_to_string(sample(name)).unwrap();
        let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/provkey "));
        home.run(&format!("{} --help", start.unwrap())).succeeds();
        let unit = unit.replace("/usr/bin/provkey", env!("CARGO_BIN_EXE_provkey"));
        fs::write(home.path(name), unit).unwrap();
        let verify = Command::new("systemd-analyze").arg("verify").arg(home.path(name)).output();
        let verified: Run = verify.unwrap().into();
        assert!(verified.succeeds().stderr.is_empty(), "{verified:?}");
    }
}

/// The form of cloud-init's modules write_files and runcmd.
#[test]
fn the_cloud_init_sample_is_well_formed() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/python");
    let check = "import sys, yaml
text = open(sys.argv[1]).read()
assert text.startswith('#cloud-config\\n')
config = yaml.safe_load(text)
assert set(config) == {'write_files', 'runcmd'}, config
for file in config['write_files']:
    assert set(file) == {'path', 'permissions', 'owner', 'content'}, file
    assert file['permissions'] == '0600', file
for command in config['runcmd']:
    assert all(isinstance(word, str) for word in command), command
";
    let run = Command::new(python).args(["-c", check]).arg(sample("cloud-init.yaml")).output();
    Run::from(run.unwrap()).succeeds();
}
