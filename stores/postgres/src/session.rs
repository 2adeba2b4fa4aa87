//! One connection: its settings and prepared statements.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use postgres::types::ToSql;
use postgres::{Client, Row, Statement, Transaction};

use crate::address::Address;
use crate::error::Failed;
use crate::tls::Tls;

/// The settings of a connection, whatever the server's defaults are. All plans use the index.
const SETTINGS: &str = "
    SELECT set_config('default_transaction_isolation', 'read committed', false),
        set_config('lock_timeout', $1, false),
        set_config('statement_timeout', $1, false),
        set_config('search_path', 'pg_catalog', false),
        set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),
        set_config('plan_cache_mode', 'force_generic_plan', false),
        set_config('enable_seqscan', 'off', false),
        set_config('enable_hashjoin', 'off', false),
        set_config('enable_mergejoin', 'off', false),
        set_config('jit', 'off', false)";

/// A connection. One thread uses it at a time.
pub(crate) struct Session {
    client: Client,
    address: Arc<Address>,
    /// Prepared statements, by their SQL.
    statements: HashMap<&'static str, Statement>,
    used_at: Instant,
}

impl Session {
    /// Connects to the server that takes writes. The timeout limits each wait for a lock and each
    /// statement, but not a commit.
    pub(crate) fn connect(
        address: &Arc<Address>,
        tls: &Tls,
        lock_timeout: Duration,
    ) -> Result<Self, Failed> {
        let mut session = Self {
            client: Self::client(address, tls)?,
            address: Arc::clone(address),
            statements: HashMap::new(),
            used_at: Instant::now(),
        };
        // 0 would be no limit.
        let lock_timeout = format!("{}ms", lock_timeout.as_millis().max(1));
        session.client.query_typed(SETTINGS, &[(&lock_timeout, postgres::types::Type::TEXT)])?;
        Ok(session)
    }

    /// Connects, without the settings.
    pub(crate) fn client(address: &Address, tls: &Tls) -> Result<Client, Failed> {
        let mut config = address.config.clone();
        // By default, notices of the server are logged.
        config.notice_callback(|_| {});
        Ok(config.connect(tls.clone())?)
    }

    /// Runs a statement, in which `{schema}` stands for the schema. The first time takes two round
    /// trips, then one. The statement is committed when this returns.
    pub(crate) fn query(
        &mut self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failed> {
        let statement = match self.statements.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self.client.prepare(&self.address.sql(sql))?;
                self.statements.entry(sql).or_insert(statement).clone()
            }
        };
        Ok(self.client.query(&statement, parameters)?)
    }

    pub(crate) fn transaction(&mut self) -> Result<Transaction<'_>, Failed> {
        Ok(self.client.transaction()?)
    }

    /// Records that the connection has just worked.
    pub(crate) fn mark_used(&mut self) {
        self.used_at = Instant::now();
    }

    /// Whether the connection works. The server is asked only if it was idle for long.
    pub(crate) fn is_alive(&mut self, idle_max: Duration, answer_timeout: Duration) -> bool {
        let used_just_now = self.used_at.elapsed() < idle_max;
        !self.client.is_closed() && (used_just_now || self.client.is_valid(answer_timeout).is_ok())
    }
}
