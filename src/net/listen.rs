//! The listening socket.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::prelude::rust_2024::*;

/// The number of connections that may wait to be accepted. The 128 of the standard library are too few under load.
pub(super) const BACKLOG: i32 = 1024;

/// Binds an address and listens on it. The address can be reused immediately after a restart.
///
/// ```
/// let listener = bytegate::net::listen("127.0.0.1:0".parse().unwrap())?;
/// assert_ne!(listener.local_addr()?.port(), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Returns the error of the system, together with the address and, for common errors, with advice.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    try_listen(address).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                " (the port is in use: stop the other program or choose another port)"
            }
            io::ErrorKind::PermissionDenied => {
                " (ports below 1024 need elevated privileges: choose a higher one)"
            }
            io::ErrorKind::AddrNotAvailable => " (this machine has no such address)",
            _ => "",
        };
        io::Error::new(
            error.kind(),
            format!("cannot listen on {address}: {error}{advice}"),
        )
    })
}

fn try_listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // On other systems, the option would let two servers share a port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
