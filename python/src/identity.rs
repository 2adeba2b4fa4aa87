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
use crate::owned::{Misuse, Owned};
use crate::provisioning_key::{ProvisioningKey, secret};
use crate::record::{make, member};
use crate::request::Request;
use crate::signer::SignerOf;

/// A connector's key pair, and its certificate once it has one.
///
/// `generate`, `request`, save, (the authority enrolls), `accept`, save. Save it *before* the
/// request leaves the machine: whoever asks again with the same identity gets the one certificate,
/// and whoever lost the identity pays with another use. The private key leaves it in no request. It
/// does not print its key and cannot be pickled: `seal` and `to_bytes` make files of it.
#[pyclass(frozen, module = "provkey")]
pub(crate) struct Identity {
    identity: Owned<CoreIdentity>,
    /// Whether its requests may call a signer in Python.
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
        // An identity is never closed: if it is not there, another call has it.
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
    /// Makes a new identity with a key pair of its own: a `KeyAlgorithm` other than RSA. Raises
    /// `SigningError`.
    #[staticmethod]
    #[pyo3(signature = (algorithm = None))]
    fn generate(py: Python<'_>, algorithm: Option<Algorithm>) -> PyResult<Self> {
        let algorithm = algorithm.map_or(provkey::x509::KeyAlgorithm::EcdsaP256, |one| one.0);
        py.detach(|| CoreIdentity::generate(algorithm)).map(Self::new).or_raise(py)
    }

    /// Makes a new identity for a key that lives elsewhere, in a secure element or a keystore, behind
    /// a `Signer`. Nothing of the private key is in the files of such an identity. While its signer
    /// is asked, another call of the identity is refused: UsageError, code `handle_in_use`.
    #[staticmethod]
    fn with_signer(signer: SignerOf) -> Self {
        Self::new(CoreIdentity::with_signer(signer.0))
    }

    /// Attaches the signer of a key that lives elsewhere to an identity that was opened. Until then
    /// its requests raise `SigningError`, code `signer_unavailable`; with the signer of another key
    /// this does, code `signer_key_mismatch`.
    fn attach_signer(&self, py: Python<'_>, signer: SignerOf) -> PyResult<()> {
        self.call(py, |identity| identity.attach_signer(&signer.0))
    }

    /// Opens what `seal` made, with the same material (bytes). Raises `IdentityError`, with the code
    /// `identity_other_machine` if the material is another.
    #[staticmethod]
    fn open(py: Python<'_>, file: &[u8], material: &[u8]) -> PyResult<Self> {
        CoreIdentity::open(file, material).map(Self::new).or_raise(py)
    }

    /// Reads what `to_bytes` made. Raises `IdentityError`.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, file: &[u8]) -> PyResult<Self> {
        CoreIdentity::from_bytes(file).map(Self::new).or_raise(py)
    }

    /// Asks for a certificate with a provisioning key, and remembers its public part, so that the
    /// answer can be checked.
    ///
    /// Ask as often as needed: with the same key it is the same connector, and costs one use. The
    /// authority wants the same `fingerprint` each time. Raises `SigningError`.
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

    /// Asks for a new certificate in place of the one that it has, which proves itself; no
    /// provisioning key takes part. Save the identity before the request is sent.
    ///
    /// `new_key` is the `KeyAlgorithm` of a new key pair, `signer` has another key that lives
    /// elsewhere; None of both keeps the one that it has. A renewal that is under way goes on,
    /// whatever is given. Raises `IdentityError` and `SigningError`.
    #[pyo3(signature = (*, new_key = None, signer = None, fingerprint = None))]
    fn renew_request(
        &self,
        py: Python<'_>,
        new_key: Option<Algorithm>,
        signer: Option<SignerOf>,
        fingerprint: Option<Fingerprint>,
    ) -> PyResult<Request> {
        let key = match (new_key, signer) {
            (None, None) => RenewalKey::Same,
            (Some(algorithm), None) => RenewalKey::New(algorithm.0),
            (None, Some(signer)) => RenewalKey::Elsewhere(signer.0),
            (Some(_), Some(_)) => {
                return Err(PyTypeError::new_err("either new_key or signer may be given"));
            }
        };
        let fingerprint = fingerprint.map(|one| one.0);
        self.call(py, |identity| identity.renew_request(key, fingerprint)).map(Request)
    }

    /// Accepts an answer: the certificate made for this identity, its issuers and the root, in any
    /// order: PEM, or a sequence of certificates (DER, PEM, `Certificate` or objects of
    /// `cryptography`), such as `Enrolled.chain`. Only the root that the key pins is trusted.
    ///
    /// `now` is what the machine's clock says, an aware datetime; None asks it. Gives an `Accepted`.
    /// Raises `AcceptError`; then nothing has changed.
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
        make!(py, records.Accepted {
            now: Moment(now),
            clock_behind: clock_behind,
            not_before: Moment(not_before),
            not_after: Moment(not_after),
        })
    }

    /// Checks the certificates that a TLS server at the key's host has shown, its own one first, under
    /// the key that this identity asked with last, and gives the moment to go on with, a datetime. They
    /// are PEM (text or bytes), or certificates.
    ///
    /// Only the root that the key pins is trusted. The server's certificate must be signed by it
    /// directly, be for TLS servers, and name the host. A clock that is behind is no reason to refuse.
    /// Raises `AcceptError`.
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

    /// The whole identity as bytes that only this machine opens again: `material` (bytes, not empty)
    /// is what the machine's `Fingerprint` is made of, and the sealing is as good as that is secret.
    /// Raises `IdentityError`.
    fn seal<'py>(&self, py: Python<'py>, material: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let sealed = self.call(py, |identity| identity.seal(material, &SystemRandom))?;
        Ok(PyBytes::new(py, &sealed))
    }

    /// The whole identity as bytes, the private key among them in the clear. Nothing but the mode of
    /// the file protects them: prefer `seal`.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.look(py, |identity| identity.to_bytes())?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// The private key in PKCS #8 DER, for the TLS library that uses the certificate. It is a
    /// secret. Raises `UsageError`, code `private_key_missing`, if it lives elsewhere.
    fn expose_private_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let copy = |key: &Pkcs8| Zeroizing::new(key.expose().to_vec());
        let key = self.look(py, |identity| identity.private_key().map(copy))?;
        Ok(PyBytes::new(py, &key.ok_or(Misuse::KeyElsewhere).or_raise(py)?))
    }

    /// The private key in PEM, as `expose_private_key`. It is a secret.
    fn expose_private_key_pem(&self, py: Python<'_>) -> PyResult<String> {
        let key = self.look(py, |identity| identity.private_key().map(Pkcs8::to_pem))?;
        Ok(key.ok_or(Misuse::KeyElsewhere).or_raise(py)?.to_string())
    }

    /// The public key, for which its certificate is made: SubjectPublicKeyInfo in DER.
    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let spki = self.look(py, |identity| identity.public_key().spki().to_vec())?;
        Ok(PyBytes::new(py, &spki))
    }

    /// Its certificate, or None.
    #[getter]
    fn certificate(&self, py: Python<'_>) -> PyResult<Option<Certificate>> {
        Ok(self.look(py, |identity| identity.certificate().cloned())?.map(Certificate))
    }

    /// Its certificate, the issuers of that, and the pinned root; empty without a certificate.
    #[getter]
    fn chain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let chain = self.look(py, |identity| {
            identity.chain().map(|chain| chain.certificates().to_vec()).unwrap_or_default()
        })?;
        let chain = chain.into_iter().map(|one| Bound::new(py, Certificate(one)));
        PyTuple::new(py, chain.collect::<PyResult<Vec<_>>>()?)
    }

    /// Its chain in PEM, the certificate first, the root last; empty without a certificate.
    #[getter]
    fn chain_pem(&self, py: Python<'_>) -> PyResult<String> {
        self.look(py, |identity| {
            let chain = identity.chain().map(|chain| chain.certificates()).unwrap_or_default();
            chain.iter().map(|certificate| certificate.to_pem()).collect()
        })
    }

    /// The key that it asked with last, a `KeyReference`, or None.
    #[getter]
    fn asked_with<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let asked = self.look(py, |identity| identity.asked_with().cloned())?;
        asked.map(|asked| reference(py, &asked)).transpose()
    }

    /// The key that it got its certificate with, a `KeyReference`, or None.
    #[getter]
    fn enrolled_with<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let enrolled = self.look(py, |identity| identity.enrolled_with().cloned())?;
        enrolled.map(|enrolled| reference(py, &enrolled)).transpose()
    }

    /// Whether a renewal was asked for and has not been answered.
    #[getter]
    fn is_renewing(&self, py: Python<'_>) -> PyResult<bool> {
        self.look(py, |identity| identity.is_renewing())
    }

    /// Drops the renewal that is under way, and its new key pair with it: the next `renew_request`
    /// begins another. Without one nothing changes. Save the identity afterwards.
    ///
    /// Do this only if the authority refused the renewal with `public_key_in_use`. After any other
    /// error the authority may have renewed the certificate, and that happens for one key pair only.
    fn drop_renewal(&self, py: Python<'_>) -> PyResult<()> {
        self.look(py, CoreIdentity::drop_renewal)
    }

    /// From when on its certificate should be renewed, in UTC; None without a certificate. It differs
    /// from connector to connector, so that a fleet does not renew at once.
    #[getter]
    fn renew_at(&self, py: Python<'_>) -> PyResult<Option<Moment>> {
        Ok(self.look(py, |identity| identity.renew_at())?.map(Moment))
    }

    /// How its certificate stands, a `CertificateState`, at `now`, an aware datetime; None: at this
    /// moment.
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
        Err(secret("Identity"))
    }
}

fn reference<'py>(py: Python<'py>, key: &KeyReference) -> PyResult<Bound<'py, PyAny>> {
    make!(py, records.KeyReference {
        host: key.host().as_str(),
        id: key.id().as_str(),
        pin: PyBytes::new(py, key.pin().as_bytes()),
    })
}
