//! Files: read up to a limit, written whole or not at all, and never lost.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use provkey::authority;
use provkey::x509::{Certificate, Csr, RevocationList};
use tempfile::{Builder, NamedTempFile};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The most that is read of a file. It is more than any valid file has: the library refuses a
/// file that is cut here as too long.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Room for any secret. A buffer that never grows is never moved, which would leave a copy in
/// memory.
const SECRET_BYTES: usize = 64 * 1024;

/// Whether a path is `-`, which names standard input to readers and standard output to writers.
pub(crate) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads a file, which may be a secret, or standard input if the path is `-`.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if is_standard(path) {
        return read_stdin();
    }
    let file = File::open(path).map_err(|error| unreadable(&path.display(), &error))?;
    read_from(file, &path.display())
}

/// Reads standard input, which may be a secret.
pub(crate) fn read_stdin() -> Result<Zeroizing<Vec<u8>>, Failure> {
    read_from(io::stdin().lock(), &"standard input")
}

fn read_from(input: impl Read, name: &dyn Display) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_BYTES));
    let read = input.take(FILE_BYTES_MAX).read_to_end(&mut bytes);
    read.map(|_| bytes).map_err(|error| unreadable(name, &error))
}

pub(crate) fn unreadable(name: &dyn Display, error: &io::Error) -> Failure {
    Failure::new("file_unreadable", format!("{name} cannot be read: {error}"))
}

pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new("file_unwritable", format!("{} cannot be written: {error}", path.display()))
}

/// What a file will hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A secret that only the owner may read: mode 0600. Never replaces a file that has content.
    Secret,
    /// A certificate request: mode 0644. Replaces a request.
    Request,
    /// Certificates: mode 0644. Replaces certificates.
    Certificates,
    /// A CRL: mode 0644. Replaces a CRL.
    Crl,
    /// The checkpoint of an authority: mode 0644. Replaces a checkpoint, even one that another
    /// process wrote after [`Destination::prepare`].
    Checkpoint,
}

impl Content {
    fn permissions(self) -> Permissions {
        Permissions::from_mode(if self == Self::Secret { 0o600 } else { 0o644 })
    }

    fn may_replace(self, bytes: &[u8]) -> bool {
        let same_kind = match self {
            Self::Secret => false,
            Self::Request => Csr::parse(bytes).is_ok(),
            Self::Certificates => Certificate::parse_all(bytes).is_ok(),
            Self::Crl => RevocationList::parse(bytes).is_ok(),
            Self::Checkpoint => is_checkpoint(bytes),
        };
        let has_private_key = || bytes.windows(11).any(|window| window == b"PRIVATE KEY");
        bytes.is_empty() || (same_kind && !has_private_key())
    }
}

fn is_checkpoint(bytes: &[u8]) -> bool {
    let text = str::from_utf8(bytes).map(str::trim_end);
    text.is_ok_and(|text| authority::Checkpoint::parse(text).is_ok())
}

/// Where something will be written. All that can fail before the writing itself has been tried: a
/// temporary file is open beside the file.
pub(crate) struct Destination {
    path: PathBuf,
    target: Target,
}

enum Target {
    StandardOutput,
    /// A device, a pipe or a descriptor, which is written to and never replaced.
    Special(File),
    File {
        temporary: NamedTempFile,
        exists: bool,
    },
}

impl Destination {
    /// Prepares to write to standard output if the path is `-`, to a special file, or to a file
    /// that does not exist or whose content may be replaced.
    pub(crate) fn prepare(path: &Path, content: Content) -> Result<Self, Failure> {
        let target = match () {
            () if is_standard_output(path) => Target::StandardOutput,
            () if is_special(path) => {
                let opened = OpenOptions::new().append(true).open(path);
                Target::Special(opened.map_err(|error| unwritable(path, &error))?)
            }
            () => return Self::prepare_file(path, content),
        };
        Ok(Self { path: path.into(), target })
    }

    fn prepare_file(path: &Path, content: Content) -> Result<Self, Failure> {
        let exists = match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => return Err(occupied(path)),
            Ok(_) if !content.may_replace(&read(path)?) => return Err(occupied(path)),
            Ok(_) => true,
            // A broken link is not replaced either.
            Err(_) if path.is_symlink() => return Err(occupied(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(unwritable(path, &error)),
        };
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(unwritable(path, &io::ErrorKind::IsADirectory.into()));
        }
        let path = locate(path);
        let temporary = temporary_beside(&path, content.permissions())?;
        let exists = exists || content == Content::Checkpoint;
        Ok(Self { path, target: Target::File { temporary, exists } })
    }

    /// Prepares to create or replace a secret file, whatever it holds. The file keeps its owner, so
    /// that root, who acts for a service, does not lock the service out.
    pub(crate) fn prepare_replacing(path: &Path) -> Result<Self, Failure> {
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(occupied(path));
        }
        let path = locate(path);
        let temporary = temporary_beside(&path, Content::Secret.permissions())?;
        keep_owner(&path, &temporary).map_err(|error| unwritable(&path, &error))?;
        Ok(Self { path, target: Target::File { temporary, exists: true } })
    }

    /// Whether this is standard output, which then gets nothing else.
    pub(crate) fn is_standard_output(&self) -> bool {
        matches!(self.target, Target::StandardOutput)
    }

    /// Writes the bytes. A file appears whole and durable under its name, or not at all.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<(), Failure> {
        let path = &self.path;
        let (mut temporary, exists) = match self.target {
            Target::StandardOutput => {
                let mut stdout = io::stdout().lock();
                return Ok(stdout.write_all(bytes).and_then(|()| stdout.flush())?);
            }
            Target::Special(mut file) => {
                return file.write_all(bytes).map_err(|error| unwritable(path, &error));
            }
            Target::File { temporary, exists } => (temporary, exists),
        };
        fill(&mut temporary, bytes).map_err(|error| unwritable(path, &error))?;
        let renamed = match exists {
            true => temporary.persist(path),
            false => temporary.persist_noclobber(path),
        };
        match renamed {
            Ok(_) => sync_folder(path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(occupied(path)),
            Err(error) => Err(unwritable(path, &error.error)),
        }
    }
}

/// Whether a path names standard output. Its names as a file count too: a shell may have redirected
/// it to a file, and the shell's open file must not be replaced.
fn is_standard_output(path: &Path) -> bool {
    is_standard(path) || ["/dev/stdout", "/dev/fd/1"].iter().any(|name| path == Path::new(name))
}

/// Whether a path leads to something that is written to and never replaced: a device such as
/// `/dev/null`, a pipe, an open descriptor. Disks are excluded, because writing destroys them.
fn is_special(path: &Path) -> bool {
    let descriptors = ["/dev/fd", "/dev/stderr", "/proc"];
    let is_special = |metadata: fs::Metadata| {
        let kind = metadata.file_type();
        kind.is_char_device() || kind.is_fifo() || kind.is_socket()
    };
    descriptors.iter().any(|name| path.starts_with(name))
        || fs::metadata(path).is_ok_and(is_special)
}

/// Replaces a secret file durably. At every moment it has the old content or the new.
pub(crate) fn replace_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    Destination::prepare_replacing(path)?.write(bytes)
}

/// Renames a file durably, and replaces a file that has the new name.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::rename(from, to).map_err(|error| unwritable(to, &error))?;
    sync_folder(to)
}

/// Makes a hard link to a file durably, or a copy on a file system without hard links. A symbolic
/// link is followed: a link to it would lead to whatever replaces the file later.
pub(crate) fn link(from: &Path, to: &Path) -> Result<(), Failure> {
    let from = &locate(from);
    match fs::hard_link(from, to) {
        Ok(()) => sync_folder(to),
        Err(_) => copy(from, to),
    }
}

/// Copies a file durably. The copy appears whole under its name.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let mut source = File::open(from).map_err(|error| unreadable(&from.display(), &error))?;
    let metadata = source.metadata().map_err(|error| unreadable(&from.display(), &error))?;
    let mut temporary = temporary_beside(to, metadata.permissions())?;
    let copied = io::copy(&mut source, &mut temporary).and_then(|_| temporary.as_file().sync_all());
    copied.map_err(|error| unwritable(to, &error))?;
    temporary.persist(to).map_err(|error| unwritable(to, &error.error))?;
    sync_folder(to)
}

/// Keeps other processes of this command from changing the files of a folder, until the lock is
/// dropped. The folder is locked because its files are replaced.
pub(crate) fn lock(folder: &Path) -> Result<Flock<File>, Failure> {
    let failed = |error: &dyn Display| {
        let sentence = format!("{} cannot be locked: {error}", folder.display());
        Failure::new("file_unreadable", sentence)
    };
    let file = File::open(folder).map_err(|error| failed(&error))?;
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| failed(&error))
}

/// The file that a path leads to through links: it is the file that is replaced, not a link.
pub(crate) fn locate(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.into())
}

/// The folder of a file.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Checks that the folder of a new file exists.
pub(crate) fn check_folder(path: &Path) -> Result<(), Failure> {
    let folder = folder(path);
    match folder.is_dir() || folder.symlink_metadata().is_ok() {
        true => Ok(()),
        false => Err(Failure::new(
            "file_unwritable",
            format!(
                "{} cannot be written: create the folder {} first",
                path.display(),
                folder.display()
            ),
        )),
    }
}

fn temporary_beside(path: &Path, permissions: Permissions) -> Result<NamedTempFile, Failure> {
    check_folder(path)?;
    Builder::new()
        .prefix(".provkey-")
        .permissions(permissions)
        .tempfile_in(folder(path))
        .map_err(|error| unwritable(path, &error))
}

fn keep_owner(path: &Path, file: &NamedTempFile) -> io::Result<()> {
    let (Ok(old), new) = (fs::metadata(path), file.as_file().metadata()?) else { return Ok(()) };
    match (old.uid(), old.gid()) {
        owner if owner == (new.uid(), new.gid()) => Ok(()),
        (user, group) => fchown(file.as_file(), Some(user), Some(group)),
    }
}

fn fill(file: &mut NamedTempFile, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.as_file().sync_all()
}

fn sync_folder(path: &Path) -> Result<(), Failure> {
    let synced = File::open(folder(path)).and_then(|folder| folder.sync_all());
    synced.map_err(|error| unwritable(path, &error))
}

pub(crate) fn occupied(path: &Path) -> Failure {
    Failure::new(
        "file_exists",
        format!("{} exists: name another file, or move this one away", path.display()),
    )
}
