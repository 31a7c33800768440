//! Ranges of IP addresses.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// A range of IP addresses in CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3), or a single address.
///
/// An IPv4-mapped IPv6 address, such as `::ffff:10.0.0.1`, counts as the IPv4 address. So `::/0` contains no IPv4 addresses.
///
/// ```
/// use bytegate::config::AddressRange;
///
/// let private: AddressRange = "10.0.0.0/8".parse()?;
/// assert!(private.contains("10.1.2.3".parse()?) && private.contains("::ffff:10.1.2.3".parse()?));
/// assert!(!private.contains("11.0.0.0".parse()?));
///
/// let error = "10.1.2.3/8".parse::<AddressRange>().unwrap_err();
/// assert_eq!(error.to_string(), "10.1.2.3/8 has bits after its prefix: write 10.0.0.0/8, or 10.1.2.3 for one address");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "CIDR")]
#[doc(alias = "IpNet")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressRange {
    /// The first address, which is not an IPv4-mapped one.
    first: IpAddr,
    /// The number of bits that all addresses of the range have in common.
    prefix: u8,
}

impl AddressRange {
    /// Returns whether the range contains an address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.prefix) == self.first
    }
}

impl From<IpAddr> for AddressRange {
    /// Returns the range of this address alone.
    fn from(address: IpAddr) -> AddressRange {
        let first = address.to_canonical();
        AddressRange {
            first,
            prefix: bits(first),
        }
    }
}

impl FromStr for AddressRange {
    type Err = InvalidAddressRange;

    /// Parses `10.0.0.0/8`, `2001:db8::/32`, or a single address. The bits after the prefix must be zero.
    fn from_str(text: &str) -> Result<AddressRange, InvalidAddressRange> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let sent: IpAddr = address.parse().map_err(|_| InvalidAddressRange::Form)?;
        let Some(prefix) = prefix else {
            return Ok(sent.into());
        };
        let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = is_number && (prefix == "0" || !prefix.starts_with('0'));
        let prefix = prefix.parse().ok().filter(|_| is_plain);
        let prefix: u8 = prefix.ok_or(InvalidAddressRange::Form)?;
        if prefix > bits(sent) {
            return Err(InvalidAddressRange::Prefix { bits: bits(sent) });
        }
        // All addresses of ::ffff:0:0/96 are mapped, and a range that is larger contains others too.
        let address = sent.to_canonical();
        let (address, prefix) = match prefix.checked_sub(bits(sent) - bits(address)) {
            Some(prefix) => (address, prefix),
            None => (sent, prefix),
        };
        let first = masked(address, prefix);
        if first != address {
            return Err(InvalidAddressRange::Bits {
                address,
                range: AddressRange { first, prefix },
            });
        }
        Ok(AddressRange { first, prefix })
    }
}

impl fmt::Display for AddressRange {
    /// Writes the range as it is parsed. A single address has no prefix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == bits(self.first) {
            self.first.fmt(f)
        } else {
            write!(f, "{}/{}", self.first, self.prefix)
        }
    }
}

impl fmt::Debug for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error for text that is not an [`AddressRange`].
///
/// ```
/// use bytegate::config::AddressRange;
///
/// let error = "10.0.0.0/33".parse::<AddressRange>().unwrap_err();
/// assert_eq!(error.to_string(), "the prefix of this address has at most 32 bits");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidAddressRange {
    /// The text is neither an address nor an address with a prefix.
    Form,
    /// The prefix is longer than the address.
    Prefix {
        /// The length of the address in bits.
        bits: u8,
    },
    /// Bits of the address after the prefix are not zero.
    Bits {
        /// The address.
        address: IpAddr,
        /// The range that contains it.
        range: AddressRange,
    },
}

impl fmt::Display for InvalidAddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidAddressRange::Form => f.write_str(
                "an address range must be written like 10.0.0.0/8, 2001:db8::/32 or 192.0.2.1",
            ),
            InvalidAddressRange::Prefix { bits } => {
                write!(f, "the prefix of this address has at most {bits} bits")
            }
            InvalidAddressRange::Bits { address, range } => write!(
                f,
                "{address}/{} has bits after its prefix: write {range}, or {address} for one address",
                range.prefix
            ),
        }
    }
}

impl core::error::Error for InvalidAddressRange {}

/// Returns the length of an address in bits.
fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Returns an address with the bits after the prefix set to zero.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let rest = u32::from(bits(address).saturating_sub(prefix));
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(rest).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(rest).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn parse(text: &str) -> Result<AddressRange, InvalidAddressRange> {
        text.parse()
    }

    #[test]
    fn a_range_contains_the_addresses_with_its_prefix() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("192.0.2.1/32", "192.0.2.1", "192.0.2.0"),
            ("192.0.2.128/25", "192.0.2.255", "192.0.2.127"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "2001:db8::1", "192.0.2.1"),
            ("::/0", "::1", "::ffff:192.0.2.1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
            ("fe80::/10", "febf::1", "fec0::"),
            ("10.0.0.0/8", "::ffff:10.0.0.1", "::ffff:11.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.0.0.1", "11.0.0.1"),
            ("::ffff:0.0.0.0/96", "1.2.3.4", "::1"),
            ("::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"),
        ] {
            let contains = |address: &str| parse(range).unwrap().contains(address.parse().unwrap());
            assert!(contains(inside), "{range} contains {inside}");
            assert!(!contains(outside), "{range} does not contain {outside}");
        }
    }

    #[test]
    fn a_range_is_written_as_it_is_parsed() {
        for (text, written) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("2001:DB8:0::/32", "2001:db8::/32"),
            ("::1/128", "::1"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), written, "{text}");
            assert_eq!(parse(written), parse(text));
        }
    }

    #[test]
    fn an_invalid_range_is_refused_with_advice() {
        for text in [
            "",
            "/",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.0/-1",
            "10.0.0.0/8 ",
            " 10.0.0.0/8",
            "10.0.0.0/8/8",
            "10.0.0.0/256",
            "10.0.0/8",
            "010.0.0.0/8",
            "10.0.0.0/255.0.0.0",
            "[::1]",
            "fe80::1%eth0",
            "10.0.0.1:80",
            "localhost",
            "*",
        ] {
            assert_eq!(parse(text), Err(InvalidAddressRange::Form), "{text:?}");
        }
        for (text, advice) in [
            (
                "10.0.0.0/33",
                "the prefix of this address has at most 32 bits",
            ),
            ("::/129", "the prefix of this address has at most 128 bits"),
            (
                "2001:db8::1/32",
                "2001:db8::1/32 has bits after its prefix: write 2001:db8::/32, or 2001:db8::1 for one address",
            ),
            (
                "::ffff:10.0.0.1/104",
                "10.0.0.1/8 has bits after its prefix: write 10.0.0.0/8, or 10.0.0.1 for one address",
            ),
            (
                "192.0.2.1/0",
                "192.0.2.1/0 has bits after its prefix: write 0.0.0.0/0, or 192.0.2.1 for one address",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), advice);
        }
    }
}
