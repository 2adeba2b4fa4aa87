//! Where the command reads and writes: files, standard input and output, pipes, devices.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::process::{Command, Stdio};

use nix::sys::stat::Mode;

use crate::home::{Home, Run};

#[test]
fn a_hyphen_is_standard_input_or_output() {
    let home = Home::new();
    home.make_key("first", 9, "");
    home.write_csr("one.csr");
    let text = home.read("first.key");
    let csr = fs::read(home.path("one.csr")).unwrap();
    assert!(
        home.run_with_input("inspect --file -", text.as_bytes()).succeeds().stdout.contains("Key")
    );
    assert!(home.run_with_input("inspect -", text.as_bytes()).succeeds().stdout.contains("Key"));
    let signed = home.run_with_input("sign --csr - --key-file first.key --out -", &csr);
    assert!(signed.succeeds().stdout.starts_with("-----BEGIN CERTIFICATE-----"), "{signed:?}");
    let signed = home.run_with_input("sign --csr one.csr --key-file - --out -", text.as_bytes());
    assert!(signed.succeeds().stdout.starts_with("-----BEGIN CERTIFICATE-----"), "{signed:?}");
    let make = "key create --name second --group gateways --cert signing --max-uses 1 --out -";
    assert!(home.run(make).succeeds().stdout.starts_with("pvk1_"));
    home.run_with_input("identity new --dir one --key-file -", text.as_bytes()).succeeds();
    home.run("sign --csr one/request.csr --out one.pem").succeeds();
    let chain = home.read("one.pem");
    home.run_with_input("identity accept --dir one --chain -", chain.as_bytes()).succeeds();
    let request = home.run("cert request external --out -");
    assert!(request.succeeds().stdout.starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
    let root = home.run("root --out -").succeeds().stdout.clone();
    assert!(chain.ends_with(&root) && home.run("root").stdout == root, "{root}");
    assert_eq!(home.run("root --out root.pem").succeeds().stdout.lines().count(), 4);
    assert_eq!(home.read("root.pem"), root);
    assert_eq!(home.json("root")["root"]["pem"], root);
    let master = home.read("master.key");
    let list = "key list --master-key-file -";
    home.run_with_input(list, master.as_bytes()).succeeds();
    home.run_with_input("master rotate --master-key-file -", master.as_bytes())
        .is_refused("file_unwritable");
    assert!(!home.path("-").exists());
}

#[test]
fn special_files_are_written_to_and_never_replaced() {
    let home = Home::new();
    let id = home.make_key("first", 9, "");
    home.write_csr("one.csr");
    for command in [
        format!("key download {id}"),
        "sign --csr one.csr --key-file first.key".into(),
        "crl signing".into(),
        "root".into(),
    ] {
        home.run(&format!("{command} --out /dev/null")).succeeds();
        // A file that the shell redirected standard output to is not replaced.
        let file = fs::File::create(home.path("redirected")).unwrap();
        let arguments: Vec<_> = command.split(' ').chain(["--out", "/dev/stdout"]).collect();
        let status = home.command(&arguments).stdout(file.try_clone().unwrap()).status();
        assert!(status.unwrap().success());
        assert!(file.metadata().unwrap().len() > 100, "{command}");

        nix::unistd::mkfifo(&home.path("pipe"), Mode::S_IRWXU).unwrap();
        let path = home.path("pipe");
        let reader = std::thread::spawn(move || {
            let mut read = String::new();
            fs::File::open(path).unwrap().read_to_string(&mut read).unwrap();
            read
        });
        home.run(&format!("{command} --out pipe")).succeeds();
        let (read, redirected) = (reader.join().unwrap(), home.read("redirected"));
        // Each CRL has its own number.
        assert!(read == redirected || command == "crl signing", "{command}: {read} {redirected}");
        assert_eq!(read.lines().next(), redirected.lines().next());
        assert!(fs::metadata(home.path("pipe")).unwrap().file_type().is_fifo());
        fs::remove_file(home.path("pipe")).unwrap();
    }
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn a_missing_folder_and_a_url_as_host_are_explained() {
    let home = Home::empty();
    let run = home.run("init --host https://api.example.com/console");
    run.is_refused("host_bad_name");
    assert!(
        run.stderr.contains("is a URL") && run.stderr.contains("--host api.example.com\n"),
        "{run:?}"
    );
    let check = |arguments: &str, folder: &str| {
        let run = home.run(arguments);
        run.is_refused("file_unwritable");
        assert!(run.stderr.contains(&format!("create the folder {folder} first")), "{run:?}");
    };
    let init = "init --host api.example.com";
    check(&format!("{init} --master-key-file keys/master.key"), "keys");
    check(&format!("{init} --store sqlite:data/store.db"), "data");
    assert!(home.names().is_empty(), "{:?}", home.names());
    home.run(init).succeeds();
    check("root --out certs/root.pem", "certs");
}

#[test]
fn a_crl_is_pem_unless_der_is_asked_for() {
    let home = Home::new();
    let number = |arguments: &str| home.json(arguments)["number"].as_u64().unwrap();
    let first = number("crl signing");
    assert!(home.run("crl signing").succeeds().stdout.starts_with("-----BEGIN X509 CRL-----"));
    // A CRL that cannot be written uses up no number.
    fs::write(home.path("other"), "something else").unwrap();
    home.run("crl signing --out other").is_refused("file_exists");
    home.run("crl signing --out missing/crl").is_refused("file_unwritable");
    assert_eq!(number("crl signing --out crl.pem"), first + 2);
    assert!(home.read("crl.pem").starts_with("-----BEGIN X509 CRL-----"));
    home.run("crl signing --der --out crl.pem").succeeds();
    assert_eq!(fs::read(home.path("crl.pem")).unwrap()[0], 0x30);
    home.run("crl --root --pem").succeeds();
}

/// Runs the command on a terminal, with this input typed.
fn on_a_terminal(home: &Home, arguments: &str, typed: &str) -> Run {
    let binary = env!("CARGO_BIN_EXE_provkey");
    let mut command = home.command(&[]);
    let environment: Vec<_> =
        command.get_envs().map(|(k, v)| (k.to_owned(), v.map(Into::into))).collect();
    command = Command::new("script");
    command
        .args(["-qec", &format!("{binary} {arguments}"), "/dev/null"])
        .current_dir(home.path("."));
    for (name, value) in environment {
        let value: Option<std::ffi::OsString> = value;
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_terminal_is_asked_before_what_cannot_be_undone() {
    let home = Home::new();
    let id = home.make_key("first", 2, "");
    home.run("group create other").succeeds();
    home.run("cert create other").succeeds();
    home.run("admin-token create alice --role viewer").succeeds();
    home.write_csr("one.csr");
    home.run("sign --csr one.csr --key-file first.key --out one.pem").succeeds();
    let connector = home.json("connector list")["items"][0]["id"].as_str().unwrap().to_owned();
    for command in [
        &format!("connector revoke {connector}"),
        &format!("key compromise {id}"),
        &format!("key delete {id}"),
        "group delete other",
        "cert retire other",
        "cert delete other",
        "admin-token revoke alice",
    ] {
        let records = home.json("audit list --all")["items"].as_array().unwrap().len();
        for no in ["n\n", "\n"] {
            let run = on_a_terminal(&home, command, no);
            assert_eq!(run.status, 1, "{command}: {run:?}");
            assert!(
                run.stdout.contains("[y/N]") && run.stdout.contains("not_confirmed"),
                "{run:?}"
            );
        }
        let after = home.json("audit list --all")["items"].as_array().unwrap().len();
        assert_eq!(after, records, "{command}");
        assert_eq!(on_a_terminal(&home, command, "y\n").status, 0, "{command}");
    }
    // Nothing is asked with --yes, or without a terminal, as in all other tests.
    home.run("group create other").succeeds();
    let run = on_a_terminal(&home, "group delete other --yes", "");
    assert!(run.status == 0 && !run.stdout.contains("[y/N]"), "{run:?}");
}
