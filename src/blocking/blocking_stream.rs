//! The front end for blocking streams. Each call serves one connection on the current thread.

use super::advice::Advice;
use super::linger::{LINGER_GAP, Linger};
use crate::connection::{CloseReason, Refusal};
use crate::gateway::clock::Clock;
use crate::gateway::front_end::FrontEnd;
use crate::gateway::gateway::Gateway;
use crate::gateway::session::Session;
use crate::gateway::wait::Wait;
use crate::middleware::RequestInfo;
use crate::response::response::ResponseError;
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use core::task::Waker;
use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::prelude::rust_2024::*;
use std::time::Instant;

/// The size of one read in bytes.
const READ_BYTES: usize = 16 * 1024;

/// A blocking stream, with timeouts if it supports them. Sockets do. [`Untimed`] wraps any other stream.
///
/// ```
/// use bytegate::blocking::BlockingStream;
/// use std::io::{self, Read, Write};
/// use std::net::{Shutdown, TcpStream};
/// use std::time::Duration;
///
/// /// A TCP stream that counts the bytes it reads.
/// struct Counted(TcpStream, u64);
///
/// impl Read for Counted {
///     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
///         let count = self.0.read(buffer)?;
///         self.1 += count as u64;
///         Ok(count)
///     }
/// }
///
/// impl Write for Counted {
///     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
///         self.0.write(bytes)
///     }
///
///     fn flush(&mut self) -> io::Result<()> {
///         self.0.flush()
///     }
/// }
///
/// impl BlockingStream for Counted {
///     fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
///         BlockingStream::set_timeout(&mut self.0, timeout)
///     }
///
///     fn end_output(&mut self) -> io::Result<()> {
///         self.0.shutdown(Shutdown::Write)
///     }
/// }
/// ```
pub trait BlockingStream: Read + Write {
    /// Makes reads and writes fail with [`ErrorKind::WouldBlock`] or [`ErrorKind::TimedOut`] after the given time.
    /// `None` means never.
    ///
    /// # Errors
    /// Returns the system's error.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Makes reads and writes wait, if the stream is set to return [`ErrorKind::WouldBlock`] at once. A stream that a
    /// listener accepted may be, on some systems. This is called once, before the first read. The default does nothing:
    /// wrappers should call the method of the stream that they wrap.
    ///
    /// # Errors
    /// Returns the system's error.
    fn set_blocking(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Closes the writing side. The peer can still read all written bytes.
    ///
    /// # Errors
    /// Returns the system's error.
    fn end_output(&mut self) -> io::Result<()>;

    /// Makes closing the stream look like a failure to the peer. This is called for an incomplete response that the
    /// peer could otherwise mistake for a complete one. The default does nothing. For a `TcpStream`, closing resets the
    /// connection if the feature `server` is on: the standard library cannot do this.
    fn reset_on_close(&mut self) {}
}

impl BlockingStream for TcpStream {
    fn set_blocking(&mut self) -> io::Result<()> {
        self.set_nonblocking(false)
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }

    fn end_output(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    #[cfg(feature = "server")]
    fn reset_on_close(&mut self) {
        let _ = socket2::SockRef::from(&*self).set_linger(Some(Duration::ZERO));
    }
}

#[cfg(unix)]
impl BlockingStream for std::os::unix::net::UnixStream {
    fn set_blocking(&mut self) -> io::Result<()> {
        self.set_nonblocking(false)
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }

    fn end_output(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// A wrapper for any stream, without timeouts. The caller is responsible for ending slow connections.
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::blocking::Untimed;
/// use bytegate::request::ConnectionInfo;
/// # use std::io::{self, Read, Write};
/// # struct Serial(io::Cursor<Vec<u8>>, Vec<u8>);
/// # impl Read for Serial {
/// #     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> { self.0.read(buffer) }
/// # }
/// # impl Write for Serial {
/// #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> { self.1.write(bytes) }
/// #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
/// # }
/// # let mut serial_line = Serial(io::Cursor::new(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()), Vec::new());
/// let gateway = Gateway::new(|_: &Request| "hello\n");
/// gateway.serve_stream(Untimed(&mut serial_line), ConnectionInfo::default())?;
/// # assert!(serial_line.1.ends_with(b"hello\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Untimed<S>(pub S);

impl<S: Read> Read for Untimed<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Write> Write for Untimed<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: Read + Write> BlockingStream for Untimed<S> {
    fn set_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    /// Not supported. The peer sees the end when the stream is closed.
    fn end_output(&mut self) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}

impl Gateway {
    /// Serves one connection over a blocking stream until it closes, enforcing all deadlines (feature `std`).
    ///
    /// If the application panics, this client receives a 500. Response errors are written to standard error, unless
    /// [`on_error`](Gateway::on_error) is set, and so is the limit that a body has exceeded, once for each path.
    ///
    /// ```no_run
    /// use bytegate::{Gateway, Request};
    /// use std::net::TcpListener;
    /// use std::thread;
    /// use std::time::Duration;
    ///
    /// # fn serve() -> std::io::Result<()> {
    /// let gateway = &Gateway::new(|_: &Request| "all is well\n");
    /// let listener = TcpListener::bind("127.0.0.1:7890")?;
    /// thread::scope(|scope| loop {
    ///     match listener.accept() {
    ///         Ok((stream, peer)) => drop(scope.spawn(move || gateway.serve_stream(stream, peer))),
    ///         // The client has disconnected, or too many files are open.
    ///         Err(_) => thread::sleep(Duration::from_millis(100)),
    ///     }
    /// })
    /// # }
    /// ```
    ///
    /// While a response is [deferred](crate::Response::from_future), or a receiver or a body stream is not ready,
    /// nothing is read, so a client that disconnects is only noticed at the next write, or after
    /// [`Timeouts::response`](crate::config::Timeouts::response).
    ///
    /// # Errors
    /// Returns the stream's error, for example when the peer has disconnected.
    pub fn serve_stream(
        &self,
        mut stream: impl BlockingStream,
        connection: impl Into<ConnectionInfo>,
    ) -> io::Result<CloseReason> {
        stream.set_blocking()?;
        let mut session = self.session(connection).catch_panics();
        let mut front_end = Reporting {
            clock: Clock::start(),
            reports: !self.reports_errors(),
        };
        let mut input = Vec::new();
        let reason = loop {
            match session.turn(&mut input, &mut front_end) {
                Wait::Read { until } => {
                    stream.set_timeout(front_end.clock.left(until))?;
                    match read(&mut stream, &mut input) {
                        Ok(0) => session.end_input(),
                        Ok(_) => {}
                        Err(error) if is_timeout(&error) => {}
                        Err(error) => return Err(error),
                    }
                }
                Wait::Write { until } => {
                    stream.set_timeout(front_end.clock.left(until))?;
                    write(&mut stream, &mut session)?;
                }
                Wait::Pending { until } => front_end.clock.wait(until),
                // This thread serves no other connection.
                Wait::Yield => {}
                Wait::Close(reason) => break reason,
            }
        };
        match reason {
            CloseReason::Persistence | CloseReason::Refused | CloseReason::ResponseBroken => {
                linger(&mut stream);
            }
            CloseReason::WriteTimeout | CloseReason::ResponseReset => stream.reset_on_close(),
            _ => {}
        }
        Ok(reason)
    }
}

fn read(stream: &mut impl Read, input: &mut Vec<u8>) -> io::Result<usize> {
    let mut block = [0; READ_BYTES];
    let count = stream.read(&mut block)?;
    input.extend_from_slice(block.get(..count).unwrap_or_default());
    Ok(count)
}

fn write(stream: &mut impl Write, session: &mut Session) -> io::Result<()> {
    let piece = session.output().pieces().next().unwrap_or_default();
    match stream.write(piece) {
        Ok(0) => Err(ErrorKind::WriteZero.into()),
        Ok(count) => {
            session.sent(count);
            if session.output().is_empty() {
                flush(stream)
            } else {
                Ok(())
            }
        }
        Err(error) if is_timeout(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Flushes the stream. A signal does not end this, as it does not end a read or a write.
fn flush(stream: &mut impl Write) -> io::Result<()> {
    loop {
        match stream.flush() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Closes the stream in a way that lets the peer receive everything that was written.
fn linger(stream: &mut impl BlockingStream) {
    if stream.end_output().is_err() || stream.set_timeout(Some(LINGER_GAP)).is_err() {
        return;
    }
    let start = Instant::now();
    let mut linger = Linger::default();
    let mut block = [0; READ_BYTES];
    loop {
        match stream.read(&mut block) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(count) if !linger.goes_on(count, start.elapsed()) => return,
            Ok(_) => {}
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// A clock that also writes errors to standard error.
struct Reporting {
    clock: Clock,
    reports: bool,
}

impl FrontEnd for Reporting {
    fn now(&mut self) -> Now {
        self.clock.now()
    }

    fn waker(&self) -> &Waker {
        self.clock.waker()
    }

    fn on_refusal(&mut self, refusal: &Refusal<'_>) {
        if self.reports {
            LARGE_BODIES.give_for_large_body(refusal, report);
        }
    }

    fn on_error(&mut self, error: &ResponseError, request: &RequestInfo<'_>) {
        if self.reports {
            report(&format!("{request}: {error}"));
        }
    }
}

/// Each connection has its own call, so this is kept for all of them.
static LARGE_BODIES: Advice = Advice::new();

/// Writes a line to standard error. A failed write is ignored.
fn report(text: &str) {
    let _ = writeln!(io::stderr(), "bytegate: {text}");
}
