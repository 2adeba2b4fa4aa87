//! The connector: an identity, its request, and what it accepts as an answer.
