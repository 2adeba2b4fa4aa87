//! The steps of a history.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Two of the names differ only in case.
pub(crate) const NAMES: [&str; 5] = ["North", "south", "NORTH", "Öst", "West"];
pub(crate) const CONNECTORS: usize = 5;
/// The connectors enroll with the first of them.
pub(crate) const KEY_PAIRS: usize = CONNECTORS + 3;

/// One step. Groups, certificates and keys are numbered in the order of creation, modulo their
/// count.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    CreateGroup {
        name: usize,
    },
    DeleteGroup {
        group: usize,
    },
    Retire {
        certificate: usize,
    },
    CreateKey(NewKey),
    Edit {
        key: usize,
        edit: Edit,
    },
    Delete {
        key: usize,
    },
    Copy {
        key: usize,
        download: bool,
    },
    /// In one call, if there are several.
    Enroll(Vec<Request>),
    /// Renews the certificate that was issued `back` before the connector's current one, for
    /// any key pair.
    Renew {
        connector: usize,
        back: usize,
        key_pair: usize,
    },
    Revoke {
        connector: usize,
    },
    Compromise {
        key: usize,
        dry_run: bool,
    },
    Wait {
        seconds: u64,
    },
    Reopen,
}

#[derive(Clone, Debug)]
pub(crate) struct NewKey {
    pub(crate) name: usize,
    pub(crate) group: usize,
    pub(crate) certificate: usize,
    pub(crate) max_uses: u64,
    /// The days until it expires.
    pub(crate) expires: Option<u64>,
    pub(crate) proof_only: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Edit {
    /// Whether it expects the version of the key at its creation.
    pub(crate) on_the_first_version: bool,
    pub(crate) name: Option<usize>,
    pub(crate) max_uses: Option<u64>,
    pub(crate) enabled: Option<bool>,
    pub(crate) expires: Option<Option<u64>>,
    pub(crate) certificate: Option<usize>,
    pub(crate) proof_only: Option<bool>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) key: usize,
    pub(crate) connector: usize,
    /// Whether the key text is beside the CSR, instead of a proof inside.
    pub(crate) bearer: bool,
}

/// Each history begins with a usable key.
const FIRST_KEY: NewKey =
    NewKey { name: 0, group: 0, certificate: 0, max_uses: 2, expires: None, proof_only: false };

pub(crate) fn history() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..40).prop_map(|steps| [Vec::from([Step::CreateKey(FIRST_KEY)]), steps].concat())
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..4_usize;
    let connector = || 0..CONNECTORS;
    let back = prop_oneof![5 => Just(0), 4 => Just(1), 1 => Just(2), 1 => Just(3)];
    let renewal = (connector(), back, 0..KEY_PAIRS);
    let seconds = prop_oneof![3 => 1..200_u64, 1 => 1..(200 * 86_400_u64)];
    prop_oneof![
        1 => (0..NAMES.len()).prop_map(|name| Step::CreateGroup { name }),
        1 => (0..3_usize).prop_map(|group| Step::DeleteGroup { group }),
        1 => (0..2_usize).prop_map(|certificate| Step::Retire { certificate }),
        4 => new_key().prop_map(Step::CreateKey),
        6 => (key(), edit()).prop_map(|(key, edit)| Step::Edit { key, edit }),
        1 => key().prop_map(|key| Step::Delete { key }),
        2 => (key(), any::<bool>()).prop_map(|(key, download)| Step::Copy { key, download }),
        12 => request().prop_map(|request| Step::Enroll(vec![request])),
        4 => vec(request(), 2..6).prop_map(Step::Enroll),
        8 => renewal
            .prop_map(|(connector, back, key_pair)| Step::Renew { connector, back, key_pair }),
        1 => connector().prop_map(|connector| Step::Revoke { connector }),
        1 => (key(), any::<bool>())
            .prop_map(|(key, dry_run)| Step::Compromise { key, dry_run }),
        3 => seconds.prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Reopen),
    ]
}

fn new_key() -> impl Strategy<Value = NewKey> {
    let proof_only = prop::bool::weighted(0.2);
    let expires = option::weighted(0.3, 0..100_u64);
    (0..NAMES.len(), 0..3_usize, 0..2_usize, 0..4_u64, expires, proof_only).prop_map(
        |(name, group, certificate, max_uses, expires, proof_only)| NewKey {
            name,
            group,
            certificate,
            max_uses,
            expires,
            proof_only,
        },
    )
}

fn edit() -> impl Strategy<Value = Edit> {
    let one_of_few = prop::bool::weighted(0.2);
    let name = option::weighted(0.2, 0..NAMES.len());
    let max_uses = option::weighted(0.6, 0..5_u64);
    let enabled = option::weighted(0.4, prop::bool::weighted(0.7));
    let expires = option::weighted(0.2, option::of(0..100_u64));
    let certificate = option::weighted(0.2, 0..2_usize);
    let proof_only = option::weighted(0.1, any::<bool>());
    (one_of_few, name, max_uses, enabled, expires, certificate, proof_only).prop_map(
        |(on_the_first_version, name, max_uses, enabled, expires, certificate, proof_only)| Edit {
            on_the_first_version,
            name,
            max_uses,
            enabled,
            expires,
            certificate,
            proof_only,
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    let request = |(key, connector, bearer)| Request { key, connector, bearer };
    (0..4_usize, 0..CONNECTORS, any::<bool>()).prop_map(request)
}
