//! Information about a connection other than its bytes: its peer, its scheme, its number and its TLS.

use super::scheme::Scheme;
use super::tls_info::TlsInfo;
use crate::values::sync::Arc;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

/// Information about a connection, provided by the front end. Applications and middleware see it with every request.
///
/// ```
/// use bytegate::request::{ConnectionInfo, Peer, Scheme};
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
    /// The peer.
    pub peer: Peer,
    /// The scheme of the requests.
    pub scheme: Scheme,
    /// A number that identifies the connection within its front end, or 0 if the front end does not number its
    /// connections.
    pub number: u64,
    /// The TLS of the connection, if the front end speaks it.
    pub tls: Option<Arc<TlsInfo>>,
}

/// The peer of a connection, for any transport.
///
/// ```
/// use bytegate::request::Peer;
/// use std::net::SocketAddr;
///
/// let address: SocketAddr = "[::1]:50000".parse().unwrap();
/// assert_eq!(Peer::from(address).ip(), Some(address.ip()));
/// assert_eq!(Peer::Unknown.to_string(), "-");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// The peer is unknown.
    #[default]
    Unknown,
    /// An internet address. The port is 0 if it is not known, because a proxy named only the address.
    Address(SocketAddr),
    /// Any other name, such as the name of a Unix socket, a vsock or a serial line.
    Named(Arc<str>),
}

impl Peer {
    /// Creates a peer with a name.
    #[must_use]
    pub fn named(name: &str) -> Peer {
        Peer::Named(name.into())
    }

    /// Returns the address and port, if the peer has them.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Peer::Address(address) => Some(*address),
            Peer::Unknown | Peer::Named(_) => None,
        }
    }

    /// Returns the address without the port, if the peer has one.
    #[must_use]
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
    /// Writes the address with its port, if that is known, the name, or `-`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Unknown => f.write_str("-"),
            Peer::Address(address) if address.port() == 0 => address.ip().fmt(f),
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
