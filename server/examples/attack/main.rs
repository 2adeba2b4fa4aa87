//! Attacks a server on this machine, and measures the effect.
//!
//! ```text
//! attack PATH-OF-provkey [--deep] [NAME…]
//! ```
//!
//! Each attack runs against a new server process with short deadlines; `--deep` attacks with more
//! connections for longer. Meanwhile a connector enrolls and an administrator reads, ten times a
//! second, each from its own address. The table has the peak memory of the server, how long the two
//! waited, and how long a connection of the attack lasted that the server should have closed. The
//! run fails if a figure exceeds its bound below, or if a request of the two fails.
//!
//! All traffic goes to 127.0.0.0/8, and each attack is bounded in number and time.

// It is a test that prints its results.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod attacks;
mod client;
mod honest;
#[path = "../../tests/it/http2.rs"]
mod http2;
mod site;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use attacks::{ATTACKS, Attack, Attacker, Scale};
use honest::Waits;
use site::Site;

/// The most memory that the server may use.
const MEMORY_MIB_MAX: u64 = 256;
/// The longest median wait of a connector or an administrator.
const WAIT_MEDIAN_MAX: Duration = Duration::from_secs(1);

struct Row {
    attack: &'static Attack,
    memory_mib: u64,
    connector: Waits,
    administrator: Waits,
    connections: usize,
    lasted: Duration,
}

impl Row {
    fn failures(&self, scale: Scale) -> Vec<String> {
        let mut failures = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                failures.push(format!("{}: {what}", self.attack.name));
            }
        };
        check(self.memory_mib <= MEMORY_MIB_MAX, format!("more than {MEMORY_MIB_MAX} MiB"));
        for (who, waits) in [("connector", &self.connector), ("administrator", &self.administrator)]
        {
            check(waits.failed.is_empty(), format!("{who}: {:?}", waits.failed.first()));
            check(
                waits.median() <= WAIT_MEDIAN_MAX,
                format!("the median wait of the {who} was too long"),
            );
            check(waits.worst() <= scale.wait_max, format!("the {who} waited too long"));
        }
        let closed = !self.attack.closes || self.lasted <= scale.lasts_max;
        check(closed, format!("a connection lasted {:?}", self.lasted));
        failures
    }

    fn print(&self) {
        let ms = |time: Duration| time.as_millis();
        println!(
            "{:<28} {:>6} {:>6} {:>7} {:>7} {:>7} {:>7} {:>7.1}",
            self.attack.name,
            self.connections,
            self.memory_mib,
            ms(self.connector.median()),
            ms(self.connector.worst()),
            ms(self.administrator.median()),
            ms(self.administrator.worst()),
            self.lasted.as_secs_f32(),
        );
    }
}

fn run(site: &Site, attack: &'static Attack, scale: Scale) -> Row {
    let server = site.serve(scale.deadlines, attack.options);
    let attackers =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let attacker = Arc::new(Attacker::new(site, &server, scale));
    attackers.block_on(async { (attack.begin)(&attacker) });
    // The attack begins before the measurement.
    std::thread::sleep(Duration::from_millis(500));
    let (connector, administrator) = honest::measure(site, &server, scale.time(attack));
    let memory_mib = server.memory_mib();
    let (connections, lasted) = attacker.connections();
    attackers.shutdown_timeout(Duration::from_secs(1));
    Row { attack, memory_mib, connector, administrator, connections, lasted }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(program) = arguments.next() else {
        panic!("usage: attack PATH-OF-provkey [--deep] [NAME…]")
    };
    let (flags, names): (Vec<_>, Vec<_>) = arguments.partition(|name| name.starts_with("--"));
    let scale = if flags.iter().any(|flag| flag == "--deep") { Scale::DEEP } else { Scale::SHORT };
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let site = Site::new(PathBuf::from(program));
    println!(
        "{:<28} {:>6} {:>6} {:^15} {:^15} {:>7}",
        "", "conn.", "MiB", "connector", "administrator", "lasts"
    );
    println!(
        "{:<28} {:>6} {:>6} {:>7} {:>7} {:>7} {:>7} {:>7}",
        "attack", "", "worst", "p50 ms", "worst", "p50 ms", "worst", "s"
    );
    let mut failures = Vec::new();
    for attack in ATTACKS
        .iter()
        .filter(|attack| names.is_empty() || names.iter().any(|name| name == attack.name))
    {
        let row = run(&site, attack, scale);
        row.print();
        failures.extend(row.failures(scale));
    }
    for failure in &failures {
        println!("error: {failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
