//! Client addresses as a proxy reports them: `Forwarded` (RFC 7239) and `X-Forwarded-For`.
//!
//! Both are read strictly. Text that does not follow the grammar is an unknown address, even if a
//! part of it looks like an address: a proxy appends its element to what the client wrote.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The nodes of all `Forwarded` lines, the client first. An inner `None` is an element without an
/// address; the outer `None` is a line that does not follow the grammar.
pub(crate) fn forwarded<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Vec<Option<IpAddr>>> {
    let mut nodes = Vec::new();
    for line in lines {
        let mut rest = Scanner(line);
        loop {
            nodes.push(rest.element()?);
            match rest.next() {
                None => break,
                Some(b',') => {}
                Some(_) => return None,
            }
        }
    }
    Some(nodes)
}

/// The nodes of all `X-Forwarded-For` lines, the client first. The header has no quoting, so an
/// element without an address does not affect the others.
pub(crate) fn x_forwarded_for<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Vec<Option<IpAddr>> {
    let elements = lines.flat_map(|line| line.split(|byte| *byte == b','));
    elements.map(|element| std::str::from_utf8(element).ok().and_then(plain_node)).collect()
}

/// The rest of a line.
struct Scanner<'a>(&'a [u8]);

impl<'a> Scanner<'a> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|byte| !wanted(*byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn skip_whitespace(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t'));
    }

    /// Reads `[ forwarded-pair ] *( ";" [ forwarded-pair ] )`, with whitespace around pairs as some
    /// proxies write it, and returns the node of its `for`. The outer `None`: it is malformed.
    fn element(&mut self) -> Option<Option<IpAddr>> {
        let (mut names, mut node) = (Vec::new(), None);
        loop {
            self.skip_whitespace();
            if !matches!(self.0.first(), None | Some(b',' | b';')) {
                let (name, value) = self.pair()?;
                if name == "for" {
                    node = quoted_node(&value);
                }
                // RFC 7239, 4: a parameter occurs once in an element.
                if names.contains(&name) {
                    return None;
                }
                names.push(name);
                self.skip_whitespace();
            }
            if self.skip(b';').is_none() {
                return Some(node);
            }
        }
    }

    /// Reads `token "=" value`; names are case-insensitive.
    fn pair(&mut self) -> Option<(String, String)> {
        let name = self.token()?.to_ascii_lowercase();
        self.skip(b'=')?;
        let value = match self.0.first() {
            Some(b'"') => self.quoted_string()?,
            _ => self.token()?,
        };
        Some((name, value))
    }

    fn token(&mut self) -> Option<String> {
        let token = self.take_while(is_token_character);
        (!token.is_empty()).then(|| String::from_utf8_lossy(token).into_owned())
    }

    /// Reads RFC 9110, 5.6.4, without commas, which no address, host or protocol contains. A quote
    /// that a client leaves open would swallow the comma before the proxy's element and end at the
    /// proxy's first quote; what follows would be text that the client chose.
    fn quoted_string(&mut self) -> Option<String> {
        self.skip(b'"')?;
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Some(String::from_utf8_lossy(&bytes).into_owned()),
                b'\\' => bytes.push(self.next().filter(|byte| is_text(*byte) && *byte != b',')?),
                byte if is_text(byte) && byte != b',' => bytes.push(byte),
                _ => return None,
            }
        }
    }
}

/// RFC 9110, 5.6.2.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// RFC 7239, 6: an IPv4 address, or an IPv6 address in brackets, perhaps with a port. `unknown` and
/// obfuscated identifiers are not addresses.
fn quoted_node(text: &str) -> Option<IpAddr> {
    if text.starts_with('[') {
        return bracketed(text);
    }
    let (address, port) = text.split_once(':').unzip();
    port.is_none_or(is_port).then_some(())?;
    address.unwrap_or(text).parse::<Ipv4Addr>().ok().map(IpAddr::from)
}

/// What proxies write into `X-Forwarded-For`: the same, or an IPv6 address without brackets.
fn plain_node(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches([' ', '\t']);
    quoted_node(text).or_else(|| text.parse::<Ipv6Addr>().ok().map(IpAddr::from))
}

fn bracketed(text: &str) -> Option<IpAddr> {
    let (address, rest) = text.strip_prefix('[')?.split_once(']')?;
    let port_follows = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    let address = address.parse::<Ipv6Addr>().ok()?;
    port_follows.then_some(address.into())
}

/// A port, or an obfuscated one.
fn is_port(text: &str) -> bool {
    let digits = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let obfuscated = text.strip_prefix('_').is_some_and(|name| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !name.is_empty() && name.bytes().all(plain)
    });
    digits || obfuscated
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(lines: &[&str]) -> Option<Vec<Option<String>>> {
        let nodes = forwarded(lines.iter().map(|line| line.as_bytes()))?;
        Some(nodes.iter().map(|node| node.map(|node| node.to_string())).collect())
    }

    fn nodes(nodes: &[&str]) -> Option<Vec<Option<String>>> {
        let node = |node: &&str| (!node.is_empty()).then(|| (*node).to_owned());
        Some(nodes.iter().map(node).collect())
    }

    #[test]
    fn elements_are_read_by_the_grammar() {
        let check = |line: &str, expected: &[&str]| {
            assert_eq!(read(&[line]), nodes(expected), "{line}");
        };
        check("for=192.0.2.60;proto=http;by=203.0.113.43", &["192.0.2.60"]);
        check(
            "for=192.0.2.43, for=\"[2001:db8:cafe::17]:4711\"",
            &["192.0.2.43", "2001:db8:cafe::17"],
        );
        check("For=192.0.2.43 ; Proto=https,\tfor=198.51.100.17", &["192.0.2.43", "198.51.100.17"]);
        check("for=\"192.0.2.43:47011\";by=\"_x:_y\"", &["192.0.2.43"]);
        check("for=\"192.0.2\\.43\"", &["192.0.2.43"]);
        check("for=_hidden, for=unknown, proto=https", &["", "", ""]);
        check("", &[""]);
        check("for=192.0.2.1,", &["192.0.2.1", ""]);
        // A quoted string is one value, whatever it contains.
        check("for=192.0.2.1;host=\"x;for=10.9.9.9;y=\"", &["192.0.2.1"]);
        check("host=\"\\\";for=10.9.9.9;y=\";for=192.0.2.1", &["192.0.2.1"]);
        assert_eq!(read(&["for=192.0.2.1", "for=192.0.2.2"]), nodes(&["192.0.2.1", "192.0.2.2"]));
    }

    #[test]
    fn a_line_that_breaks_the_grammar_is_no_list() {
        for line in [
            "for=\"192.0.2.1",
            "for=\"192.0.2.1\\",
            "for=192.0.2.1:80",
            "for=[2001:db8::1]",
            "for=192.0.2.1 for=192.0.2.2",
            "for=192.0.2.1;for=192.0.2.2",
            "for = 192.0.2.1",
            "for=",
            "for",
            "=192.0.2.1",
            "for=\"192.0.2.1\"x",
            // A client that chooses a host name, and one that also leaves a quote open.
            "for=192.0.2.1;host=\"x,for=10.9.9.9;y=\"",
            "host=\",for=192.0.2.1;host=\",for=10.9.9.9;y=\"\"",
            "for=\"\u{1}\"",
        ] {
            assert_eq!(read(&[line]), None, "{line}");
            assert_eq!(read(&[line, "for=192.0.2.9"]), None, "{line}");
        }
    }

    #[test]
    fn a_node_without_an_address_is_unknown() {
        for node in [
            "2001:db8::1",
            "[192.0.2.1]",
            "[2001:db8::1",
            "[2001:db8::1]x",
            "192.0.2.1:",
            "192.0.2.1:123456",
            "192.0.2.1:8x",
            " 192.0.2.1",
            "192.0.2.01",
        ] {
            assert_eq!(read(&[&format!("for=\"{node}\"")]), nodes(&[""]), "{node}");
        }
        let list = x_forwarded_for(
            [&b"192.0.2.1:x, [2001:db8::1]y, 1.2.3, \xff, 2001:db8::1,[2001:db8::2]:80 ,192.0.2.1:80"[..]].into_iter(),
        );
        let known: Vec<_> =
            list.iter().map(|node| node.map(|node| node.to_string()).unwrap_or_default()).collect();
        assert_eq!(known, ["", "", "", "", "2001:db8::1", "2001:db8::2", "192.0.2.1"]);
    }

    /// A value as a proxy writes it that quotes everything.
    fn quote(text: &str) -> String {
        let escaped: String = text
            .chars()
            .flat_map(|char| {
                ['\\'].into_iter().filter(move |_| "\"\\".contains(char)).chain([char])
            })
            .collect();
        format!("\"{escaped}\"")
    }

    proptest! {
        /// Whatever a client writes into a value that the proxy quotes, and whatever it sends
        /// before, the last element is the proxy's, or nothing is known.
        #[test]
        fn nobody_writes_the_element_of_the_proxy(before in "([ -~]|for=10\\.9\\.9\\.9|host=\"|[,;\"\\\\]){0,12}", host in "([ -~]|for=10\\.9\\.9\\.9|[,;=\"]){0,12}") {
            let line = format!("{before},for=192.0.2.1;host={}", quote(&host));
            if let Some(nodes) = forwarded([line.as_bytes()].into_iter()) {
                prop_assert_eq!(nodes.last().copied().flatten(), Some(IpAddr::from([192, 0, 2, 1])));
            }
            let alone = format!("for=192.0.2.1;host={}", quote(&host));
            let nodes = forwarded([alone.as_bytes()].into_iter());
            let expected = vec![Some(IpAddr::from([192, 0, 2, 1]))];
            prop_assert_eq!(nodes, (!host.contains(',')).then_some(expected));
        }

        #[test]
        fn every_address_is_read_as_it_was_written(addresses in proptest::collection::vec(any::<IpAddr>(), 1..5)) {
            let node = |address: &IpAddr| match address {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("\"[{address}]:443\""),
            };
            let list: Vec<_> = addresses.iter().map(|address| format!("by=_p;for={}", node(address))).collect();
            let expected: Vec<_> = addresses.iter().copied().map(Some).collect();
            prop_assert_eq!(forwarded([list.join(", ").as_bytes()].into_iter()), Some(expected.clone()));
            let plain: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
            prop_assert_eq!(x_forwarded_for([plain.join(", ").as_bytes()].into_iter()), expected);
        }

        #[test]
        fn no_header_panics(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = forwarded([&line[..]].into_iter());
            let _ = x_forwarded_for([&line[..]].into_iter());
        }
    }
}
