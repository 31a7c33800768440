//! The proxies that a server trusts.

use crate::values::address_range::AddressRange;
use crate::values::connection_info::Peer;
use alloc::vec::Vec;

/// The proxies whose word a server takes for the address of a client. By default, this is no one.
///
/// A trusted peer can pretend to be any client. So trust only the addresses of the proxies in front of this server. A
/// range that contains clients as well, such as the network of an office, lets these clients choose their address.
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
    /// Trusts no one.
    pub const fn new() -> TrustedProxies {
        TrustedProxies {
            ranges: Vec::new(),
            named_peers: false,
        }
    }

    /// Also trusts the addresses of a range.
    pub fn range(mut self, range: impl Into<AddressRange>) -> TrustedProxies {
        self.ranges.push(range.into());
        self
    }

    /// Also trusts each peer that has a name in place of an address, such as one that is connected to a Unix socket. Everyone
    /// who may open that socket is trusted then, so its permissions decide.
    pub fn named_peers(mut self) -> TrustedProxies {
        self.named_peers = true;
        self
    }

    /// Returns whether a peer is trusted. An unknown one never is.
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

    /// Returns whether no one is trusted.
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
