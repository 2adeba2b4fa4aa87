//! Events that the application can observe.

use core::ffi::{c_char, c_void};
use core::net::IpAddr;
use std::sync::Arc;

use provkey::authority::{AdminTokenId, ConnectorId, Event, Observer};
use provkey::key::KeyId;

use crate::argument::{plain, structure};
use crate::backing::Backing;
use crate::call::call_for;
use crate::error::provkey_error;
use crate::handle::{self, opaque};
use crate::status::{PROVKEY_STATUS_OK, provkey_status, status_of};
use crate::user_data::{self, UserData, required};

/// An observer of an authority's events.
pub struct provkey_observer {
    _opaque: [u8; 0],
}

opaque!(provkey_observer, 0x706b_0105, Arc<dyn Observer>);

/// The type of an event.
pub type provkey_event_type = u32;

/// A connector enrolled, at the cost of one use.
pub const PROVKEY_EVENT_TYPE_ENROLLED: provkey_event_type = 1;
/// A connector asked again and received its certificate again, at no use.
pub const PROVKEY_EVENT_TYPE_REPLAYED: provkey_event_type = 2;
/// A connector renewed its certificate.
pub const PROVKEY_EVENT_TYPE_RENEWED: provkey_event_type = 3;
/// An enrollment or a renewal was refused or failed. Without a `key`, none was proven.
pub const PROVKEY_EVENT_TYPE_REFUSED: provkey_event_type = 4;
/// A count of refusals or replays could not be stored. Nothing else is affected.
pub const PROVKEY_EVENT_TYPE_TALLY_LOST: provkey_event_type = 5;
/// An admin token was refused. This is not in the audit trail.
pub const PROVKEY_EVENT_TYPE_ADMIN_TOKEN_REFUSED: provkey_event_type = 6;

/// An event. Holds no secret. What it points to is valid until the observer returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_event {
    /// `sizeof(provkey_event)` of this library.
    pub struct_size: usize,
    /// The type of an event.
    pub r#type: provkey_event_type,
    /// The reason, for `REFUSED`, `TALLY_LOST` and `ADMIN_TOKEN_REFUSED`; otherwise
    /// `PROVKEY_STATUS_OK`.
    pub status: provkey_status,
    /// The code of that status. NULL if there is none.
    pub code: *const c_char,
    /// The id of the provisioning key. May be NULL.
    pub key: *const c_char,
    /// The id of the connector. May be NULL.
    pub connector: *const c_char,
    /// The IP address, if the application passed one. May be NULL.
    pub address: *const c_char,
    /// The id of the admin token, if its text was well-formed. May be NULL.
    pub admin_token: *const c_char,
}

/// The callbacks of an observer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_observer_callbacks {
    /// `sizeof(provkey_observer_callbacks)`.
    pub struct_size: usize,
    /// The first argument of each callback.
    pub user_data: *mut c_void,
    /// Called once, after the last callback. May be NULL.
    pub destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Called for each event, on the thread that caused it. Must be quick, and must not call the
    /// authority.
    pub observe: Option<unsafe extern "C" fn(user_data: *mut c_void, event: *const provkey_event)>,
}

plain!(provkey_observer_callbacks);

/// Makes an observer from callbacks. Freed with `provkey_observer_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_observer_new(
    callbacks: *const provkey_observer_callbacks,
    observer: *mut *mut provkey_observer,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((observer, "observer"), error, || {
        let callbacks = structure(callbacks, "callbacks")?;
        let observe = required(callbacks.observe, "observe")?;
        let (pointer, destroy) = (callbacks.user_data, callbacks.destroy);
        Ok(user_data::hand_out::<provkey_observer>(pointer, destroy, |user_data| {
            Arc::new(CallbackObserver { user_data, observe })
        }))
    })
}

/// Frees an observer. Authorities that use it keep it alive. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_observer_free(observer: *mut provkey_observer) {
    handle::free(observer);
}

struct CallbackObserver {
    user_data: UserData,
    observe: unsafe extern "C" fn(*mut c_void, *const provkey_event),
}

/// The parts of an event.
struct Parts<'a> {
    r#type: provkey_event_type,
    code: Option<&'a str>,
    key: Option<KeyId>,
    connector: Option<ConnectorId>,
    address: Option<IpAddr>,
    admin_token: Option<AdminTokenId>,
}

impl<'a> Parts<'a> {
    const fn of(r#type: provkey_event_type, code: Option<&'a str>) -> Self {
        Self { r#type, code, key: None, connector: None, address: None, admin_token: None }
    }
}

impl Observer for CallbackObserver {
    fn observe(&self, event: &Event) {
        let Some(parts) = parts(event) else { return };
        let mut backing = Backing::default();
        let event = provkey_event {
            struct_size: size_of::<provkey_event>(),
            r#type: parts.r#type,
            status: parts.code.map_or(PROVKEY_STATUS_OK, status_of),
            code: backing.optional_text(parts.code),
            key: backing.optional_text(parts.key),
            connector: backing.optional_text(parts.connector),
            address: backing.optional_text(parts.address),
            admin_token: backing.optional_text(parts.admin_token),
        };
        // SAFETY: the header states what a callback may do.
        unsafe { (self.observe)(self.user_data.pointer(), &raw const event) };
    }
}

/// `None`: an event that this version of the header does not know.
fn parts(event: &Event) -> Option<Parts<'_>> {
    let happened = |r#type, key, connector, address| Parts {
        key: Some(key),
        connector: Some(connector),
        address,
        ..Parts::of(r#type, None)
    };
    Some(match *event {
        Event::Enrolled { key, connector, address } => {
            happened(PROVKEY_EVENT_TYPE_ENROLLED, key, connector, address)
        }
        Event::Replayed { key, connector, address } => {
            happened(PROVKEY_EVENT_TYPE_REPLAYED, key, connector, address)
        }
        Event::Renewed { key, connector, address } => {
            happened(PROVKEY_EVENT_TYPE_RENEWED, key, connector, address)
        }
        Event::Refused { code, key, address } => {
            Parts { key, address, ..Parts::of(PROVKEY_EVENT_TYPE_REFUSED, Some(code)) }
        }
        Event::AdminTokenRefused { code, admin_token, address } => {
            let refused = Parts::of(PROVKEY_EVENT_TYPE_ADMIN_TOKEN_REFUSED, Some(code));
            Parts { admin_token, address, ..refused }
        }
        Event::TallyLost { code } => Parts::of(PROVKEY_EVENT_TYPE_TALLY_LOST, Some(code)),
        _ => return None,
    })
}
