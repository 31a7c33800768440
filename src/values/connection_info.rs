//! What is known of a connection beside its bytes: who is at the other end, by which scheme, and its number.

use super::scheme::Scheme;
use alloc::sync::Arc;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

/// What a front end knows of a connection. Applications and middlewares see it with every request.
///
/// ```
/// use bytegate::{ConnectionInfo, Peer, Scheme};
///
/// let info = ConnectionInfo {
///     peer: Peer::named("serial line 2"),
///     scheme: Scheme::Https,
///     ..ConnectionInfo::default()
/// };
/// assert_eq!(info.peer.to_string(), "serial line 2");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The other end.
    pub peer: Peer,
    /// The scheme that requests come by.
    pub scheme: Scheme,
    /// A number that tells the connections of a front end apart; 0 if it does not count them.
    pub number: u64,
}

/// The other end of a connection, whatever the transport.
///
/// ```
/// use bytegate::Peer;
/// use std::net::SocketAddr;
///
/// let address: SocketAddr = "[::1]:50000".parse().unwrap();
/// assert_eq!(Peer::from(address).ip(), Some(address.ip()));
/// assert_eq!(Peer::Unknown.to_string(), "-");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// Nobody knows.
    #[default]
    Unknown,
    /// An address of the internet.
    Address(SocketAddr),
    /// Any other name: a Unix socket's, a vsock's, a serial line's.
    Named(Arc<str>),
}

impl Peer {
    /// A peer with a name.
    pub fn named(name: &str) -> Peer {
        Peer::Named(name.into())
    }

    /// The address and port, if it has them.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Peer::Address(address) => Some(*address),
            Peer::Unknown | Peer::Named(_) => None,
        }
    }

    /// The address without the port.
    pub fn ip(&self) -> Option<IpAddr> {
        self.address().map(|address| address.ip())
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Peer {
        Peer::Address(address)
    }
}

impl fmt::Display for Peer {
    /// The address with its port, the name, or `-`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Unknown => f.write_str("-"),
            Peer::Address(address) => address.fmt(f),
            Peer::Named(name) => f.write_str(name),
        }
    }
}

impl From<Peer> for ConnectionInfo {
    fn from(peer: Peer) -> ConnectionInfo {
        ConnectionInfo {
            peer,
            ..ConnectionInfo::default()
        }
    }
}

impl From<SocketAddr> for ConnectionInfo {
    fn from(address: SocketAddr) -> ConnectionInfo {
        Peer::from(address).into()
    }
}
