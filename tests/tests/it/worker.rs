//! Another process of the same authority, with requests and answers over pipes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use provkey_tests::{Answer, Question};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_provkey-test-worker");

/// A running `provkey-test-worker`. Threads serve its pipes, so sending never blocks.
pub(crate) struct Worker {
    child: Child,
    questions: Sender<String>,
    said: Receiver<String>,
}

impl Worker {
    /// Starts a worker in a folder, and waits until it has opened the authority.
    pub(crate) fn start(folder: &Path, threads: usize) -> Self {
        let worker = Self::spawn(Command::new(PROGRAM).arg(folder).arg(threads.to_string()));
        worker.wait_until_ready();
        worker
    }

    /// Starts a command that runs a worker.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (questions, asked) = channel::<String>();
        thread::spawn(move || {
            for question in asked {
                if stdin.write_all(question.as_bytes()).is_err() {
                    break; // It was killed.
                }
            }
        });
        let (say, said) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            // An incomplete line does not count.
            while stdout.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
                if say.send(std::mem::take(&mut line)).is_err() {
                    break; // Nobody listens any more.
                }
            }
        });
        Self { child, questions, said }
    }

    pub(crate) fn wait_until_ready(&self) {
        assert_eq!(self.said.recv().as_deref(), Ok("ready\n"), "the worker does not start");
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn ask(&self, connector: usize, csr: &[u8]) {
        self.send(&Question { connector, csr: csr.to_vec() });
    }

    pub(crate) fn send(&self, question: &impl Serialize) {
        // A killed worker reads nothing.
        let _ = self.questions.send(serde_json::to_string(question).unwrap() + "\n");
    }

    /// The next answer, to any request.
    pub(crate) fn answer<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.said.recv().expect("the worker is gone")).unwrap()
    }

    /// Kills it (SIGKILL). Returns the remaining answers.
    pub(crate) fn kill<T: DeserializeOwned>(mut self) -> Vec<T> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.rest()
    }

    /// Waits until it has answered all requests and ends. Returns the remaining answers.
    pub(crate) fn finish(self) -> Vec<Answer> {
        let (answers, done) = self.end();
        assert!(done);
        answers
    }

    /// As [`Self::finish`], but it may fail. Returns also whether it succeeded.
    pub(crate) fn end(self) -> (Vec<Answer>, bool) {
        self.end_with()
    }

    /// As [`Self::end`], with answers of any kind.
    pub(crate) fn end_with<T: DeserializeOwned>(mut self) -> (Vec<T>, bool) {
        let (nobody, _) = channel();
        self.questions = nobody;
        let answers = self.rest();
        (answers, self.child.wait().unwrap().success())
    }

    fn rest<T: DeserializeOwned>(&self) -> Vec<T> {
        let lines = self.said.iter().filter(|line| line != "ready\n");
        lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
    }
}
