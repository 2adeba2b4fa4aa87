//! The visible state that the authority should have.

use std::collections::{BTreeMap, BTreeSet};

use provkey::authority::{KeyOrder, KeyState};

use super::super::step::NAMES;
use super::super::view::{Certificate, Connector, Group, Key, LISTINGS, Listing, View};
use super::{Enrollment, Leaf, Model, Refused, fold};

impl Model {
    pub(in crate::model) fn view(&self) -> View {
        let mut audit = self.audit.clone();
        audit.sort();
        View {
            groups: self.view_groups(),
            certificates: self.view_certificates(),
            keys: self.keys.iter().map(|key| self.view_key(key.as_ref())).collect(),
            named: NAMES.iter().map(|name| self.key_named(name)).collect(),
            listings: LISTINGS.iter().map(|listing| self.list(listing)).collect(),
            connectors: self.view_connectors(),
            of_keys: self.enrolled(self.keys.len(), |enrolled| enrolled.key),
            of_groups: self.enrolled(self.groups.len(), |enrolled| enrolled.group),
            of_certificates: self.signed(),
            revoked: self.revoked(),
            audit,
        }
    }

    fn view_groups(&self) -> Vec<Option<Group>> {
        let keys = |group| self.live_keys().filter(|(_, key)| key.group == group).count() as u64;
        let seen = |(number, name): (usize, &Option<&'static str>)| {
            name.map(|name| Group { name, keys: keys(number) })
        };
        self.groups.iter().enumerate().map(seen).collect()
    }

    fn view_certificates(&self) -> Vec<Certificate> {
        let keys = |number| self.live_keys().filter(|(_, key)| key.certificate == number).count();
        let certificates = self.certificates.iter().enumerate();
        certificates
            .map(|(number, retired_at)| Certificate {
                keys: keys(number) as u64,
                retired_at: *retired_at,
            })
            .collect()
    }

    fn state(&self, key: &Key) -> KeyState {
        match key {
            _ if key.compromised_at.is_some() => KeyState::Compromised,
            _ if !key.enabled => KeyState::Disabled,
            _ if self.expired(key) => KeyState::Expired,
            _ if key.used >= key.max_uses => KeyState::Exhausted,
            _ => KeyState::Usable,
        }
    }

    fn view_key(&self, key: Option<&(Key, u64)>) -> Result<Key, Refused> {
        let (key, _) = key.ok_or("key_deleted")?;
        let (state, is_left) = (self.state(key), key.used < key.max_uses);
        let copyable = is_left && key.compromised_at.is_none();
        Ok(Key { state, copyable, ..key.clone() })
    }

    fn list(&self, listing: &Listing) -> Vec<usize> {
        let mut found: Vec<_> =
            self.live_keys().filter(|(_, key)| self.admits(listing, key)).collect();
        match listing.order {
            KeyOrder::Name => found.sort_by_key(|(_, key)| fold(key.name)),
            _ => found.sort_by_key(|(_, key)| key.created_at),
        }
        if listing.descending {
            found.reverse();
        }
        found.into_iter().map(|(number, _)| number).collect()
    }

    fn admits(&self, listing: &Listing, key: &Key) -> bool {
        listing.group.is_none_or(|group| key.group == group)
            && listing.certificate.is_none_or(|certificate| key.certificate == certificate)
            && listing.state.is_none_or(|state| self.state(key) == state)
            && listing.used_min.is_none_or(|min| key.used >= min)
            && listing.max_uses_max.is_none_or(|max| key.max_uses <= max)
            && listing.contains.is_none_or(|part| fold(key.name).contains(&fold(part)))
    }

    fn view_connectors(&self) -> BTreeMap<usize, Connector> {
        let seen = |(connector, enrolled): (&usize, &Enrollment)| {
            let Leaf { number, certificate, ends, .. } = *enrolled.current();
            let seen = Connector {
                key: enrolled.key,
                group: enrolled.group,
                certificate,
                number,
                ends,
                enrolled_at: enrolled.enrolled_at,
                renewals: enrolled.issued.len() as u64 - 1,
                renewed_at: enrolled.renewed_at,
                revoked_at: enrolled.revoked_at,
                replays: enrolled.replays,
                last_replay_at: enrolled.last_replay_at,
            };
            (*connector, seen)
        };
        self.enrollments.iter().map(seen).collect()
    }

    fn enrolled(&self, count: usize, of: fn(&Enrollment) -> usize) -> Vec<Vec<(u64, usize)>> {
        let mut all = vec![Vec::new(); count];
        for (connector, enrolled) in &self.enrollments {
            all[of(enrolled)].push((enrolled.enrolled_at, *connector));
        }
        all.iter_mut().for_each(|list| list.sort_unstable());
        all
    }

    /// The connectors whose remembered certificates each enrollment certificate has signed.
    fn signed(&self) -> Vec<Vec<usize>> {
        let mut all = vec![Vec::new(); self.certificates.len()];
        for (connector, enrolled) in &self.enrollments {
            enrolled.certificates.iter().for_each(|leaf| all[leaf.certificate].push(*connector));
        }
        all
    }

    fn revoked(&self) -> BTreeSet<usize> {
        let revoked = self.enrollments.values().filter(|enrolled| enrolled.revoked_at.is_some());
        let leaves = revoked.flat_map(|enrolled| &enrolled.certificates);
        leaves.filter(|leaf| leaf.ends >= self.now).map(|leaf| leaf.number).collect()
    }
}
