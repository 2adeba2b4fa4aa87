//! Accepts the answer to a request.

use core::time::Duration;

use super::identity::{Enrolled, Renewal};
use super::{Error, Identity, KeyReference, ShownCertificate};
use crate::time::Timestamp;
use crate::x509::{Certificate, Chain, ChainError, ChainUse, PublicKey};

/// What the connector learns from an accepted answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// The time to continue with: the clock's, or `not_before` if the clock is behind it.
    pub now: Timestamp,
    /// By how much the clock is behind, at least; `None` if it is not. The certificate's key was
    /// generated here, so the real time is past `not_before`. Only the authority's clock is
    /// trusted for this.
    pub clock_behind: Option<Duration>,
    /// From when the certificate is valid.
    pub not_before: Timestamp,
    /// Until when the certificate and its issuers are valid.
    pub not_after: Timestamp,
}

/// # Accepting the answer
impl Identity {
    /// Accepts an answer in PEM: the certificate for this identity, its issuers and the root, in
    /// any order and with any text around them. `now` is the time of the machine's clock. The
    /// answer to a renewal also replaces the key pair, if the renewal was for a new one.
    ///
    /// Only the root that the provisioning key pins is trusted. If anything is wrong, the identity
    /// is unchanged and keeps its certificate.
    ///
    /// # Errors
    /// `answer_without_request`, `answer_for_another_key`, `clock_ahead`, any
    /// [`CertificateError`](crate::x509::CertificateError), any [`ChainError`].
    pub fn accept(&mut self, answer: &[u8], now: Timestamp) -> Result<Accepted, Error> {
        self.accept_certificates(&Certificate::parse_all(answer)?, now)
    }

    /// Like [`accept`](Self::accept), for parsed certificates.
    ///
    /// # Errors
    /// `answer_without_request`, `answer_for_another_key`, `clock_ahead`, any [`ChainError`].
    pub fn accept_certificates(
        &mut self,
        certificates: &[Certificate],
        now: Timestamp,
    ) -> Result<Accepted, Error> {
        let renewed = self.renewed_with().map(|with| {
            let new = self.renewal.as_ref().and_then(Renewal::new_key_pair);
            let key_pair = new.unwrap_or(&self.key_pair);
            check(certificates, key_pair.public_key(), with, now)
        });
        let enrolled = || {
            let with = self.asked.as_ref().ok_or(Error::AnswerWithoutRequest)?;
            check(certificates, self.public_key(), with, now)
        };
        let (enrolled, accepted) = match renewed {
            Some(Ok(renewed)) => {
                if let Some(Renewal::NewKey(new)) = self.renewal.take() {
                    self.key_pair = *new;
                }
                renewed
            }
            // It may be the answer to an earlier request, with another provisioning key.
            Some(Err(error)) => enrolled().map_err(|other| match error {
                Error::AnswerForAnotherKey => other,
                error => error,
            })?,
            None => enrolled()?,
        };
        self.enrolled = Some(enrolled);
        Ok(accepted)
    }

    /// The key to check the answer to a pending renewal with, if there is one.
    fn renewed_with(&self) -> Option<&KeyReference> {
        self.renewal.as_ref().and(self.enrolled_with())
    }
}

/// Checks that an answer contains a chain from this public key to the pinned root.
fn check(
    certificates: &[Certificate],
    public_key: &PublicKey,
    with: &KeyReference,
    now: Timestamp,
) -> Result<(Enrolled, Accepted), Error> {
    let is_anchor = |spki: &[u8]| with.pin().matches_spki(spki);
    let chain = Chain::build(certificates, public_key.spki(), ChainUse::ClientAuth, is_anchor)
        .map_err(|error| match (error, certificates) {
            (ChainError::UntrustedRoot, [first, ..]) => {
                Error::AnswerUntrusted(ShownCertificate::of(first))
            }
            (error, _) => error.into(),
        })?;
    let accepted = check_clock(&chain, now)?;
    Ok((Enrolled { with: with.clone(), chain }, accepted))
}

/// Checks a chain against the clock. The leaf's key was generated here before the leaf was issued,
/// so its `not_before` is past, whatever the clock says.
fn check_clock(chain: &Chain, clock: Timestamp) -> Result<Accepted, Error> {
    let leaf = chain.leaf();
    let not_before = leaf.not_before();
    let now = clock.max(not_before);
    chain.check_time(now).map_err(|error| match error {
        ChainError::Expired { .. } if clock > leaf.not_after() => {
            Error::ClockAhead { now: clock, not_after: leaf.not_after() }
        }
        error => error.into(),
    })?;
    let behind = not_before.unix_ms().saturating_sub(clock.unix_ms());
    Ok(Accepted {
        now,
        clock_behind: (behind > 0).then(|| Duration::from_millis(behind)),
        not_before,
        not_after: chain.not_after(),
    })
}
