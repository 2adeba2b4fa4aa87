//! The command provkey.
