//! The contents of a PROXY header.

use crate::values::connection_info::{ConnectionInfo, Peer};
use crate::values::scheme::Scheme;
use core::net::SocketAddr;

/// A header of the [PROXY protocol](https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt), version 1 or 2, with which a
/// proxy names the client before the first byte of a connection, even before TLS. A
/// [`ProxyHeaderParser`](super::ProxyHeaderParser) reads it.
///
/// ```
/// use bytegate::connection::ProxyHeader;
/// use bytegate::request::{ConnectionInfo, Peer, Scheme};
///
/// let mut header = ProxyHeader::default();
/// header.is_tls = true;
/// let connection = header.apply_to(ConnectionInfo::from(Peer::named("a proxy")));
/// assert_eq!((connection.peer, connection.scheme), (Peer::named("a proxy"), Scheme::Https));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyHeader {
    /// The client. It is `None` if the proxy does not know the client (`UNKNOWN`), or made the connection itself, for example for
    /// a health check (`LOCAL`). The peer of the connection then counts as the client.
    pub peer: Option<Peer>,
    /// The address to which the client connected.
    pub destination: Option<SocketAddr>,
    /// Whether the client is connected to the proxy over TLS. Only version 2 has this information.
    pub is_tls: bool,
}

/// The result of parsing the first bytes of a connection.
pub(super) enum Parsed {
    /// At least this many bytes are missing.
    Missing(usize),
    Complete(ProxyHeader),
}

impl ProxyHeader {
    /// Takes the information about the connection from the proxy, and returns it with the client in place of the proxy, and with
    /// the scheme `https` if the client is connected over TLS.
    #[must_use]
    pub fn apply_to(self, mut connection: ConnectionInfo) -> ConnectionInfo {
        if let Some(peer) = self.peer {
            connection.peer = peer;
        }
        if self.is_tls {
            connection.scheme = Scheme::Https;
        }
        connection
    }
}
