//! One process of an authority: `provkey-test-worker FOLDER THREADS`.
//!
//! Opens the authority in the folder and says `ready`. From then on each thread takes a question
//! from standard input, enrolls the connector and writes the answer to standard output at once,
//! until there are no more questions.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::{env, thread};

use provkey::authority::{Authority, EnrollRequest, Enrolled};
use provkey_tests::{Answer, Granted, Question, open_authority};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [folder, threads] = arguments.as_slice() else {
        return Err("usage: provkey-test-worker FOLDER THREADS".into());
    };
    let (authority, threads) = (open_authority(Path::new(folder))?, threads.parse()?);
    say("ready")?;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| serve(&authority))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    Ok(())
}

fn serve(authority: &Authority) -> io::Result<()> {
    let mut line = String::new();
    while io::stdin().read_line(&mut line)? > 0 {
        let Question { connector, csr } = serde_json::from_str(&line)?;
        let enrolled = authority.enroll(&EnrollRequest { csr, ..EnrollRequest::default() });
        let outcome = enrolled.map(granted).map_err(|error| error.code().to_owned());
        say(&serde_json::to_string(&Answer { connector, outcome })?)?;
        line.clear();
    }
    Ok(())
}

fn granted(Enrolled { serial, chain, replay, .. }: Enrolled) -> Granted {
    Granted { serial, leaf: chain.into_iter().next().unwrap_or_default(), replay }
}

/// Writes a line at once, so that it is out even if this process is killed next.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}
