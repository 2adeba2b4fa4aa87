//! Closing a store to changes, after its authority was moved to another store.
//!
//! A trigger on the table of records refuses every change. Creating it waits for the transactions
//! that are writing, and every later one runs into it.

use postgres::{Error, Transaction};

use crate::address::Address;

/// The SQLSTATE of a refused change.
pub(crate) const MOVED: &str = "PK001";

const CLOSE: &str = "
    CREATE OR REPLACE FUNCTION {schema}.refuse_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the store was moved' USING ERRCODE = 'PK001'; END $$;
    CREATE TRIGGER moved BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {schema}.records
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_moved();";
const OPEN: &str = "DROP TRIGGER moved ON {schema}.records; DROP FUNCTION {schema}.refuse_moved();";
const IS_CLOSED: &str = "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'moved'
    AND tgrelid = format('%I.records', $1::text)::regclass)";

/// Creates or drops the trigger. Returns whether that changed anything.
pub(crate) fn set(
    transaction: &mut Transaction<'_>,
    address: &Address,
    closed: bool,
) -> Result<bool, Error> {
    // Serializes with other nodes that close or open the store. Dropping a trigger takes the
    // strongest lock; requested later, it would deadlock with a transaction that has read the table
    // and waits to write.
    let lock = if closed { "SHARE ROW EXCLUSIVE" } else { "ACCESS EXCLUSIVE" };
    transaction
        .batch_execute(&address.sql(&format!("LOCK TABLE {{schema}}.records IN {lock} MODE")))?;
    let is_closed: bool = transaction.query_one(IS_CLOSED, &[&address.schema()])?.get(0);
    if is_closed == closed {
        return Ok(false);
    }
    transaction.batch_execute(&address.sql(if closed { CLOSE } else { OPEN }))?;
    Ok(true)
}
