//! Who runs the command.

use nix::unistd::{Uid, User};

/// Who is acting, for the audit trail: the user that this process runs as.
pub(crate) fn actor() -> String {
    let uid = Uid::effective();
    let user = User::from_uid(uid).ok().flatten();
    user.map_or_else(|| format!("cli:uid {uid}"), |user| format!("cli:{}", user.name))
}
