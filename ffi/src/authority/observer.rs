//! Events that the application can observe.

use core::ffi::{c_char, c_void};
use core::net::IpAddr;
use std::sync::Arc;

use provkey::authority::{AdminTokenId, ConnectorId, Event, Observer};
use provkey::key::KeyId;

use crate::argument::{output, plain, structure};
use crate::backing::Backing;
use crate::call::call;
use crate::error::provkey_error;
use crate::handle::{self, opaque};
use crate::status::{PROVKEY_STATUS_OK, provkey_status, status_of};
use crate::user_data::{UserData, required};

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
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let callbacks = structure(callbacks, "callbacks")?;
            let observer = output(observer, "observer")?;
            let observe = required(callbacks.observe, "observe")?;
            let user_data = UserData::new(callbacks.user_data, callbacks.destroy);
            let callback_observer = Arc::new(CallbackObserver { user_data, observe });
            let handed = handle::hand_out::<provkey_observer>(callback_observer.clone());
            callback_observer.user_data.take();
            observer.set(handed);
            Ok(())
        })
    }
}

/// Frees an observer. Authorities that use it keep it alive. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_observer_free(observer: *mut provkey_observer) {
    // SAFETY: the rules of the header.
    unsafe { handle::free(observer) }
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

impl Observer for CallbackObserver {
    fn observe(&self, event: &Event) {
        let Some(parts) = parts(event) else { return };
        let mut backing = Backing::default();
        let address = parts.address.map(|address| address.to_string());
        let event = provkey_event {
            struct_size: size_of::<provkey_event>(),
            r#type: parts.r#type,
            status: parts.code.map_or(PROVKEY_STATUS_OK, status_of),
            code: backing.optional_text(parts.code),
            key: backing.optional_text(parts.key.as_ref().map(KeyId::as_str)),
            connector: backing.optional_text(parts.connector.as_ref().map(ConnectorId::as_str)),
            address: backing.optional_text(address.as_deref()),
            admin_token: backing
                .optional_text(parts.admin_token.as_ref().map(AdminTokenId::as_str)),
        };
        // SAFETY: the header states what a callback may do.
        unsafe { (self.observe)(self.user_data.pointer(), &raw const event) };
    }
}

/// `None`: an event that this version of the header does not know.
fn parts(event: &Event) -> Option<Parts<'_>> {
    let happened = |r#type, key, connector, address| Parts {
        r#type,
        code: None,
        key: Some(key),
        connector: Some(connector),
        address,
        admin_token: None,
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
        Event::Refused { code, key, address } => Parts {
            r#type: PROVKEY_EVENT_TYPE_REFUSED,
            code: Some(code),
            key,
            connector: None,
            address,
            admin_token: None,
        },
        Event::AdminTokenRefused { code, admin_token, address } => Parts {
            r#type: PROVKEY_EVENT_TYPE_ADMIN_TOKEN_REFUSED,
            code: Some(code),
            key: None,
            connector: None,
            address,
            admin_token,
        },
        Event::TallyLost { code } => Parts {
            r#type: PROVKEY_EVENT_TYPE_TALLY_LOST,
            code: Some(code),
            key: None,
            connector: None,
            address: None,
            admin_token: None,
        },
        _ => return None,
    })
}
