//! Values that have one text: [`FromStr`](core::str::FromStr) reads what `Display` writes, and
//! serde uses the same text.

use crate::error_family::error_family;

error_family! {
    /// A text is not what it should be, for example not a group's id.
    ///
    /// ```
    /// use provkey::ParseError;
    /// use provkey::x509::KeyAlgorithm;
    ///
    /// assert_eq!("p256".parse(), Ok(KeyAlgorithm::EcdsaP256));
    /// let error: ParseError = "p512".parse::<KeyAlgorithm>().unwrap_err();
    /// assert_eq!(error.to_string(), "this is not a key algorithm");
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("this is not {0}")]
    pub struct ParseError(&'static str) => "text_malformed";
}

impl ParseError {
    /// The error of a text that is not `expected`, for example `a key algorithm`.
    pub(crate) const fn new(expected: &'static str) -> Self {
        Self(expected)
    }
}

/// Implements `FromStr` with the type's `parse`.
macro_rules! from_str {
    ($type:ty, $error:ty) => {
        impl core::str::FromStr for $type {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
    };
}
pub(crate) use from_str;

/// Implements `parse`, `FromStr`, `Display` and serde for an enumeration that has `ALL` and
/// `as_str`.
macro_rules! named {
    ($type:ty, $expected:literal) => {
        impl $type {
            #[doc = concat!("Parses the name of ", $expected, "; see [`as_str`](Self::as_str).")]
            ///
            /// # Errors
            /// `text_malformed` for any other text.
            pub fn parse(name: &str) -> Result<Self, $crate::ParseError> {
                let found = Self::ALL.iter().find(|one| one.as_str() == name);
                found.copied().ok_or($crate::ParseError::new($expected))
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        $crate::text::from_str!($type, $crate::ParseError);
        #[cfg(feature = "authority")]
        $crate::text::serde_as_text!($type);
    };
}
pub(crate) use named;

/// Implements `Serialize` with `Display` and `Deserialize` with `FromStr`.
#[cfg(feature = "authority")]
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = alloc::string::String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

#[cfg(feature = "authority")]
pub(crate) use serde_as_text;
