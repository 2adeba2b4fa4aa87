//! Hides secrets in error sentences. Errors repeat arguments, and an argument may be a key text, an
//! admin token or a URL with a password that was given in place of something else.

/// The beginning of every key text.
const PREFIX: &str = "pvk1_";
/// The beginning of every admin token; its id follows, then its secret.
const ADMIN_TOKEN_PREFIX: &str = "pvkt1_";
/// The parameter of a URL that holds a password.
const PASSWORD_PARAMETER: &str = "password=";
/// The length of an id, which the secret follows.
const ID_CHARACTERS: usize = 12;

/// Cuts each key text, admin token and URL with a password before its secret.
pub(crate) fn redact(text: &str) -> String {
    // No secret has white space or quotes.
    let ends = |c: char| c.is_whitespace() || "'\"`".contains(c);
    let mut redacted = String::with_capacity(text.len());
    for word in text.split_inclusive(ends) {
        let (word, end) = word.split_at(word.trim_end_matches(ends).len());
        let public = without_key_secret(word)
            .or_else(|| without_token_secret(word))
            .or_else(|| without_password(word));
        redacted.push_str(public.as_deref().unwrap_or(word));
        redacted.push_str(end);
    }
    redacted
}

/// A word that has a key text in it, without the secret.
fn without_key_secret(word: &str) -> Option<String> {
    let host_at = word.to_ascii_lowercase().find(PREFIX)? + PREFIX.len();
    let id_at = host_at + word.get(host_at..)?.find('_')? + 1;
    let secret_at = id_at + ID_CHARACTERS;
    (secret_at < word.len()).then(|| format!("{}…", word.get(..secret_at).unwrap_or(PREFIX)))
}

/// A word that has an admin token in it, without the secret.
fn without_token_secret(word: &str) -> Option<String> {
    let id_at = word.to_ascii_lowercase().find(ADMIN_TOKEN_PREFIX)? + ADMIN_TOKEN_PREFIX.len();
    let secret_at = id_at + ID_CHARACTERS;
    (secret_at < word.len())
        .then(|| format!("{}…", word.get(..secret_at).unwrap_or(ADMIN_TOKEN_PREFIX)))
}

/// A word that has a URL in it, cut after the name of its user. The `@` may be in another word, if
/// the password has a quote in it.
fn without_password(word: &str) -> Option<String> {
    if let Some(parameter) = word.find(PASSWORD_PARAMETER).filter(|_| word.contains("://")) {
        return word.get(..parameter + PASSWORD_PARAMETER.len()).map(|shown| format!("{shown}…"));
    }
    let user_at = word.find("://")? + "://".len();
    let password_at = user_at + word.get(user_at..)?.find(':')? + 1;
    let is_password = word.get(password_at..)?.contains('@') || word.contains("postgres");
    is_password.then(|| format!("{}…", word.get(..password_at).unwrap_or_default()))
}

/// Whether a URL has a password, before its host or as a parameter.
pub(crate) fn has_password(url: &str) -> bool {
    let user = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.contains(':')) || url.contains(PASSWORD_PARAMETER)
}

#[cfg(test)]
mod tests {
    use super::{has_password, redact};

    #[test]
    fn a_port_is_no_password() {
        for url in ["postgres://u:p@h/d", "postgres://u:p@q@h/d", "postgres://u@h/d?password=p"] {
            assert!(has_password(url), "{url}");
        }
        for url in [
            "sqlite:a:b",
            "postgres://h:5432/d",
            "postgres://u@h:5432/d",
            "postgres://u@h/d?port=5",
        ] {
            assert!(!has_password(url), "{url}");
        }
    }

    #[test]
    fn passwords_in_urls_are_cut() {
        let check = |text: &str, shown: &str| assert_eq!(redact(text), shown);
        check("no postgres://u:secret@h/d here", "no postgres://u:… here");
        check("`x=postgresql://u:se'", "`x=postgresql://u:…'");
        check("mysql://u:p@ss@h", "mysql://u:…");
        check(
            "https://example.com:8443/crl http://h/@:",
            "https://example.com:8443/crl http://h/@:",
        );
        check("postgres://u@h/d", "postgres://u@h/d");
        check("postgres://u@h/d?password=secret", "postgres://u@h/d?password=…");
    }

    #[test]
    fn only_the_public_part_of_a_key_text_stays() {
        let check = |text: &str, shown: &str| assert_eq!(redact(text), shown);
        check("no file: 'a_b'", "no file: 'a_b'");
        let key = format!("pvk1_localhost_q2w3e4r5t6y7{}", "s".repeat(73));
        let public = "pvk1_localhost_q2w3e4r5t6y7…";
        check(&key, public);
        check(&format!("no '{key}' and\nno K={key}"), &format!("no '{public}' and\nno K={public}"));
        check(&key.to_uppercase(), &public.to_uppercase());
        check(&key[..27], &key[..27]);
        check("pvk1_localhost", "pvk1_localhost");
        check("pvk1__q2w3e4r5t6yé", "pvk1_…");
        check("no 'pvkt1_q2w3e4r5t6y7_secret'", "no 'pvkt1_q2w3e4r5t6y7…'");
    }
}
