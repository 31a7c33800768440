//! A pair of connected blocking streams in memory.

use crate::blocking::blocking_stream::BlockingStream;
use crate::gateway::Gateway;
use crate::values::connection_info::ConnectionInfo;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::prelude::rust_2024::*;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The number of bytes that wait in one direction before a write blocks.
const CAPACITY: usize = 64 * 1024;

/// One end of a connection in memory. Reads and writes block as on a socket.
///
/// Dropping an end closes both directions: the other end reads all written bytes and then the end, and its writes fail.
///
/// ```
/// use bytegate::blocking::BlockingStream;
/// use bytegate::testing::{Pipe, pipe};
/// use std::io::{ErrorKind, Read};
/// use std::time::Duration;
///
/// // The server never sends anything, and the client does not wait forever.
/// let (mut client, _server): (Pipe, Pipe) = pipe();
/// client.set_timeout(Some(Duration::from_millis(10)))?;
/// let error = client.read(&mut [0; 100]).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::TimedOut);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Pipe {
    incoming: Arc<Direction>,
    outgoing: Arc<Direction>,
    timeout: Option<Duration>,
}

#[derive(Default)]
struct Direction {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    /// The writer was dropped.
    ended: bool,
    /// The reader was dropped.
    unread: bool,
}

/// Creates two connected ends.
///
/// ```
/// use bytegate::testing::pipe;
/// use std::io::{Read, Write};
///
/// let (mut one, mut other) = pipe();
/// one.write_all(b"hello")?;
/// drop(one);
/// let mut text = String::new();
/// other.read_to_string(&mut text)?;
/// assert_eq!(text, "hello");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn pipe() -> (Pipe, Pipe) {
    let (there, back) = (Arc::default(), Arc::default());
    let one = Pipe {
        incoming: Arc::clone(&back),
        outgoing: Arc::clone(&there),
        timeout: None,
    };
    let other = Pipe {
        incoming: there,
        outgoing: back,
        timeout: None,
    };
    (one, other)
}

/// Serves one connection on a dedicated thread, and returns the client's end. Real clients can talk to it.
///
/// ```
/// use bytegate::testing::open;
/// use bytegate::{Gateway, Request};
/// use std::io::{Read, Write};
/// use std::sync::Arc;
///
/// let gateway = Arc::new(Gateway::new(|_: &Request<'_>| "hello\n"));
/// let mut stream = open(&gateway);
/// stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
/// let mut output = String::new();
/// stream.read_to_string(&mut output)?;
/// assert!(output.ends_with("hello\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn open(gateway: &Arc<Gateway>) -> Pipe {
    let (client, server) = pipe();
    serve(gateway, server);
    client
}

/// Serves a stream on a dedicated thread, which ends with the connection.
pub(super) fn serve(gateway: &Arc<Gateway>, stream: impl BlockingStream + Send + 'static) {
    let gateway = Arc::clone(gateway);
    std::thread::spawn(move || {
        // An error means that the client has disconnected, and it needs no report.
        let _ = gateway.serve_stream(stream, ConnectionInfo::default());
    });
}

impl Direction {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits until `act` returns something.
    fn wait<T>(
        &self,
        timeout: Option<Duration>,
        mut act: impl FnMut(&mut State) -> Option<T>,
    ) -> io::Result<T> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut state = self.lock();
        loop {
            if let Some(done) = act(&mut state) {
                drop(state);
                self.changed.notify_all();
                return Ok(done);
            }
            state = match deadline {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.incoming.wait(self.timeout, |state| {
            let count = buffer.len().min(state.bytes.len());
            if count == 0 && !buffer.is_empty() && !state.ended {
                return None;
            }
            for (place, octet) in buffer.iter_mut().zip(state.bytes.drain(..count)) {
                *place = octet;
            }
            Some(count)
        })
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.outgoing.wait(self.timeout, |state| {
            if state.unread || state.ended {
                return Some(Err(ErrorKind::BrokenPipe));
            }
            let count = bytes.len().min(CAPACITY.saturating_sub(state.bytes.len()));
            state.bytes.extend(&bytes[..count]);
            (count > 0 || bytes.is_empty()).then_some(Ok(count))
        })?;
        written.map_err(io::Error::from)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BlockingStream for Pipe {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.timeout = timeout;
        Ok(())
    }

    fn end_output(&mut self) -> io::Result<()> {
        self.outgoing.change(|state| state.ended = true);
        Ok(())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.outgoing.change(|state| state.ended = true);
        self.incoming.change(|state| state.unread = true);
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pipe")
    }
}
