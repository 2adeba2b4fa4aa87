//! Enrollment and renewal.

use provkey::authority::Action;
use provkey::limits::FORMER_CERTIFICATES_MAX;

use super::super::step::Request;
use super::super::view::{Answer, Key};
use super::{Enrollment, LEAF_VALIDITY, Leaf, Model, RENEWAL_GRACE, Refused};

impl Model {
    /// Requests of one call are decided together. One that another request of the call has
    /// overtaken is decided again.
    pub(super) fn enroll(&mut self, requests: &[Request]) -> Vec<Answer> {
        let mut answers = vec![Answer::Done; requests.len()];
        let mut pending: Vec<_> = requests.iter().enumerate().collect();
        while !pending.is_empty() {
            let decide = |(at, request)| (at, request, self.decide_enrollment(request));
            let decided: Vec<_> = pending.into_iter().map(decide).collect();
            pending = Vec::new();
            for (at, request, decision) in decided {
                match decision {
                    Ok(true) => answers[at] = self.replay(request.connector),
                    Ok(false) if self.decide_enrollment(request) == Ok(false) => {
                        answers[at] = self.enroll_new(request);
                    }
                    Ok(false) => pending.push((at, request)),
                    Err(code) => answers[at] = self.refuse_enrollment(request, code),
                }
            }
        }
        answers
    }

    fn enroll_new(&mut self, request: &Request) -> Answer {
        let (key, connector) = (request.key % self.keys.len(), request.connector);
        let (seen, _) = self.keys[key].as_mut().unwrap();
        seen.used += 1;
        seen.last_used_at = Some(self.now);
        let (group, certificate) = (seen.group, seen.certificate);
        let leaf = self.issue(connector, connector, certificate);
        let number = leaf.number;
        let enrollment = Enrollment {
            key,
            group,
            enrolled_at: self.now,
            issued: vec![number],
            certificates: vec![leaf],
            renewed_at: None,
            revoked_at: None,
            replays: 0,
            last_replay_at: None,
        };
        self.enrollments.insert(connector, enrollment);
        self.note(Action::ConnectorEnrolled, |audit| {
            (audit.key, audit.connector) = (Some(key), Some(connector));
        });
        Answer::Certificate { number, replay: false }
    }

    fn refuse_enrollment(&mut self, request: &Request, code: Refused) -> Answer {
        let key = request.key % self.keys.len();
        self.tally(Action::EnrollmentRefused, |audit| {
            (audit.key, audit.code) = (Some(key), Some(code.into()));
        });
        Answer::Refused(code)
    }

    /// Whether the request is a replay.
    fn decide_enrollment(&self, request: &Request) -> Result<bool, Refused> {
        let Request { key, connector, bearer } = *request;
        let key = key % self.keys.len();
        let state = self.key(key)?;
        match self.enrollments.get(&connector) {
            _ if state.compromised_at.is_some() => Err("key_compromised"),
            _ if !state.enabled => Err("key_disabled"),
            _ if state.proof_only && bearer => Err("proof_required"),
            Some(enrolled) if enrolled.key != key => Err("public_key_in_use"),
            Some(enrolled) if enrolled.revoked_at.is_some() => Err("connector_revoked"),
            Some(enrolled) if enrolled.current().key_pair != connector => {
                Err("certificate_renewed")
            }
            Some(enrolled) if self.now > enrolled.current().ends => Err("certificate_expired"),
            Some(_) => Ok(true),
            None if self.owners.contains_key(&connector) => Err("public_key_in_use"),
            None if self.expired(state) => Err("key_expired"),
            None if state.used >= state.max_uses => Err("key_exhausted"),
            None => self.check_usable(state.certificate).map(|()| false),
        }
    }

    pub(super) fn expired(&self, key: &Key) -> bool {
        key.expires_at.is_some_and(|expires_at| self.now >= expires_at)
    }

    fn issue(&mut self, connector: usize, key_pair: usize, certificate: usize) -> Leaf {
        self.owners.insert(key_pair, connector);
        self.issued += 1;
        let (number, ends) = (self.issued - 1, self.now + LEAF_VALIDITY);
        Leaf { number, key_pair, certificate, ends }
    }

    fn replay(&mut self, connector: usize) -> Answer {
        let enrolled = self.enrollments.get_mut(&connector).unwrap();
        enrolled.replays += 1;
        enrolled.last_replay_at = Some(self.now);
        let (key, number) = (enrolled.key, enrolled.current().number);
        self.tally(Action::ConnectorReplayed, |audit| {
            (audit.key, audit.connector) = (Some(key), Some(connector));
        });
        Answer::Certificate { number, replay: true }
    }

    pub(super) fn renew(
        &mut self,
        connector: usize,
        back: usize,
        key_pair: usize,
    ) -> Result<Answer, Refused> {
        let Some(enrolled) = self.enrollments.get(&connector) else { return Ok(Answer::Done) };
        let Some(old) = enrolled.issued.iter().rev().nth(back) else { return Ok(Answer::Done) };
        let key = enrolled.key;
        let newest_first = enrolled.certificates.iter().rev();
        let place = newest_first.map(|leaf| leaf.number).position(|number| number == *old);
        // An expired certificate may be forgotten, and then its connector is unknown.
        let place = place.ok_or("certificate_unknown")?;
        match self.decide_renewal(enrolled, place, connector, key_pair) {
            Ok(None) => Ok(self.replay(connector)),
            Ok(Some(certificate)) => Ok(self.renewed(connector, place, key_pair, certificate)),
            Err(code) => {
                self.tally(Action::RenewalRefused, |audit| {
                    (audit.key, audit.code) = (Some(key), Some(code.into()));
                });
                Err(code)
            }
        }
    }

    /// The enrollment certificate that signs; `None` for a replay.
    fn decide_renewal(
        &self,
        enrolled: &Enrollment,
        place: usize,
        connector: usize,
        key_pair: usize,
    ) -> Result<Option<usize>, Refused> {
        let (current, certificates) = (enrolled.current(), &enrolled.certificates);
        let old = &certificates[certificates.len() - 1 - place];
        let valid = certificates.iter().filter(|leaf| leaf.ends >= self.now).count();
        let owner = self.owners.get(&key_pair);
        let signs = self.key(enrolled.key).map_or(current.certificate, |key| key.certificate);
        match place {
            _ if enrolled.revoked_at.is_some() => Err("connector_revoked"),
            2.. => Err("certificate_renewed"),
            1 if key_pair != current.key_pair => Err("certificate_renewed"),
            1 if self.now <= current.ends => Ok(None),
            _ if valid > FORMER_CERTIFICATES_MAX => Err("renewal_too_early"),
            _ if owner.is_some_and(|owner| *owner != connector) => Err("public_key_in_use"),
            _ if self.now > old.ends + RENEWAL_GRACE => Err("renewal_too_late"),
            _ => self.check_usable(signs).map(|()| Some(signs)),
        }
    }

    fn renewed(
        &mut self,
        connector: usize,
        place: usize,
        key_pair: usize,
        certificate: usize,
    ) -> Answer {
        let leaf = self.issue(connector, key_pair, certificate);
        let (now, number) = (self.now, leaf.number);
        let enrolled = self.enrollments.get_mut(&connector).unwrap();
        let certificates = &mut enrolled.certificates;
        let current = certificates.pop();
        // An answer that expired before it arrived is replaced.
        let renewed = if place == 1 { certificates.pop() } else { None };
        certificates.retain(|leaf| leaf.ends >= now);
        certificates.extend(current.into_iter().chain(renewed).chain([leaf]));
        enrolled.issued.push(number);
        enrolled.renewed_at = Some(now);
        let key = enrolled.key;
        self.note(Action::ConnectorRenewed, |audit| {
            (audit.key, audit.connector) = (Some(key), Some(connector));
        });
        Answer::Certificate { number, replay: false }
    }
}
