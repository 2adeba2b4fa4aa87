//! The constants of C, and the values that they stand for.

use crate::failure::Failure;

/// The constants of a type, each with its value.
pub(crate) type Constants<T> = [(u32, T)];

/// The constant for a value; `None` if this version of the header has none.
pub(crate) fn constant_for<T: PartialEq>(constants: &Constants<T>, value: &T) -> Option<u32> {
    constants.iter().find(|(_, known)| known == value).map(|(number, _)| *number)
}

/// The value of a constant that C passed as the argument or field `name`.
pub(crate) fn value_of<T: Copy>(
    constants: &Constants<T>,
    number: u32,
    name: &'static str,
) -> Result<T, Failure> {
    let found = constants.iter().find(|(known, _)| *known == number);
    found.map(|(_, value)| *value).ok_or_else(|| Failure::unknown(name))
}
