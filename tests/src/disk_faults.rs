//! Disk faults for a process, injected by a preloaded library: see `disk_faults.c`.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

const SOURCE: &str = include_str!("disk_faults.c");

/// The path of the library for `LD_PRELOAD`. Each process builds it once.
pub fn disk_faults() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let folder = tempfile::Builder::new().prefix("disk").tempdir().expect("a folder").keep();
        // Servers run as another user.
        let readable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&folder, readable).expect("it is ours");
        let (source, library) = (folder.join("disk_faults.c"), folder.join("disk_faults.so"));
        std::fs::write(&source, SOURCE).expect("the folder can be written");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]);
        let done = compiler.arg(&library).arg(&source).args(["-ldl", "-lpthread"]).status();
        assert!(done.expect("there is a C compiler").success(), "{SOURCE}");
        library
    };
    MADE.get_or_init(make).clone()
}
