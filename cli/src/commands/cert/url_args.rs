//! The options of `cert create`, `request` and `import` for the URLs in connectors' certificates.

use provkey::x509::{LeafUrl, LeafUrls};

use crate::failure::Failure;

#[derive(clap::Args)]
pub(super) struct UrlArgs {
    /// The URL of the CRL, which connectors' certificates then contain
    #[arg(long, value_name = "URL")]
    crl_url: Option<String>,
    /// The URL of the OCSP responder, which connectors' certificates then contain
    #[arg(long, value_name = "URL")]
    ocsp_url: Option<String>,
    /// The URL of this certificate, which connectors' certificates then contain
    #[arg(long, value_name = "URL")]
    ca_issuers_url: Option<String>,
}

impl UrlArgs {
    pub(super) fn read(&self) -> Result<LeafUrls, Failure> {
        let read = |url: &Option<String>| url.as_deref().map(LeafUrl::parse).transpose();
        let (crl, ocsp) = (read(&self.crl_url)?, read(&self.ocsp_url)?);
        Ok(LeafUrls::default().crl(crl).ocsp(ocsp).ca_issuers(read(&self.ca_issuers_url)?))
    }
}
