//! One connection between the wire and the plaintext, without input and output.

use super::current::Current;
use super::plain_http::FirstBytes;
use super::provider::sha256;
use super::tls_error::TlsError;
use crate::values::tls_info::{TlsInfo, TlsVersion};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use rustls::{ProtocolVersion, ServerConnection};
use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;

/// The server's end of one connection. It takes bytes of the wire and returns plaintext, and the other way around, so it
/// works with any transport, event loop or test. Made by [`Tls::channel`](super::Tls::channel).
///
/// After each call, send [`take_output`](Channel::take_output): the handshake has output, too.
///
/// ```
/// use bytegate::gateway::Wait;
/// use bytegate::request::ConnectionInfo;
/// use bytegate::tls::{Channel, TlsError};
/// use bytegate::{Gateway, Now, Session};
///
/// struct Connection {
///     channel: Channel,
///     session: Session,
///     plain: Vec<u8>,
/// }
///
/// impl Connection {
///     /// Takes the bytes that were read from a socket, and returns the bytes to write to it. After an error, write
///     /// `channel.take_output()`, and close the socket.
///     fn receive(&mut self, wire: &[u8], now: Now) -> Result<Vec<u8>, TlsError> {
///         self.channel.receive(wire, &mut self.plain)?;
///         if let (None, Some(tls)) = (&self.session.connection().tls, self.channel.info()) {
///             self.session.set_tls(tls.clone());
///         }
///         // This connection leaves out deadlines and deferred responses.
///         while let Wait::Write { .. } | Wait::Yield = self.session.turn(&mut self.plain, now) {
///             self.channel.send(&self.session.take_output());
///         }
///         Ok(self.channel.take_output())
///     }
/// }
/// ```
pub struct Channel {
    connection: State,
    current: Arc<Current>,
    info: Option<Arc<TlsInfo>>,
    /// The rest of the response to plain HTTP.
    response: &'static [u8],
    /// The plaintext that can be taken.
    readable: usize,
    /// Whether the client has said that it sends nothing more.
    has_ended: bool,
    /// The error that is returned once all plaintext before it was taken.
    failed: Option<TlsError>,
}

enum State {
    /// All input so far, which may be the beginning of plain HTTP.
    New(Vec<u8>),
    Tls(Box<ServerConnection>),
    /// Nothing is interpreted any more.
    Broken,
}

impl Channel {
    pub(super) fn new(current: Arc<Current>) -> Channel {
        Channel {
            connection: State::New(Vec::new()),
            current,
            info: None,
            response: b"",
            readable: 0,
            has_ended: false,
            failed: None,
        }
    }

    /// Takes bytes of the wire, and appends the plaintext in them to `plain`.
    ///
    /// # Errors
    /// Returns an error if the client speaks plain HTTP, offers nothing that is supported here, has no certificate that it
    /// should have, or breaks the rules of TLS. The output then has a response or an alert. Every later call returns the
    /// same error.
    pub fn receive(&mut self, mut wire: &[u8], plain: &mut Vec<u8>) -> Result<(), TlsError> {
        let mut block = [0; 4096];
        loop {
            match self.read(&mut wire, &mut block)? {
                0 => return Ok(()),
                count => plain.extend_from_slice(&block[..count]),
            }
        }
    }

    /// Takes plaintext to send. Before the end of the handshake, it is dropped.
    pub fn send(&mut self, plain: &[u8]) {
        self.send_pieces(&[IoSlice::new(plain)]);
    }

    /// Sends the alert `close_notify`: no plaintext follows. The client can still send.
    pub fn close(&mut self) {
        if let State::Tls(connection) = &mut self.connection {
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
        match &self.connection {
            _ if !self.response.is_empty() => true,
            State::Tls(connection) => connection.wants_write(),
            State::New(_) | State::Broken => false,
        }
    }

    /// Returns whether the client has sent `close_notify`: it sends nothing more. If the transport ends without it, the
    /// input ends in the same way, because the framing of HTTP tells whether a message is complete.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Returns whether the handshake is not complete.
    #[must_use]
    pub fn is_handshaking(&self) -> bool {
        self.info.is_none()
    }

    /// Returns the version, the server name and the certificate of the client, once the handshake is complete.
    #[must_use]
    pub fn info(&self) -> Option<&Arc<TlsInfo>> {
        self.info.as_ref()
    }

    /// Takes bytes of the wire until `plain` is full or nothing is left. Returns the number of bytes of plaintext.
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
            if self.has_ended {
                // Nothing counts after the end.
                *wire = &[];
                return Ok(filled);
            }
            self.take_wire(wire);
        }
    }

    /// Returns whether a read returns something without more input from the wire.
    #[cfg(feature = "server")]
    pub(crate) fn is_readable(&self) -> bool {
        self.readable > 0 || self.has_ended || self.failed.is_some()
    }

    /// Like [`send`](Channel::send), for plaintext in pieces.
    pub(crate) fn send_pieces(&mut self, pieces: &[IoSlice<'_>]) {
        if let (State::Tls(connection), Some(_)) = (&mut self.connection, &self.info) {
            // The buffer has no limit, so it takes everything.
            let _ = connection.writer().write_vectored(pieces);
        }
    }

    /// Writes output, as much as `wire` takes in one call.
    pub(crate) fn write_to(&mut self, wire: &mut dyn Write) -> io::Result<usize> {
        if !self.response.is_empty() {
            let count = wire.write(self.response)?;
            self.response = self.response.get(count..).unwrap_or_default();
            return Ok(count);
        }
        match &mut self.connection {
            State::Tls(connection) => connection.write_tls(wire),
            State::New(_) | State::Broken => Ok(0),
        }
    }

    fn take_plaintext(&mut self, plain: &mut [u8]) -> usize {
        let State::Tls(connection) = &mut self.connection else {
            return 0;
        };
        if self.readable == 0 || plain.is_empty() {
            return 0;
        }
        // An error means that there is nothing.
        let count = connection.reader().read(plain).unwrap_or_default();
        self.readable = match count {
            0 => 0,
            count => self.readable.saturating_sub(count),
        };
        count
    }

    fn take_wire(&mut self, wire: &mut &[u8]) {
        match &mut self.connection {
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
                // A limit of what is kept for the reader does not apply, because all plaintext was taken.
                let read = connection.read_tls(wire);
                if matches!(read, Ok(0) | Err(_)) {
                    return self.break_off(TlsError::new("a record of TLS is too long"));
                }
                self.process();
            }
        }
    }

    /// Begins the handshake.
    fn begin(&mut self, mut first: &[u8]) {
        match ServerConnection::new(self.current.config.clone()) {
            Ok(mut connection) => {
                connection.set_buffer_limit(None);
                self.connection = State::Tls(Box::new(connection));
                while !first.is_empty() && self.failed.is_none() && !self.has_ended {
                    self.take_wire(&mut first);
                }
            }
            Err(error) => self.break_off(error.into()),
        }
    }

    fn process(&mut self) {
        let State::Tls(connection) = &mut self.connection else {
            return;
        };
        match connection.process_new_packets() {
            Ok(state) => {
                self.readable = state.plaintext_bytes_to_read();
                self.has_ended = state.peer_has_closed();
            }
            Err(error) => {
                // Records before the one with the error are valid.
                self.readable = usize::MAX;
                self.failed = Some(error.into());
            }
        }
        if self.info.is_none() && self.failed.is_none() {
            self.note_handshake();
        }
    }

    fn note_handshake(&mut self) {
        let State::Tls(connection) = &self.connection else {
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
    }

    fn break_off(&mut self, error: TlsError) {
        if let State::New(_) = self.connection {
            self.connection = State::Broken;
        }
        self.failed = Some(error);
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("info", &self.info)
            .field("has_ended", &self.has_ended)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
