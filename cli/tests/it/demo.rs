//! `provkey demo`.

use crate::home::{Home, Run, names};

#[test]
fn the_demo_succeeds_and_leaves_no_file() {
    let home = Home::empty();
    let run: Run = home.command(&["demo"]).env("TMPDIR", home.path("")).output().unwrap().into();
    run.succeeds();
    for part in [
        "$ provkey init",
        "none: the enrollment was answered before",
        "error: key_miscopied: ",
        "error: key_exhausted: ",
        "3/3",
    ] {
        assert!(run.stdout.contains(part), "{part}: {run:?}");
    }
    assert!(!run.stdout.contains('\u{1b}'), "colours into a pipe");
    assert_eq!(names(&home.path("")), Vec::<String>::new());
}
