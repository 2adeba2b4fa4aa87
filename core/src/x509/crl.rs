//! Certificate revocation lists (RFC 5280, 5): complete lists of version 2.

#[cfg(feature = "authority")]
use alloc::string::String;
use alloc::vec::Vec;

use super::extensions::KeyUsage;
use super::issue::sign_checked;
use super::lint::{Flaw, ensure};
use super::profile::{write_authority_key_id, write_extension, write_time};
use super::revocation::RevocationReason;
use super::signature::SignatureAlgorithm;
use super::signed::Signed;
use super::validity::read_time;
use super::{IssueError, Issuer, SerialNumber};
use crate::ParseError;
use crate::der::writer::{nested, primitive};
use crate::der::{Malformed, Reader, oid, pem, tag};
use crate::time::Timestamp;

/// RFC 7468, 6.
const PEM_LABEL: &str = "X509 CRL";

/// A revoked certificate on a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// Its serial number.
    pub serial: SerialNumber,
    /// When it was revoked; rounded down to a second on the list.
    pub revoked_at: Timestamp,
    /// Why it was revoked.
    pub reason: RevocationReason,
}

/// The parameters of a CRL.
#[derive(Clone, Copy, Debug)]
pub struct CrlParameters<'a> {
    /// The CRL number, higher than in all earlier lists.
    pub number: u64,
    /// The time as of which the list is complete; rounded down to a second.
    pub this_update: Timestamp,
    /// The time by which the next list is published; rounded down to a second.
    pub next_update: Timestamp,
    /// The revoked certificates.
    pub revoked: &'a [RevokedCertificate],
}

/// Makes a CRL of an issuer's revoked certificates, signed by the issuer.
///
/// # Errors
/// `issuer_not_allowed` if the issuer's key usage has no cRLSign; `signer_bad_signature`,
/// `certificate_flawed`, and those of the signer.
pub fn issue_crl(issuer: &Issuer, parameters: &CrlParameters<'_>) -> Result<Vec<u8>, IssueError> {
    let usage = issuer.certificate().key_usage();
    if !usage.is_none_or(|usage| usage.contains(KeyUsage::CRL_SIGN)) {
        return Err(IssueError::NotAnIssuer);
    }
    let tbs = write_tbs(issuer, parameters);
    lint(&tbs, issuer, parameters).map_err(IssueError::Flawed)?;
    sign_checked(issuer, tbs)
}

/// The PEM of a CRL.
#[cfg(feature = "authority")]
pub(crate) fn crl_to_pem(der: &[u8]) -> String {
    pem::encode(PEM_LABEL, der)
}

/// RFC 5280, 5.1.2.
fn write_tbs(issuer: &Issuer, parameters: &CrlParameters<'_>) -> Vec<u8> {
    let CrlParameters { number, this_update, next_update, revoked } = *parameters;
    let mut out = Vec::with_capacity(512 + 64 * revoked.len());
    nested(&mut out, tag::SEQUENCE, |out| {
        // Version 2 is the value 1.
        primitive(out, tag::INTEGER, &[1]);
        out.extend_from_slice(issuer.head());
        write_time(out, this_update);
        write_time(out, next_update);
        // RFC 5280, 5.1.2.6: left out if it is empty.
        if !revoked.is_empty() {
            nested(out, tag::SEQUENCE, |out| revoked.iter().for_each(|one| write_entry(out, one)));
        }
        nested(out, tag::context(0), |out| {
            nested(out, tag::SEQUENCE, |out| {
                write_authority_key_id(out, issuer.key_id());
                // RFC 5280, 5.2.3.
                write_extension(out, oid::CRL_NUMBER, false, |out| write_unsigned(out, number));
            });
        });
    });
    out
}

fn write_entry(out: &mut Vec<u8>, one: &RevokedCertificate) {
    nested(out, tag::SEQUENCE, |out| {
        primitive(out, tag::INTEGER, one.serial.as_bytes());
        write_time(out, one.revoked_at);
        // RFC 5280, 5.3.1: the reason `unspecified` is left out.
        if let Some(number) = one.reason.number() {
            nested(out, tag::SEQUENCE, |out| {
                write_extension(out, oid::REASON_CODE, false, |out| {
                    primitive(out, tag::ENUMERATED, &[number]);
                });
            });
        }
    });
}

fn write_unsigned(out: &mut Vec<u8>, number: u64) {
    let bytes = number.to_be_bytes();
    let zeros = (number.leading_zeros() as usize / 8).min(7);
    nested(out, tag::INTEGER, |out| {
        // X.690, 8.3.2: a leading zero keeps the sign bit clear.
        if bytes[zeros] >= 0x80 {
            out.push(0);
        }
        out.extend_from_slice(&bytes[zeros..]);
    });
}

/// Parses a list that is about to be signed, and compares it with its parameters.
fn lint(tbs: &[u8], issuer: &Issuer, parameters: &CrlParameters<'_>) -> Result<(), Flaw> {
    let list = RevocationList::read(tbs).map_err(|Malformed| Flaw::Encoding)?;
    let whole = |moment: Timestamp| Timestamp::from_unix_seconds(moment.unix_seconds());
    ensure(list.issuer == issuer.certificate().subject(), Flaw::Issuer)?;
    ensure(list.authority_key_id == issuer.key_id(), Flaw::AuthorityKeyId)?;
    ensure(list.number == parameters.number, Flaw::CrlNumber)?;
    let (this, next) = (whole(parameters.this_update), whole(parameters.next_update));
    let times = (list.this_update, list.next_update) == (this, next) && this < next;
    ensure(times, Flaw::Validity)?;
    let asked = parameters.revoked.iter();
    let asked = asked.map(|one| RevokedCertificate { revoked_at: whole(one.revoked_at), ..*one });
    ensure(list.revoked.iter().copied().eq(asked), Flaw::Revoked)
}

/// A parsed CRL, of the form that [`issue_crl`] makes. Its signature is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationList {
    /// The name of its issuer, in DER.
    pub issuer: Vec<u8>,
    /// The identifier of its issuer's key.
    pub authority_key_id: Vec<u8>,
    /// Its number.
    pub number: u64,
    /// The time as of which it is complete.
    pub this_update: Timestamp,
    /// The time by which the next list is published.
    pub next_update: Timestamp,
    /// The revoked certificates.
    pub revoked: Vec<RevokedCertificate>,
}

impl RevocationList {
    /// Parses a CRL in DER or PEM.
    ///
    /// # Errors
    /// `text_malformed` if it does not have the form that [`issue_crl`] makes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        Self::parse_der_or_pem(bytes).ok_or(ParseError::new("a CRL of a provkey authority"))
    }

    fn parse_der_or_pem(bytes: &[u8]) -> Option<Self> {
        if pem::is_der(bytes) {
            return Self::read(&Signed::read(bytes).ok()?.tbs).ok();
        }
        let block = pem::Blocks::new(bytes).find(|block| block.label == PEM_LABEL.as_bytes())?;
        Self::read(&Signed::read(&block.decode()?).ok()?.tbs).ok()
    }

    fn read(tbs: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::within(tbs, tag::SEQUENCE)?;
        if fields.small()? != 1 {
            return Err(Malformed);
        }
        SignatureAlgorithm::read(fields.value(tag::SEQUENCE)?).map_err(|_| Malformed)?;
        let issuer = fields.value(tag::SEQUENCE)?.to_vec();
        let (this_update, next_update) = (read_time(&mut fields)?, read_time(&mut fields)?);
        let mut revoked = Vec::new();
        if fields.is_next(tag::SEQUENCE) {
            let mut entries = fields.enter(tag::SEQUENCE)?;
            while !entries.is_at_end() {
                revoked.push(read_entry(entries.enter(tag::SEQUENCE)?)?);
            }
        }
        let mut extensions = Reader::within(fields.contents(tag::context(0))?, tag::SEQUENCE)?;
        fields.end()?;
        let key_id = read_extension(&mut extensions, oid::AUTHORITY_KEY_IDENTIFIER)?;
        let mut key_id = Reader::within(key_id, tag::SEQUENCE)?;
        let authority_key_id = key_id.contents(tag::context_primitive(0))?.to_vec();
        key_id.end()?;
        let mut number = Reader::new(read_extension(&mut extensions, oid::CRL_NUMBER)?);
        let bytes = number.unsigned()?;
        number.end()?;
        extensions.end()?;
        if bytes.len() > 8 {
            return Err(Malformed);
        }
        let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Ok(Self { issuer, authority_key_id, number, this_update, next_update, revoked })
    }
}

fn read_entry(mut fields: Reader<'_>) -> Result<RevokedCertificate, Malformed> {
    let serial = SerialNumber::from_bytes(fields.unsigned()?).ok_or(Malformed)?;
    let revoked_at = read_time(&mut fields)?;
    let mut reason = RevocationReason::Unspecified;
    if fields.is_next(tag::SEQUENCE) {
        let mut extensions = fields.enter(tag::SEQUENCE)?;
        let value = read_extension(&mut extensions, oid::REASON_CODE)?;
        extensions.end()?;
        reason = match *Reader::only(value, tag::ENUMERATED)? {
            [number] => RevocationReason::ALL
                .into_iter()
                .find(|reason| reason.number() == Some(number))
                .ok_or(Malformed)?,
            _ => return Err(Malformed),
        };
    }
    fields.end()?;
    Ok(RevokedCertificate { serial, revoked_at, reason })
}

/// Reads a non-critical extension with this object identifier. Returns its value.
fn read_extension<'a>(extensions: &mut Reader<'a>, oid: &[u8]) -> Result<&'a [u8], Malformed> {
    let mut extension = extensions.enter(tag::SEQUENCE)?;
    if extension.contents(tag::OBJECT_IDENTIFIER)? != oid {
        return Err(Malformed);
    }
    let value = extension.contents(tag::OCTET_STRING)?;
    extension.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests;
