//! The orders of listings.

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
}

crate::text::named!(KeyOrder, "an order of provisioning keys");
