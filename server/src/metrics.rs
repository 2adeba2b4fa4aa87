//! Metrics for Prometheus.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit as UnitOfMeasure};
use provkey::authority::{Authority, Error, Event, KeyFilter, KeyOrder, Observer, PageRequest};
use provkey::store::{Outcome, Record, RecordKey, ScanRange, Store, StoreError, Unit};

/// The newest provisioning keys have time series; this many.
const KEYS_MAX: usize = 500;

const SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
const UNITS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Metrics for Prometheus. Cheap to clone; clones share their counts.
///
/// As an [`Observer`] it counts the outcomes of enrollments, and [`store`](Self::store) measures a
/// store. An application puts both into the environment of its authority, and the metrics into
/// [`Config::metrics`](crate::Config::metrics).
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram>,
    outcomes: Family<OutcomeLabels, Counter>,
    tallies_lost: Counter,
    batch_units: Histogram,
    batch_seconds: Histogram,
    store_failures: Family<CodeLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// `code` is `ok`, or the code of the error.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    event: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabels {
    key: String,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("provkey");
        let inner = Inner {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            outcomes: Family::default(),
            tallies_lost: Counter::default(),
            batch_units: Histogram::new(UNITS),
            batch_seconds: seconds(),
            store_failures: Family::default(),
            registry: Registry::default(),
        };
        registry.register(
            "http_requests",
            "Responses, by route and status",
            inner.requests.clone(),
        );
        registry.register_with_unit(
            "http_request",
            "Duration of requests",
            UnitOfMeasure::Seconds,
            inner.request_seconds.clone(),
        );
        registry.register(
            "outcomes",
            "Outcomes of enrollments and renewals, and refused admin tokens, by code",
            inner.outcomes.clone(),
        );
        registry.register(
            "tallies_lost",
            "Counts of refusals and replays that could not be stored",
            inner.tallies_lost.clone(),
        );
        registry.register(
            "store_batch_units",
            "Units that the store committed in one batch",
            inner.batch_units.clone(),
        );
        registry.register_with_unit(
            "store_batch",
            "Duration of a batch",
            UnitOfMeasure::Seconds,
            inner.batch_seconds.clone(),
        );
        registry.register(
            "store_failures",
            "Failed calls of the store, by code",
            inner.store_failures.clone(),
        );
        Self(Arc::new(Inner { registry, ..inner }))
    }
}

impl Metrics {
    /// Wraps a store, and measures it.
    pub fn store(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(Measured { store, metrics: self.clone() })
    }

    pub(crate) fn answered(&self, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        let labels = RouteLabels { route: route.clone() };
        self.0.request_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        self.0.requests.get_or_create(&RequestLabels { route, status }).inc();
    }

    /// All metrics in the text format of OpenMetrics, with the uses of the newest keys.
    pub(crate) fn text(&self, authority: &Authority) -> Result<String, Error> {
        let mut keys = Registry::with_prefix("provkey");
        let (used, max_uses) = (Family::default(), Family::default());
        let missing = Gauge::<u64, AtomicU64>::default();
        keys.register(
            "master_keys_missing",
            "Master keys of the authority that are missing in this process",
            missing.clone(),
        );
        missing.set(authority.missing_masters()?.len() as u64);
        keys.register("key_used", "Uses of a provisioning key", used.clone());
        keys.register("key_max_uses", "Maximum uses of a provisioning key", max_uses.clone());
        let filter = KeyFilter::default().order(KeyOrder::Created).descending(true);
        let page = PageRequest { limit: KEYS_MAX, after: None };
        for key in authority.list_keys(&filter, &page)?.items {
            let labels = KeyLabels { key: key.id.to_string() };
            let set = |family: &Family<KeyLabels, Gauge<u64, AtomicU64>>, value| {
                family.get_or_create(&labels).set(value);
            };
            set(&used, key.used);
            set(&max_uses, key.max_uses);
        }
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &keys);
        text.truncate(text.len() - "# EOF\n".len());
        let _ = encode(&mut text, &self.0.registry);
        Ok(text)
    }

    fn count(&self, event: &'static str, code: &'static str) {
        self.0.outcomes.get_or_create(&OutcomeLabels { event, code }).inc();
    }

    fn count_failure<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.inspect_err(|error| {
            self.0.store_failures.get_or_create(&CodeLabels { code: error.code() }).inc();
        })
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Observer for Metrics {
    fn observe(&self, event: &Event) {
        match event {
            Event::Enrolled { .. } => self.count("enrolled", "ok"),
            Event::Renewed { .. } => self.count("renewed", "ok"),
            Event::Replayed { .. } => self.count("replayed", "ok"),
            Event::Refused { code, .. } => self.count("refused", code),
            Event::AdminTokenRefused { code, .. } => self.count("admin_token_refused", code),
            Event::TallyLost { .. } => drop(self.0.tallies_lost.inc()),
            _ => {}
        }
    }
}

/// A measured store.
struct Measured {
    store: Arc<dyn Store>,
    metrics: Metrics,
}

impl Store for Measured {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.metrics.count_failure(self.store.get(keys))
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.metrics.count_failure(self.store.scan(range, limit))
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        let began = Instant::now();
        let applied = self.metrics.count_failure(self.store.apply(units));
        self.metrics.0.batch_seconds.observe(began.elapsed().as_secs_f64());
        self.metrics.0.batch_units.observe(units.len() as f64);
        applied
    }
}
