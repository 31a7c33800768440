//! TLS over a transport, as a transport.

use super::transport::{End, Transport};
use crate::files::file_range::FileRest;
use crate::tls::{TlsConnection, TlsError};
use crate::values::tls_info::TlsInfo;
use core::cell::Cell;
use core::mem::take;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::prelude::rust_2024::*;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The number of bytes requested in one read: a whole record.
const WIRE_BYTES: usize = 16 * 1024 + 256 + 5;
/// The number of bytes that are encrypted before their ciphertext is written. More would only fill memory.
const WRITE_BYTES: usize = 64 * 1024;
/// How much longer a handshake may take than a first request, if another client waits for a connection. A handshake takes two
/// round trips.
const HANDSHAKE: Duration = Duration::from_millis(950);

/// TLS over a transport. The handshake is part of the first reads, so it ends at the deadline of the first head.
pub(super) struct TlsTransport<T: Transport> {
    stream: Arc<T>,
    state: Mutex<State>,
    /// Called with the error of a handshake.
    on_failure: Box<dyn Fn(&TlsError) + Send + Sync>,
}

struct State {
    connection: TlsConnection,
    /// Bytes of the wire that the connection has not taken yet.
    rest: Vec<u8>,
    /// The number of plaintext bytes that are encrypted, but not reported as written.
    owed: usize,
    has_begun: bool,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// The sending side closes once everything is written.
    Ending,
    Ended,
    /// The handshake has failed. The input is discarded, so that the client sees the alert before the end.
    Refused,
}

impl<T: Transport> TlsTransport<T> {
    /// Calls `on_failure` if the handshake fails. If the client leaves during the handshake, it is not called.
    pub(super) fn new(
        stream: Arc<T>,
        connection: TlsConnection,
        on_failure: impl Fn(&TlsError) + Send + Sync + 'static,
    ) -> TlsTransport<T> {
        TlsTransport {
            stream,
            on_failure: Box::new(on_failure),
            state: Mutex::new(State {
                connection,
                rest: Vec::new(),
                owed: 0,
                has_begun: false,
                phase: Phase::Open,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns whether a read returns something without more bytes from the wire. If this were wrong, the connection would poll
    /// again and again, and no other connection of the thread would have a turn.
    fn has_plaintext(&self) -> bool {
        let is_left = !self.rest.is_empty() || self.connection.is_readable();
        is_left && self.phase == Phase::Open
    }

    /// Writes the output of the connection as far as there is room. Returns the number of bytes.
    fn flush(&mut self, stream: &impl Transport) -> io::Result<usize> {
        let mut written = 0;
        while self.connection.has_output() {
            match self.connection.write_to(&mut Wire(stream)) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(written),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.phase == Phase::Ending {
            self.phase = Phase::Ended;
            stream.end_output()?;
        }
        Ok(written)
    }

    /// Takes plaintext from bytes of the wire, and writes any output that they cause. Bytes that do not fit are kept.
    fn take(
        &mut self,
        stream: &impl Transport,
        on_failure: &dyn Fn(&TlsError),
        mut wire: &[u8],
        plain: &mut [u8],
    ) -> io::Result<usize> {
        let taken = self.connection.read(&mut wire, plain);
        self.rest.extend_from_slice(wire);
        match taken {
            Err(error) if self.connection.is_handshaking() => {
                self.phase = Phase::Refused;
                self.rest = Vec::new();
                on_failure(&error);
                self.flush(stream)?;
                stream.end_output()?;
                Ok(0)
            }
            Err(error) => {
                // The alert is for the client's log, so it may be lost.
                let _ = self.flush(stream);
                Err(error.into())
            }
            Ok(count) => {
                self.flush(stream)?;
                Ok(count)
            }
        }
    }
}

impl<T: Transport> Transport for TlsTransport<T> {
    type Wire = T;

    fn wire(&self) -> &T {
        &self.stream
    }

    /// Files are encrypted here.
    const SENDS_FILES: bool = false;

    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = self.state();
        // The socket does not wake the reader for plaintext that has already arrived.
        if state.has_plaintext() {
            return Poll::Ready(Ok(()));
        }
        // The output of the handshake is sent while a read waits.
        if state.connection.has_output() && self.stream.poll_writable(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        drop(state);
        self.stream.poll_readable(context)
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_writable(context)
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let state = &mut *self.state();
        state.flush(&*self.stream)?;
        if let Phase::Ending | Phase::Ended = state.phase {
            // What arrives now is only discarded, so its plaintext does not matter.
            return self.stream.try_read(buffer);
        }
        if state.phase != Phase::Refused {
            let rest = take(&mut state.rest);
            let count = state.take(&*self.stream, &self.on_failure, &rest, buffer)?;
            if count > 0 || state.connection.has_ended() {
                return Ok(count);
            }
        }
        with_wire(|wire| {
            let count = self.stream.try_read(wire)?;
            if count == 0 {
                return Ok(0);
            }
            state.has_begun = true;
            let wire = wire.get(..count).unwrap_or_default();
            let count = match state.phase {
                Phase::Refused => 0,
                _ => state.take(&*self.stream, &self.on_failure, wire, buffer)?,
            };
            if count == 0 && !state.connection.has_ended() {
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(count)
        })
    }

    /// Reports plaintext as written only as far as its ciphertext is, so that write deadlines follow the progress of the client.
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let state = &mut *self.state();
        if state.connection.is_handshaking() {
            return Err(ErrorKind::NotConnected.into());
        }
        let mut written = state.flush(&*self.stream)?;
        if state.owed == 0 && !state.connection.has_output() {
            state.owed = send(&mut state.connection, pieces);
            written = state.flush(&*self.stream)?;
        }
        let reported = if state.connection.has_output() {
            // The last byte is reported with the end of the ciphertext.
            written.min(state.owed.saturating_sub(1))
        } else {
            state.owed
        };
        state.owed -= reported;
        match reported {
            0 => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }

    fn try_send_file(&self, _: FileRest<'_>) -> io::Result<usize> {
        Err(ErrorKind::Unsupported.into())
    }

    /// Sends the alert `close_notify`, and closes the sending side after it.
    fn end_output(&self) -> io::Result<()> {
        let state = &mut *self.state();
        if state.phase == Phase::Open {
            state.connection.close();
            state.phase = Phase::Ending;
        }
        state.flush(&*self.stream).map(drop)
    }

    /// The client gets no `close_notify`, so it knows that the response is incomplete.
    fn reset_on_close(&self) {
        self.state().phase = Phase::Ended;
        self.stream.reset_on_close();
    }

    fn held_bytes(&self) -> usize {
        let state = self.state();
        state.rest.capacity() + state.owed + state.connection.held_bytes()
    }

    fn free_buffers(&self) {
        self.state().connection.free_buffers();
    }

    fn grace(&self) -> Duration {
        let state = self.state();
        if state.has_begun && state.connection.is_handshaking() && state.phase == Phase::Open {
            HANDSHAKE
        } else {
            Duration::ZERO
        }
    }

    fn tls(&self) -> Option<Arc<TlsInfo>> {
        self.state().connection.info().cloned()
    }
}

impl<T: Transport> End for TlsTransport<T> {
    fn end_input(&self) {
        self.stream.end_input();
    }

    fn end(&self) {
        self.stream.end();
    }
}

impl<T: Transport> Drop for TlsTransport<T> {
    /// Sends the alert `close_notify`, unless the client does not read.
    fn drop(&mut self) {
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = state.phase == Phase::Open && !state.connection.is_handshaking();
        if is_open && !state.connection.has_output() {
            state.connection.close();
            // The client may have gone.
            let _ = state.flush(&*self.stream);
        }
    }
}

/// Encrypts plaintext, up to a limit. Returns the number of bytes.
fn send(connection: &mut TlsConnection, pieces: &[IoSlice<'_>]) -> usize {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    if length <= WRITE_BYTES {
        connection.send_pieces(pieces);
        return length;
    }
    let mut left = WRITE_BYTES;
    for piece in pieces {
        let part = piece.get(..left).unwrap_or(piece);
        connection.send(part);
        left -= part.len();
    }
    WRITE_BYTES
}

/// Calls `run` with a buffer of this thread for one read.
fn with_wire<R>(run: impl FnOnce(&mut [u8]) -> io::Result<R>) -> io::Result<R> {
    thread_local! {
        static OF_THREAD: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut wire = OF_THREAD.take();
    wire.resize(WIRE_BYTES, 0);
    let result = run(&mut wire);
    OF_THREAD.set(wire);
    result
}

/// The writing side of a transport.
struct Wire<'s, T>(&'s T);

impl<T: Transport> Write for Wire<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
