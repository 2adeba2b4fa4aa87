//! The URLs in the certificates of connectors, as `cert create`, `request` and `import` take them.

use provkey::x509::{LeafUrl, LeafUrls};

use crate::failure::Failure;

#[derive(clap::Args)]
pub(super) struct UrlArgs {
    /// Where its CRL is: a URL in the certificates of connectors
    #[arg(long, value_name = "URL")]
    crl_url: Option<String>,
    /// Where its OCSP requests are answered: a URL in the certificates of connectors
    #[arg(long, value_name = "URL")]
    ocsp_url: Option<String>,
    /// Where its own certificate is: a URL in the certificates of connectors
    #[arg(long, value_name = "URL")]
    ca_issuers_url: Option<String>,
}

impl UrlArgs {
    pub(super) fn read(&self) -> Result<LeafUrls, Failure> {
        let read = |url: &Option<String>| url.as_deref().map(LeafUrl::parse).transpose();
        let (crl, ocsp) = (read(&self.crl_url)?, read(&self.ocsp_url)?);
        Ok(LeafUrls { crl, ocsp, ca_issuers: read(&self.ca_issuers_url)? })
    }
}
