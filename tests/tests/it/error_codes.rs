//! `docs/errors.md` lists exactly the codes in the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use provkey::authority::{Error, InputError, Refusal};
use provkey::random::RandomError;
use provkey::store::{FaultKind, StoreError, StoreFault};
use provkey::time::Timestamp;
use provkey::x509::{ChainError, SignerError};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows of all tables: the code, and whether a retry may help.
fn documented() -> BTreeMap<String, bool> {
    let text = fs::read_to_string(project().join("docs/errors.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [code, _, _, _, retryable] = cells[..] else { panic!("a row of 5 cells: {line}") };
        let again = match retryable {
            "yes" => true,
            "no" => false,
            _ => panic!("yes or no: {line}"),
        };
        let code = code.trim_matches('`').to_owned();
        assert_eq!(rows.insert(code, again), None, "listed twice: {line}");
    }
    rows
}

fn documented_codes() -> BTreeSet<String> {
    documented().into_keys().collect()
}

/// All Rust and Python sources below a folder.
fn sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
    texts
}

/// The text between the first opening brace and its closing brace.
fn first_block(text: &str) -> &str {
    let start = text.find('{').unwrap();
    let mut depth = 0;
    let ends = text[start..].char_indices().find(|(_, c)| {
        depth += i32::from(*c == '{') - i32::from(*c == '}');
        depth == 0
    });
    &text[start..start + ends.unwrap().0]
}

/// The string literal at the beginning of `text`, if it has the form of a code.
fn literal(text: &str) -> Option<&str> {
    let (literal, _) = text.trim_start().strip_prefix('"')?.split_once('"')?;
    let is_code = literal.contains('_')
        && literal.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_code.then_some(literal)
}

/// The codes in a source: in families of errors, in functions named `code`, and where the command
/// or Python creates an error.
fn codes_in(source: &str) -> Vec<String> {
    let after = |mark| source.split(mark).skip(1);
    let functions = after("fn code(").flat_map(|rest| first_block(rest).split("=>").skip(1));
    let constants = after("fn code(").map(|rest| first_block(rest).trim_start_matches('{'));
    let families = after("error_family! ").flat_map(|rest| first_block(rest).split("=>").skip(1));
    let failures = [
        "Failure::new(",
        "Self::new(",
        "Problem::new(",
        "AttemptError::new(",
        "AttemptError::transient(",
        "code=",
    ]
    .into_iter()
    .flat_map(after);
    let all = functions.chain(constants).chain(families).chain(failures);
    all.filter_map(literal).map(str::to_owned).collect()
}

/// The codes of the C library with the numbers of their statuses, as it lists them.
fn codes_of_c() -> BTreeMap<String, i32> {
    let source = fs::read_to_string(project().join("ffi/src/status.rs")).unwrap();
    let lines = source.lines().map(str::trim);
    let constants = lines.clone().filter_map(|line| {
        let (name, number) = line
            .strip_prefix("pub const PROVKEY_STATUS_")?
            .strip_suffix(';')?
            .split_once(": provkey_status = ")?;
        Some((name.to_lowercase(), number.parse().unwrap()))
    });
    let constants: BTreeMap<String, i32> = constants.filter(|(code, _)| code != "ok").collect();
    let listed: BTreeSet<_> = lines
        .filter_map(|line| line.strip_prefix("(PROVKEY_STATUS_")?.split_once(", \""))
        .map(|(name, code)| (name.to_lowercase(), code.trim_end_matches("\\0\"),").to_owned()))
        .inspect(|(name, code)| assert_eq!(name, code))
        .map(|(_, code)| code)
        .filter(|code| code != "ok")
        .collect();
    assert!(listed.iter().eq(constants.keys()), "the list and the constants differ");
    constants
}

/// Every code of the library has a number in C, unlike those of the command and of tokens.
#[test]
fn c_has_a_number_for_every_code() {
    let numbers = codes_of_c();
    let different: BTreeSet<_> = numbers.values().collect();
    assert_eq!(different.len(), numbers.len());
    let folders = [
        "core/src/authority",
        "core/src/ledger",
        "core/src/connector",
        "core/src/store",
        "stores/sqlite/src",
    ];
    let mut sources: Vec<_> =
        folders.iter().flat_map(|folder| sources(&project().join(folder))).collect();
    sources.push(fs::read_to_string(project().join("core/src/key/error.rs")).unwrap());
    let given: BTreeSet<_> = sources.iter().flat_map(|source| codes_in(source)).collect();
    let missing: Vec<_> = given.iter().filter(|code| !numbers.contains_key(*code)).collect();
    assert!(missing.is_empty(), "without a number in C: {missing:?}");
}

#[test]
fn the_document_lists_every_code_and_no_other() {
    let folders = [
        "core/src",
        "admin/src",
        "stores/sqlite/src",
        "signers/pkcs11/src",
        "cli/src",
        "server/src",
        "python/src",
        "python/provkey",
    ];
    let sources = folders.iter().flat_map(|folder| sources(&project().join(folder)));
    let given = sources.flat_map(|source| codes_in(&source));
    let given: BTreeSet<String> = given.chain(codes_of_c().into_keys()).collect();
    assert!(Refusal::ALL.iter().all(|refusal| given.contains(refusal.code())));
    assert!(InputError::ALL.iter().all(|error| given.contains(error.code())));
    let documented = documented_codes();
    let missing: Vec<_> = given.difference(&documented).collect();
    let left_over: Vec<_> = documented.difference(&given).collect();
    assert!(missing.is_empty(), "not in docs/errors.md: {missing:?}");
    assert!(left_over.is_empty(), "in docs/errors.md only: {left_over:?}");
}

#[test]
fn the_document_says_which_are_retryable() {
    let documented = documented();
    let check =
        |code: &str, retryable| assert_eq!(documented.get(code), Some(&retryable), "{code}");
    for kind in FaultKind::ALL {
        let error = StoreError::NotApplied(StoreFault::new(*kind, ""));
        check(error.code(), error.retryable());
    }
    for error in [Error::Contended, Error::Random(RandomError)] {
        check(error.code(), error.retryable());
    }
    let refusals = Refusal::ALL.iter().map(|refusal| Error::from(*refusal));
    let inputs = InputError::ALL.iter().map(|error| Error::from(*error));
    refusals.chain(inputs).for_each(|error| check(error.code(), error.retryable()));
    for error in [SignerError::Unavailable(String::new()), SignerError::Failed(String::new())] {
        check(error.code(), error.retryable());
    }
    let now = Timestamp::default();
    for error in [
        ChainError::Incomplete,
        ChainError::NotYetValid { now, not_before: now },
        ChainError::Expired { now, not_after: now },
    ] {
        check(error.code(), error.retryable());
    }
}
