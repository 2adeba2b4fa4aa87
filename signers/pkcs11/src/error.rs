//! Why a token or a key in it cannot be used.

use std::path::PathBuf;

use cryptoki::error::{Error, RvError};
use provkey::process::UsedAfterFork;
use provkey::x509::{KeyAlgorithm, PublicKeyError, SignerError};

use crate::{KeySelector, TokenSelector};

/// Why a token or a key in it cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file is missing or is not a PKCS #11 module.
    #[error("the PKCS #11 module {} cannot be loaded: {reason}", path.display())]
    ModuleUnusable {
        /// The path of the module.
        path: PathBuf,
        /// The error of the dynamic loader.
        reason: String,
    },
    /// No slot of the module has this token.
    #[error("there is no token with the {0}")]
    NotFound(TokenSelector),
    /// Several tokens have this label.
    #[error("several tokens have the {0}; name one by its serial number or its slot")]
    Ambiguous(TokenSelector),
    /// The token rejects the PIN. The PIN is not tried again: a token locks after a few attempts.
    #[error("the token rejects the PIN; it is not tried again until the token is opened again")]
    PinWrong,
    /// The PIN was wrong too often. The security officer of the token can set a new one.
    #[error("the token's PIN is locked; its security officer can set a new one")]
    PinLocked,
    /// The token's PIN was never set, or has expired.
    #[error("the token has no valid PIN; set a new one")]
    PinNotSet,
    /// The label of a new key is empty or too long.
    #[error("the label of a key has 1 to {} bytes", crate::LABEL_BYTES_MAX)]
    LabelInvalid,
    /// Another key has the label of the new key.
    #[error("the token already has a key with this label")]
    KeyExists,
    /// The token lacks the private key or its public key.
    #[error("the token has no key pair with the {0}")]
    KeyNotFound(KeySelector),
    /// Several keys have this label or id.
    #[error("several keys of the token have the {0}")]
    KeyAmbiguous(KeySelector),
    /// The key is of a kind that does not sign certificates.
    #[error("the key is neither P-256, P-384, Ed25519 nor RSA")]
    KeyUnsupported,
    /// The public key is not accepted.
    #[error("the token's key is not accepted: {0}")]
    KeyRejected(#[source] PublicKeyError),
    /// The public key with the same id does not verify the signatures of the private key.
    #[error("the private key in the token does not belong to the public key")]
    KeyMismatch,
    /// The token generated a key that can be extracted. The key was destroyed.
    #[error("the private key could be extracted from the token, so it was destroyed")]
    KeyExposed,
    /// The token does not generate keys of this kind.
    #[error("the token does not support keys of the kind {}", .0.as_str())]
    AlgorithmUnsupported(KeyAlgorithm),
    /// No session became free in time, or the token opens no more of them.
    #[error("all sessions with the token are in use")]
    Busy,
    /// The token failed or is gone. Each call tries to connect again.
    #[error("the token cannot be reached: {0}")]
    Unavailable(String),
    /// The token refuses permanently.
    #[error("the token refuses: {0}")]
    Failed(String),
    /// The process was forked after it had loaded a module.
    #[error(
        "a PKCS #11 module was loaded before this process was forked: use tokens in the parent, or in a program that the child executes"
    )]
    UsedAfterFork,
}

impl From<UsedAfterFork> for TokenError {
    fn from(_: UsedAfterFork) -> Self {
        Self::UsedAfterFork
    }
}

impl TokenError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ModuleUnusable { .. } => "token_module_unusable",
            Self::NotFound(_) => "token_not_found",
            Self::Ambiguous(_) => "token_ambiguous",
            Self::PinWrong => "token_pin_wrong",
            Self::PinLocked => "token_pin_locked",
            Self::PinNotSet => "token_pin_not_set",
            Self::LabelInvalid => "token_label_invalid",
            Self::KeyExists => "token_key_exists",
            Self::KeyNotFound(_) => "token_key_not_found",
            Self::KeyAmbiguous(_) => "token_key_ambiguous",
            Self::KeyUnsupported => "token_key_unsupported",
            Self::KeyRejected(_) => "token_key_rejected",
            Self::KeyMismatch => "token_key_mismatch",
            Self::KeyExposed => "token_key_exposed",
            Self::AlgorithmUnsupported(_) => "token_algorithm_unsupported",
            Self::Busy => "token_busy",
            Self::Unavailable(_) => "token_unavailable",
            Self::Failed(_) => "token_failed",
            Self::UsedAfterFork => UsedAfterFork.code(),
        }
    }

    /// Whether the same call may succeed later by itself.
    pub const fn retryable(&self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable(_))
    }

    /// Whether a new session or a restart of the module may help.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self, Self::NotFound(_) | Self::Unavailable(_))
    }

    /// From the error of the module. Unless it is a permanent refusal, the token may be gone:
    /// modules report that in many ways.
    pub(crate) fn from_module(error: Error) -> Self {
        let Error::Pkcs11(code, function) = error else { return Self::Failed(error.to_string()) };
        // The name of the error can be looked up, unlike the sentence that goes with it.
        let answer = || format!("C_{function:?} answered {code:?}");
        match code {
            RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => Self::PinWrong,
            RvError::PinLocked => Self::PinLocked,
            RvError::PinExpired | RvError::UserPinNotInitialized => Self::PinNotSet,
            RvError::SessionCount => Self::Busy,
            RvError::ActionProhibited
            | RvError::ArgumentsBad
            | RvError::AttributeReadOnly
            | RvError::AttributeSensitive
            | RvError::AttributeTypeInvalid
            | RvError::AttributeValueInvalid
            | RvError::CurveNotSupported
            | RvError::DataInvalid
            | RvError::DataLenRange
            | RvError::DomainParamsInvalid
            | RvError::FunctionNotSupported
            | RvError::FunctionRejected
            | RvError::KeyFunctionNotPermitted
            | RvError::KeySizeRange
            | RvError::KeyTypeInconsistent
            | RvError::MechanismInvalid
            | RvError::MechanismParamInvalid
            | RvError::SessionReadOnly
            | RvError::TemplateIncomplete
            | RvError::TemplateInconsistent
            | RvError::TokenWriteProtected
            | RvError::UserAnotherAlreadyLoggedIn
            | RvError::UserTypeInvalid => Self::Failed(answer()),
            _ => Self::Unavailable(answer()),
        }
    }
}

/// The error of a signature by a key that was found before.
impl From<TokenError> for SignerError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Busy | TokenError::NotFound(_) => Self::Unavailable(error.to_string()),
            TokenError::Unavailable(reason) => Self::Unavailable(reason),
            TokenError::Failed(reason) => Self::Failed(reason),
            TokenError::KeyMismatch => Self::KeyMismatch,
            _ => Self::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    fn from_module(code: RvError) -> TokenError {
        TokenError::from_module(Error::Pkcs11(code, Function::Sign))
    }

    #[test]
    fn answers_of_a_module_are_told_apart() {
        let check = |code, expected, lost| {
            let error = from_module(code);
            assert_eq!((error.code(), error.is_lost()), (expected, lost), "{error}");
        };
        check(RvError::PinIncorrect, "token_pin_wrong", false);
        check(RvError::PinLocked, "token_pin_locked", false);
        check(RvError::PinExpired, "token_pin_not_set", false);
        check(RvError::UserPinNotInitialized, "token_pin_not_set", false);
        check(RvError::SessionCount, "token_busy", false);
        check(RvError::KeyFunctionNotPermitted, "token_failed", false);
        check(RvError::MechanismInvalid, "token_failed", false);
        for lost in [
            RvError::CryptokiNotInitialized,
            RvError::DeviceError,
            RvError::DeviceRemoved,
            RvError::FunctionFailed,
            RvError::GeneralError,
            RvError::KeyHandleInvalid,
            RvError::ObjectHandleInvalid,
            RvError::OperationActive,
            RvError::SessionClosed,
            RvError::SessionHandleInvalid,
            RvError::SlotIdInvalid,
            RvError::TokenNotPresent,
            RvError::TokenNotRecognized,
            RvError::UserNotLoggedIn,
            RvError::VendorDefined(0x8000_0001),
        ] {
            check(lost, "token_unavailable", true);
        }
    }

    #[test]
    fn an_answer_is_told_by_its_name() {
        let error = SignerError::from(from_module(RvError::DeviceRemoved));
        let sentence = "the signing key cannot be reached: C_Sign answered DeviceRemoved";
        assert_eq!(error.to_string(), sentence);
    }

    #[test]
    fn a_signer_may_be_asked_again_exactly_if_its_token_may_come_back() {
        let check = |error: TokenError, expected: &str| {
            let error = SignerError::from(error);
            assert_eq!(error.code(), expected, "{error}");
        };
        let label = || "ca".to_owned();
        check(from_module(RvError::DeviceRemoved), "signer_unavailable");
        check(from_module(RvError::SessionCount), "signer_unavailable");
        check(TokenError::NotFound(TokenSelector::Label(label())), "signer_unavailable");
        check(TokenError::Ambiguous(TokenSelector::Label(label())), "signer_failed");
        check(TokenError::KeyAmbiguous(KeySelector::Label(label())), "signer_failed");
        check(TokenError::PinWrong, "signer_failed");
        check(from_module(RvError::MechanismInvalid), "signer_failed");
        check(TokenError::KeyMismatch, "signer_key_mismatch");
    }
}
