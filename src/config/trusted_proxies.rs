//! The proxies that a server trusts.

use crate::values::address_range::AddressRange;
use crate::values::connection_info::Peer;
use alloc::vec::Vec;

/// The proxies that a server trusts to name its clients. By default, it trusts none.
///
/// A trusted peer can pretend to be any client, so trust only the addresses of the proxies in front of this server. If a
/// range also contains clients, such as the network of an office, these clients can choose their address.
///
/// ```
/// use bytegate::config::TrustedProxies;
/// use bytegate::request::Peer;
/// use std::net::SocketAddr;
///
/// let proxies = TrustedProxies::from(["10.0.0.0/24".parse()?, "::1".parse()?]);
/// let peer = |address: &str| Peer::from(address.parse::<SocketAddr>().unwrap());
/// assert!(proxies.contains(&peer("10.0.0.7:50000")) && proxies.contains(&peer("[::1]:50000")));
/// assert!(!proxies.contains(&peer("10.0.1.7:50000")) && !proxies.contains(&Peer::Unknown));
///
/// let unix = Peer::named("/run/site.sock");
/// assert!(!proxies.contains(&unix) && proxies.named_peers().contains(&unix));
/// # Ok::<(), bytegate::config::InvalidAddressRange>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct TrustedProxies {
    ranges: Vec<AddressRange>,
    named_peers: bool,
}

impl TrustedProxies {
    /// Creates a list of no proxies.
    pub const fn new() -> TrustedProxies {
        TrustedProxies {
            ranges: Vec::new(),
            named_peers: false,
        }
    }

    /// Also trusts the addresses in a range.
    pub fn range(mut self, range: impl Into<AddressRange>) -> TrustedProxies {
        self.ranges.push(range.into());
        self
    }

    /// Also trusts each [named](Peer::Named) peer, such as a client of a Unix socket. The permissions of the socket then decide
    /// who is trusted.
    pub fn named_peers(mut self) -> TrustedProxies {
        self.named_peers = true;
        self
    }

    /// Returns whether a peer is trusted. An [unknown](Peer::Unknown) peer never is.
    #[must_use]
    pub fn contains(&self, peer: &Peer) -> bool {
        match peer {
            Peer::Unknown => false,
            Peer::Named(_) => self.named_peers,
            Peer::Address(address) => {
                let mut ranges = self.ranges.iter();
                ranges.any(|range| range.contains(address.ip()))
            }
        }
    }

    /// Returns whether no peer is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty() && !self.named_peers
    }
}

impl From<AddressRange> for TrustedProxies {
    fn from(range: AddressRange) -> TrustedProxies {
        TrustedProxies::from([range])
    }
}

impl<const N: usize> From<[AddressRange; N]> for TrustedProxies {
    fn from(ranges: [AddressRange; N]) -> TrustedProxies {
        ranges.into_iter().collect()
    }
}

impl FromIterator<AddressRange> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = AddressRange>>(ranges: I) -> TrustedProxies {
        TrustedProxies {
            ranges: ranges.into_iter().collect(),
            named_peers: false,
        }
    }
}
