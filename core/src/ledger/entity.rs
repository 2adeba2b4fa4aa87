//! Things that an operator names: finding, listing, creating and deleting them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Ledger;
use super::error::{Error, InputError};
use super::listing::{Examined, Page, PageRequest};
use super::model::Name;
use super::records;
use crate::store::{Counter, Record, RecordKey};

/// A kind of record that has an id and a name.
pub(crate) trait Entity: Serialize + DeserializeOwned {
    /// Its id.
    type Id: Copy + fmt::Display + FromStr;
    /// Where the index of names begins. An entry holds the id.
    const NAMES: &'static str;
    /// The error if no entity has an id or a name.
    const MISSING: InputError;

    fn id(&self) -> Self::Id;
    fn name(&self) -> &Name;

    /// The key of the record.
    fn key(id: Self::Id) -> RecordKey;

    /// The counter that belongs to the record: of its users or its uses.
    fn counter(id: Self::Id) -> Option<RecordKey>;

    /// The key of the index entry of a folded name.
    fn by_name(folded: &str) -> RecordKey {
        records::record_key(alloc::format!("{}{folded}", Self::NAMES))
    }

    /// Why no entity has this id: an implementation can look further, for instance for a deleted
    /// one.
    fn missing(ledger: &Ledger, id: Self::Id) -> Result<Error, Error> {
        let _ = ledger;
        Ok(Self::MISSING.about(id).into())
    }
}

/// An entity and its counter, as they were read together.
pub(crate) struct Stored<E> {
    pub(crate) version: u64,
    pub(crate) record: E,
    /// Zero if it has none.
    pub(crate) counter: Counter,
    pub(crate) counter_version: u64,
}

impl<E: Entity> Stored<E> {
    /// Of a record and its counter, if there is a record.
    pub(crate) fn read(
        record: Option<&Record>,
        counter: Option<&Record>,
    ) -> Result<Option<Self>, Error> {
        let Some(found) = record else {
            return Ok(None);
        };
        let record: E = records::decode(found)?;
        let (counter_version, counter) = match counter {
            Some(counter) => (counter.version, records::counter(counter)?),
            None if E::counter(record.id()).is_none() => (0, Counter::default()),
            None => return Err(records::damaged(found, &"it has no counter")),
        };
        Ok(Some(Self { version: found.version, record, counter, counter_version }))
    }
}

fn parse_id<E: Entity>(text: &str) -> Option<E::Id> {
    text.parse().ok()
}

impl Ledger {
    /// The entities of these ids, from one snapshot.
    pub(crate) fn entities<E: Entity>(
        &self,
        ids: &[E::Id],
    ) -> Result<Vec<Option<Stored<E>>>, Error> {
        let keys = ids.iter().flat_map(|id| [Some(E::key(*id)), E::counter(*id)]);
        let mut found = self.get(&keys.flatten().collect::<Vec<_>>())?.into_iter();
        let mut one = |id: &E::Id| {
            let record = found.next().flatten();
            let counter = E::counter(*id).and_then(|_| found.next().flatten());
            Stored::read(record.as_ref(), counter.as_ref())
        };
        ids.iter().map(&mut one).collect()
    }

    /// The entity of this id.
    pub(crate) fn entity<E: Entity>(&self, id: E::Id) -> Result<Stored<E>, Error> {
        match self.entities(&[id])?.pop().flatten() {
            Some(stored) => Ok(stored),
            None => Err(E::missing(self, id)?),
        }
    }

    /// The entity that has this id or this name.
    pub(crate) fn find<E: Entity>(&self, id_or_name: &str) -> Result<Stored<E>, Error> {
        let missing = match parse_id::<E>(id_or_name) {
            None => E::MISSING.about(id_or_name).into(),
            Some(id) => match self.entities(&[id])?.pop().flatten() {
                Some(stored) => return Ok(stored),
                None => E::missing(self, id)?,
            },
        };
        // It may be a name that only looks like an id. A text that cannot be a name has no entry.
        let Ok(name) = Name::parse(id_or_name) else {
            return Err(missing);
        };
        let id = self.read_text(E::by_name(&name.folded()))?;
        self.entity(id.as_deref().and_then(parse_id::<E>).ok_or(missing)?)
    }

    /// Lists the entities of a kind by name.
    pub(crate) fn list_by_name<E: Entity, T>(
        &self,
        page: &PageRequest,
        view: impl Fn(Stored<E>) -> Result<T, Error>,
    ) -> Result<Page<T>, Error> {
        self.listing(String::from(E::NAMES), false, page)?.run(|index| {
            let found = self.entities(&records::ids(index)?)?;
            found.into_iter().map(|one| one.map(&view).transpose().map(Examined::or_skip)).collect()
        })
    }

    /// Lists the records whose keys begin with `prefix`, in the order of their keys.
    pub(crate) fn list<R: DeserializeOwned, T>(
        &self,
        prefix: &str,
        page: &PageRequest,
        view: impl Fn(R) -> T,
    ) -> Result<Page<T>, Error> {
        self.listing(String::from(prefix), false, page)?.run(|found| {
            let items = found.iter().map(records::decode);
            items.map(|record| Ok(Examined::Item(view(record?)))).collect()
        })
    }
}
