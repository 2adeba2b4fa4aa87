//! The authority: the side that makes provisioning keys and counts their uses.

pub mod audit;
pub mod certificates;
pub mod checkpoint;
pub mod clock;
pub mod connectors;
pub mod create;
pub mod crl;
pub mod enroll;
pub mod external;
pub mod groups;
mod id;
pub mod key_details;
pub mod key_list;
pub mod keyring;
pub mod keys;
pub mod masters;
pub mod observer;
pub mod page;
mod page_item;
pub mod prune;
pub mod renew;
pub mod revoke;
pub mod server_certificate;
pub mod tokens;

use core::ffi::c_char;
use std::sync::Arc;

use provkey::authority::{self as core_authority, Actor, Authority, InputError, Refusal};
use provkey::key::Host;
use provkey::time::Clock;
use provkey::x509::LeafUrlError;

use crate::argument::{output, plain, structure};
use crate::backing::Backing;
use crate::call::call;
use crate::error::provkey_error;
use crate::failure::{Failure, failures};
use crate::handle::{self, object, opaque, record};
use crate::status::provkey_status;
use crate::text::{optional_text, text};

use self::id::{optional_address, optional_id};

/// An authority. Any number of threads may use one at the same time. Freed with
/// `provkey_authority_free`.
pub struct provkey_authority {
    _opaque: [u8; 0],
}

opaque!(provkey_authority, 0x706b_0107, OpenAuthority, of_its_process);

/// An authority, and the clock that it was opened with.
pub(crate) struct OpenAuthority {
    pub(crate) authority: Authority,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What an authority is. Freed with `provkey_authority_details_free`.
#[repr(C)]
pub struct provkey_authority_details {
    /// For the library.
    pub header: handle::provkey_header,
    /// Its id.
    pub id: *const c_char,
    /// Its hosts. The first is the one that new keys get unless they name another.
    pub hosts: *const *const c_char,
    /// How many hosts there are.
    pub hosts_len: usize,
    /// Its SPIFFE trust domain.
    pub trust_domain: *const c_char,
    /// The certificate of its root, in PEM.
    pub root_pem: *const c_char,
    /// Until when the root is valid, in Unix milliseconds.
    pub root_not_after_ms: u64,
}

record!(provkey_authority_details, 0x706b_0108, Backing);

impl From<core_authority::Error> for Failure {
    fn from(error: core_authority::Error) -> Self {
        match error {
            core_authority::Error::Store(error) => error.into(),
            error => Self::of(error.code(), error.retryable(), &error),
        }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        core_authority::Error::from(error).into()
    }
}

impl From<Refusal> for Failure {
    fn from(error: Refusal) -> Self {
        core_authority::Error::from(error).into()
    }
}

failures! { LeafUrlError }

/// What an authority is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_describe(
    authority: *const provkey_authority,
    details: *mut *mut provkey_authority_details,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let OpenAuthority { authority, .. } = object(authority, "authority")?;
            output(details, "details")?.set(describe(authority));
            Ok(())
        })
    }
}

/// Frees what `provkey_authority_describe` gave. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_details_free(details: *mut provkey_authority_details) {
    // SAFETY: the rules of the header.
    unsafe { handle::free(details) }
}

/// Adds a host. Texts made for the others stay good. Other processes that have the authority open
/// learn of it when they open it again.
///
/// Errors: the `host_` codes, `too_many_hosts`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_add_host(
    authority: *const provkey_authority,
    host: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let OpenAuthority { authority, .. } = object(authority, "authority")?;
            let host = Host::parse(text(host, "host")?)?;
            Ok(authority.add_host(&host)?)
        })
    }
}

/// The same authority, with `actor` named in the audit records of what is done through it. It is
/// freed like any other; the first stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_acting_as(
    authority: *const provkey_authority,
    actor: *const c_char,
    acting: *mut *mut provkey_authority,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let opened = object(authority, "authority")?;
            let actor = text(actor, "actor")?;
            let authority = opened.authority.acting_as(actor);
            let clock = Arc::clone(&opened.clock);
            output(acting, "acting")?.set(handle::hand_out(OpenAuthority { authority, clock }));
            Ok(())
        })
    }
}

/// Who does what is done through an authority, for the audit trail.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_actor {
    /// `sizeof(provkey_actor)`.
    pub struct_size: usize,
    /// A name, of at most 256 bytes: longer ones are cut. May be NULL.
    pub name: *const c_char,
    /// The id of the admin token that let them in. May be NULL.
    pub admin_token: *const c_char,
    /// The IP address that they ask from. May be NULL.
    pub address: *const c_char,
}

plain!(provkey_actor);

/// As `provkey_authority_acting_as`, with the admin token and the address of the actor, which the audit
/// trail names, too.
///
/// Errors: `admin_token_not_found` for what is no id, `address_invalid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_acting_for(
    authority: *const provkey_authority,
    actor: *const provkey_actor,
    acting: *mut *mut provkey_authority,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let opened = object(authority, "authority")?;
            let input = structure(actor, "actor")?;
            let actor = Actor {
                name: optional_text(input.name, "name")?.map(Into::into),
                admin_token: optional_id(input.admin_token, "admin_token")?,
                address: optional_address(input.address)?,
            };
            let authority = opened.authority.acting_as(actor);
            let clock = Arc::clone(&opened.clock);
            output(acting, "acting")?.set(handle::hand_out(OpenAuthority { authority, clock }));
            Ok(())
        })
    }
}

/// Frees an authority. Nothing may be under way on it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_free(authority: *mut provkey_authority) {
    // SAFETY: the rules of the header.
    unsafe { handle::free(authority) }
}

fn describe(authority: &Authority) -> *mut provkey_authority_details {
    let mut backing = Backing::default();
    let hosts = authority.hosts();
    let hosts: Vec<_> = hosts.iter().map(Host::as_str).collect();
    let root = authority.root();
    let head = provkey_authority_details {
        header: provkey_authority_details::HEADER,
        id: backing.text(authority.id().as_str()),
        hosts: backing.texts(&hosts),
        hosts_len: hosts.len(),
        trust_domain: backing.text(&authority.trust_domain()),
        root_pem: backing.text(&root.to_pem()),
        root_not_after_ms: root.not_after().unix_ms(),
    };
    handle::hand_out_record(head, backing)
}
