//! What a PROXY header says.

use crate::values::connection_info::{ConnectionInfo, Peer};
use crate::values::scheme::Scheme;
use core::net::SocketAddr;

/// What a PROXY header says about the connection.
///
/// ```
/// use bytegate::connection::Proxied;
/// use bytegate::request::{ConnectionInfo, Peer, Scheme};
///
/// let proxied = Proxied { is_tls: true, ..Proxied::default() };
/// let connection = proxied.apply_to(ConnectionInfo::from(Peer::named("a proxy")));
/// assert_eq!((connection.peer, connection.scheme), (Peer::named("a proxy"), Scheme::Https));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxied {
    /// The client. It is `None` if the proxy does not know it, or if the connection is the proxy's own, for example to find out
    /// whether the server is alive (`UNKNOWN`, `LOCAL`). Then the peer of the connection is the client.
    pub peer: Option<Peer>,
    /// The address to which the client is connected.
    pub destination: Option<SocketAddr>,
    /// Whether the client is connected to the proxy by TLS. Only version 2 says so.
    pub is_tls: bool,
}

/// The outcome of a look at the first bytes of a connection.
pub(super) enum Parsed {
    /// At least this many bytes are missing.
    Missing(usize),
    Complete(Proxied),
}

impl Proxied {
    /// Returns the information about a connection of the proxy with the client in place of the proxy, and with the scheme
    /// `https` if the client is connected by TLS.
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
