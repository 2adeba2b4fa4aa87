//! Hand-written accounting on PostgreSQL.

use postgres::{Client, NoTls, Statement};

/// A connection to hand-written tables: keys with a count, enrollments, an audit trail.
pub struct HandWrittenPostgres {
    client: Client,
    count: Statement,
    enroll: Statement,
    audit: Statement,
    all_in_one: Statement,
}

impl std::fmt::Debug for HandWrittenPostgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandWrittenPostgres").finish_non_exhaustive()
    }
}

impl HandWrittenPostgres {
    /// Creates the tables, and one key with a limit.
    pub fn create(url: &str, max_uses: i64) -> Result<(), postgres::Error> {
        let mut client = Client::connect(url, NoTls)?;
        client.batch_execute(
            "CREATE TABLE keys (id bigint PRIMARY KEY, max_uses bigint, used bigint);
             CREATE TABLE enrollments (
                 public_key bytea PRIMARY KEY, key bigint, serial bytea, at bigint, certificate bytea
             );
             CREATE INDEX ON enrollments (key, at);
             CREATE INDEX ON enrollments (serial);
             CREATE TABLE audit (at bigint, what text)",
        )?;
        client.execute("INSERT INTO keys VALUES (1, $1, 0)", &[&max_uses])?;
        Ok(())
    }

    /// Opens a connection.
    pub fn connect(url: &str) -> Result<Self, postgres::Error> {
        let mut client = Client::connect(url, NoTls)?;
        let count = "UPDATE keys SET used = used + 1 WHERE id = 1 AND used < max_uses";
        let enroll = "INSERT INTO enrollments VALUES ($1, 1, $2, 1, $3)";
        let audit = "INSERT INTO audit VALUES (1, 'connector enrolled with key 1')";
        let all_in_one = format!(
            "WITH counted AS ({count} RETURNING id), enrolled AS (
                 INSERT INTO enrollments SELECT $1, id, $2, 1, $3 FROM counted
             ), audited AS (
                 INSERT INTO audit SELECT 1, 'connector enrolled with key 1' FROM counted
             ) SELECT FROM counted"
        );
        Ok(Self {
            count: client.prepare(count)?,
            enroll: client.prepare(enroll)?,
            audit: client.prepare(audit)?,
            all_in_one: client.prepare(&all_in_one)?,
            client,
        })
    }

    /// Counts one use and records the enrollment, in one transaction. Returns whether the key
    /// allowed it.
    pub fn enroll(&mut self, key: &[u8; 32], certificate: &[u8]) -> Result<bool, postgres::Error> {
        let mut transaction = self.client.transaction()?;
        let counted = transaction.execute(&self.count, &[])?;
        if counted == 1 {
            let serial = key.get(..17).unwrap_or_default();
            transaction.execute(&self.enroll, &[&key.as_slice(), &serial, &certificate])?;
            transaction.execute(&self.audit, &[])?;
        }
        transaction.commit()?;
        Ok(counted == 1)
    }

    /// The same in one statement, hence in one round trip.
    pub fn enroll_in_one(
        &mut self,
        key: &[u8; 32],
        certificate: &[u8],
    ) -> Result<bool, postgres::Error> {
        let serial = key.get(..17).unwrap_or_default();
        let parameters: &[&(dyn postgres::types::ToSql + Sync)] =
            &[&key.as_slice(), &serial, &certificate];
        Ok(self.client.query(&self.all_in_one, parameters)?.len() == 1)
    }
}
