//! Who runs the command.

use nix::unistd::{Uid, User};

/// The actor in the audit trail: the user that this process runs as.
pub(crate) fn name() -> String {
    let uid = Uid::effective();
    let user = User::from_uid(uid).ok().flatten();
    user.map_or_else(|| format!("cli:uid {uid}"), |user| format!("cli:{}", user.name))
}
