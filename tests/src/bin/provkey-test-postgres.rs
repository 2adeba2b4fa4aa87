//! `provkey-test-postgres`: a PostgreSQL server for the tests of other languages. Prints its URL,
//! and runs until its standard input is closed.

fn main() -> std::io::Result<()> {
    provkey_tests::serve_postgres()
}
