//! Key texts that were given in the place of something else: errors repeat arguments, and must not
//! tell a secret.

/// What every key text begins with.
const PREFIX: &str = "pvk1_";
/// The length of a key's id, which its secret follows.
const ID_CHARACTERS: usize = 12;

/// The text, with each key text in it cut after its public part.
pub(crate) fn redact(text: &str) -> String {
    // No key text has white space or quotes.
    let ends = |c: char| c.is_whitespace() || "'\"`".contains(c);
    let mut redacted = String::with_capacity(text.len());
    for word in text.split_inclusive(ends) {
        let (word, end) = word.split_at(word.trim_end_matches(ends).len());
        redacted.push_str(public_part(word).as_deref().unwrap_or(word));
        redacted.push_str(end);
    }
    redacted
}

/// What may be shown of a word with a key text in it, and an ellipsis.
fn public_part(word: &str) -> Option<String> {
    let host_at = word.to_ascii_lowercase().find(PREFIX)? + PREFIX.len();
    let id_at = host_at + word.get(host_at..)?.find('_')? + 1;
    let secret_at = id_at + ID_CHARACTERS;
    (secret_at < word.len()).then(|| format!("{}…", word.get(..secret_at).unwrap_or(PREFIX)))
}

#[cfg(test)]
mod tests {
    use super::redact;

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
    }
}
