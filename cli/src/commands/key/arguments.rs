//! Arguments that several `key` commands share.

use provkey::authority::{AddressRange, RejectedInput};
use provkey::key::KeyId;

use crate::failure::Failure;

#[derive(clap::Args)]
pub(crate) struct KeyArg {
    /// The id of the key
    #[arg(value_name = "ID")]
    id: String,
}

impl KeyArg {
    pub(super) fn id(&self) -> Result<KeyId, Failure> {
        Ok(KeyId::parse(&self.id)?)
    }
}

/// Reads address ranges.
pub(super) fn parse_ranges(texts: &[String]) -> Result<Vec<AddressRange>, RejectedInput> {
    texts.iter().map(|text| AddressRange::parse(text)).collect()
}
