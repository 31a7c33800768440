//! PROXY headers: each fixture whole, split in two at every position, byte by byte, and with a request after it.

use crate::laws::proxy::hold_for_proxy_header;
use bytegate::connection::{ProxyHeader, ProxyHeaderParser};

const HEADERS: &str = include_str!("../../../fixtures/proxy/headers.txt");

struct Fixture {
    rule: &'static str,
    bytes: Vec<u8>,
    expected: &'static str,
}

fn fixtures() -> Vec<Fixture> {
    let parts = HEADERS.split("\n\n").filter(|part| !part.starts_with('#'));
    let fixtures = parts.map(|part| {
        let mut lines = part.lines();
        let rule = lines.next().unwrap();
        let bytes = lines.next().unwrap().strip_prefix("> ").unwrap();
        let expected = lines.next().unwrap().strip_prefix("< ").unwrap();
        assert_eq!(lines.next(), None, "{rule}");
        Fixture {
            rule,
            bytes: unescape(bytes),
            expected,
        }
    });
    fixtures.collect()
}

/// Reads bytes with escapes as in Rust, and counts in braces.
fn unescape(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '{' => {
                let (count, after) = rest.split_once('}').unwrap();
                let last = *bytes.last().unwrap();
                bytes.extend(std::iter::repeat_n(
                    last,
                    count.parse::<usize>().unwrap() - 1,
                ));
                rest = after;
            }
            '\\' => {
                let (escape, after) = rest.split_at(1);
                rest = after;
                bytes.push(match escape {
                    "r" => b'\r',
                    "n" => b'\n',
                    "t" => b'\t',
                    "0" => 0,
                    "\\" => b'\\',
                    "x" => {
                        let (digits, after) = rest.split_at(2);
                        rest = after;
                        u8::from_str_radix(digits, 16).unwrap()
                    }
                    other => panic!("{text}: \\{other}"),
                });
            }
            _ => bytes.push(u8::try_from(first).unwrap()),
        }
    }
    bytes
}

fn describe(header: &ProxyHeader) -> String {
    let peer = header.peer.as_ref().map(ToString::to_string);
    let mut text = peer.unwrap_or("the peer".to_string());
    if let Some(destination) = header.destination {
        text.push_str(&format!(" to {destination}"));
    }
    if header.is_tls {
        text.push_str(" with TLS");
    }
    text
}

#[test]
fn each_header_is_read_as_the_protocol_says() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 60, "only {} fixtures", fixtures.len());
    for fixture in &fixtures {
        for after in ["", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
            let is_incomplete = fixture.expected == "incomplete";
            if is_incomplete && !after.is_empty() {
                continue;
            }
            let input = [&fixture.bytes, after.as_bytes()].concat();
            let result = match hold_for_proxy_header(&input) {
                Ok(Some((header, rest))) => {
                    assert_eq!(rest, after.as_bytes(), "{}", fixture.rule);
                    describe(&header)
                }
                Ok(None) => "incomplete".to_string(),
                Err(error) => format!("refused: {error}"),
            };
            assert_eq!(result, fixture.expected, "{}", fixture.rule);
        }
        let verb = match fixture.expected {
            "incomplete" => "wait ",
            refused if refused.starts_with("refused: ") => "refuse ",
            _ => "accept ",
        };
        assert!(fixture.rule.starts_with(verb), "{}", fixture.rule);
    }
}

#[test]
fn debug_output_shows_the_bytes_of_an_incomplete_header() {
    let mut parser = ProxyHeaderParser::new();
    assert!(parser.is_empty());
    assert_eq!(parser.receive(&mut &b"PROXY TCP4 \x1b"[..]), Ok(None));
    assert!(!parser.is_empty());
    assert_eq!(format!("{parser:?}"), "ProxyHeaderParser(PROXY TCP4 \\x1b)");
}
