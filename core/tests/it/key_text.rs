//! Reading key texts as people paste them.

use proptest::prelude::*;
use proptest::sample::subsequence;
use provkey::key::{Host, KeyId, KeyTextError, Pin, ProvisioningKey, Secret};

const HOST: &str = "api.private.example.com";
const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const HOST_AT: usize = 5;
const CORE_AT: usize = HOST_AT + HOST.len() + 1;
const CORE: usize = 85;

fn key() -> ProvisioningKey {
    let id = KeyId::parse("q2w3e4r5t6y7").unwrap();
    let secret = Secret::from_bytes(std::array::from_fn(|i| 11 * i as u8));
    ProvisioningKey::from_parts(Host::parse(HOST).unwrap(), id, secret, Pin::of_spki(b"root"))
}

fn text() -> Vec<char> {
    key().to_text().expose().chars().collect()
}

fn joined(text: &[char]) -> String {
    text.iter().collect()
}

fn read(text: &[char]) -> Result<ProvisioningKey, KeyTextError> {
    ProvisioningKey::read(joined(text).as_bytes())
}

/// The text with other characters at these positions.
fn with(changes: &[(usize, char)]) -> Vec<char> {
    let mut text = text();
    for &(position, character) in changes {
        assert_ne!(text[position], character);
        text[position] = character;
    }
    text
}

/// One of the 31 other characters of the alphabet for this position.
fn other(position: usize, choice: usize) -> char {
    let right = ALPHABET.find(text()[position]).unwrap();
    ALPHABET.as_bytes()[(right + 1 + choice % 31) % 32].into()
}

/// Reads a wrong text, and checks the error.
fn check(text: &[char], code: &str, positions: &[usize], repaired: bool) -> KeyTextError {
    let error = read(text).expect_err("the text is wrong");
    let said = joined(text);
    assert_eq!((error.code(), error.positions()), (code, positions), "{said}");
    let original = key().to_text();
    assert_eq!(error.repaired(), repaired.then_some(&original), "{said}");
    assert_eq!(error.marks().trim_end().chars().count(), positions.last().map_or(0, |p| p + 1));
    assert!(!error.retryable());
    error
}

#[test]
fn reads_what_it_writes() {
    let key = ProvisioningKey::read(joined(&text()).as_bytes()).unwrap();
    assert_eq!((key.host().as_str(), key.id().as_str()), (HOST, "q2w3e4r5t6y7"));
    assert!(key.pin().matches_spki(b"root"));
    assert_eq!(key.secret(), self::key().secret());
}

#[test]
fn reads_what_is_pasted_from_a_mail_a_page_or_a_form() {
    let text = joined(&text());
    let halves = text.split_at(61);
    for pasted in [
        format!("> {}\r\n> {}", halves.0, halves.1),
        format!(">> {}\n>> {}\n", halves.0, halves.1),
        format!("> > {text}"),
        format!("Key: {text}"),
        format!("Provisioning key: \"{text}\"."),
        format!("* **Schlüssel:** {text}"),
        format!("<code>{text}</code>"),
        format!("<pre><code class=\"language-text\">{text}<br/></code></pre>"),
        format!("Key: <code>{text}</code>"),
        format!("<{text}>"),
        format!("Key: <{text}>,"),
    ] {
        let key =
            ProvisioningKey::read(pasted.as_bytes()).unwrap_or_else(|e| panic!("{pasted}: {e}"));
        assert_eq!(key.to_text().expose(), text, "{pasted}");
    }
    // Neither a host with a port nor text that only looks like a tag is removed.
    let with_port = ProvisioningKey::read(b"pvk1_localhost:8443_q2w3e4r5t6y7").unwrap_err();
    assert_eq!(with_port.code(), "key_truncated");
    for text in ["<", "<<>", "<a", "a<b>c<", ">", "Key:", "<code></code>", "<_>", ":"] {
        assert!(ProvisioningKey::read(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn an_admin_token_is_recognized() {
    let text = format!("Key: pvkt1_q2w3e4r5t6y7_{}", "q".repeat(45));
    let error = ProvisioningKey::read(text.as_bytes()).unwrap_err();
    assert_eq!(error.code(), "key_wrong_prefix");
    assert!(error.to_string().contains("admin token"), "{error}");
    assert!(!error.shown().contains('q') && error.repaired().is_none(), "{error:?}");
}

#[test]
fn ignores_what_copying_adds() {
    let text = joined(&text());
    let check = |written: String| {
        let key = ProvisioningKey::read(written.as_bytes());
        assert_eq!(key.unwrap().to_text().expose(), text, "{written}");
    };
    let wrapped = |with: &str| {
        let pieces: Vec<String> = text.as_bytes().chunks(19).map(|c| joined(&chars(c))).collect();
        pieces.join(with)
    };
    for line_end in ["\n", "\r\n", "\n    ", " ", "\t", " \\\n", "\u{a0}", "\u{2028}", "\u{3000}"] {
        check(wrapped(line_end));
    }
    for invisible in ["\u{200b}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}", "\u{202e}", "\0"] {
        check(wrapped(invisible));
    }
    check(format!("\u{feff}{text}\r\n"));
    check(text.to_uppercase());
    for (open, close) in [("\"", "\""), ("'", "'"), ("“", "”"), ("„", "‟"), ("‘", "’"), ("`", "`")]
    {
        check(format!("{open}{text}{close}"));
    }
    for (open, close) in [("«", "»"), ("‹", "› "), ("```\n", "\n```"), ("<", ">"), ("(", ").")]
    {
        check(format!("{open}{text}{close}"));
    }
    for end in [".", ",", ";", ":", "!", "?", "...", "…", "\"}", "\","] {
        check(format!("{text}{end}"));
    }
    for name in ["PROVISIONING_KEY=", "export KEY=", "KEY = \"", "$env:KEY = '", "pvk=", "pvk1="] {
        check(format!("{name}{text}"));
    }
}

fn chars(bytes: &[u8]) -> Vec<char> {
    bytes.iter().map(|&byte| byte.into()).collect()
}

#[test]
fn reads_utf_16_as_some_shells_write_it() {
    let units: Vec<u16> = format!("\u{feff}{}\r\n", joined(&text())).encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    assert!(ProvisioningKey::read(&little).is_ok());
    assert!(ProvisioningKey::read(&big).is_ok());
}

#[test]
fn an_authority_reads_the_canonical_form_only() {
    let text = joined(&text());
    assert!(ProvisioningKey::parse_strict(&text).is_ok());
    let check = |text: &str, code| {
        let error = ProvisioningKey::parse_strict(text).unwrap_err();
        assert_eq!((error.code(), error.positions(), error.repaired()), (code, &[][..], None));
        assert_eq!(error.shown(), "");
    };
    check("", "key_wrong_prefix");
    check(&text.to_uppercase(), "key_wrong_prefix");
    check(&format!(" {text}"), "key_wrong_prefix");
    check(&format!("{text}\n"), "key_extra");
    check(&text[..text.len() - 1], "key_truncated");
    check("pvk1_host", "key_truncated");
    check(&text.replace("q2w3", "Q2w3"), "key_bad_character");
    check(&text.replace("q2w3", "p2w3"), "key_damaged");
    check(&text.replace("api.", "API."), "key_host_miscopied");
    check(&text.replace("api.", "app."), "key_host_miscopied");
}

#[test]
fn every_substitution_is_located_and_repaired() {
    for position in CORE_AT..CORE_AT + CORE {
        for choice in 0..31 {
            let wrong = with(&[(position, other(position, choice))]);
            check(&wrong, "key_miscopied", &[position], true);
        }
    }
}

#[test]
fn every_adjacent_swap_is_located_and_repaired() {
    for position in CORE_AT..CORE_AT + CORE - 1 {
        let mut swapped = text();
        swapped.swap(position, position + 1);
        if swapped == text() {
            continue;
        }
        check(&swapped, "key_miscopied", &[position, position + 1], true);
    }
}

#[test]
fn look_alikes_outside_the_alphabet_are_repaired() {
    for (right, look_alike) in [('6', 'b'), ('8', 'B'), ('l', 'i'), ('l', '1'), ('0', 'o')] {
        let position = text()[CORE_AT..].iter().position(|&c| c == right);
        let position = CORE_AT + position.unwrap_or(40);
        check(&with(&[(position, look_alike)]), "key_bad_character", &[position], true);
    }
    for strange in ['é', '字', '_', '-', '\u{301}'] {
        check(&with(&[(50, strange)]), "key_bad_character", &[50], true);
    }
    let nine: Vec<_> = (40..49).map(|position| (position, 'o')).collect();
    check(&with(&nine[..8]), "key_bad_character", &[40, 41, 42, 43, 44, 45, 46, 47], true);
    check(&with(&nine), "key_bad_character", &[40, 41, 42, 43, 44, 45, 46, 47, 48], false);
}

#[test]
fn invalid_utf_8_is_a_bad_character() {
    let mut bytes = joined(&text()).into_bytes();
    bytes[60] = 0xff;
    let error = ProvisioningKey::read(&bytes).unwrap_err();
    assert_eq!((error.code(), error.positions()), ("key_bad_character", &[60][..]));
    assert_eq!(error.repaired(), Some(&key().to_text()));
}

#[test]
fn a_truncated_text_reports_how_much_is_missing() {
    let text = text();
    for length in 1..text.len() {
        let error = read(&text[..length]).unwrap_err();
        assert_eq!(error.code(), "key_truncated", "{length}");
        let missing = text.len() - length;
        match length {
            CORE_AT.. => assert_eq!(error.missing(), Some(missing)),
            _ => assert!(error.missing().unwrap() <= missing),
        }
    }
    assert_eq!(ProvisioningKey::read(b"").unwrap_err().code(), "key_empty");
    assert_eq!(ProvisioningKey::read(b" \"\"\r\n").unwrap_err().code(), "key_empty");
    assert_eq!(ProvisioningKey::read(b"export KEY=").unwrap_err().code(), "key_empty");
}

/// The first place from which the character at `position` could be missing: in a run of equal
/// characters all places are equally possible.
fn start_of_run(text: &[char], position: usize) -> usize {
    let run = text[..=position].iter().rev().take_while(|&&c| c == text[position]).count();
    position + 1 - run
}

#[test]
fn one_lost_character_is_located() {
    let whole = text();
    for position in CORE_AT..whole.len() {
        let mut text = whole.clone();
        text.remove(position);
        let start = start_of_run(&whole, position);
        let error = check(&text, "key_truncated", &[start], true);
        assert_eq!(error.missing(), Some(1));
    }
}

#[test]
fn one_extra_character_is_located() {
    let whole = text();
    for position in CORE_AT..whole.len() {
        let mut text = whole.clone();
        text.insert(position, whole[position]);
        let start = start_of_run(&whole, position);
        assert_eq!(check(&text, "key_extra", &[start], true).extra(), Some(1));
        text[position] = 'i';
        check(&text, "key_extra", &[position], true);
    }
}

#[test]
fn more_than_the_key_is_extra() {
    let text = joined(&text());
    let check = |text: String, extra| {
        let error = ProvisioningKey::read(text.as_bytes()).unwrap_err();
        assert_eq!((error.code(), error.extra()), ("key_extra", Some(extra)), "{text}");
    };
    check(format!("{text} # for the gateway"), "#forthegateway".len());
    check(format!("{text}\n{text}"), text.len());
    check(" ".repeat(5000), 5000 - 4096);
}

#[test]
fn a_wrong_host_is_reported() {
    for position in HOST_AT..CORE_AT - 1 {
        check(&with(&[(position, '7')]), "key_host_miscopied", &[], false);
        check(&with(&[(position, '_')]), "key_host_miscopied", &[position], false);
        let mut shorter = text();
        shorter.remove(position);
        check(&shorter, "key_host_miscopied", &[], false);
    }
    // The tag is that of the repaired core, so an error in the tag is not taken for one in the
    // host.
    let tag = CORE_AT + 68;
    check(&with(&[(tag, other(tag, 4))]), "key_miscopied", &[tag], true);
    // If host and core are wrong, the wrong characters of the core are known, the text is not.
    check(&with(&[(HOST_AT, 'x'), (tag, other(tag, 4))]), "key_damaged", &[tag], false);
    check(&with(&[(HOST_AT, 'x'), (tag, 'o')]), "key_bad_character", &[tag], false);
}

#[test]
fn a_wrong_separator_is_located() {
    let separator = CORE_AT - 1;
    check(&with(&[(separator, '-')]), "key_bad_character", &[separator], true);
    let both = with(&[(separator, '-'), (90, other(90, 0))]);
    check(&both, "key_bad_character", &[separator, 90], true);
    let mut lost = text();
    lost.remove(separator);
    check(&lost, "key_truncated", &[separator], true);
}

#[test]
fn a_wrong_prefix_is_located() {
    check(&chars(b"pvk2_host_core"), "key_unsupported_version", &[], false);
    check(&chars(b"PVK12_host"), "key_unsupported_version", &[], false);
    check(&chars(b"hunter2"), "key_wrong_prefix", &[], false);
    check(&text()[1..], "key_wrong_prefix", &[], false);
    check(&text()[CORE_AT..], "key_wrong_prefix", &[], false);
    check(&with(&[(3, 'l')]), "key_wrong_prefix", &[3], true);
    check(&with(&[(4, '-')]), "key_wrong_prefix", &[4], true);
    check(&with(&[(3, 'l'), (60, 'o')]), "key_wrong_prefix", &[], false);
}

/// Some of the core's positions, in any order.
fn positions(count: impl Into<prop::sample::SizeRange>) -> impl Strategy<Value = Vec<usize>> {
    subsequence((CORE_AT..CORE_AT + CORE).collect::<Vec<_>>(), count).prop_shuffle()
}

/// Wrong characters of the alphabet at some positions, ascending.
fn substitutions(
    count: impl Into<prop::sample::SizeRange>,
) -> impl Strategy<Value = Vec<(usize, char)>> {
    positions(count).prop_flat_map(|mut positions| {
        positions.sort_unstable();
        let choices = prop::collection::vec(0..31usize, positions.len());
        choices.prop_map(move |choices| {
            positions.iter().zip(choices).map(|(&at, choice)| (at, other(at, choice))).collect()
        })
    })
}

/// Random damage to the text.
fn edits() -> impl Strategy<Value = Vec<char>> {
    let edit = (0..5u8, 0..200usize, prop_oneof![any::<char>(), "[a-z0-9_.]".prop_map(first)]);
    prop::collection::vec(edit, 0..6).prop_map(|edits| {
        let mut text = text();
        for (kind, position, character) in edits {
            let position = position % text.len();
            match kind {
                0 => text[position] = character,
                1 => text.insert(position, character),
                2 => text[position] = '_',
                3 => text.extend(self::text().into_iter().skip(position)),
                _ => drop(text.remove(position)),
            }
        }
        text
    })
}

fn first(text: String) -> char {
    text.chars().next().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn two_to_four_substitutions_are_located_and_repaired(changes in substitutions(2..=4)) {
        let positions: Vec<usize> = changes.iter().map(|change| change.0).collect();
        check(&with(&changes), "key_miscopied", &positions, true);
    }

    #[test]
    fn mixes_with_characters_outside_the_alphabet_are_repaired(
        (errors, positions) in (0..=3usize)
            .prop_flat_map(|errors| (Just(errors), positions(errors + 1..=8 - errors))),
        choice in 0..31usize,
        strange in prop_oneof![Just('b'), Just('i'), Just('o'), Just('1'), Just('é')],
    ) {
        let mut changes: Vec<(usize, char)> = positions
            .iter()
            .enumerate()
            .map(|(i, &at)| (at, if i < errors { other(at, choice + i) } else { strange }))
            .collect();
        changes.sort_unstable();
        let positions: Vec<usize> = changes.iter().map(|change| change.0).collect();
        check(&with(&changes), "key_bad_character", &positions, true);
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = ProvisioningKey::read(&bytes);
    }

    #[test]
    fn no_text_causes_a_panic(text in "(pvk1_)?[a-z0-9_.=\"]{0,20}_?[ac-hj-np-z02-9bio]{80,90}.{0,3}") {
        let _ = ProvisioningKey::read(text.as_bytes());
        let _ = ProvisioningKey::parse_strict(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is wrong, nothing that is printed holds as much as 6 characters of the secret.
    #[test]
    fn nothing_printed_contains_the_secret(text in edits()) {
        let secret = &self::text()[CORE_AT + 12..];
        let printed = match read(&text) {
            Ok(key) => format!("{key} {key:?}"),
            Err(error) => format!("{error} {error:?} {}", error.shown()),
        };
        for run in secret.windows(6) {
            prop_assert!(!printed.contains(&joined(run)), "{}", printed);
        }
    }
}

/// Two keys in one text, so that the first one stands where a host is looked for.
#[test]
fn the_secret_of_a_key_before_another_is_not_shown() {
    for second in ["pvkl_", "pvk_", "_", "x_"] {
        for (separator, dot) in [('_', None), ('-', None), ('q', Some(20)), ('q', Some(40))] {
            let mut first = text();
            first[CORE_AT - 1] = separator;
            if let Some(at) = dot {
                first[CORE_AT + at] = '.';
            }
            let text = format!("{}{second}{}", joined(&first), &joined(&text())[HOST_AT..]);
            let error = ProvisioningKey::read(text.as_bytes()).unwrap_err();
            let secret = joined(&self::text()[CORE_AT + 12..CORE_AT + 18]);
            assert!(!error.shown().contains(&secret), "{text}\n{}", error.shown());
        }
    }
}

#[test]
fn secret_types_print_no_secret() {
    let key = key();
    assert_eq!(key.to_string(), "pvk1_api.private.example.com_q2w3e4r5t6y7…");
    assert_eq!(format!("{key:?}"), format!("ProvisioningKey({key})"));
    assert_eq!(format!("{:?}", key.secret()), "Secret(elided)");
    assert_eq!(format!("{:?}", key.to_text()), "KeyText(elided)");
}

/// The pattern by which secret scanners find key texts.
#[test]
fn scanners_find_key_texts() {
    let pattern = r"(?i)(?:\b|_)pvk1_[a-z0-9.:\[\]-]+_[02-9ac-hj-np-z]{85}\b";
    let pattern = regex::Regex::new(pattern).unwrap();
    for host in ["localhost", "api.private.example.com:8443", "192.0.2.7", "[2001:db8::1]:1"] {
        let (id, pin) = (key().id(), key().pin());
        let secret = Secret::from_bytes(*key().secret().expose());
        let key = ProvisioningKey::from_parts(Host::parse(host).unwrap(), id, secret, pin);
        let text = key.to_text();
        let line = format!("export KEY=\"{}\" # comment", text.expose());
        assert_eq!(pattern.find(&line).map(|found| found.as_str()), Some(text.expose()));
        assert!(pattern.is_match(&text.expose().to_uppercase()));
        assert!(!pattern.is_match(&text.expose()[..text.expose().len() - 1]));
    }
}

/// What a person sees in a terminal.
#[test]
fn explains_to_a_person() {
    let explain = |text: &[char]| {
        let error = read(text).unwrap_err();
        format!("{}\n{}\n{error}", error.shown(), error.marks())
    };
    assert_eq!(
        explain(&with(&[(60, 'o'), (70, other(70, 0))])),
        "\
pvk1_api.private.example.com_q2w3e4r5t6y7···················o·········j···········································
                                                            ^         ^
the key contains characters that no key has; look at characters 61 and 71; \
         a repair is known: compare it with the original"
    );
    let shown = format!("pvk1_{}", "·".repeat(95));
    let said = "14 characters of the key are missing: copy the whole key";
    assert_eq!(explain(&text()[..100]), format!("{shown}\n\n{said}"));
}

/// `pvk1` is a valid host name. The text then contains the prefix twice.
#[test]
fn a_host_may_look_like_the_prefix() {
    for host in ["pvk1", "api.pvk1", "pvk1.example.com"] {
        let (id, pin) = (key().id(), key().pin());
        let secret = Secret::from_bytes(*key().secret().expose());
        let key = ProvisioningKey::from_parts(Host::parse(host).unwrap(), id, secret, pin);
        let text = key.to_text();
        let quoted = format!("\u{201c}{}\u{201d}", text.expose());
        let read = ProvisioningKey::read(quoted.as_bytes()).map(|key| key.host().clone());
        assert_eq!(read.unwrap().as_str(), host);
    }
}
