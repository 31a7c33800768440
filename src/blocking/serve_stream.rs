//! The front end for blocking streams. Each call serves one connection on the current thread.

use super::advice::Advice;
use super::blocking_stream::BlockingStream;
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
use std::prelude::rust_2024::*;
use std::time::Instant;

/// The size of one read in bytes.
const READ_BYTES: usize = 16 * 1024;

/// How long the peer may be silent after the last response, once the server stops.
const STOPPED_GAP: Duration = Duration::from_millis(50);

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
        serve(self, &mut stream, connection.into(), &Unattended)
    }
}

/// Whoever may ask a connection to end, for example to stop the server.
pub(super) trait Attendant {
    /// Called before a pause, which an attendant may end. Returns `false` if the connection should end instead.
    fn begin(&self, pause: Pause<'_>) -> bool;

    /// Called after a pause in which something was received.
    fn end(&self);

    /// How long a read of a body may last before the next call of `begin`: nothing else ends such a pause.
    const LONGEST_BODY_READ: Option<Duration>;
}

/// What a connection waits for.
pub(super) enum Pause<'w> {
    /// A request, or the end of the connection. Closing the reading side of the stream ends the pause.
    Idle,
    /// The rest of a request head. Closing the reading side of the stream ends the pause.
    Head,
    /// A part of a body that is received or sent.
    Body,
    /// The application. The waker ends the pause.
    Application(&'w Waker),
}

/// No attendant: the connection ends by itself.
pub(super) struct Unattended;

impl Attendant for Unattended {
    fn begin(&self, _: Pause<'_>) -> bool {
        true
    }

    fn end(&self) {}

    const LONGEST_BODY_READ: Option<Duration> = None;
}

/// Serves one connection until it closes.
pub(super) fn serve<A: Attendant>(
    gateway: &Gateway,
    stream: &mut impl BlockingStream,
    connection: ConnectionInfo,
    attendant: &A,
) -> io::Result<CloseReason> {
    stream.set_blocking()?;
    let mut session = gateway.session(connection).catch_panics();
    let mut front_end = Reporting {
        clock: Clock::start(),
        reports: !gateway.reports_errors(),
        is_stopping: false,
    };
    let mut input = Vec::new();
    let reason = loop {
        let wait = session.turn(&mut input, &mut front_end);
        let goes_on = match &wait {
            Wait::Read { .. } => attendant.begin(reading_pause(&session, &input)),
            Wait::Write { .. } => attendant.begin(Pause::Body),
            Wait::Pending { .. } => attendant.begin(Pause::Application(front_end.waker())),
            Wait::Yield | Wait::Close(_) => true,
        };
        if !goes_on && !front_end.is_stopping {
            front_end.is_stopping = true;
            session.stop();
            continue;
        }
        match wait {
            Wait::Read { until } => {
                let left = front_end.clock.left(until);
                let longest = match reading_pause(&session, &input) {
                    Pause::Body => A::LONGEST_BODY_READ,
                    _ => None,
                };
                stream.set_timeout(left.into_iter().chain(longest).min())?;
                match read(stream, &mut input) {
                    Ok(0) => session.end_input(),
                    Ok(_) => {
                        attendant.end();
                        note_tls(stream, &mut session);
                    }
                    Err(error) if is_timeout(&error) => {}
                    Err(error) => return Err(error),
                }
            }
            Wait::Write { until } => {
                stream.set_timeout(front_end.clock.left(until))?;
                write(stream, &mut session)?;
            }
            Wait::Pending { until } => front_end.clock.wait(until),
            // This thread serves no other connection.
            Wait::Yield => {}
            Wait::Close(reason) => break reason,
        }
    };
    match reason {
        CloseReason::Persistence | CloseReason::Refused | CloseReason::ResponseBroken => {
            let goes_on = attendant.begin(Pause::Idle);
            linger(stream, if goes_on { LINGER_GAP } else { STOPPED_GAP });
        }
        CloseReason::WriteTimeout | CloseReason::ResponseReset => stream.reset_on_close(),
        _ => {}
    }
    Ok(reason)
}

/// Notes the TLS of a stream after its first read.
fn note_tls(stream: &impl BlockingStream, session: &mut Session) {
    if session.connection().tls.is_none() {
        if let Some(tls) = stream.tls() {
            session.set_tls(tls);
        }
    }
}

fn reading_pause(session: &Session, input: &[u8]) -> Pause<'static> {
    if session.is_idle() && input.is_empty() {
        Pause::Idle
    } else if session.is_in_head() {
        Pause::Head
    } else {
        Pause::Body
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

/// Closes the stream in a way that lets the peer receive everything that was written. Ends when the peer is silent for
/// the given time.
fn linger(stream: &mut impl BlockingStream, gap: Duration) {
    if stream.end_output().is_err() || stream.set_timeout(Some(gap)).is_err() {
        return;
    }
    let start = Instant::now();
    discard(stream, || start.elapsed());
}

/// Reads and discards input until the peer closes, or sends too slowly or too much.
fn discard(stream: &mut impl Read, elapsed: impl Fn() -> Duration) {
    let mut linger = Linger::default();
    let mut block = [0; READ_BYTES];
    loop {
        let count = match stream.read(&mut block) {
            // A stream that encrypts may return none of the bytes that have arrived.
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Ok(0) | Err(_) => return,
            Ok(count) => count,
        };
        if !linger.goes_on(count, elapsed()) {
            return;
        }
    }
}

pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// A clock that also writes errors to standard error.
struct Reporting {
    clock: Clock,
    reports: bool,
    is_stopping: bool,
}

impl FrontEnd for Reporting {
    fn now(&mut self) -> Now {
        self.clock.now()
    }

    fn waker(&self) -> &Waker {
        self.clock.waker()
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping
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
pub(super) fn report(text: &str) {
    let _ = writeln!(io::stderr(), "bytegate: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;

    #[test]
    fn records_without_plaintext_prolong_nothing() {
        /// A peer that sends something each second, which is never a byte of plaintext.
        struct Fruitless<'c>(&'c Cell<u64>);

        impl Read for Fruitless<'_> {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                self.0.set(self.0.get() + 1);
                assert!(self.0.get() < 100, "it is read without end");
                Err(ErrorKind::Interrupted.into())
            }
        }

        let seconds = Cell::new(0);
        let elapsed = || Duration::from_secs(seconds.get());
        discard(&mut Fruitless(&seconds), elapsed);
        assert_eq!(elapsed(), LINGER_GAP);
    }
}
