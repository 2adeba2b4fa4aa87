//! How an application tests what it does with an authority: `cargo test --example testing`.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use provkey::authority::{Authority, KeyDetails, KeyFilter, KeyUpdate};
use provkey::testing::TestAuthority;
use provkey::time::Timestamp;

/// What the application does: it disables the keys that nobody has used since a moment.
fn disable_idle_keys(
    authority: &Authority,
    since: Timestamp,
) -> Result<usize, provkey::authority::Error> {
    let idle = KeyFilter::default().last_used_before(since);
    let idle: Vec<KeyDetails> = authority.keys(&idle).collect::<Result<_, _>>()?;
    for key in &idle {
        // Fails with `edit_conflict` if the key was edited since it was listed.
        let update = KeyUpdate::default().version(key.version).enabled(false);
        authority.update_key(key.id, &update)?;
    }
    Ok(idle.len())
}

/// In an application this is a `#[test]`.
fn only_idle_keys_are_disabled() -> Result<(), Box<dyn Error>> {
    let test = TestAuthority::new();
    let (idle, used) = (test.key("idle", 5), test.key("used", 5));

    test.clock.advance(Duration::from_secs(3600));
    test.authority.enroll(&test.request(&used))?;
    let hour_begins = Timestamp::from_unix_seconds(1_790_003_600);
    assert_eq!(disable_idle_keys(&test.authority, hour_begins)?, 1);

    let error = test.authority.enroll(&test.request(&idle)).expect_err("the key is disabled");
    assert_eq!(error.code(), "key_disabled");
    test.authority.enroll(&test.request(&used))?;
    assert_eq!(test.used(&used), 2);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    only_idle_keys_are_disabled()?;
    writeln!(std::io::stdout(), "passed")?;
    Ok(())
}

#[test]
fn runs() -> Result<(), Box<dyn Error>> {
    main()
}
