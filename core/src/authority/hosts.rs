//! The hosts at which connectors reach the authority.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::authority::Authority;
use crate::key::Host;
use crate::ledger::Ledger;
use crate::ledger::error::{Error, InputError};
use crate::ledger::records::{self, Action};

/// # Hosts
impl Authority {
    /// Its hosts. A new key gets the first one unless it names another. In a forked child these are
    /// the hosts at opening.
    pub fn hosts(&self) -> Vec<Host> {
        let state = self.ledger().map_or_else(|_| Arc::clone(&self.opened), Ledger::state);
        state.record.hosts.clone()
    }

    /// Adds a host. Key texts for the other hosts stay valid. Another process that has the
    /// authority open enrolls and renews for the new host at once. Until it does, its
    /// [`hosts`](Self::hosts) may lack it.
    ///
    /// # Errors
    /// `too_many_hosts`, and those of the store.
    pub fn add_host(&self, host: &Host) -> Result<(), Error> {
        let ledger = self.ledger()?;
        let added = self.transact(Action::HostAdded, |change| {
            ledger.reload()?;
            let state = ledger.state();
            if state.record.hosts.contains(host) {
                change.skip();
                return Ok(false);
            }
            if state.record.hosts.len() >= crate::limits::HOSTS_MAX {
                return Err(InputError::TooManyHosts.about(host).into());
            }
            let mut record = state.record.clone();
            record.hosts.push(host.clone());
            change.audit.details = Some(host.as_str().to_string());
            change.expect(records::authority(), state.version);
            change.put(records::authority(), &record);
            Ok(true)
        })?;
        if added { ledger.reload().map_err(Error::outcome_unknown) } else { Ok(()) }
    }
}
