//! The server's side of one TLS connection, without I/O.

use super::current::Current;
use super::plain_http::FirstBytes;
use super::protocols;
use super::provider::sha256;
use super::tls_error::TlsError;
use crate::values::tls_info::{TlsInfo, TlsVersion};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use rustls::{ProtocolVersion, ServerConnection};
use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;

/// An estimate of the keys and the state of a connection.
#[cfg(feature = "server")]
const STATE_BYTES: usize = 4 * 1024;
/// The buffer for the bytes of the wire that rustls always has.
#[cfg(feature = "server")]
const BUFFER_BYTES: usize = 4 * 1024;

/// The server's side of one TLS connection, without I/O. It takes bytes from the wire and returns plaintext, and the other
/// way around, so it works with any transport, event loop or test. [`Tls::connection`](super::Tls::connection) creates it.
///
/// After each call, write the bytes of [`take_output`](TlsConnection::take_output) to the wire: the handshake has output, too.
///
/// ```
/// use bytegate::gateway::Wait;
/// use bytegate::request::ConnectionInfo;
/// use bytegate::tls::{TlsConnection, TlsError};
/// use bytegate::{Gateway, Now, Session};
///
/// struct Connection {
///     tls: TlsConnection,
///     session: Session,
///     plain: Vec<u8>,
/// }
///
/// impl Connection {
///     /// Takes the bytes read from a socket, and returns the bytes to write to it. After an error, write `tls.take_output()`,
///     /// and close the socket.
///     fn receive(&mut self, wire: &[u8], now: Now) -> Result<Vec<u8>, TlsError> {
///         self.tls.receive(wire, &mut self.plain)?;
///         if let (None, Some(tls)) = (&self.session.connection().tls, self.tls.info()) {
///             self.session.set_tls(tls.clone());
///         }
///         // This connection leaves out deadlines and deferred responses.
///         while let Wait::Write { .. } | Wait::Yield = self.session.turn(&mut self.plain, now) {
///             self.tls.send(&self.session.take_output());
///         }
///         Ok(self.tls.take_output())
///     }
/// }
/// ```
pub struct TlsConnection {
    state: State,
    current: Arc<Current>,
    info: Option<Arc<TlsInfo>>,
    /// The rest of the response to plain HTTP.
    response: &'static [u8],
    /// The number of plaintext bytes that can be taken.
    readable: usize,
    /// The bytes of the wire since the last plaintext, up to a limit. The beginning of a record or of a message is kept.
    kept: usize,
    /// The most of them since the buffers were made smaller.
    most_kept: usize,
    /// Whether the client has sent `close_notify`.
    has_ended: bool,
    /// Whether the server has sent it. Another alert must not follow, so no more input is interpreted.
    is_closed: bool,
    /// The error that is returned once all plaintext before it has been taken.
    failed: Option<TlsError>,
}

/// The most bytes that are kept of a message that is incomplete (rustls).
const MOST_KEPT: usize = 64 * 1024;

enum State {
    /// The first bytes, which may be plain HTTP.
    New(Vec<u8>),
    Tls(Box<ServerConnection>),
    /// All further input is ignored.
    Broken,
}

impl TlsConnection {
    pub(super) fn new(current: Arc<Current>) -> TlsConnection {
        TlsConnection {
            state: State::New(Vec::new()),
            current,
            info: None,
            response: b"",
            most_kept: 0,
            readable: 0,
            kept: 0,
            has_ended: false,
            is_closed: false,
            failed: None,
        }
    }

    /// Takes bytes from the wire, and appends their plaintext to `plain`.
    ///
    /// # Errors
    /// Returns an error if the client speaks plain HTTP, if both sides have no version, cipher suite or protocol in common, if
    /// the client does not send a required certificate, or if it breaks the rules of TLS (RFC 8446, RFC 5246). The output then
    /// contains an alert, or the response to plain HTTP. Every later call returns the same error.
    pub fn receive(&mut self, mut wire: &[u8], plain: &mut Vec<u8>) -> Result<(), TlsError> {
        let mut block = [0; 4096];
        loop {
            match self.read(&mut wire, &mut block)? {
                0 => return Ok(()),
                count => plain.extend_from_slice(&block[..count]),
            }
        }
    }

    /// Encrypts plaintext, which becomes output. During the handshake, it is dropped.
    pub fn send(&mut self, plain: &[u8]) {
        self.send_pieces(&[IoSlice::new(plain)]);
    }

    /// Sends the alert `close_notify` (RFC 8446 section 6.1), after which nothing more can be sent. Everything that the client
    /// sends later is ignored.
    pub fn close(&mut self) {
        self.is_closed = true;
        if let State::Tls(connection) = &mut self.state {
            connection.send_close_notify();
        }
    }

    /// Takes the bytes to write to the wire.
    pub fn take_output(&mut self) -> Vec<u8> {
        let mut output = Vec::new();
        while self.has_output() {
            // A vector takes everything.
            if self.write_to(&mut output).is_err() {
                break;
            }
        }
        output
    }

    /// Returns whether there are bytes to write to the wire.
    #[must_use]
    pub fn has_output(&self) -> bool {
        match &self.state {
            _ if !self.response.is_empty() => true,
            State::Tls(connection) => connection.wants_write(),
            State::New(_) | State::Broken => false,
        }
    }

    /// Returns whether the client has sent `close_notify`, and sends nothing more. Treat a transport that ends without it in the
    /// same way, because the framing of HTTP shows whether a message is complete.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Returns whether the handshake is not complete yet.
    #[must_use]
    pub fn is_handshaking(&self) -> bool {
        self.info.is_none()
    }

    /// Returns the version, the server name and the client's certificate, once the handshake is complete.
    #[must_use]
    pub fn info(&self) -> Option<&Arc<TlsInfo>> {
        self.info.as_ref()
    }

    /// Takes bytes from the wire until `plain` is full or no bytes are left. Returns the length of the plaintext.
    pub(crate) fn read(&mut self, wire: &mut &[u8], plain: &mut [u8]) -> Result<usize, TlsError> {
        let mut filled = 0;
        loop {
            filled += self.take_plaintext(plain.get_mut(filled..).unwrap_or_default());
            if self.readable > 0 || filled == plain.len() {
                return Ok(filled);
            }
            if let Some(error) = &self.failed {
                return match filled {
                    0 => Err(error.clone()),
                    _ => Ok(filled),
                };
            }
            if wire.is_empty() {
                return Ok(filled);
            }
            if self.has_ended || self.is_closed {
                // Bytes after the end are ignored.
                *wire = &[];
                return Ok(filled);
            }
            self.take_wire(wire);
        }
    }

    /// Returns whether a read returns plaintext, the end or an error without more bytes from the wire.
    #[cfg(feature = "server")]
    pub(crate) fn is_readable(&self) -> bool {
        self.readable > 0 || self.has_ended || self.failed.is_some()
    }

    /// Returns an estimate of the memory of the connection, without its output. It includes the bytes of the wire that may be kept
    /// because they end in the middle of a record or of a message.
    #[cfg(feature = "server")]
    pub(crate) fn held_bytes(&self) -> usize {
        match &self.state {
            State::New(first) => first.capacity(),
            State::Tls(_) => STATE_BYTES + self.most_kept.max(BUFFER_BYTES),
            State::Broken => 0,
        }
    }

    /// Frees the part of the buffers that an idle connection does not need.
    #[cfg(feature = "server")]
    pub(crate) fn free_buffers(&mut self) {
        if let State::Tls(connection) = &mut self.state {
            if self.most_kept > self.kept.max(BUFFER_BYTES) {
                // Before each read, rustls makes an empty buffer smaller.
                let _ = connection.read_tls(&mut NothingYet);
                self.most_kept = self.kept;
            }
        }
    }

    /// Like [`send`](TlsConnection::send), for plaintext in pieces.
    pub(crate) fn send_pieces(&mut self, pieces: &[IoSlice<'_>]) {
        if let (State::Tls(connection), Some(_)) = (&mut self.state, &self.info) {
            // The buffer has no limit, so it takes everything.
            let _ = connection.writer().write_vectored(pieces);
        }
    }

    /// Writes as much output as `wire` takes in one call.
    pub(crate) fn write_to(&mut self, wire: &mut dyn Write) -> io::Result<usize> {
        if !self.response.is_empty() {
            let count = wire.write(self.response)?;
            self.response = self.response.get(count..).unwrap_or_default();
            return Ok(count);
        }
        match &mut self.state {
            State::Tls(connection) => connection.write_tls(wire),
            State::New(_) | State::Broken => Ok(0),
        }
    }

    fn take_plaintext(&mut self, plain: &mut [u8]) -> usize {
        let State::Tls(connection) = &mut self.state else {
            return 0;
        };
        if self.readable == 0 || plain.is_empty() {
            return 0;
        }
        // An error means that no plaintext is left.
        let count = connection.reader().read(plain).unwrap_or_default();
        self.readable = match count {
            0 => 0,
            count => self.readable.saturating_sub(count),
        };
        count
    }

    fn take_wire(&mut self, wire: &mut &[u8]) {
        match &mut self.state {
            State::Broken => *wire = &[],
            State::New(first) => {
                first.extend_from_slice(wire);
                *wire = &[];
                match FirstBytes::of(first) {
                    FirstBytes::Unknown => {}
                    FirstBytes::PlainHttp(response) => {
                        self.response = response;
                        self.break_off(TlsError::new("the client speaks plain HTTP, not TLS"));
                    }
                    FirstBytes::Other => {
                        let first = core::mem::take(first);
                        self.begin(&first);
                    }
                }
            }
            State::Tls(connection) => {
                // The limit on unread plaintext does not apply, because all of it has been taken.
                match connection.read_tls(wire) {
                    Ok(0) | Err(_) => {
                        self.break_off(TlsError::new("a TLS record is too long"));
                    }
                    Ok(count) => self.process(count),
                }
            }
        }
    }

    /// Begins the handshake.
    fn begin(&mut self, mut first: &[u8]) {
        match ServerConnection::new(self.current.config.clone()) {
            Ok(mut connection) => {
                connection.set_buffer_limit(None);
                self.state = State::Tls(Box::new(connection));
                while !first.is_empty() && self.failed.is_none() && !self.has_ended {
                    self.take_wire(&mut first);
                }
            }
            Err(error) => self.break_off(error.into()),
        }
    }

    /// Processes bytes of the wire, of which `count` are new.
    fn process(&mut self, count: usize) {
        let State::Tls(connection) = &mut self.state else {
            return;
        };
        match connection.process_new_packets() {
            Ok(state) => {
                self.readable = state.plaintext_bytes_to_read();
                // Only new bytes can follow a whole record.
                let before = if self.readable > 0 { 0 } else { self.kept };
                self.kept = (before + count).min(MOST_KEPT);
                self.most_kept = self.most_kept.max(self.kept);
                self.has_ended = state.peer_has_closed();
            }
            Err(error) => {
                // The records before the invalid one are valid.
                self.readable = usize::MAX;
                self.failed = Some(error.into());
            }
        }
        // Also before an error: the plaintext before it is of a client that is known.
        if self.info.is_none() {
            self.complete_handshake();
            if self.info.is_some() {
                self.kept = self.kept.min(count);
            }
        }
    }

    fn complete_handshake(&mut self) {
        let State::Tls(connection) = &mut self.state else {
            return;
        };
        if connection.is_handshaking() {
            return;
        }
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => TlsVersion::Tls12,
            _ => TlsVersion::Tls13,
        };
        let mut info = TlsInfo::new(version);
        let server_name = connection.server_name();
        if let Some(name) = server_name {
            info = info.with_server_name(name);
        }
        let certificates = self.current.certificates.as_deref();
        if let Some(names) = certificates.and_then(|it| it.names(server_name)) {
            info = info.with_certificate_names(names.clone());
        }
        let chain = connection.peer_certificates().unwrap_or_default();
        if let Some(certificate) = chain.first() {
            let provider = self.current.config.crypto_provider();
            let hash = sha256(provider, certificate).unwrap_or_default();
            info = info.with_client_certificate(certificate, hash);
        }
        self.info = Some(Arc::new(info));
        if connection.alpn_protocol() == Some(protocols::ACME) {
            // The authority has seen the certificate. Further input is not HTTP.
            connection.send_close_notify();
            self.readable = 0;
            self.has_ended = true;
        }
    }

    fn break_off(&mut self, error: TlsError) {
        if let State::New(_) = self.state {
            self.state = State::Broken;
        }
        self.failed = Some(error);
    }
}

/// A reader to which nothing has arrived.
#[cfg(feature = "server")]
struct NothingYet;

#[cfg(feature = "server")]
impl Read for NothingYet {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl fmt::Debug for TlsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnection")
            .field("info", &self.info)
            .field("has_ended", &self.has_ended)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
