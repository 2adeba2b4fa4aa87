//! Creating and opening an authority.

use core::ffi::c_char;
use core::time::Duration;
use std::sync::Arc;

use provkey::authority::{Authority, Environment, NewAuthority};
use provkey::key::Host;

use super::clock::{clock_or_system, provkey_clock};
use super::keyring::{copy_of, provkey_keyring};
use super::observer::provkey_observer;
use super::{OpenAuthority, provkey_authority};
use crate::algorithm::{algorithm_or_usual, provkey_key_algorithm};
use crate::argument::{plain, structure};
use crate::call::call_for;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, object, optional_object};
use crate::random::{provkey_random, random_or_system};
use crate::status::provkey_status;
use crate::store::provkey_store;
use crate::text::{optional_text, text};

/// What an authority uses of the application. All of it may be freed once the authority is open.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_environment {
    /// `sizeof(provkey_environment)`.
    pub struct_size: usize,
    /// The store of all records.
    pub store: *const provkey_store,
    /// The clock. NULL: the operating system's.
    pub clock: *const provkey_clock,
    /// The randomness for ids, nonces and serial numbers. NULL: the operating system's.
    pub random: *const provkey_random,
    /// The observer of events. NULL: none.
    pub observer: *const provkey_observer,
}

/// The parameters of a new authority.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_new_authority {
    /// `sizeof(provkey_new_authority)`.
    pub struct_size: usize,
    /// The host that connectors reach it at: `host` or `host:port` in canonical form. It is part of
    /// every key text.
    pub host: *const c_char,
    /// The SPIFFE trust domain of its certificates, which cannot be changed. NULL: the host without
    /// its port. Required if the host is an IPv6 address.
    pub trust_domain: *const c_char,
    /// How long the root is valid. 0: 30 years.
    pub validity_seconds: u64,
    /// The algorithm of the root's key: P-256 (1, or 0), P-384 or Ed25519.
    pub algorithm: provkey_key_algorithm,
}

plain!(provkey_environment, provkey_new_authority);

/// Writes whether a store holds an authority. Needs no master key.
///
/// Errors: those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_exists(
    store: *const provkey_store,
    exists: *mut bool,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((exists, "exists"), error, || Ok(Authority::exists(&**object(store, "store")?)?))
}

/// Creates an authority and its root in an empty store. Keys are derived from the current master
/// key of the keyring. Save the keyring first.
///
/// Errors: `authority_exists`, the `host_` codes, `trust_domain_invalid`, `validity_invalid`,
/// `algorithm_unsupported`, `random_unavailable`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_create(
    environment: *const provkey_environment,
    keyring: *const provkey_keyring,
    new_authority: *const provkey_new_authority,
    authority: *mut *mut provkey_authority,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((authority, "authority"), error, || {
        let environment = self::environment(environment)?;
        let keyring = copy_of(keyring)?;
        let new = structure(new_authority, "new_authority")?;
        let mut parameters = NewAuthority::new(Host::parse(text(new.host, "host")?)?);
        parameters.trust_domain = optional_text(new.trust_domain, "trust_domain")?.map(Into::into);
        parameters.algorithm = algorithm_or_usual(new.algorithm)?;
        if new.validity_seconds != 0 {
            parameters.validity = Duration::from_secs(new.validity_seconds);
        }
        let clock = Arc::clone(&environment.clock);
        let authority = Authority::create(environment, keyring, &parameters)?;
        Ok(handle::hand_out(OpenAuthority { authority, clock }))
    })
}

/// Opens the authority in a store. The keyring must hold every master key that the authority knows.
///
/// Errors: `authority_missing`, `master_key_wrong`, `master_key_missing`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_open(
    environment: *const provkey_environment,
    keyring: *const provkey_keyring,
    authority: *mut *mut provkey_authority,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((authority, "authority"), error, || {
        let environment = self::environment(environment)?;
        let keyring = copy_of(keyring)?;
        let clock = Arc::clone(&environment.clock);
        let authority = Authority::open(environment, keyring)?;
        Ok(handle::hand_out(OpenAuthority { authority, clock }))
    })
}

unsafe fn environment(pointer: *const provkey_environment) -> Result<Environment, Failure> {
    let environment = structure(pointer, "environment")?;
    let observer = optional_object(environment.observer, "observer")?;
    let mut new = Environment::new(
        Arc::clone(object(environment.store, "store")?),
        clock_or_system(environment.clock)?,
        random_or_system(environment.random)?,
    );
    new.observer = observer.map(Arc::clone);
    Ok(new)
}
