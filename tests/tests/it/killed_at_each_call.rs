//! A process is killed before and after each call of its store, in every operation. The
//! operation is then done as a whole or not at all, and a repetition completes it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use provkey::authority::{Action, AuditFilter, ConnectorFilter, PageRequest};
use provkey::key::KeyId;
use provkey_postgres::PostgresStore;
use provkey_sqlite::SqliteStore;
use provkey_tests::history::{Answered, Call, Event, Step, perform};
use provkey_tests::{KILL_AT, PostgresServer, open_authority_on};

use crate::site::{Site, named_request};
use crate::worker::{PROGRAM, Worker};

/// An authority that the worker also opens.
struct Killed {
    site: Site,
    address: String,
}

impl Killed {
    fn new(address: impl FnOnce(&Path) -> String) -> Self {
        let mut place = String::new();
        let site = Site::on(|folder| {
            place = address(folder);
            match place.strip_prefix("sqlite:") {
                Some(path) => Arc::new(SqliteStore::create(path).unwrap()),
                None => Arc::new(PostgresStore::create(&place).unwrap()),
            }
        });
        Self { site, address: place }
    }

    /// Kills a worker at every moment of a step, each time with another key, until one
    /// completes. Returns how many were killed.
    fn kill_at_each_call(&self, step: &Step) -> usize {
        for moment in 0.. {
            let call = self.prepare(&format!("{step:?} {moment}"), step);
            let mut worker = Command::new(PROGRAM);
            worker.arg(self.site.folder()).args(["1", &self.address]);
            let worker = Worker::spawn(worker.env(KILL_AT, moment.to_string()));
            worker.send(&call);
            let (answers, done) = worker.end_with::<Event>();
            let before = self.state(&call);
            assert!(before.is_whole(&call.step), "{step:?}, moment {moment}: {before:?}");
            // An answer before the kill must be true.
            assert!(answers.is_empty() || before.done, "{step:?}, moment {moment}: {before:?}");
            self.finish(&call, &before);
            if done {
                assert_eq!(answers.len(), 1);
                return moment;
            }
        }
        unreachable!("a step ends")
    }

    /// A key with two uses, and a connector, which has enrolled if the step is a revocation.
    fn prepare(&self, key: &str, step: &Step) -> Call {
        let id = self.site.key(key, 2).id;
        let connector = named_request(&self.site.provisioning_key(id));
        let call = Call { number: 0, step: step.clone(), key: id.to_string(), connector };
        if matches!(step, Step::Revoke(_)) {
            let enroll = Call { step: Step::Enroll(0), ..call.clone() };
            perform(&self.site.authority, &enroll).answer.unwrap();
        }
        call
    }

    /// The state of a key, read by another node.
    fn state(&self, call: &Call) -> State {
        let authority = open_authority_on(self.site.folder(), &self.address).unwrap();
        let id = KeyId::parse(&call.key).unwrap();
        let page = PageRequest { limit: 100, after: None };
        let filter = ConnectorFilter::default().key(id);
        let connectors = authority.list_connectors(&filter, &page).unwrap().items;
        let filter = AuditFilter::default().key(id);
        let audit = authority.list_audit(&filter, &page).unwrap().items;
        let audited = |action| audit.iter().filter(|record| record.action == action).count();
        let key = authority.key(id).ok();
        let revoked = connectors.iter().any(|connector| connector.revoked_at.is_some());
        let done = match call.step {
            Step::SetLimit(limit) => key.as_ref().is_some_and(|key| key.max_uses == limit),
            Step::Enable(enabled) => key.as_ref().is_some_and(|key| key.enabled == enabled),
            Step::Delete => key.is_none(),
            Step::Revoke(_) => revoked,
            Step::Enroll(_) | Step::Read => !connectors.is_empty(),
        };
        let audited = match call.step {
            Step::SetLimit(_) | Step::Enable(_) => audited(Action::KeyUpdated),
            Step::Delete => audited(Action::KeyDeleted),
            Step::Revoke(_) => audited(Action::ConnectorRevoked),
            Step::Enroll(_) | Step::Read => audited(Action::ConnectorEnrolled),
        };
        let serials = connectors.into_iter().map(|connector| connector.serial).collect();
        State { done, audited, used: key.map(|key| key.used), serials }
    }

    /// Repeats the step, as after a lost answer.
    fn finish(&self, call: &Call, before: &State) {
        let answer = perform(&self.site.authority, call).answer.unwrap();
        match (&call.step, answer) {
            (Step::Enroll(_), Answered::Certificate { serial, replay }) => {
                assert_eq!(replay, before.done);
                assert!(!replay || before.serials == [serial]);
            }
            (Step::Delete, Answered::Refused(code)) if before.done => {
                assert_eq!(code, "key_deleted");
            }
            (_, answer) => assert_eq!(answer, Answered::Done),
        }
        let after = self.state(call);
        assert!(after.done && after.is_whole(&call.step), "{after:?}");
    }
}

/// The visible effects of a step.
#[derive(Debug)]
struct State {
    done: bool,
    /// The audit records of the step.
    audited: usize,
    /// `None` if the key is deleted.
    used: Option<u64>,
    serials: Vec<String>,
}

impl State {
    /// Whether effects and records agree, each once, and each counted use belongs to one
    /// connector.
    fn is_whole(&self, step: &Step) -> bool {
        let counted = self.used.is_none_or(|used| used == self.serials.len() as u64);
        // A repeated edit has another audit record.
        let recorded = match step {
            Step::SetLimit(_) | Step::Enable(_) => self.done == (self.audited > 0),
            _ => usize::from(self.done) == self.audited,
        };
        counted && recorded
    }
}

const STEPS: [Step; 5] =
    [Step::Enroll(0), Step::SetLimit(5), Step::Enable(false), Step::Revoke(0), Step::Delete];

fn check(killed: &Killed) {
    for step in STEPS {
        let moments = killed.kill_at_each_call(&step);
        // Opening, reading and applying make at least three calls.
        assert!(moments >= 6, "{step:?} has {moments} moments");
    }
}

#[test]
fn on_sqlite() {
    check(&Killed::new(|folder| format!("sqlite:{}", folder.join("authority.db").display())));
}

#[test]
fn on_postgresql() {
    let server = PostgresServer::start();
    check(&Killed::new(|_| server.new_database()));
}
