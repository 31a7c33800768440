//! A pair of connected blocking streams in memory.

use super::faults::{Fault, Faulty};
use super::run::PATIENCE;
use crate::blocking::blocking_stream::BlockingStream;
use crate::gateway::Gateway;
#[cfg(feature = "rustls")]
use crate::tls::Tls;
use crate::values::connection_info::ConnectionInfo;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The number of bytes that wait in one direction before a write blocks.
const CAPACITY: usize = 64 * 1024;

/// One end of a connection in memory. Reads and writes block as on a socket.
///
/// Dropping an end closes both directions: the other end reads all written bytes and then the end, and its writes fail.
/// If the connection is [reset](BlockingStream::reset_on_close), the error `ConnectionReset` takes the place of the end.
///
/// ```
/// use bytegate::blocking::BlockingStream;
/// use bytegate::testing::Pipe;
/// use std::io::{ErrorKind, Read};
/// use std::time::Duration;
///
/// // The server never sends anything, and the client does not wait forever.
/// let (mut client, _server) = Pipe::pair();
/// client.set_timeout(Some(Duration::from_millis(10)))?;
/// let error = client.read(&mut [0; 100]).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::TimedOut);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Pipe {
    incoming: Arc<Direction>,
    outgoing: Arc<Direction>,
    timeout: Option<Duration>,
    /// Whether dropping this end resets the connection.
    resets: bool,
    /// The number of faults that have taken effect.
    fired: Arc<AtomicUsize>,
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
    /// The writer was dropped before it had written everything.
    reset: bool,
    /// The reader was dropped.
    unread: bool,
}

impl Pipe {
    /// Creates two connected ends.
    ///
    /// ```
    /// use bytegate::testing::Pipe;
    /// use std::io::{Read, Write};
    ///
    /// let (mut one, mut other) = Pipe::pair();
    /// one.write_all(b"hello")?;
    /// drop(one);
    /// let mut text = String::new();
    /// other.read_to_string(&mut text)?;
    /// assert_eq!(text, "hello");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn pair() -> (Pipe, Pipe) {
        let (there, back) = (Arc::default(), Arc::default());
        let one = Pipe::of(Arc::clone(&back), Arc::clone(&there));
        (one, Pipe::of(there, back))
    }

    /// Serves one connection on a dedicated thread, and returns the client's end. Real clients can talk to it. A read or
    /// a write that takes longer than ten seconds fails, unless the client sets another timeout.
    ///
    /// ```
    /// use bytegate::testing::Pipe;
    /// use bytegate::{Gateway, Request};
    /// use std::io::{Read, Write};
    /// use std::sync::Arc;
    ///
    /// let gateway = Gateway::new(|_: &Request| "hello\n");
    /// let mut stream = Pipe::connect(&gateway);
    /// stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    /// let mut output = String::new();
    /// stream.read_to_string(&mut output)?;
    /// assert!(output.ends_with("hello\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn connect(gateway: &Gateway) -> Pipe {
        let (mut client, server) = Pipe::pair();
        client.timeout = Some(PATIENCE);
        serve(gateway, server);
        client
    }

    /// Like [`connect`](Pipe::connect), with a server that speaks TLS (feature `rustls`). Make the handshake with
    /// [`TlsClient::connect`](super::TlsClient::connect), or with any other TLS client.
    ///
    /// ```
    /// # #[cfg(feature = "self-signed")] {
    /// use bytegate::testing::{Pipe, StreamClient};
    /// use bytegate::tls::{SelfSigned, Tls};
    /// use bytegate::{Gateway, Request};
    ///
    /// let certificate = SelfSigned::new(["localhost"])?;
    /// let tls = Tls::from_pem(certificate.certificate_pem(), certificate.key_pem())?;
    /// let gateway = Gateway::new(|_: &Request| "hello\n");
    /// let mut plain = StreamClient::new(Pipe::connect_tls(&gateway, &tls));
    /// assert!(plain.get("/")?.text().contains("this port speaks TLS"));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "rustls")]
    #[must_use]
    pub fn connect_tls(gateway: &Gateway, tls: &Tls) -> Pipe {
        let (mut client, server) = Pipe::pair();
        client.timeout = Some(PATIENCE);
        serve(gateway, tls.accept(server));
        client
    }

    /// Like [`connect`](Pipe::connect), with a server whose output goes wrong.
    ///
    /// ```
    /// use bytegate::testing::{Fault, Pipe, StreamClient};
    /// use bytegate::{Gateway, Method, Request};
    /// use std::io::ErrorKind;
    /// use std::sync::Arc;
    ///
    /// let gateway = Gateway::new(|_: &Request| "hello\n");
    /// let garbage = Fault::Garbage { after: 0, bytes: b"\0".to_vec() };
    /// let mut client = StreamClient::new(Pipe::connect_faulty(&gateway, garbage));
    /// client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
    /// let error = client.response(Method::GET).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidData);
    /// assert!(client.stream().fault_has_fired());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn connect_faulty(gateway: &Gateway, fault: Fault) -> Pipe {
        let (mut client, server) = Pipe::pair();
        client.timeout = Some(PATIENCE);
        let faulty = Faulty::new(server, fault);
        client.fired = faulty.fired();
        serve(gateway, faulty);
        client
    }

    /// Returns whether the fault of [`connect_faulty`](Pipe::connect_faulty) has taken effect. A test that passes without
    /// it tests nothing.
    #[must_use]
    pub fn fault_has_fired(&self) -> bool {
        self.fired.load(Ordering::SeqCst) > 0
    }

    fn of(incoming: Arc<Direction>, outgoing: Arc<Direction>) -> Pipe {
        Pipe {
            incoming,
            outgoing,
            timeout: None,
            resets: false,
            fired: Arc::default(),
        }
    }
}

/// Serves a stream on a dedicated thread, which ends with the connection.
pub(super) fn serve(gateway: &Gateway, stream: impl BlockingStream + Send + 'static) {
    let gateway = gateway.clone();
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
        let read = self.incoming.wait(self.timeout, |state| {
            let count = buffer.len().min(state.bytes.len());
            if count == 0 && !buffer.is_empty() {
                return match (state.reset, state.ended) {
                    (true, _) => Some(Err(ErrorKind::ConnectionReset)),
                    (false, true) => Some(Ok(0)),
                    (false, false) => None,
                };
            }
            for (place, byte) in buffer.iter_mut().zip(state.bytes.drain(..count)) {
                *place = byte;
            }
            Some(Ok(count))
        })?;
        read.map_err(io::Error::from)
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

    fn reset_on_close(&mut self) {
        self.resets = true;
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let resets = self.resets;
        self.outgoing.change(|state| {
            state.ended = true;
            state.reset = resets;
        });
        self.incoming.change(|state| state.unread = true);
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pipe")
    }
}
