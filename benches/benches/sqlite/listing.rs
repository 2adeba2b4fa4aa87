//! Whether a page of a listing takes longer when there are more keys.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;

use provkey::authority::{Cursor, KeyFilter, KeyOrder, PageRequest};
use provkey_benches::{ManyKeys, beside, per_second};

pub(super) fn pages(row: &str) {
    let (many, few) = (Listing::new(1_000_000), Listing::new(1000));
    let by = |order| KeyFilter::default().order(order);
    let of_group = |listing: &Listing| KeyFilter::default().group(listing.keys.group);
    let page = |listing: &Listing, filter: &KeyFilter| {
        per_second(1, 200, |_, _| {
            let page = PageRequest { limit: 50, after: listing.middle(filter) };
            let page = listing.keys.authority.list_keys(filter, &page).unwrap();
            assert_eq!(page.items.len(), 50);
        })
    };
    for (what, order) in [("by name", KeyOrder::Name), ("by creation", KeyOrder::Created)] {
        let row = format!("{row}, {what}");
        beside(&row, "among 1,000", || page(&many, &by(order)), || page(&few, &by(order)));
    }
    let row = format!("{row}, of one group of 500");
    beside(&row, "among 1,000", || page(&many, &of_group(&many)), || page(&few, &of_group(&few)));
}

/// Many keys, and where the pages begin.
struct Listing {
    keys: ManyKeys,
    cursors: Mutex<HashMap<String, Cursor>>,
}

impl Listing {
    fn new(keys: usize) -> Self {
        let keys = ManyKeys::new(Path::new(env!("CARGO_TARGET_TMPDIR")), keys);
        Self { keys, cursors: Mutex::default() }
    }

    /// A cursor into a listing, found once: after 100 keys.
    fn middle(&self, filter: &KeyFilter) -> Option<Cursor> {
        let mut cursors = self.cursors.lock().unwrap();
        let find = || {
            let page = PageRequest { limit: 100, after: None };
            self.keys.authority.list_keys(filter, &page).unwrap().next.unwrap()
        };
        Some(cursors.entry(format!("{filter:?}")).or_insert_with(find).clone())
    }
}
