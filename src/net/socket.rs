//! A socket that listens.

use super::address::Address;
#[cfg(unix)]
use super::unix::{self, SocketFile};
use std::net::{Ipv4Addr, TcpListener};
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::prelude::rust_2024::*;
use std::sync::Arc;

/// A socket that listens. It is shared with a takeover, which must not keep it open.
pub(super) enum Socket {
    Tcp(Arc<TcpListener>),
    /// The file is removed when the server stops, unless someone else owns it.
    #[cfg(unix)]
    Unix(Arc<UnixListener>, Option<SocketFile>),
}

impl Socket {
    /// Returns the address on which clients can connect.
    pub(super) fn address(&self) -> Address {
        match self {
            Socket::Tcp(listener) => {
                // A socket that listens has an address.
                let unknown = (Ipv4Addr::UNSPECIFIED, 0).into();
                Address::Tcp(listener.local_addr().unwrap_or(unknown))
            }
            #[cfg(unix)]
            Socket::Unix(listener, _) => {
                let (path, mode) = (unix::path(listener), None);
                Address::Unix { path, mode }
            }
        }
    }
}
