//! TLS over a blocking stream.

use super::blocking_stream::BlockingStream;
use crate::tls::{Tls, TlsConnection, TlsError};
use crate::values::tls_info::TlsInfo;
use core::fmt;
use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::prelude::rust_2024::*;
use std::sync::Arc;

/// The size of one read in bytes.
const READ_BYTES: usize = 16 * 1024;
/// The maximum number of plaintext bytes taken in one write.
const WRITE_BYTES: usize = 64 * 1024;
/// The time for the last alert when the stream is dropped. Usually there is room for it.
const LAST_ALERT: Duration = Duration::from_millis(10);

/// The server's side of TLS over a blocking stream, created by [`Tls::accept`]. The first reads make the handshake.
///
/// If the handshake fails, for example because the client speaks plain HTTP, the client gets an alert or a response, and
/// reads wait until it closes.
///
/// ```
/// # #[cfg(feature = "self-signed")] {
/// use bytegate::blocking::TlsStream;
/// use bytegate::tls::{SelfSigned, Tls};
/// use std::net::TcpStream;
///
/// fn log(stream: &TlsStream<TcpStream>) {
///     println!("a client of {:?}", stream.stream().local_addr());
/// }
/// # }
/// ```
pub struct TlsStream<S: BlockingStream> {
    stream: S,
    connection: TlsConnection,
    /// Bytes of the wire that the connection has not taken yet.
    rest: Vec<u8>,
    /// The error that ended the handshake.
    refused: Option<TlsError>,
    is_closed: bool,
}

impl Tls {
    /// Speaks TLS over a blocking stream. Serve the result with [`Gateway::serve_stream`](crate::Gateway::serve_stream): the
    /// scheme becomes `https`, and the handshake must be complete before the deadline of the first request head
    /// ([`Timeouts::head`](crate::config::Timeouts::head)).
    ///
    /// ```no_run
    /// use bytegate::tls::Tls;
    /// use bytegate::{Gateway, Request};
    /// use std::net::TcpListener;
    /// use std::thread;
    ///
    /// let tls = Tls::from_files("cert.pem", "key.pem")?;
    /// let gateway = Gateway::new(|_: &Request| "hello\n");
    /// for stream in TcpListener::bind("127.0.0.1:7890")?.incoming() {
    ///     let (stream, gateway, tls) = (stream?, gateway.clone(), tls.clone());
    ///     let peer = stream.peer_addr()?;
    ///     thread::spawn(move || gateway.serve_stream(tls.accept(stream), peer));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn accept<S: BlockingStream>(&self, stream: S) -> TlsStream<S> {
        TlsStream {
            stream,
            connection: self.connection(),
            rest: Vec::new(),
            refused: None,
            is_closed: false,
        }
    }
}

impl<S: BlockingStream> TlsStream<S> {
    /// Returns the underlying stream.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Takes plaintext from the bytes that were read.
    fn take(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut rest = &self.rest[..];
        let taken = self.connection.read(&mut rest, buffer);
        let used = self.rest.len() - rest.len();
        self.rest.drain(..used);
        taken.or_else(|error| {
            if !self.connection.is_handshaking() {
                // The alert is for the client's log, so it may be lost.
                let _ = self.write_output();
                return Err(error.into());
            }
            self.refused = Some(error);
            self.write_output()?;
            self.is_closed = true;
            self.stream.end_output()?;
            Ok(0)
        })
    }

    fn write_output(&mut self) -> io::Result<()> {
        while self.connection.has_output() {
            match self.connection.write_to(&mut self.stream) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl<S: BlockingStream> Read for TlsStream<S> {
    /// Reads from the underlying stream at most once. Returns [`ErrorKind::Interrupted`] if that gives no plaintext, so that the
    /// caller can check its deadlines.
    ///
    /// After [`end_output`](BlockingStream::end_output), nothing is decrypted: the bytes that arrive are returned as zeros.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.write_output()?;
        if self.is_closed && self.refused.is_none() {
            let count = self.stream.read(buffer)?;
            buffer.get_mut(..count).unwrap_or_default().fill(0);
            return Ok(count);
        }
        let count = self.take(buffer)?;
        if count > 0 || buffer.is_empty() || self.connection.has_ended() {
            return Ok(count);
        }
        let mut block = [0; READ_BYTES];
        let count = self.stream.read(&mut block)?;
        match &self.refused {
            Some(error) if count == 0 => return Err(error.clone().into()),
            Some(_) => return Err(ErrorKind::Interrupted.into()),
            None if count == 0 => return Ok(0),
            None => {}
        }
        self.rest
            .extend_from_slice(block.get(..count).unwrap_or_default());
        let count = self.take(buffer)?;
        self.write_output()?;
        if count == 0 && !self.connection.has_ended() {
            return Err(ErrorKind::Interrupted.into());
        }
        Ok(count)
    }
}

impl<S: BlockingStream> Write for TlsStream<S> {
    /// Writes to the underlying stream. If that times out, the rest is written before the next read or write.
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        if self.connection.is_handshaking() {
            return Err(ErrorKind::NotConnected.into());
        }
        self.write_output()?;
        let taken = plain.get(..WRITE_BYTES).unwrap_or(plain);
        self.connection.send(taken);
        match self.write_output() {
            Err(error) if !is_timeout(&error) => Err(error),
            _ => Ok(taken.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_output()?;
        self.stream.flush()
    }
}

impl<S: BlockingStream> BlockingStream for TlsStream<S> {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_timeout(timeout)
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        self.stream.set_blocking()
    }

    /// Sends the alert `close_notify`, and closes the writing side of the underlying stream.
    fn end_output(&mut self) -> io::Result<()> {
        if !self.is_closed {
            self.is_closed = true;
            self.connection.close();
        }
        self.flush()?;
        self.stream.end_output()
    }

    /// Resets the underlying stream. Without a `close_notify`, the client knows that the response is incomplete.
    fn reset_on_close(&mut self) {
        self.is_closed = true;
        self.stream.reset_on_close();
    }

    fn tls(&self) -> Option<Arc<TlsInfo>> {
        self.connection.info().cloned()
    }
}

impl<S: BlockingStream> Drop for TlsStream<S> {
    /// Sends the alert `close_notify`, unless output is pending that the client does not read.
    fn drop(&mut self) {
        let is_complete = !self.connection.is_handshaking() && !self.connection.has_output();
        if is_complete && !self.is_closed && self.stream.set_timeout(Some(LAST_ALERT)).is_ok() {
            self.connection.close();
            // The client may have gone.
            let _ = self.write_output();
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

impl<S: BlockingStream> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}
