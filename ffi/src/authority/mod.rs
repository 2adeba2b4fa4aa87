//! The authority, which makes provisioning keys and counts their uses.

// The header has the types and functions in the order of these modules.
mod id;
pub mod page;
mod page_item;

pub mod clock;
pub mod keyring;
pub mod observer;

pub mod create;

pub mod groups;

pub mod certificates;

pub mod keys;

pub mod connectors;

pub mod crl;

pub mod audit;
pub mod tokens;

use core::ffi::c_char;
use std::sync::Arc;

use provkey::authority::{
    self as core_authority, Actor, Authority, Page, PageRequest, Refusal, RejectedInput,
};
use provkey::key::Host;
use provkey::time::Clock;
use provkey::x509::LeafUrlError;

use crate::argument::{plain, structure};
use crate::backing::Backing;
use crate::call::{call, call_for};
use crate::error::provkey_error;
use crate::failure::{Failure, failures};
use crate::handle::{self, object, opaque, provkey_header, record};
use crate::record::{self, Describe};
use crate::status::provkey_status;
use crate::text::{optional_text, text};

use self::id::{optional_address, optional_id};
use self::page::{PageRecord, page_request, provkey_page_request};

/// An authority. Any number of threads may use it at the same time. Freed with
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

impl OpenAuthority {
    /// Hands out the same authority, acting for `actor`.
    fn acting_as(&self, actor: impl Into<Actor>) -> *mut provkey_authority {
        let authority = self.authority.acting_as(actor);
        handle::hand_out(Self { authority, clock: Arc::clone(&self.clock) })
    }
}

/// The details of an authority. Freed with `provkey_authority_details_free`.
#[repr(C)]
pub struct provkey_authority_details {
    /// The header.
    pub header: provkey_header,
    /// Its id.
    pub id: *const c_char,
    /// Its hosts. New keys are for the first one unless they name another.
    pub hosts: *const *const c_char,
    /// The number of hosts.
    pub hosts_len: usize,
    /// Its SPIFFE trust domain.
    pub trust_domain: *const c_char,
    /// The certificate of its root, in PEM.
    pub root_pem: *const c_char,
    /// Until when the root is valid, in Unix milliseconds.
    pub root_not_after_ms: u64,
}

record!(provkey_authority_details, 0x706b_0108, Backing);

impl Describe<Authority> for provkey_authority_details {
    fn describe(header: provkey_header, authority: &Authority, backing: &mut Backing) -> Self {
        let hosts = authority.hosts();
        let hosts: Vec<_> = hosts.iter().map(Host::as_str).collect();
        let root = authority.root();
        Self {
            header,
            id: backing.text(authority.id().as_str()),
            hosts: backing.texts(&hosts),
            hosts_len: hosts.len(),
            trust_domain: backing.text(&authority.trust_domain()),
            root_pem: backing.text(&root.to_pem()),
            root_not_after_ms: root.not_after().unix_ms(),
        }
    }
}

impl From<core_authority::Error> for Failure {
    fn from(error: core_authority::Error) -> Self {
        match error {
            core_authority::Error::Store(error) => error.into(),
            error => Self::of(error.code(), error.retryable(), &error),
        }
    }
}

impl From<RejectedInput> for Failure {
    fn from(error: RejectedInput) -> Self {
        core_authority::Error::from(error).into()
    }
}

impl From<Refusal> for Failure {
    fn from(error: Refusal) -> Self {
        core_authority::Error::from(error).into()
    }
}

failures! { LeafUrlError }

/// Describes an authority.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_describe(
    authority: *const provkey_authority,
    details: *mut *mut provkey_authority_details,
    error: *mut *mut provkey_error,
) -> provkey_status {
    write(authority, (details, "details"), error, |authority| Ok(record::hand_out(authority)))
}

/// Frees the details of an authority. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_details_free(details: *mut provkey_authority_details) {
    handle::free(details);
}

/// Adds a host. Key texts for the other hosts stay valid. Other processes enroll and renew for the
/// new host at once. Until they do, their lists of hosts may lack it.
///
/// Errors: the `host_` codes, `too_many_hosts`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_add_host(
    authority: *const provkey_authority,
    host: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| {
        let host = Host::parse(text(host, "host")?)?;
        Ok(authority.add_host(&host)?)
    })
}

/// Makes a handle of the same authority that names `actor` in the audit records of its changes. It
/// is freed by itself; the first handle does not change.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_acting_as(
    authority: *const provkey_authority,
    actor: *const c_char,
    acting: *mut *mut provkey_authority,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((acting, "acting"), error, || {
        Ok(object(authority, "authority")?.acting_as(text(actor, "actor")?))
    })
}

/// Who acts through an authority, for the audit trail.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_actor {
    /// `sizeof(provkey_actor)`.
    pub struct_size: usize,
    /// A name. Longer ones than 256 bytes are cut. May be NULL.
    pub name: *const c_char,
    /// The id of the admin token that they used. May be NULL.
    pub admin_token: *const c_char,
    /// Their IP address. May be NULL.
    pub address: *const c_char,
}

plain!(provkey_actor);

/// Like `provkey_authority_acting_as`, and the audit records also name the actor's admin token and
/// address.
///
/// Errors: `admin_token_not_found` for a malformed id, `address_invalid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_acting_for(
    authority: *const provkey_authority,
    actor: *const provkey_actor,
    acting: *mut *mut provkey_authority,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((acting, "acting"), error, || {
        let opened = object(authority, "authority")?;
        let input = structure(actor, "actor")?;
        let actor = Actor::default()
            .name(optional_text(input.name, "name")?.map(Into::into))
            .admin_token(optional_id(input.admin_token, "admin_token")?)
            .address(optional_address(input.address)?);
        Ok(opened.acting_as(actor))
    })
}

/// Frees an authority. No call may be using it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_free(authority: *mut provkey_authority) {
    handle::free(authority);
}

/// Calls an authority for no output.
pub(crate) unsafe fn run(
    authority: *const provkey_authority,
    error: *mut *mut provkey_error,
    work: impl FnOnce(&Authority) -> Result<(), Failure>,
) -> provkey_status {
    call(error, || work(&object(authority, "authority")?.authority))
}

/// Calls an authority, and writes what that returns.
pub(crate) unsafe fn write<T>(
    authority: *const provkey_authority,
    output: (*mut T, &'static str),
    error: *mut *mut provkey_error,
    work: impl FnOnce(&Authority) -> Result<T, Failure>,
) -> provkey_status {
    call_for(output, error, || work(&object(authority, "authority")?.authority))
}

/// Calls an authority, and hands out the record of what that returns.
pub(crate) unsafe fn describe<T, R: Describe<T>>(
    authority: *const provkey_authority,
    output: (*mut *mut R, &'static str),
    error: *mut *mut provkey_error,
    work: impl FnOnce(&Authority) -> Result<T, Failure>,
) -> provkey_status {
    write(authority, output, error, |authority| Ok(record::hand_out(&work(authority)?)))
}

/// Asks an authority for a page of a listing, and hands it out.
pub(crate) unsafe fn list<T, P: PageRecord>(
    authority: *const provkey_authority,
    page: *const provkey_page_request,
    output: (*mut *mut P, &'static str),
    error: *mut *mut provkey_error,
    work: impl FnOnce(&Authority, &PageRequest) -> Result<Page<T>, Failure>,
) -> provkey_status
where
    P::Item: Describe<T>,
{
    write(authority, output, error, |authority| {
        Ok(page::hand_out(&work(authority, &page_request(page)?)?))
    })
}
