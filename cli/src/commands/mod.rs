//! One module per subcommand, named as on the command line: its arguments, and what it does.

pub(crate) mod admin_token;
pub(crate) mod audit;
pub(crate) mod cert;
pub(crate) mod connector;
pub(crate) mod crl;
pub(crate) mod demo;
pub(crate) mod enroll;
pub(crate) mod group;
pub(crate) mod identity;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod key;
pub(crate) mod master;
pub(crate) mod query;
pub(crate) mod root;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod store;
