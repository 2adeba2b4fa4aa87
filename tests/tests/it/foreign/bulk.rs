//! Many certificates of one authority.

use std::collections::BTreeSet;

use provkey::authority::EnrollRequest;
use provkey::x509::Certificate;

use super::python;
use crate::site::{Site, requests, scaled};

#[test]
fn serial_numbers_are_unique_and_positive_and_no_lint_finds_anything() {
    const TOGETHER: usize = 1000;
    let site = Site::new();
    let count = scaled(2, 100) * TOGETHER;
    let key = site.key("fleet", count as u64).id;
    let text = site.provisioning_key(key);
    let mut leaves = Vec::with_capacity(count);
    while leaves.len() < count {
        let requests: Vec<_> =
            (requests(&text, TOGETHER).into_iter()).map(EnrollRequest::new).collect();
        // Our own lint checks each certificate before it is signed, and would fail here.
        let enrolled = site.authority.enroll_many(&requests).into_iter();
        leaves.extend(enrolled.map(|enrolled| enrolled.unwrap().chain.swap_remove(0)));
    }
    let mut serials = BTreeSet::new();
    for leaf in &leaves {
        let leaf = Certificate::parse(leaf).unwrap();
        // RFC 5280, 4.1.2.2: positive, and at most 20 bytes. The top bit would be the sign.
        let serial = leaf.serial();
        assert_eq!((serial.len(), serial[0] >> 6), (17, 1), "{serial:02x?}");
        assert!(serials.insert(serial.to_vec()), "{serial:02x?}");
    }
    assert_eq!(site.used(key), count as u64);
    python::lint_drawn(&leaves);
}
