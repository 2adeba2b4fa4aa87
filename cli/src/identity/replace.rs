//! A new identity in the place of one that is there: revoked, lost, or too late to be renewed.
//!
//! ```text
//! identity.new, asked for ─► identity.new, with its certificate ─► replaced-…/ ─► the files of D
//! ```
//!
//! The successor is an identity in a file beside the old one until it has its certificate: until then the old
//! one stays in use, and a successor whose answer was lost asks again at no further cost. Then the
//! old files are linked into a folder, those for other programs are written, and last the
//! successor's file is moved to where the old one was. So after each step the next run
//! knows how to go on, and nothing is ever deleted.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use provkey::connector::{Identity, KeyReference};
use provkey::key::ProvisioningKey;
use provkey::time::{Clock as _, SystemClock, Timestamp};
use provkey::x509::{Chain, KeyAlgorithm};

use super::{CHAIN, Home, IDENTITY, PRIVATE_KEY, REQUEST, private_key_pem, warn_of_clock};
use crate::failure::{Failure, notice};
use crate::files::{self, Content, Destination};

/// The identity that takes the place of the one that is there once it has its certificate.
const SUCCESSOR: &str = "identity.new";
/// Codes of what is no identity any more, whoever opens it.
const MALFORMED: &[&str] = &["identity_damaged", "identity_not_recognized", "identity_too_large"];
/// Begins the names of folders with files that others took the place of.
const REPLACED: &str = "replaced-";

impl Home {
    /// Whether there is anything that a new identity would replace.
    pub(crate) fn has_identity(&self) -> bool {
        self.file(IDENTITY).exists()
    }

    /// The successor that was begun with this key, or a new one. One that asked with another key, or is
    /// malformed, is kept aside. Whatever else keeps it closed may pass, such as a fingerprint that was
    /// forgotten: another successor would cost another use.
    pub(crate) fn successor(&self, key: &ProvisioningKey) -> Result<Identity, Failure> {
        let path = self.file(SUCCESSOR);
        if path.exists() {
            let asked_with_it =
                |identity: &Identity| identity.asked_with() == Some(&KeyReference::from(key));
            match self.open_file(SUCCESSOR) {
                Ok(identity) if asked_with_it(&identity) => return Ok(identity),
                Err(failure) if !MALFORMED.iter().any(|code| failure.is(code)) => {
                    return Err(failure.note(format!(
                        "notice: A replacement was begun in {}: move it away to begin another, at the \
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

    /// Accepts the answer to the successor. The identity that is there stays in use.
    pub(crate) fn accept_successor(
        &self,
        identity: &mut Identity,
        answer: &[u8],
    ) -> Result<(), Failure> {
        warn_of_clock(&identity.accept(answer, SystemClock.now())?);
        self.save_successor(identity)
    }

    /// Puts a successor that has its certificate in the place of the identity, which is kept aside.
    pub(crate) fn finish_replacing(&self) -> Result<(), Failure> {
        if !self.file(SUCCESSOR).exists() {
            return Ok(());
        }
        let successor = match self.open_file(SUCCESSOR) {
            Ok(successor) if successor.certificate().is_some() => successor,
            _ => {
                notice("A replacement of the identity was begun: enroll --replace goes on with it");
                return Ok(());
            }
        };
        let private_key = private_key_pem(&successor);
        let path = self.file(PRIVATE_KEY);
        // All that can fail comes before the first file is written: a new key beside old certificates
        // would be of no use to anyone.
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

    /// Keeps a file, and others that belong to it, in a folder of their own under other names for the same
    /// files. Done already, it does nothing. The file itself comes last: where it is, all are. A
    /// successor leaves its place, all others stay in theirs.
    fn set_aside(&self, file: &str, others: &[&str]) -> Result<(), Failure> {
        let path = self.file(file);
        if !path.exists() {
            return Ok(());
        }
        let folder = self.aside(&path)?;
        for name in others.iter().chain([&file]) {
            let (from, to) = (self.file(name), folder.join(name));
            if from.exists() && !to.exists() {
                files::link(&from, &to)?;
            }
        }
        if file == SUCCESSOR {
            remove_if_any(&path)?;
        }
        notice(format_args!("The files before are kept in {}", folder.display()));
        Ok(())
    }

    /// The folder to keep a file in, named after when the file was written.
    fn aside(&self, file: &Path) -> Result<PathBuf, Failure> {
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
