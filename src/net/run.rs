//! Serving with a single call.

use super::Options;
use super::Reloadable;
use super::listen;
use super::serve;
use super::stop_signal;
use crate::gateway::Gateway;
use crate::values::scheme::Scheme;
use std::format;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

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
    run_with(address, gateway.into(), Options::default())
}

/// Like [`run`], with options, such as certificates for HTTPS. The gateway can be a [`Reloadable`]. The URL is the first line of
/// the [log](Options::log_to). To listen on several addresses or on Unix sockets, call [`serve`].
///
/// ```no_run
/// # #[cfg(feature = "rustls")] {
/// use bytegate::tls::Tls;
/// use bytegate::{Request, net};
///
/// let mut options = net::Options::default();
/// options.tls = Some(Tls::from_files("fullchain.pem", "privkey.pem")?);
/// net::run_with("[::]:443", |_: &Request| "hello\n", options)?;
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Returns an error if listening on the address fails, with advice, or if signals cannot be caught.
pub fn run_with(
    address: impl ToSocketAddrs,
    gateway: impl Into<Reloadable>,
    options: Options,
) -> io::Result<()> {
    let listener = listen(first(address)?)?;
    let stop = stop_signal()?;
    let scheme = scheme(&options);
    let address = listener.local_addr()?;
    options.report(&format!("listening on {scheme}://{address}/"));
    smol::block_on(serve(listener, gateway, options, stop))
}

/// Returns the scheme that clients use.
fn scheme(options: &Options) -> Scheme {
    #[cfg(feature = "rustls")]
    if options.tls.is_some() {
        return Scheme::Https;
    }
    let _ = options;
    Scheme::Http
}

/// Returns the first address.
pub(super) fn first(address: impl ToSocketAddrs) -> io::Result<SocketAddr> {
    let no_address = || io::Error::new(io::ErrorKind::InvalidInput, "no address to listen on");
    address.to_socket_addrs()?.next().ok_or_else(no_address)
}
