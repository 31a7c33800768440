//! The client that a connection belongs to.

use crate::values::connection_info::Peer;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::prelude::rust_2024::*;

/// An IPv4 address, an IPv6 network of 64 bits, which one customer usually has, or all peers without an address.
///
/// An IPv4 address is in the lower half. No network begins with 32 zero bits except the network of `::1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client(u64);

impl Client {
    /// Multicast, so it is no address of a peer.
    const UNNAMED: Client = Client(u64::MAX);
    /// The network of `::1`.
    const LOOPBACK_V6: Client = Client(0);

    pub(super) fn of(peer: &Peer) -> Client {
        match peer.ip().map(|address| address.to_canonical()) {
            None => Client::UNNAMED,
            Some(IpAddr::V4(address)) => Client(u64::from(u32::from(address))),
            Some(IpAddr::V6(address)) => Client((u128::from(address) >> 64) as u64),
        }
    }

    /// Returns whether the client is this machine, such as a proxy on it.
    pub(super) fn is_local(self) -> bool {
        let is_loopback_v4 = self.0 >> 24 == 127;
        self == Client::UNNAMED || self == Client::LOOPBACK_V6 || is_loopback_v4
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (*self, u32::try_from(self.0)) {
            (Client::UNNAMED, _) => f.write_str("peers without an address"),
            (Client::LOOPBACK_V6, _) => f.write_str("::1"),
            (_, Ok(address)) => Ipv4Addr::from(address).fmt(f),
            _ => write!(f, "{}/64", Ipv6Addr::from(u128::from(self.0) << 64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn client(address: &str) -> Client {
        Client::of(&Peer::from(SocketAddr::new(address.parse().unwrap(), 1)))
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_network() {
        for (address, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
            ("fe80::1", "fe80::/64"),
            ("::1", "::1"),
        ] {
            assert_eq!(client(address).to_string(), shown);
        }
        assert_eq!(client("192.0.2.7"), client("::ffff:192.0.2.7"));
        assert_ne!(client("192.0.2.7"), client("192.0.2.8"));
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
    }

    #[test]
    fn only_loopback_addresses_and_unnamed_peers_are_local() {
        for address in ["127.0.0.1", "127.255.0.9", "::ffff:127.0.0.1", "::1"] {
            assert!(client(address).is_local(), "{address}");
        }
        assert!(Client::of(&Peer::named("socket")).is_local());
        for address in ["126.0.0.1", "128.0.0.1", "10.0.0.1", "fe80::1", "7f00::1"] {
            assert!(!client(address).is_local(), "{address}");
        }
    }
}
