//! Requests that are broken or weak, or ask for what no connector gets.

use std::collections::BTreeSet;
use std::path::Path;

use provkey::authority::EnrollRequest;
use provkey::testing::TestAuthority;
use serde::Deserialize;

use crate::common::code;
use crate::key_vectors::{bytes, load};

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    csr: String,
    #[serde(default)]
    zeros: usize,
    code: String,
}

#[test]
fn each_hostile_request_is_refused_with_its_code_and_costs_nothing() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 100);
    let text = world.provisioning_key(&key);
    let cases = load::<Cases>("csrs.json").cases;
    let mut sound = BTreeSet::new();
    for case in &cases {
        let csr = [bytes(&case.csr), vec![0; case.zeros]].concat();
        let request = EnrollRequest::new(csr).key_text(text.to_text());
        let enrolled = world.authority.enroll(&request);
        if let Ok(enrolled) = &enrolled {
            sound.insert(enrolled.connector);
            // Most valid requests have the same key pair: the first costs a use, the rest replay.
            assert_eq!(case.code, "enrolled", "{}", case.name);
        } else {
            assert_eq!(code(enrolled), case.code, "{}", case.name);
        }
        assert_eq!(world.used(&key), sound.len() as u64, "{}", case.name);
    }
    assert_eq!(sound.len(), 2, "one key pair of P-256, and one of RSA");
    let of_a_csr = |code: &&str| code.starts_with("csr_") || code.starts_with("weak_key_");
    let codes: BTreeSet<_> = cases.iter().map(|case| &*case.code).filter(of_a_csr).collect();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(codes, rows.filter(of_a_csr).collect(), "a request for each documented code");
}
