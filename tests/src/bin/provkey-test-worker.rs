//! One process of an authority: `provkey-test-worker FOLDER THREADS [STORE]`.
//!
//! Opens the authority whose master key is in the folder, on the store in the folder or on
//! STORE, and prints `ready`. Then each thread repeatedly reads a request from standard input,
//! enrolls the connector or performs the call of a history, and writes the answer to standard
//! output, until the input ends.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::{env, thread};

use provkey::authority::{Authority, EnrollRequest, Enrolled};
use provkey_tests::history::perform;
use provkey_tests::{Answer, Asked, Granted, Question, open_authority, open_authority_on};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let (threads, authority) = match arguments.as_slice() {
        [folder, threads] => (threads, open_authority(Path::new(folder))?),
        [folder, threads, store] => (threads, open_authority_on(Path::new(folder), store)?),
        _ => return Err("usage: provkey-test-worker FOLDER THREADS [STORE]".into()),
    };
    let threads = threads.parse()?;
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
        let answer = match serde_json::from_str(&line)? {
            Asked::Question(question) => serde_json::to_string(&enroll(authority, question))?,
            Asked::Call(call) => serde_json::to_string(&perform(authority, &call))?,
        };
        say(&answer)?;
        line.clear();
    }
    Ok(())
}

fn enroll(authority: &Authority, Question { connector, csr }: Question) -> Answer {
    let enrolled = authority.enroll(&EnrollRequest::new(csr));
    let outcome = enrolled.map(granted).map_err(|error| error.code().to_owned());
    Answer { connector, outcome }
}

fn granted(Enrolled { serial, chain, replay, .. }: Enrolled) -> Granted {
    Granted { serial, leaf: chain.into_iter().next().unwrap_or_default(), replay }
}

/// Writes and flushes a line, so that it is out even if this process is killed next.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}
