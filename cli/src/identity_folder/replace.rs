//! Replaces an identity that was revoked, or cannot be opened, or expired too long ago, with a new
//! one.
//!
//! ```text
//! identity.new, request sent ─► identity.new, with its certificate ─► replaced-…/ ─► identity
//! ```
//!
//! The new identity, the successor, is a file beside the old identity until it has its certificate.
//! Until then the old identity stays in use, and a successor whose answer was lost asks again for
//! free. Then the old files are linked into a folder `replaced-…`, the files for other programs are
//! written, and last the successor is renamed to `identity`. After an interruption at any step the
//! next run goes on, and no file of the old identity is lost.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use provkey::connector::{Identity, KeyReference};
use provkey::key::ProvisioningKey;
use provkey::time::{Clock as _, SystemClock, Timestamp};
use provkey::x509::{Chain, KeyAlgorithm};

use super::{
    CHAIN, IDENTITY, IdentityFolder, PRIVATE_KEY, REQUEST, private_key_pem, warn_of_clock,
};
use crate::failure::{Failure, notice};
use crate::files::{self, Content, Destination};

/// The successor, until it has its certificate.
const SUCCESSOR: &str = "identity.new";
/// Codes of a file that no fingerprint opens.
const MALFORMED: &[&str] = &["identity_damaged", "identity_not_recognized", "identity_too_large"];
/// The beginning of the names of folders with replaced files.
const REPLACED: &str = "replaced-";

impl IdentityFolder {
    /// Whether there is an identity to replace.
    pub(crate) fn has_identity(&self) -> bool {
        self.file(IDENTITY).exists()
    }

    /// The successor that asked with this key, or a new one. One that asked with another key, or is
    /// malformed, is set aside. Any other failure to open it is returned, for example a missing
    /// fingerprint: another successor would cost another use.
    pub(crate) fn successor(&self, key: &ProvisioningKey) -> Result<Identity, Failure> {
        let path = self.file(SUCCESSOR);
        if path.exists() {
            let asked_with_it =
                |identity: &Identity| identity.asked_with() == Some(&KeyReference::from(key));
            match self.open_file(SUCCESSOR) {
                Ok(identity) if asked_with_it(&identity) => return Ok(identity),
                Err(failure) if !MALFORMED.iter().any(|code| failure.has_code(code)) => {
                    return Err(failure.with_note(format!(
                        "notice: {} is an unfinished replacement: move it away to begin another, at the \
                         cost of another use",
                        path.display()
                    )));
                }
                _ => self.set_aside(SUCCESSOR, &[])?,
            }
        }
        Ok(Identity::generate(KeyAlgorithm::EcdsaP256)?)
    }

    pub(crate) fn save_successor(&self, identity: &Identity) -> Result<(), Failure> {
        self.save_file(SUCCESSOR, identity)
    }

    /// Accepts the answer for the successor. The old identity stays in use.
    pub(crate) fn accept_successor(
        &self,
        identity: &mut Identity,
        answer: &[u8],
    ) -> Result<(), Failure> {
        warn_of_clock(&identity.accept(answer, SystemClock.now())?);
        self.save_successor(identity)
    }

    /// Sets the old identity aside, and puts a successor that has its certificate in its place.
    pub(crate) fn finish_replacing(&self) -> Result<(), Failure> {
        if !self.file(SUCCESSOR).exists() {
            return Ok(());
        }
        let successor = match self.open_file(SUCCESSOR) {
            Ok(successor) if successor.certificate().is_some() => successor,
            _ => {
                notice(
                    "An unfinished replacement of the identity was found: enroll --replace continues it",
                );
                return Ok(());
            }
        };
        let private_key = private_key_pem(&successor);
        let path = self.file(PRIVATE_KEY);
        // All that can fail is tried before the first file is written: no program can use a new
        // private key with old certificates.
        let has_file = self.material().is_none() && !private_key.is_empty();
        let private_key_file =
            has_file.then(|| Destination::prepare_replacing(&path)).transpose()?;
        let chain_file = Destination::prepare(&self.file(CHAIN), Content::Certificates)?;
        self.set_aside(IDENTITY, &[PRIVATE_KEY, CHAIN, REQUEST])?;
        match private_key_file {
            Some(file) => file.write(private_key.as_bytes())?,
            None => remove_if_any(&path)?,
        }
        chain_file.write(successor.chain().map(Chain::to_pem).unwrap_or_default().as_bytes())?;
        remove_if_any(&self.file(REQUEST))?;
        files::rename(&self.file(SUCCESSOR), &self.file(IDENTITY))
    }

    /// Links a file, and others that belong to it, into a folder `replaced-…`. The file itself is
    /// linked last, so a folder that has it is complete, and nothing is done again. The old files
    /// stay in place, except a successor, which is removed.
    fn set_aside(&self, file: &str, others: &[&str]) -> Result<(), Failure> {
        let path = self.file(file);
        if !path.exists() {
            return Ok(());
        }
        let folder = self.make_aside_folder(&path)?;
        for name in others.iter().chain([&file]) {
            let (from, to) = (self.file(name), folder.join(name));
            if from.exists() && !to.exists() {
                files::link(&from, &to)?;
            }
        }
        if file == SUCCESSOR {
            remove_if_any(&path)?;
        }
        notice(format_args!("The old files are in {}", folder.display()));
        Ok(())
    }

    /// Makes the folder for a file that is set aside, named after when the file was written.
    fn make_aside_folder(&self, file: &Path) -> Result<PathBuf, Failure> {
        let unreadable = |error| files::unreadable(&file.display(), &error);
        let written = fs::metadata(file).and_then(|found| found.modified()).map_err(unreadable)?;
        let moment = Timestamp::from(written).to_string().replace([':', '.'], "-");
        let content = files::read(file)?;
        for number in 1.. {
            let number = if number == 1 { String::new() } else { format!("-{number}") };
            let folder = self.file(&format!("{REPLACED}{moment}{number}"));
            let kept = file.file_name().map(|name| folder.join(name)).unwrap_or_default();
            if kept.exists() && *files::read(&kept)? != *content {
                continue;
            }
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            made.map_err(|error| files::unwritable(&folder, &error))?;
            return Ok(folder);
        }
        Err(files::occupied(file))
    }
}

fn remove_if_any(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if path.exists() => Err(files::unwritable(path, &error)),
        _ => Ok(()),
    }
}
