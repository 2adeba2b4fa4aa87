//! One form for the errors of this crate.

/// Defines an error, or a family of errors, whose code and sentence stand at each variant.
///
/// ```text
/// error_family! {
///     /// Why a record was not written.
///     #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
///     pub enum WriteError {
///         /// The disk is full.
///         #[error("the disk is full")]
///         Full => "full",
///         /// Another process locks the record.
///         #[error("process {pid} locks the record")]
///         Locked { pid: u32 } => "locked" (retryable = true),
///         /// The record is too large.
///         #[error(transparent)]
///         Size(#[from] SizeError) => error,
///     }
/// }
/// ```
///
/// The type gets `code()` and `retryable()`, and the documentation of each variant ends with its
/// code. `=> error` takes both from the error inside. A family without fields also gets `ALL`.
/// `pub struct Name => "code";` defines an error with one reason.
macro_rules! error_family {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident => $code:literal $((retryable = $retryable:literal))?,
            )+
        }
    ) => {
        $crate::error_family::error_family! { @define
            $(#[$meta])*
            $vis enum $name {
                $($(#[$variant_meta])* $variant => $code $((retryable = $retryable))?,)+
            }
        }

        impl $name {
            /// All of them.
            $vis const ALL: &[Self] = &[$(Self::$variant),+];
        }
    };
    ($(#[$meta:meta])* $vis:vis enum $($rest:tt)+) => {
        $crate::error_family::error_family! { @define $(#[$meta])* $vis enum $($rest)+ }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(($($fields:tt)+))?
            => $code:literal $((retryable = $retryable:literal))?;
    ) => {
        $(#[$meta])*
        #[doc = concat!("\n\nCode `", $code, "`.")]
        $vis struct $name $(($($fields)+))?;

        impl $name {
            /// The stable code, the same in every language.
            $vis const fn code(&self) -> &'static str {
                $code
            }

            /// Whether the same call may succeed later, by itself.
            $vis const fn retryable(&self) -> bool {
                false $(|| $retryable)?
            }
        }
    };
    (@define
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident $(($($tuple:tt)+))? $({ $($fields:tt)+ })?
                    => $($code:literal)? $($inner:ident)? $((retryable = $retryable:literal))?,
            )+
        }
    ) => {
        $(#[$meta])*
        $vis enum $name {
            $(
                $(#[$variant_meta])*
                $(#[doc = concat!("\n\nCode `", $code, "`.")])?
                $(#[doc = concat!("\n\nThe code is that of the ", stringify!($inner), " inside.")])?
                $variant $(($($tuple)+))? $({ $($fields)+ })?,
            )+
        }

        impl $name {
            /// The stable code, the same in every language, over HTTP and in the audit trail.
            $vis const fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant { $(0: $inner,)? .. } => { $($code)? $($inner.code())? })+
                }
            }

            /// Whether the same call may succeed later, by itself.
            $vis const fn retryable(&self) -> bool {
                match self {
                    $(Self::$variant { $(0: $inner,)? .. } => {
                        false $(|| $retryable)? $(|| $inner.retryable())?
                    })+
                }
            }
        }
    };
}
pub(crate) use error_family;
