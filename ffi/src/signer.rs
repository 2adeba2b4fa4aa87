//! Private keys outside of the library: in a secure element, a TPM, a keystore, an HSM.

use core::ffi::c_void;
use std::sync::Arc;

use provkey::x509::{PublicKey, Signer, SignerError};

use crate::argument::{buffer, plain, structure};
use crate::call::call_for;
use crate::error::provkey_error;
use crate::handle::{self, opaque};
use crate::sink::{Sink, provkey_bytes_sink};
use crate::status::{PROVKEY_STATUS_OK, PROVKEY_STATUS_SIGNER_UNAVAILABLE, provkey_status};
use crate::user_data::{self, UserData, required};

/// A private key outside of the library, which signs through a callback.
pub struct provkey_signer {
    _opaque: [u8; 0],
}

opaque!(provkey_signer, 0x706b_0005, Arc<dyn Signer>, of_its_process);

/// The callbacks of a private key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_signer_callbacks {
    /// `sizeof(provkey_signer_callbacks)`.
    pub struct_size: usize,
    /// The first argument of each callback.
    pub user_data: *mut c_void,
    /// Called once, after the last callback. May be NULL.
    pub destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Signs `message` and writes the signature to the sink: P-256 with SHA-256 and P-384 with
    /// SHA-384 as the DER of ECDSA-Sig-Value (RFC 3279, 2.2.3); Ed25519 and RSA PKCS #1 v1.5 with
    /// SHA-256 as plain bytes. Returns `PROVKEY_STATUS_OK`, or `PROVKEY_STATUS_SIGNER_UNAVAILABLE`
    /// if the key is out of reach for now. Any other status: signing failed.
    pub sign: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            message: *const u8,
            message_len: usize,
            signature: *mut provkey_bytes_sink,
        ) -> provkey_status,
    >,
}

plain!(provkey_signer_callbacks);

/// Makes a signer from callbacks and its public key, a SubjectPublicKeyInfo in DER, which
/// determines the signature algorithm. Freed with `provkey_signer_free`.
///
/// Errors: `public_key_malformed`, `public_key_unsupported`, the `weak_key_` codes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_signer_new(
    callbacks: *const provkey_signer_callbacks,
    public_key: *const u8,
    public_key_len: usize,
    signer: *mut *mut provkey_signer,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((signer, "signer"), error, || {
        let callbacks = structure(callbacks, "callbacks")?;
        let public_key = buffer(public_key, public_key_len, "public_key")?;
        let sign = required(callbacks.sign, "sign")?;
        let public_key = PublicKey::from_spki(public_key)?;
        let (pointer, destroy) = (callbacks.user_data, callbacks.destroy);
        Ok(user_data::hand_out::<provkey_signer>(pointer, destroy, |user_data| {
            Arc::new(CallbackSigner { user_data, public_key, sign })
        }))
    })
}

/// Frees a signer. Objects that use it keep it alive. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_signer_free(signer: *mut provkey_signer) {
    handle::free(signer);
}

struct CallbackSigner {
    user_data: UserData,
    public_key: PublicKey,
    sign: unsafe extern "C" fn(
        *mut c_void,
        *const u8,
        usize,
        *mut provkey_bytes_sink,
    ) -> provkey_status,
}

impl Signer for CallbackSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let mut sink = Sink::<provkey_bytes_sink>::new(Vec::new());
        // SAFETY: the header states what a callback may do.
        let status = unsafe {
            let user_data = self.user_data.pointer();
            (self.sign)(user_data, message.as_ptr(), message.len(), sink.as_pointer())
        };
        match (status, sink.into_value()) {
            (PROVKEY_STATUS_OK, signature) if !signature.is_empty() => Ok(signature),
            (PROVKEY_STATUS_OK, _) => {
                Err(SignerError::Failed("the callback wrote no signature".into()))
            }
            (PROVKEY_STATUS_SIGNER_UNAVAILABLE, _) => {
                Err(SignerError::Unavailable("the key is out of reach for now".into()))
            }
            (status, _) => {
                let code = crate::status::code_of(status).map_or(status.to_string(), Into::into);
                Err(SignerError::Failed(format!("the callback returned {code}")))
            }
        }
    }
}
