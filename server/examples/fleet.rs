//! A server with a sample fleet in memory: `cargo run -p provkey-server --example fleet`.
//!
//! The console and the API are tested with it. The first line of its output is JSON: the address,
//! and an admin token per role. It ends at the end of its standard input.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use provkey::authority::{
    AdminRole, Authority, CertificateId, EnrollRequest, Environment, GroupId, KeyUpdate, Name,
    NewAdminToken, NewAuthority, NewCertificate, NewKey,
};
use provkey::key::{Host, KeyId, Keyring, MasterKey};
use provkey::random::SystemRandom;
use provkey::store::Memory;
use provkey::time::{Clock, Timestamp};
use provkey::x509::{KeyAlgorithm, SoftwareSigner, build_csr};
use provkey_server::{Config, router};

const DAY: Duration = Duration::from_secs(86_400);

/// The clock of the machine, set back: the history of the fleet spans weeks.
#[derive(Default)]
struct PastClock(AtomicU64);

impl PastClock {
    fn set_ago(&self, ago: Duration) {
        self.0.store(ago.as_millis() as u64, Ordering::Relaxed);
    }
}

impl Clock for PastClock {
    fn now(&self) -> Timestamp {
        Timestamp::from(SystemTime::now())
            .minus(Duration::from_millis(self.0.load(Ordering::Relaxed)))
    }
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let clock = Arc::new(PastClock::default());
    let authority = seed(&clock)?;
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let mut line = serde_json::json!({ "address": format!("http://{}", listener.local_addr()?) });
    for (role, person) in AdminRole::ALL.into_iter().zip(["vera", "oscar", "alice"]) {
        let new = NewAdminToken::new(name(person)?, role);
        line[role.as_str()] = authority.create_token(&new)?.1.expose().into();
    }
    writeln!(std::io::stdout(), "{line}")?;
    let mut config = Config::default();
    config.insecure_cookies = true;
    let service = router(authority, config).into_make_service_with_connect_info::<SocketAddr>();
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        result = axum::serve(listener, service) => Ok(result?),
        _ = ended => Ok(()),
    }
}

fn name(text: &str) -> Result<Name> {
    Ok(Name::parse(text)?)
}

/// A kind of keys.
struct Kind {
    name: &'static str,
    group: GroupId,
    certificate: CertificateId,
    max_uses: u64,
}

fn seed(clock: &Arc<PastClock>) -> Result<Authority> {
    clock.set_ago(60 * DAY);
    let environment = Environment::system(Arc::new(Memory::new())).clock(clock.clone());
    let keyring = Keyring::new(MasterKey::generate(&SystemRandom)?);
    let host = Host::parse("api.private.example.com")?;
    let authority = Authority::create(environment, keyring, &NewAuthority::new(host))?;
    // The audit trail names no actor for connectors.
    let (fleet, authority) = (authority.clone(), authority.acting_as("cli:root"));
    let group = |text| -> Result<GroupId> { Ok(authority.create_group(&name(text)?)?.id) };
    let (plants, branches, lab) = (group("Plants")?, group("Branch offices")?, group("Lab")?);
    group("Spare")?;
    let current = authority.create_certificate(&NewCertificate::new(name("Connectors 2026")?))?.id;
    let short = NewCertificate::new(name("Pilot")?).validity(120 * DAY).leaf_validity(90 * DAY);
    let pilot = authority.create_certificate(&short)?.id;
    authority.request_certificate(&NewCertificate::new(name("External")?))?;
    let kinds = [
        Kind { name: "Plant 7 gateways", group: plants, certificate: current, max_uses: 40 },
        Kind { name: "Plant 9 gateways", group: plants, certificate: current, max_uses: 250 },
        Kind { name: "Branch routers", group: branches, certificate: current, max_uses: 12 },
        Kind { name: "Pilot sensors", group: lab, certificate: pilot, max_uses: 30 },
        Kind { name: "Lab bench", group: lab, certificate: pilot, max_uses: 5 },
    ];
    let mut keys = Vec::new();
    for (kind, hour) in kinds.iter().zip(0..) {
        // Every key has its own hour of creation, so the order is fixed.
        clock.set_ago(45 * DAY - Duration::from_secs(hour * 3600));
        let new = NewKey::new(name(kind.name)?, kind.group, kind.certificate, kind.max_uses);
        keys.push(authority.create_key(&new)?.id);
    }
    for number in 1..=80 {
        clock.set_ago(40 * DAY - Duration::from_secs(number * 3600));
        let (group, text) = if number % 3 == 0 { (plants, "Line") } else { (branches, "Store") };
        let new = NewKey::new(name(&format!("{text} {number:03}"))?, group, current, 4);
        authority.create_key(&new)?;
    }
    enroll_over_time(&fleet, clock, &keys)?;
    clock.set_ago(Duration::ZERO);
    let soon = clock.now().plus(3 * DAY);
    authority.update_key(keys[3], &KeyUpdate::default().expires_at(soon))?;
    let off = authority.find_key("Store 001")?.id;
    authority.update_key(off, &KeyUpdate::default().enabled(false))?;
    Ok(authority)
}

/// Enrolls a different number of connectors each day; the key of the branch routers is used up.
fn enroll_over_time(authority: &Authority, clock: &PastClock, keys: &[KeyId]) -> Result<()> {
    let texts: Vec<_> =
        keys.iter().map(|key| authority.copy_key(*key)).collect::<std::result::Result<_, _>>()?;
    for day in (0..30_u64).rev() {
        for (index, text) in texts.iter().enumerate() {
            let several = [(day * 7) % 3, (day * 5) % 8, u64::from(day < 12), day % 2, 0][index];
            for number in 0..several {
                clock.set_ago(day as u32 * DAY + Duration::from_secs(number * 1800 + 60));
                let signer = SoftwareSigner::generate(KeyAlgorithm::Ed25519)?.0;
                let request = EnrollRequest::new(build_csr(&signer, &[])?)
                    .key_text(provkey::key::KeyText::new(text.expose().to_owned()))
                    .address(IpAddr::from([10, 20, index as u8, number as u8 + 1]));
                authority.enroll(&request)?;
            }
        }
    }
    Ok(())
}
