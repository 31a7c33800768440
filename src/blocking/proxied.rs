//! Connections from proxies that name the client with a PROXY header.

use super::blocking_stream::BlockingStream;
use super::notice::Notice;
use super::serve_stream::{Attendant, Pause, Unattended, is_timeout, report};
use crate::config::trusted_proxies::TrustedProxies;
use crate::connection::ProxyHeaderParser;
use crate::gateway::clock::Clock;
use crate::gateway::front_end::FrontEnd;
use crate::gateway::gateway::Gateway;
use crate::values::connection_info::{ConnectionInfo, Peer};
use core::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::prelude::rust_2024::*;

impl Gateway {
    /// Receives the [PROXY header](crate::connection::ProxyHeader), version 1 or 2, with which a trusted proxy begins a
    /// connection (feature `std`). Returns the information about the connection with the client in place of the proxy. Nothing
    /// after the header is read, so the stream can then be [served](Gateway::serve_stream), with or without TLS.
    ///
    /// The header must arrive within [`Timeouts::head`](crate::config::Timeouts::head). It is not optional, because clients could
    /// otherwise send it themselves.
    ///
    /// ```
    /// use bytegate::config::TrustedProxies;
    /// use bytegate::request::Peer;
    /// use bytegate::testing::Pipe;
    /// use bytegate::{Gateway, Request};
    /// use std::io::{Read, Write};
    ///
    /// let gateway = Gateway::new(|request: &Request| format!("{}", request.peer()));
    /// let (mut proxy, mut stream) = Pipe::pair();
    /// proxy.write_all(b"PROXY TCP4 192.0.2.7 203.0.113.1 50000 80\r\nGET / HTTP/1.0\r\n\r\n")?;
    ///
    /// let proxies = TrustedProxies::new().named_peers();
    /// let connection = gateway.receive_proxy_header(&mut stream, Peer::named("pipe"), &proxies)?;
    /// gateway.serve_stream(stream, connection)?;
    /// let mut output = String::new();
    /// proxy.read_to_string(&mut output)?;
    /// assert!(output.ends_with("\r\n\r\n192.0.2.7:50000"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`PermissionDenied`](ErrorKind::PermissionDenied) if the peer is not trusted,
    /// [`InvalidData`](ErrorKind::InvalidData) if the header is missing or invalid, [`TimedOut`](ErrorKind::TimedOut) if it does
    /// not arrive in time, and [`UnexpectedEof`](ErrorKind::UnexpectedEof) if the connection ends before it, as the health checks
    /// of load balancers do. Also returns the errors of the stream. The connection must then be closed.
    pub fn receive_proxy_header(
        &self,
        stream: &mut impl BlockingStream,
        connection: impl Into<ConnectionInfo>,
        proxies: &TrustedProxies,
    ) -> io::Result<ConnectionInfo> {
        receive(self, stream, connection.into(), proxies, &Unattended)
    }
}

/// A peer that is not trusted to send PROXY headers.
#[derive(Debug)]
pub(crate) struct NotTrusted(pub(crate) Peer);

impl fmt::Display for NotTrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NotTrusted(peer) = self;
        match peer.ip() {
            Some(address) => write!(f, "{address}")?,
            None => write!(f, "{peer}")?,
        }
        f.write_str(" is not a trusted proxy, so its connections are closed")
    }
}

impl core::error::Error for NotTrusted {}

/// Receives the header of a connection, unless the attendant ends it.
pub(super) fn receive<A: Attendant>(
    gateway: &Gateway,
    stream: &mut impl BlockingStream,
    connection: ConnectionInfo,
    proxies: &TrustedProxies,
    attendant: &A,
) -> io::Result<ConnectionInfo> {
    if !proxies.contains(&connection.peer) {
        let error = NotTrusted(connection.peer);
        return Err(io::Error::new(ErrorKind::PermissionDenied, error));
    }
    stream.set_blocking()?;
    let mut clock = Clock::start();
    let until = gateway.configuration().timeouts.head;
    let (mut parser, mut block) = (ProxyHeaderParser::new(), [0; 256]);
    loop {
        let is_idle = parser.is_empty();
        if !attendant.begin(if is_idle { Pause::Idle } else { Pause::Head }) {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        if clock.now().monotonic >= until {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_timeout(clock.left(until))?;
        let room = parser.missing().min(block.len());
        let room = block.get_mut(..room).unwrap_or_default();
        let mut received: &[u8] = match stream.read(room) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => room.get(..count).unwrap_or_default(),
            Err(error) if is_timeout(&error) => continue,
            Err(error) => return Err(error),
        };
        attendant.end();
        let header = parser.receive(&mut received);
        let header = header.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        if let Some(header) = header {
            return Ok(header.apply_to(connection));
        }
    }
}

/// Reports a refused connection, at most once a minute. A connection that ended before the header is not reported, because the
/// health checks of load balancers do that.
pub(super) fn report_refused(peer: SocketAddr, error: &io::Error) {
    const SEE: &str = "(see ThreadOptions::proxy_protocol)";
    static NOT_TRUSTED: Notice = Notice::new();
    static INVALID: Notice = Notice::new();
    match error.kind() {
        ErrorKind::PermissionDenied => NOT_TRUSTED.give(report, || format!("{error} {SEE}")),
        ErrorKind::InvalidData => {
            let notice = || format!("{}: {error} {SEE}", peer.ip());
            INVALID.give(report, notice);
        }
        _ => {}
    }
}
