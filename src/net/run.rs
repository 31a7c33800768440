//! Serving with a single call.

use super::Options;
use super::listen;
use super::serve;
use super::stop_signal;
use crate::gateway::Gateway;
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::prelude::rust_2024::*;

/// Serves an application or a gateway on an address until SIGINT or SIGTERM, with the default options, and writes its URL
/// to standard error. This is all that a `main` function needs. A [second signal](stop_signal) ends the process at once.
///
/// ```no_run
/// use bytegate::{Request, net};
///
/// fn main() -> std::io::Result<()> {
///     net::run("127.0.0.1:7890", |_: &Request| "hello\n")
/// }
/// ```
///
/// # Errors
/// Returns an error if listening on the address fails, with advice, or if signals cannot be caught.
pub fn run(address: impl ToSocketAddrs, gateway: impl Into<Gateway>) -> io::Result<()> {
    let listener = listen(first(address)?)?;
    let stop = stop_signal()?;
    // If nobody reads it, nothing is lost.
    let _ = writeln!(
        io::stderr(),
        "bytegate: listening on http://{}/",
        listener.local_addr()?
    );
    smol::block_on(serve(listener, gateway.into(), Options::default(), stop))
}

/// Returns the first address.
pub(super) fn first(address: impl ToSocketAddrs) -> io::Result<SocketAddr> {
    let no_address = || io::Error::new(io::ErrorKind::InvalidInput, "no address to listen on");
    address.to_socket_addrs()?.next().ok_or_else(no_address)
}
