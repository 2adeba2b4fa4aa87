//! The authority.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use provkey::authority::{
    Actor, AdminTokenId, Authority as CoreAuthority, Environment, Error, InputError, NewAuthority,
    Observer,
};
use provkey::key::Host;
use provkey::random::SystemRandom;
use provkey::store::Store;
use pyo3::prelude::*;

use crate::call;
use crate::certificate::Certificate;
use crate::clock::{CallClock, CallTime};
use crate::convert::Algorithm;
use crate::errors::{Failure, OrRaise};
use crate::keyring::Keyring;
use crate::observer::PythonObserver;
use crate::owned::Owned;
use crate::store::StoreArgument;

/// The native half of `provkey.Authority`. Functions of the module take it as an argument.
#[pyclass(frozen, module = "provkey._native")]
pub(crate) struct Authority {
    authority: Owned<CoreAuthority>,
    clock: Option<Py<PyAny>>,
}

impl Authority {
    /// Calls the authority, detached, at the time of the Python clock.
    pub(crate) fn call<T: Send, E: Failure + Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&CoreAuthority) -> Result<T, E> + Send,
    ) -> PyResult<T> {
        call::check_not_in_helper().or_raise(py)?;
        let authority = self.authority.get().or_raise(py)?;
        let _time = CallTime::read(py, self.clock.as_ref())?;
        call::detached(py, || work(&authority))
    }

    fn start<E: Failure + Send>(
        py: Python<'_>,
        (clock, observer): (Option<Py<PyAny>>, Option<Py<PyAny>>),
        store: Arc<dyn Store>,
        start: impl FnOnce(Environment) -> Result<CoreAuthority, E> + Send,
    ) -> PyResult<Self> {
        call::check_not_in_helper().or_raise(py)?;
        let observer =
            observer.map(|observer| Arc::new(PythonObserver(observer)) as Arc<dyn Observer>);
        let (core_clock, random) = (Arc::new(CallClock), Arc::new(SystemRandom));
        let mut environment = Environment::new(store, core_clock, random);
        environment.observer = observer;
        let _time = CallTime::read(py, clock.as_ref())?;
        let authority = call::detached(py, || start(environment))?;
        Ok(Self { authority: Owned::new(authority), clock })
    }
}

#[pymethods]
impl Authority {
    #[staticmethod]
    #[pyo3(signature = (store, keyring, *, host, trust_domain, algorithm, validity, clock, observer))]
    #[expect(clippy::too_many_arguments, reason = "named arguments of Python")]
    fn create(
        py: Python<'_>,
        store: StoreArgument,
        keyring: &Keyring,
        host: &str,
        trust_domain: Option<String>,
        algorithm: Algorithm,
        validity: Option<Duration>,
        clock: Option<Py<PyAny>>,
        observer: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let mut new = NewAuthority::new(Host::parse(host).or_raise(py)?);
        new.trust_domain = trust_domain;
        new.algorithm = algorithm.0;
        new.validity = validity.unwrap_or(new.validity);
        let keyring = keyring.copy();
        Self::start(py, (clock, observer), store.0, |environment| {
            CoreAuthority::create(environment, keyring, &new)
        })
    }

    #[staticmethod]
    #[pyo3(signature = (store, keyring, *, host, clock, observer))]
    fn open(
        py: Python<'_>,
        store: StoreArgument,
        keyring: &Keyring,
        host: Option<&str>,
        clock: Option<Py<PyAny>>,
        observer: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let host = host.map(Host::parse).transpose().or_raise(py)?;
        let keyring = keyring.copy();
        Self::start(py, (clock, observer), store.0, |environment| {
            let authority = CoreAuthority::open(environment, keyring)?;
            match host {
                Some(host) if !authority.hosts().contains(&host) => {
                    Err(Error::from(InputError::HostUnknown.about(host)))
                }
                _ => Ok(authority),
            }
        })
    }

    #[staticmethod]
    fn exists(py: Python<'_>, store: StoreArgument) -> PyResult<bool> {
        call::detached(py, || CoreAuthority::exists(&*store.0))
    }

    #[pyo3(signature = (actor, *, admin_token = None, address = None))]
    fn acting_as(
        &self,
        py: Python<'_>,
        actor: &str,
        admin_token: Option<&str>,
        address: Option<IpAddr>,
    ) -> PyResult<Self> {
        let id = |text: &str| {
            let unknown = |_| Error::from(InputError::AdminTokenNotFound.about(text));
            AdminTokenId::parse(text).map_err(unknown).or_raise(py)
        };
        let actor =
            Actor::from(actor).admin_token(admin_token.map(id).transpose()?).address(address);
        let authority = self.authority.get().or_raise(py)?.acting_as(actor);
        let clock = self.clock.as_ref().map(|clock| clock.clone_ref(py));
        Ok(Self { authority: Owned::new(authority), clock })
    }

    fn close(&self, py: Python<'_>) {
        // This may close the store, which may take a while.
        py.detach(|| self.authority.close());
    }

    #[getter]
    fn id(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.authority.get().or_raise(py)?.id().to_string())
    }

    #[getter]
    fn hosts(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let hosts = self.authority.get().or_raise(py)?.hosts();
        Ok(hosts.iter().map(ToString::to_string).collect())
    }

    #[getter]
    fn trust_domain(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.authority.get().or_raise(py)?.trust_domain())
    }

    #[getter]
    fn root(&self, py: Python<'_>) -> PyResult<Certificate> {
        Ok(Certificate(self.authority.get().or_raise(py)?.root()))
    }

    fn add_host(&self, py: Python<'_>, host: &str) -> PyResult<()> {
        let host = Host::parse(host).or_raise(py)?;
        self.call(py, |authority| authority.add_host(&host))
    }
}
