//! Which token, and which key in it.

use std::fmt;

/// Selects a token of a module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TokenSelector {
    /// The token's label.
    Label(String),
    /// The token's serial number. Each manufacturer assigns it once.
    Serial(String),
    /// The number of the slot that the token is in.
    Slot(u64),
}

impl fmt::Display for TokenSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(label) => write!(f, "label {label:?}"),
            Self::Serial(serial) => write!(f, "serial number {serial:?}"),
            Self::Slot(slot) => write!(f, "slot {slot}"),
        }
    }
}

/// Selects a key pair of a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeySelector {
    /// `CKA_LABEL` of the private key.
    Label(String),
    /// `CKA_ID`, which the private and the public key share.
    Id(Vec<u8>),
}

impl fmt::Display for KeySelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(label) => write!(f, "label {label:?}"),
            Self::Id(id) => {
                f.write_str("id ")?;
                id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}
