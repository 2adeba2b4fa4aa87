//! The password, if the URL has none: from `PGPASSWORD` or the password file, as with PostgreSQL's
//! own tools.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use postgres::Config;
use postgres::config::Host;

/// Sets the password from the environment, unless the URL has one.
pub(crate) fn find(config: &mut Config) {
    if config.get_password().is_some() {
        return;
    }
    if let Some(password) = env::var_os("PGPASSWORD").filter(|password| !password.is_empty()) {
        config.password(password.as_encoded_bytes());
        return;
    }
    let file = env::var_os("PGPASSFILE").map(PathBuf::from);
    let file = file.or_else(|| env::home_dir().map(|home| home.join(".pgpass")));
    if let Some(password) =
        file.and_then(|file| read(&file)).and_then(|text| of_text(&text, config))
    {
        config.password(password);
    }
}

/// The content of the file. Like PostgreSQL's tools, ignores a file that others than its owner may
/// read.
fn read(file: &Path) -> Option<String> {
    let metadata = fs::metadata(file).ok().filter(fs::Metadata::is_file)?;
    let private = metadata.permissions().mode() & 0o077 == 0;
    private.then(|| fs::read_to_string(file).ok())?
}

/// The password of the first line that matches one of the servers.
fn of_text(text: &str, config: &Config) -> Option<String> {
    let user = config.get_user().map_or_else(|| env::var("USER").ok(), |user| Some(user.into()))?;
    let database = config.get_dbname().unwrap_or(&user);
    let ports = config.get_ports();
    config.get_hosts().iter().enumerate().find_map(|(index, host)| {
        let host = match host {
            Host::Tcp(host) => host.as_str(),
            // In the password file, this stands for a socket.
            #[cfg(unix)]
            Host::Unix(_) => "localhost",
        };
        let port = ports.get(index).or(ports.first()).unwrap_or(&5432).to_string();
        let wanted = [host, &port, database, &user];
        text.lines().find_map(|line| password(line, wanted))
    })
}

/// The password of a line `host:port:database:user:password`, if it matches. `*` matches anything;
/// `\:` and `\\` stand for a colon and a backslash.
fn password(line: &str, wanted: [&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = vec![String::new()];
    let mut characters = line.trim_end_matches('\r').chars();
    while let Some(character) = characters.next() {
        let last = fields.len() - 1;
        match character {
            '\\' => fields[last].extend(characters.next()),
            ':' if last < wanted.len() => fields.push(String::new()),
            character => fields[last].push(character),
        }
    }
    let password = fields.pop().filter(|_| fields.len() == wanted.len())?;
    let matches = |(field, wanted): (&String, &str)| field == "*" || field == wanted;
    fields.iter().zip(wanted).all(matches).then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_matching_line_has_the_password() {
        let text = "# db.example.com:5432:fleet:owner:comment\n\
                    db.example.com:5433:*:*:port\r\n\
                    *:*:fleet:own\\:er\\\\:a\\:b:c\\\\\n\
                    [::1]:5432:fleet:owner:no\n\
                    localhost:*:*:owner:socket\n\
                    broken:line\n\
                    *:*:*:owner:last";
        let check = |url: &str, password: Option<&str>| {
            let config = url.parse().unwrap();
            assert_eq!(of_text(text, &config).as_deref(), password, "{url}");
        };
        check("postgres://owner@db.example.com:5433/fleet", Some("port"));
        check("postgres://owner@db.example.com/fleet", Some("last"));
        check("postgres://own%3Aer%5C@db.example.com/fleet", Some("a:b:c\\"));
        check("postgres://owner@%2Frun%2Fpostgresql/fleet", Some("socket"));
        check("postgres://other@db.example.com/fleet", None);
        check("postgres://other@a,db.example.com/fleet", None);
        check("postgres://other@a,db.example.com:5433/fleet", Some("port"));
        check("postgres://other@a:1,db.example.com:5433/fleet", Some("port"));
    }

    #[test]
    fn a_file_that_others_may_read_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        fs::write(&path, "*:*:*:*:secret").unwrap();
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o600);
        assert_eq!(read(&path).as_deref(), Some("*:*:*:*:secret"));
        mode(0o640);
        assert_eq!(read(&path), None);
        assert_eq!(read(folder.path()), None);
    }
}
