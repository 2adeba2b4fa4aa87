//! The native half of the Python package `provkey`.
//!
//! This crate converts arguments, detaches from the interpreter while the library works, and
//! converts results. Records, collections and exceptions are written in Python (`provkey/`). Every
//! decision is the library's.
//!
//! # Rules
//! - Every call of the library is made detached from the interpreter (`call.rs`): no thread waits
//!   for a lock of the library, or for a store, while other threads wait for the interpreter.
//! - The library calls Python through one function, `call::call_python`. The library may hold its
//!   locks meanwhile; that is sound, because threads that wait for these locks are detached.
//! - An object with locks or connections belongs to the process that created it (`owned.rs`).

// The methods of Python classes take their arguments by value.
#![allow(clippy::needless_pass_by_value)]

mod audit;
mod authority;
mod call;
mod certificate;
mod certificates;
mod checkpoint;
mod clock;
mod command;
mod conformance;
mod connectors;
mod convert;
mod crl;
mod enroll;
mod errors;
mod fingerprint;
mod groups;
mod identity;
mod key_text;
mod keyring;
mod keys;
mod masters;
mod objects;
mod observer;
mod owned;
mod page;
mod provisioning_key;
mod query;
mod request;
mod revoke;
mod secrets;
mod server_certificate;
mod signer;
mod store;
mod tokens;
mod unit;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name for the version")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use crate::audit::list_audit;
    #[pymodule_export]
    use crate::authority::Authority;
    #[pymodule_export]
    use crate::certificate::Certificate;
    #[pymodule_export]
    use crate::certificates::{
        attach_signer, certificate_warnings, count_connectors, create_certificate,
        delete_certificate, delete_certificate_request, find_certificate, find_certificate_request,
        import_answer, import_certificate, list_certificate_requests, list_certificates,
        request_certificate, retire_certificate,
    };
    #[pymodule_export]
    use crate::checkpoint::{accept_rollback, checkpoint, verify_checkpoint};
    #[pymodule_export]
    use crate::command::run_command;
    #[pymodule_export]
    use crate::conformance::{conformance_checks, run_conformance_check};
    #[pymodule_export]
    use crate::connectors::{connector, list_connectors};
    #[pymodule_export]
    use crate::crl::{crl, ocsp, root_crl};
    #[pymodule_export]
    use crate::enroll::{enroll, enroll_many, renew};
    #[pymodule_export]
    use crate::fingerprint::Fingerprint;
    #[pymodule_export]
    use crate::groups::{create_group, delete_group, find_group, list_groups};
    #[pymodule_export]
    use crate::identity::Identity;
    #[pymodule_export]
    use crate::key_text::KeyText;
    #[pymodule_export]
    use crate::keyring::{Keyring, MasterKey};
    #[pymodule_export]
    use crate::keys::{
        copy_key, create_key, delete_key, download_key, find_key, list_keys, update_key,
    };
    #[pymodule_export]
    use crate::masters::{
        flush, master_slot, missing_masters, prune, remove_master, replace_keyring, rotate_master,
    };
    #[pymodule_export]
    use crate::provisioning_key::ProvisioningKey;
    #[pymodule_export]
    use crate::query::query;
    #[pymodule_export]
    use crate::request::Request;
    #[pymodule_export]
    use crate::revoke::{compromise_key, revoke_connector};
    #[pymodule_export]
    use crate::server_certificate::issue_server_certificate;
    #[pymodule_export]
    use crate::store::{MemoryStore, PostgresStore, SqliteStore, copy_store, move_store};
    #[pymodule_export]
    use crate::tokens::{
        AdminTokenText, authenticate_token, create_token, find_token, list_tokens, record_sign_in,
        record_sign_out, revoke_token,
    };
    #[pymodule_export]
    use crate::unit::Unit;
}
