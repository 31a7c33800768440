//! Version 1: a line of text.

use super::error::ProxyHeaderError::{self, Malformed, Missing, TooLong};
use super::header::{Parsed, ProxyHeader};
use crate::values::connection_info::Peer;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The length of the longest header, with its line ending.
const LONGEST: usize = 107;
/// The length of the shortest header: the start without addresses, and a line ending.
const SHORTEST: usize = UNKNOWN.len() + 2;
const UNKNOWN: &[u8] = b"PROXY UNKNOWN";
const STARTS: [&[u8]; 3] = [b"PROXY TCP4 ", b"PROXY TCP6 ", UNKNOWN];
const PROTOCOL: ProxyHeaderError = Malformed("the protocol must be TCP4, TCP6 or UNKNOWN");
/// The number of spaces in a header with addresses.
const SPACES: usize = 5;

/// Parses the bytes received so far.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, ProxyHeaderError> {
    let may_begin = |start: &&[u8]| bytes.starts_with(start) || start.starts_with(bytes);
    if !STARTS.iter().any(may_begin) {
        let is_proxy = bytes.starts_with(b"PROXY ");
        return Err(if is_proxy { PROTOCOL } else { Missing });
    }
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let line = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    if line.len() > LONGEST - 2 {
        return Err(TooLong);
    }
    let is_unknown = line.strip_prefix(UNKNOWN);
    if is_unknown.is_some_and(|rest| !matches!(rest, [] | [b' ', ..])) {
        return Err(PROTOCOL);
    }
    let ending = bytes.get(line.len()..).unwrap_or_default();
    match ending {
        [] if bytes.len() < SHORTEST => Ok(Parsed::Missing(SHORTEST - bytes.len())),
        [] => Ok(Parsed::Missing(shortest_rest(line))),
        b"\r" => Ok(Parsed::Missing(1)),
        // More bytes after an incomplete line mean that fields are missing.
        [b'\r', b'\n', ..] => parse_line(line).map(Parsed::Complete),
        _ => Err(Malformed(
            "the line must end with a carriage return and a line feed",
        )),
    }
}

/// Returns the least number of bytes that complete a line.
fn shortest_rest(line: &[u8]) -> usize {
    if line.starts_with(UNKNOWN) {
        return 2;
    }
    let spaces = line.iter().filter(|byte| **byte == b' ').count();
    let current = usize::from(line.ends_with(b" "));
    // Each field is a byte or more, after a space.
    2 * SPACES.saturating_sub(spaces) + current + 2
}

fn parse_line(line: &[u8]) -> Result<ProxyHeader, ProxyHeaderError> {
    if line.starts_with(UNKNOWN) {
        // The rest of the line is ignored, as the protocol demands.
        return Ok(ProxyHeader::default());
    }
    let line = core::str::from_utf8(line).map_err(|_| Malformed("the line must be ASCII"))?;
    let mut fields = line.split(' ').skip(1);
    let mut next = || fields.next().unwrap_or_default();
    let (protocol, source, destination) = (next(), next(), next());
    let (source_port, destination_port) = (next(), next());
    if fields.next().is_some() {
        return Err(Malformed("there must be two addresses and two ports"));
    }
    let address = |ip: &str, port: &str| {
        let ip: IpAddr = match protocol {
            "TCP4" => ip.parse::<Ipv4Addr>().ok()?.into(),
            _ => ip.parse::<Ipv6Addr>().ok()?.into(),
        };
        Some(SocketAddr::new(ip.to_canonical(), parse_port(port)?))
    };
    let malformed = Malformed("the addresses must be of the protocol, with ports from 0 to 65535");
    Ok(ProxyHeader {
        peer: Some(Peer::Address(
            address(source, source_port).ok_or(malformed)?,
        )),
        destination: Some(address(destination, destination_port).ok_or(malformed)?),
        is_tls: false,
    })
}

/// Parses a decimal number without a sign and without zeros before it.
fn parse_port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| is_number && is_plain)
}
