//! Version 2: binary, with optional values after the addresses.

use super::checksum::crc32c;
use super::error::ProxyHeaderError::{self, Checksum, Malformed, Missing, TooLong};
use super::header::{Parsed, ProxyHeader};
use crate::values::connection_info::Peer;
use alloc::string::String;
use core::net::{IpAddr, SocketAddr};

/// The length of the longest header. The protocol allows 65,551 bytes, but no proxy needs so many.
const LONGEST: usize = 4096;
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The length of the fixed part: signature, version and command, family and protocol, and the length of the rest.
const FIXED: usize = 16;

/// The types of the values that are read.
const CRC32C: u8 = 0x03;
const SSL: u8 = 0x20;

/// The flag of a client that is connected by TLS, in the first byte of [`SSL`].
const CLIENT_SSL: u8 = 0x01;

/// Parses the bytes received so far.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, ProxyHeaderError> {
    if !bytes.starts_with(SIGNATURE) && !SIGNATURE.starts_with(bytes) {
        return Err(Missing);
    }
    let (version, family) = (bytes.get(12).copied(), bytes.get(13).copied());
    let is_local = match version {
        Some(0x20) => true,
        Some(0x21) | None => false,
        Some(_) => return Err(Malformed("the version must be 2, and the command 0 or 1")),
    };
    let family = match family {
        _ if is_local => Family::Unspecified,
        Some(0x00) | None => Family::Unspecified,
        Some(0x11) => Family::V4,
        Some(0x21) => Family::V6,
        Some(0x31) => Family::Unix,
        Some(_) => {
            return Err(Malformed(
                "the protocol must be a stream over IPv4, IPv6 or Unix",
            ));
        }
    };
    let Some((fixed, rest)) = bytes.split_at_checked(FIXED) else {
        return Ok(Parsed::Missing(FIXED - bytes.len()));
    };
    let length = match fixed {
        [.., high, low] => usize::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    if length > LONGEST - FIXED {
        return Err(TooLong);
    }
    if length < family.bytes() {
        return Err(Malformed("the length must be enough for the addresses"));
    }
    if rest.len() < length {
        return Ok(Parsed::Missing(length - rest.len()));
    }
    if is_local {
        // The rest is ignored, as the protocol demands.
        return Ok(Parsed::Complete(ProxyHeader::default()));
    }
    let (addresses, values) = rest.split_at(family.bytes());
    let mut proxied = family.parse(addresses);
    proxied.is_tls = Values::read(bytes, values)?.is_tls;
    Ok(Parsed::Complete(proxied))
}

/// The kind of the addresses.
#[derive(Clone, Copy)]
enum Family {
    Unspecified,
    V4,
    V6,
    Unix,
}

impl Family {
    /// Returns the length of both addresses.
    const fn bytes(self) -> usize {
        match self {
            Family::Unspecified => 0,
            Family::V4 => 2 * (4 + 2),
            Family::V6 => 2 * (16 + 2),
            Family::Unix => 2 * 108,
        }
    }

    fn parse(self, addresses: &[u8]) -> ProxyHeader {
        let (peer, destination) = match self {
            Family::Unspecified => (None, None),
            Family::V4 => internet::<4>(addresses),
            Family::V6 => internet::<16>(addresses),
            Family::Unix => {
                let path = addresses.split(|byte| *byte == 0).next();
                let path = String::from_utf8_lossy(path.unwrap_or_default());
                let peer = (!path.is_empty()).then(|| Peer::named(&path));
                return ProxyHeader {
                    peer,
                    ..ProxyHeader::default()
                };
            }
        };
        ProxyHeader {
            peer: peer.map(Peer::Address),
            destination,
            is_tls: false,
        }
    }
}

/// Returns the source and the destination: two addresses of `N` bytes, and two ports.
fn internet<const N: usize>(bytes: &[u8]) -> (Option<SocketAddr>, Option<SocketAddr>)
where
    IpAddr: From<[u8; N]>,
{
    let address = |index: usize| {
        let ip: [u8; N] = bytes.get(index * N..)?.first_chunk().copied()?;
        let port = bytes.get(2 * (N + index)..)?.first_chunk().copied()?;
        let ip = IpAddr::from(ip).to_canonical();
        Some(SocketAddr::new(ip, u16::from_be_bytes(port)))
    };
    (address(0), address(1))
}

/// The values after the addresses.
#[derive(Default)]
struct Values {
    is_tls: bool,
    has_checksum: bool,
}

impl Values {
    /// Reads the values at the end of a header.
    fn read(header: &[u8], mut rest: &[u8]) -> Result<Values, ProxyHeaderError> {
        let mut values = Values::default();
        while let Some((kind, value, after)) = next(rest) {
            let at = header.len() - after.len() - value.len();
            match (kind, value) {
                (CRC32C, [_, _, _, _]) if !values.has_checksum => {
                    values.has_checksum = true;
                    let (before, _) = header.split_at(at);
                    let sum = crc32c(&[before, &[0; 4], after]);
                    if value != sum.to_be_bytes() {
                        return Err(Checksum);
                    }
                }
                (CRC32C, _) => return Err(Malformed("there must be one checksum of 4 bytes")),
                // The flags, the result of the verification, and more values.
                (SSL, [flags, _, _, _, _, ..]) => values.is_tls |= flags & CLIENT_SSL != 0,
                (SSL, _) => return Err(Malformed("the value for TLS must have 5 bytes or more")),
                // Other values are ignored.
                _ => {}
            }
            rest = after;
        }
        match rest {
            [] => Ok(values),
            _ => Err(Malformed("a value after the addresses is incomplete")),
        }
    }
}

/// Splits off the first value: its type, its bytes, and the rest.
fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let ([kind, high, low], rest) = bytes.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let (value, rest) = rest.split_at_checked(length)?;
    Some((*kind, value, rest))
}
