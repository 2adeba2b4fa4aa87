//! A durable provkey store in one SQLite file.
