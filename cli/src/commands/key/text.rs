//! The text of a key, as it is written to a file or to standard output.

use std::path::Path;

use provkey::authority::KeyDetails;
use provkey::key::KeyText;
use zeroize::Zeroizing;

use super::view::shown;
use crate::failure::Failure;
use crate::files::Destination;
use crate::output::Output;

/// The text of a key and a newline.
pub(in crate::commands) fn text_line(text: &KeyText) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(text.expose().len() + 1));
    line.push_str(text.expose());
    line.push('\n');
    line
}

/// Writes the text of a key and a newline. If they go to a file, the key is shown.
pub(super) fn write_text(
    destination: Destination,
    path: &Path,
    text: &KeyText,
    key: KeyDetails,
    output: &mut Output,
) -> Result<(), Failure> {
    let line = text_line(text);
    let alone = destination.is_standard_output();
    destination.write(line.as_bytes())?;
    if alone {
        return Ok(());
    }
    output.show(&shown(key))?;
    output.remark(format_args!("Its text is in {}, which only you can read.", path.display()))
}
