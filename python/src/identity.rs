//! A connector's identity.

use provkey::connector::{Accepted, Error, Identity as CoreIdentity, KeyReference, RenewalKey};
use provkey::random::SystemRandom;
use provkey::x509::{Certificate as CoreCertificate, Pkcs8};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::convert::{Algorithm, Certificates, Moment, Source, or_now};
use crate::errors::OrRaise;
use crate::fingerprint::Fingerprint;
use crate::objects::{member, new_object};
use crate::owned::{Misuse, Owned};
use crate::provisioning_key::ProvisioningKey;
use crate::request::Request;
use crate::secrets::cannot_be_pickled;
use crate::signer::SignerArgument;

/// A connector's key pair, and its certificate once it has one.
///
/// The steps are `generate`, `request`, save, the authority's answer, `accept`, save. Save the
/// identity *before* you send the request: the same identity gets the same certificate again for
/// free, and a lost identity costs another use. No request contains the private key. An identity
/// does not print its key and cannot be pickled: store what `seal` or `to_bytes` returns.
#[pyclass(frozen, module = "provkey")]
pub(crate) struct Identity {
    identity: Owned<CoreIdentity>,
    /// Whether a Python signer holds the key, so that requests may call Python.
    key_elsewhere: bool,
}

impl Identity {
    fn call<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut CoreIdentity) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let done = py.detach(|| match self.key_elsewhere {
            true => self.identity.take_and(work),
            false => self.identity.with(work),
        });
        done.or_raise(py)?.or_raise(py)
    }

    fn look<T: Send>(
        &self,
        py: Python<'_>,
        look: impl FnOnce(&mut CoreIdentity) -> T + Send,
    ) -> PyResult<T> {
        // An identity is never closed: if the value is missing, another call has taken it.
        let there = |misuse| if misuse == Misuse::Closed { Misuse::InUse } else { misuse };
        py.detach(|| self.identity.with(look)).map_err(there).or_raise(py)
    }

    fn new(identity: CoreIdentity) -> Self {
        let key_elsewhere = identity.private_key().is_none();
        Self { identity: Owned::new(identity), key_elsewhere }
    }
}

#[pymethods]
impl Identity {
    /// Creates an identity with a new key pair of this `KeyAlgorithm`, which must not be RSA: P-256
    /// by default. Raises `SigningError`.
    #[staticmethod]
    #[pyo3(signature = (algorithm = None))]
    fn generate(py: Python<'_>, algorithm: Option<Algorithm>) -> PyResult<Self> {
        let algorithm = algorithm.map_or(provkey::x509::KeyAlgorithm::EcdsaP256, |one| one.0);
        py.detach(|| CoreIdentity::generate(algorithm)).map(Self::new).or_raise(py)
    }

    /// Creates an identity whose private key a `Signer` holds, in a secure element or a keystore.
    /// Its files contain no private key. While the signer signs, other calls of the identity raise
    /// `UsageError` with the code `handle_in_use`.
    #[staticmethod]
    fn with_signer(signer: SignerArgument) -> Self {
        Self::new(CoreIdentity::with_signer(signer.0))
    }

    /// Attaches the signer that holds the private key, after the identity was opened. Until then
    /// requests raise `SigningError` with the code `signer_unavailable`. Raises `SigningError` with
    /// the code `signer_key_mismatch` for the signer of another key.
    fn attach_signer(&self, py: Python<'_>, signer: SignerArgument) -> PyResult<()> {
        self.call(py, |identity| identity.attach_signer(&signer.0))
    }

    /// Opens a sealed identity with the material that sealed it. Raises `IdentityError`, with the
    /// code `identity_other_machine` for other material.
    #[staticmethod]
    fn open(py: Python<'_>, file: &[u8], material: &[u8]) -> PyResult<Self> {
        CoreIdentity::open(file, material).map(Self::new).or_raise(py)
    }

    /// Reads the bytes that `to_bytes` returned. Raises `IdentityError`.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, file: &[u8]) -> PyResult<Self> {
        CoreIdentity::from_bytes(file).map(Self::new).or_raise(py)
    }

    /// Makes a request for a certificate with a provisioning key, and stores the public part of the
    /// key to check the answer.
    ///
    /// Repeat it as often as needed: with the same key it is the same connector, and costs one use.
    /// Pass the same `fingerprint` each time. Raises `SigningError`.
    #[pyo3(signature = (key, *, fingerprint = None))]
    fn request(
        &self,
        py: Python<'_>,
        key: &Bound<'_, ProvisioningKey>,
        fingerprint: Option<Fingerprint>,
    ) -> PyResult<Request> {
        let (key, fingerprint) = (&key.get().key, fingerprint.map(|one| one.0));
        self.call(py, |identity| identity.request(key, fingerprint)).map(Request)
    }

    /// Makes a request to renew the certificate, which needs no provisioning key. Save the identity
    /// before you send the request.
    ///
    /// `new_key` is the `KeyAlgorithm` of a new key pair, `signer` holds another private key;
    /// without both the key pair stays. A pending renewal continues with its key pair, whatever the
    /// arguments. Raises `IdentityError` and `SigningError`.
    #[pyo3(signature = (*, new_key = None, signer = None, fingerprint = None))]
    fn renew_request(
        &self,
        py: Python<'_>,
        new_key: Option<Algorithm>,
        signer: Option<SignerArgument>,
        fingerprint: Option<Fingerprint>,
    ) -> PyResult<Request> {
        let key = match (new_key, signer) {
            (None, None) => RenewalKey::Same,
            (Some(algorithm), None) => RenewalKey::New(algorithm.0),
            (None, Some(signer)) => RenewalKey::Elsewhere(signer.0),
            (Some(_), Some(_)) => {
                return Err(PyTypeError::new_err("new_key and signer exclude each other"));
            }
        };
        let fingerprint = fingerprint.map(|one| one.0);
        self.call(py, |identity| identity.renew_request(key, fingerprint)).map(Request)
    }

    /// Accepts an answer: the certificate of this identity, its issuers and the root, in any order,
    /// as PEM or as a sequence of certificates (DER, PEM, `Certificate` or objects of
    /// `cryptography`), such as `Enrolled.chain`. Only the root that the key pins is trusted.
    ///
    /// `now` is an aware datetime, by default the machine's time. Returns an `Accepted`. Raises
    /// `AcceptError`, and then nothing has changed.
    #[pyo3(signature = (chain, *, now = None))]
    fn accept<'py>(
        &self,
        py: Python<'py>,
        chain: Bound<'py, PyAny>,
        now: Option<Moment>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let now = or_now(now);
        let accepted = match chain.extract::<Source>() {
            Ok(chain) => self.call(py, |identity| identity.accept(&chain.0, now))?,
            Err(_) => {
                let Certificates(chain) = chain.extract()?;
                self.call(py, |identity| identity.accept_certificates(&chain, now))?
            }
        };
        let Accepted { now, clock_behind, not_before, not_after, .. } = accepted;
        new_object!(py, records.Accepted {
            now: Moment(now),
            clock_behind: clock_behind,
            not_before: Moment(not_before),
            not_after: Moment(not_after),
        })
    }

    /// Checks the certificates that a TLS server at the key's host presented, its own first, as PEM
    /// or as certificates, against the key that this identity asked with last. Returns the time to
    /// continue with, a datetime.
    ///
    /// Only the root that the key pins is trusted. It must have signed the server's certificate
    /// directly, for TLS servers, with the host as name. A clock that is behind is accepted. Raises
    /// `AcceptError`.
    #[pyo3(signature = (chain, *, now = None))]
    fn check_server(
        &self,
        py: Python<'_>,
        chain: Bound<'_, PyAny>,
        now: Option<Moment>,
    ) -> PyResult<Moment> {
        let now = or_now(now);
        let checked = match chain.extract::<Source>() {
            Ok(chain) => self.call(py, |identity| {
                identity.check_server(&CoreCertificate::parse_all(&chain.0)?, now)
            }),
            Err(_) => {
                let Certificates(chain) = chain.extract()?;
                self.call(py, |identity| identity.check_server(&chain, now))
            }
        };
        checked.map(Moment)
    }

    /// The identity as bytes that only `material` opens: the bytes, not empty, that the machine's
    /// `Fingerprint` is made of. The seal protects as well as the material is secret. Raises
    /// `IdentityError`.
    fn seal<'py>(&self, py: Python<'py>, material: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let sealed = self.call(py, |identity| identity.seal(material, &SystemRandom))?;
        Ok(PyBytes::new(py, &sealed))
    }

    /// The identity as bytes with the private key in the clear, which only the mode of the file
    /// protects: prefer `seal`.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.look(py, |identity| identity.to_bytes())?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// The private key in PKCS #8 DER, for the TLS library that uses the certificate. It is a
    /// secret. Raises `UsageError` with the code `private_key_missing` if a signer holds it.
    fn expose_private_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let copy = |key: &Pkcs8| Zeroizing::new(key.expose().to_vec());
        let key = self.look(py, |identity| identity.private_key().map(copy))?;
        Ok(PyBytes::new(py, &key.ok_or(Misuse::KeyElsewhere).or_raise(py)?))
    }

    /// Like `expose_private_key`, in PEM.
    fn expose_private_key_pem(&self, py: Python<'_>) -> PyResult<String> {
        let key = self.look(py, |identity| identity.private_key().map(Pkcs8::to_pem))?;
        Ok(key.ok_or(Misuse::KeyElsewhere).or_raise(py)?.to_string())
    }

    /// The public key: SubjectPublicKeyInfo in DER.
    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let spki = self.look(py, |identity| identity.public_key().spki().to_vec())?;
        Ok(PyBytes::new(py, &spki))
    }

    /// The certificate, or None.
    #[getter]
    fn certificate(&self, py: Python<'_>) -> PyResult<Option<Certificate>> {
        Ok(self.look(py, |identity| identity.certificate().cloned())?.map(Certificate))
    }

    /// The certificate, its issuers and the pinned root; empty without a certificate.
    #[getter]
    fn chain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let chain = self.look(py, |identity| {
            identity.chain().map(|chain| chain.certificates().to_vec()).unwrap_or_default()
        })?;
        let chain = chain.into_iter().map(|one| Bound::new(py, Certificate(one)));
        PyTuple::new(py, chain.collect::<PyResult<Vec<_>>>()?)
    }

    /// The chain in PEM, the certificate first, the root last; empty without a certificate.
    #[getter]
    fn chain_pem(&self, py: Python<'_>) -> PyResult<String> {
        self.look(py, |identity| {
            let chain = identity.chain().map(|chain| chain.certificates()).unwrap_or_default();
            chain.iter().map(|certificate| certificate.to_pem()).collect()
        })
    }

    /// The key of the last request, a `KeyReference`, or None.
    #[getter]
    fn asked_with<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let asked = self.look(py, |identity| identity.asked_with().cloned())?;
        asked.map(|asked| reference(py, &asked)).transpose()
    }

    /// The key that the identity enrolled with, a `KeyReference`, or None.
    #[getter]
    fn enrolled_with<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let enrolled = self.look(py, |identity| identity.enrolled_with().cloned())?;
        enrolled.map(|enrolled| reference(py, &enrolled)).transpose()
    }

    /// Whether a renewal is pending.
    #[getter]
    fn is_renewing(&self, py: Python<'_>) -> PyResult<bool> {
        self.look(py, |identity| identity.is_renewing())
    }

    /// Drops the pending renewal and its new key pair: the next `renew_request` begins another.
    /// Without a pending renewal nothing changes. Save the identity afterwards.
    ///
    /// Use it only if the authority refused the renewal with `public_key_in_use`. After any other
    /// error the certificate may have been renewed, which happens only once, for one key pair.
    fn drop_renewal(&self, py: Python<'_>) -> PyResult<()> {
        self.look(py, CoreIdentity::drop_renewal)
    }

    /// When the certificate should be renewed, in UTC; None without a certificate. The time differs
    /// between connectors, so that a fleet does not renew all at once.
    #[getter]
    fn renew_at(&self, py: Python<'_>) -> PyResult<Option<Moment>> {
        Ok(self.look(py, |identity| identity.renew_at())?.map(Moment))
    }

    /// The state of the certificate, a `CertificateState`, at `now`, an aware datetime, by default
    /// the present.
    #[pyo3(signature = (*, now = None))]
    fn state<'py>(&self, py: Python<'py>, now: Option<Moment>) -> PyResult<Bound<'py, PyAny>> {
        let now = or_now(now);
        let state = self.look(py, |identity| identity.state(now))?;
        member(py, "CertificateState", state.as_str())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let name = self.look(py, |identity| {
            let certificate = identity.certificate();
            certificate.and_then(|certificate| certificate.common_name()).map(String::from)
        })?;
        Ok(match name {
            Some(name) => format!("<Identity of connector {name}>"),
            None => "<Identity without certificate>".into(),
        })
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(cannot_be_pickled("Identity"))
    }
}

fn reference<'py>(py: Python<'py>, key: &KeyReference) -> PyResult<Bound<'py, PyAny>> {
    new_object!(py, records.KeyReference {
        host: key.host().as_str(),
        id: key.id().as_str(),
        pin: PyBytes::new(py, key.pin().as_bytes()),
    })
}
