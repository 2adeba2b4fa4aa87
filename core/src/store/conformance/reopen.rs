//! What a store must still contain when it is opened again.

use std::boxed::Box;
use std::format;
use std::string::String;
use std::vec;

use super::Failure;
use super::space::{Space, same};
use crate::store::{Reason, Store, StoreError};

/// Checks that a reopened store contains everything that was applied, and nothing that was refused.
/// Each store that `open` returns is dropped before the next is opened.
///
/// # Errors
/// [`Failure`]: what was seen.
pub fn check_reopened(
    open: &dyn Fn() -> Result<Box<dyn Store>, StoreError>,
    run: &str,
) -> Result<(), Failure> {
    let check = "reopen";
    reopened(open, run, check).map_err(|seen| Failure { check, seen })
}

fn reopened(
    open: &dyn Fn() -> Result<Box<dyn Store>, StoreError>,
    run: &str,
    check: &str,
) -> Result<(), String> {
    let open = || open().map_err(|error| format!("open: {error}"));
    let (kept, versions) = {
        let store = open()?;
        let space = Space::new(&*store, run, check)?;
        space.applied(vec![
            space.put("body", "1")?,
            space.put("deleted", "1")?,
            space.limit("counter", 5)?,
        ])?;
        space.applied(vec![space.count("counter", 2, 7)?, space.put("body", "2")?])?;
        let versions = (space.version("deleted")?, space.version("counter")?);
        space.applied(vec![space.delete("deleted")?])?;
        let refused = vec![space.put("refused", "1")?, space.count("counter", 4, 8)?];
        space.refused(refused, 1, Reason::LimitReached)?;
        (space.everything()?, versions)
    };
    {
        let store = open()?;
        let space = Space::existing(&*store, run, check);
        same("what was kept", &space.everything()?, &kept)?;
        space.applied(vec![space.expect("counter", versions.1)?, space.count("counter", 3, 9)?])?;
        space.refused(vec![space.count("counter", 1, 9)?], 0, Reason::LimitReached)?;
        space.applied(vec![space.put("deleted", "1")?])?;
        let reused = space.version("deleted")? == versions.0;
        same("whether a version came back after opening again", &reused, &false)?;
    }
    let store = open()?;
    Space::existing(&*store, run, check).clear()
}
