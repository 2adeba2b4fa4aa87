//! The visible state of the authority, read by the node that did not perform the last step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use provkey::authority::{
    AuditFilter, AuditRecord, Authority, CertificateId, Connector, ConnectorFilter, ConnectorId,
    Error, GroupId, KeyDetails, KeyFilter, Page, PageRequest,
};
use provkey::key::KeyId;
use provkey::x509::RevocationList;

use super::super::GROUPS;
use super::super::step::{KEY_PAIRS, NAMES};
use super::super::view::{self, Audit, LISTINGS, Listing, View};
use super::{Subject, connector_id, moment, seconds};

/// Small, so that most listings have several pages.
const PAGE: usize = 2;

impl Subject<'_> {
    pub(in crate::model) fn view(&self) -> View {
        // Refusals and replays are first collected in memory.
        self.nodes[0].flush().unwrap();
        let node = &self.nodes[1];
        let connectors: Vec<_> =
            all(|page| node.list_connectors(&ConnectorFilter::default(), page));
        View {
            groups: self.view_groups(node),
            certificates: self.view_certificates(node),
            keys: self.keys.iter().map(|key| self.view_key(node.key(key.id))).collect(),
            named: NAMES.iter().map(|name| self.find(node, name)).collect(),
            listings: LISTINGS.iter().map(|listing| self.list(node, listing)).collect(),
            connectors: connectors.iter().map(|connector| self.see_connector(connector)).collect(),
            of_keys: self.keys.iter().map(|key| of_key(node, key.id)).collect(),
            of_groups: self.groups.iter().map(|group| of_group(node, *group)).collect(),
            of_certificates: self.certificates.iter().map(|id| of_certificate(node, *id)).collect(),
            revoked: self.revoked(node),
            audit: self.audit(node),
        }
    }

    fn view_groups(&self, node: &Authority) -> Vec<Option<view::Group>> {
        let listed = all(|page| node.list_groups(page));
        let see = |id: &GroupId| {
            let group = node.group(*id).ok();
            assert_eq!(group.as_ref(), listed.iter().find(|listed| listed.id == *id));
            group.map(|group| view::Group {
                name: known_name(group.name.as_str()),
                keys: group.keys,
            })
        };
        self.groups.iter().map(see).collect()
    }

    fn view_certificates(&self, node: &Authority) -> Vec<view::Certificate> {
        let see = |id: &CertificateId| {
            let certificate = node.certificate(*id).unwrap();
            let retired_at = certificate.retired_at.map(seconds);
            view::Certificate { keys: certificate.keys, retired_at }
        };
        self.certificates.iter().map(see).collect()
    }

    fn view_key(&self, key: Result<KeyDetails, Error>) -> Result<view::Key, &'static str> {
        let key = key.map_err(|error| error.code())?;
        Ok(view::Key {
            name: known_name(key.name.as_str()),
            group: position(&self.groups, &key.group.id),
            certificate: position(&self.certificates, &key.certificate.id),
            max_uses: key.max_uses,
            used: key.used,
            last_used_at: key.last_used_at.map(seconds),
            enabled: key.enabled,
            expires_at: key.expires_at.map(seconds),
            proof_only: key.proof_only,
            created_at: seconds(key.created_at),
            compromised_at: key.compromised_at.map(seconds),
            state: key.state,
            copyable: key.copyable(),
        })
    }

    fn find(&self, node: &Authority, name: &str) -> Option<usize> {
        match node.find_key(name) {
            Ok(found) => Some(self.number(found.id)),
            Err(error) => {
                assert_eq!(error.code(), "key_not_found");
                None
            }
        }
    }

    fn number(&self, id: KeyId) -> usize {
        position(self.keys.iter().map(|key| key.id), id)
    }

    fn list(&self, node: &Authority, listing: &Listing) -> Vec<usize> {
        let filter = KeyFilter::default()
            .name_contains(listing.contains.map(Into::into))
            .group(listing.group.map(|group| self.groups[group]))
            .certificate(listing.certificate.map(|certificate| self.certificates[certificate]))
            .state(listing.state)
            .used_min(listing.used_min)
            .max_uses_max(listing.max_uses_max)
            .order(listing.order)
            .descending(listing.descending);
        all(|page| node.list_keys(&filter, page)).iter().map(|key| self.number(key.id)).collect()
    }

    fn see_connector(&self, seen: &Connector) -> (usize, view::Connector) {
        let number = position(self.leaves.iter().map(|leaf| &leaf.serial), &seen.serial);
        assert_eq!(self.leaves[number].der, seen.leaf);
        let connector = view::Connector {
            key: self.number(seen.key),
            group: position(&self.groups, &seen.group),
            certificate: position(&self.certificates, &seen.certificate),
            number,
            ends: seconds(seen.not_after),
            enrolled_at: seconds(seen.enrolled_at),
            renewals: seen.renewals,
            renewed_at: seen.renewed_at.map(seconds),
            revoked_at: seen.revoked_at.map(seconds),
            replays: seen.replays,
            last_replay_at: seen.last_replay_at.map(seconds),
        };
        (connector_number(seen.id), connector)
    }

    fn revoked(&self, node: &Authority) -> BTreeSet<usize> {
        let mut revoked = BTreeSet::new();
        for certificate in &self.certificates {
            let list = RevocationList::parse(&node.crl(*certificate).unwrap().der).unwrap();
            let serials = list.revoked.iter().map(|one| one.serial.to_string());
            let leaf = |serial: String| {
                position(self.leaves.iter().map(|leaf| leaf.serial.as_str()), &serial)
            };
            revoked.extend(serials.map(leaf));
        }
        // When expired ones are omitted is not specified.
        revoked.retain(|number| self.leaves[*number].not_after >= moment(self.now()));
        revoked
    }

    fn audit(&self, node: &Authority) -> Vec<Audit> {
        let records = all(|page| node.list_audit(&AuditFilter::default(), page));
        assert!(records.is_sorted_by_key(|record| record.at));
        let mut audit: Vec<_> = records.iter().map(|record| self.see_audit(record)).collect();
        audit.sort();
        audit
    }

    fn see_audit(&self, record: &AuditRecord) -> Audit {
        Audit {
            at: seconds(record.at),
            action: record.action.as_str(),
            key: record.key.map(|key| self.number(key)),
            group: record.group.map(|group| position(&self.groups, &group)),
            certificate: record.certificate.map(|id| position(&self.certificates, &id)),
            connector: record.connector.map(connector_number),
            code: record.code.clone(),
            count: record.count,
        }
    }
}

fn position<T: PartialEq>(all: impl IntoIterator<Item = T>, one: T) -> usize {
    all.into_iter().position(|other| other == one).expect("it is one of ours")
}

/// All items of a listing, page by page.
fn all<T>(page: impl Fn(&PageRequest) -> Result<Page<T>, Error>) -> Vec<T> {
    let mut request = PageRequest { limit: PAGE, after: None };
    let mut all = Vec::new();
    loop {
        let Page { items, next } = page(&request).unwrap();
        assert!(items.len() <= PAGE);
        all.extend(items);
        let Some(next) = next else { return all };
        request.after = Some(next);
    }
}

fn connector_number(id: ConnectorId) -> usize {
    static NUMBERS: LazyLock<BTreeMap<ConnectorId, usize>> =
        LazyLock::new(|| (0..KEY_PAIRS).map(|number| (connector_id(number), number)).collect());
    NUMBERS[&id]
}

fn known_name(name: &str) -> &'static str {
    NAMES.into_iter().chain(GROUPS).find(|known| *known == name).expect("it is one of ours")
}

/// In the order of enrollment; at equal times, by number.
fn in_order(listed: Vec<Connector>) -> Vec<(u64, usize)> {
    assert!(listed.is_sorted_by_key(|connector| connector.enrolled_at));
    let see =
        |connector: &Connector| (seconds(connector.enrolled_at), connector_number(connector.id));
    let mut all: Vec<_> = listed.iter().map(see).collect();
    all.sort_unstable();
    all
}

fn of_key(node: &Authority, key: KeyId) -> Vec<(u64, usize)> {
    let filter = ConnectorFilter::default().key(key);
    in_order(all(|page| node.list_connectors(&filter, page)))
}

fn of_group(node: &Authority, group: GroupId) -> Vec<(u64, usize)> {
    let filter = ConnectorFilter::default().group(group);
    in_order(all(|page| node.list_connectors(&filter, page)))
}

fn of_certificate(node: &Authority, certificate: CertificateId) -> Vec<usize> {
    let filter = ConnectorFilter::default().certificate(certificate);
    let listed = all(|page| node.list_connectors(&filter, page));
    assert_eq!(node.count_connectors(certificate).unwrap(), listed.len() as u64);
    let mut all: Vec<_> = listed.iter().map(|one| connector_number(one.id)).collect();
    all.sort_unstable();
    all
}
