//! The orders of listings.

use core::fmt;

/// The order of provisioning keys in a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyOrder {
    /// By name, letter case ignored.
    #[default]
    Name,
    /// By the moment of creation.
    Created,
}

impl KeyOrder {
    /// Every order.
    pub const ALL: [Self; 2] = [Self::Name, Self::Created];

    /// `name` or `created`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Created => "created",
        }
    }

    /// The order of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == name)
    }
}

impl fmt::Display for KeyOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

crate::text::from_str!(KeyOrder, "an order of provisioning keys", KeyOrder::parse);
crate::text::serde_as_text!(KeyOrder);
