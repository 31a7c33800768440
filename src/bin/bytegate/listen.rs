//! The listener: on the given port, or on the first free one of a few.

use bytegate::net;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;

/// The ports that are tried if none is given.
const PORTS: RangeInclusive<u16> = 7890..=7899;

/// Listens on an address. If no port is given and the usual one is taken, also returns the usual port.
///
/// # Errors
/// Returns an error if the given port is taken, or if all of the usual ports are.
pub(crate) fn listen(bind: IpAddr, port: Option<u16>) -> io::Result<(TcpListener, Option<u16>)> {
    let listen = |port| net::listen(SocketAddr::new(bind, port));
    if let Some(port) = port {
        return Ok((listen(port)?, None));
    }
    let (usual, last) = PORTS.into_inner();
    for port in PORTS {
        match listen(port) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            result => return Ok((result?, (port != usual).then_some(usual))),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        format!(
            "the ports {usual} to {last} of {bind} are all in use: choose another one with --port"
        ),
    ))
}
