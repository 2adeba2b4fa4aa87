//! Builder methods for structs that may get more fields.

/// Implements for each field a method of its name that sets it. One of an `Option` takes the
/// value, `None`, or an `Option`.
macro_rules! setters {
    ($type:ty { $($fields:tt)* }) => {
        impl $type {
            $crate::setters::setters!(@ $($fields)*);
        }
    };
    (@) => {};
    (@ $field:ident: Option<$value:ty>, $($rest:tt)*) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](#structfield.", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, $field: impl Into<Option<$value>>) -> Self {
            self.$field = $field.into();
            self
        }

        $crate::setters::setters!(@ $($rest)*);
    };
    (@ $field:ident: $value:ty, $($rest:tt)*) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](#structfield.", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, $field: $value) -> Self {
            self.$field = $field;
            self
        }

        $crate::setters::setters!(@ $($rest)*);
    };
}
pub(crate) use setters;
