//! A session: a connection joined to a gateway.

use super::Gateway;
use super::chain::Chain;
use super::exchange::Exchange;
use super::front_end::{FrontEnd, Unobserved};
#[cfg(feature = "net")]
use crate::body::body::Blocks;
#[cfg(feature = "net")]
use crate::body::body_error::BodyError;
#[cfg(feature = "net")]
use crate::body::stored_file::StoredBlocks;
use crate::config::config::Config;
#[cfg(feature = "net")]
use crate::connection::Step;
use crate::connection::{CloseReason, Connection, Output};
use crate::upload::admission::AbortReason;
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// A connection and the gateway that answers its requests. Created by [`Gateway::session`].
///
/// [`turn`](Session::turn) processes the available input and returns what to wait for. Then write the
/// [`output`](Session::output) or read more input, and call `turn` again:
///
/// ```
/// use bytegate::{Gateway, Now};
/// use bytegate::gateway::Wait;
/// use bytegate::request::ConnectionInfo;
/// use std::io::{Read, Write};
///
/// fn serve(gateway: &Gateway, stream: &mut (impl Read + Write)) -> std::io::Result<()> {
///     let mut session = gateway.session(ConnectionInfo::default());
///     let (mut input, mut block) = (Vec::new(), [0; 4096]);
///     loop {
///         match session.turn_on(&mut input, Now::default()) {
///             Wait::Read { .. } => match stream.read(&mut block)? {
///                 0 => session.end_input(),
///                 count => input.extend_from_slice(&block[..count]),
///             },
///             Wait::Write { .. } => stream.write_all(&session.take_output())?,
///             // This application answers at once.
///             Wait::Pending { .. } => unreachable!("no response is deferred"),
///             // A loop with several connections goes on to the next one here.
///             Wait::Yield => {}
///             Wait::Close(_) => return Ok(()),
///         }
///     }
/// }
/// # let gateway = Gateway::new(|_: &bytegate::Request<'_>| "hello\n");
/// # let mut stream = Duplex(&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], Vec::new());
/// # serve(&gateway, &mut stream).unwrap();
/// # assert!(stream.1.ends_with(b"hello\n"));
/// # struct Duplex<'a>(&'a [u8], Vec<u8>);
/// # impl Read for Duplex<'_> {
/// #     fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> { self.0.read(buffer) }
/// # }
/// # impl Write for Duplex<'_> {
/// #     fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> { self.1.write(bytes) }
/// #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
/// # }
/// ```
pub struct Session<'g> {
    pub(super) gateway: &'g Gateway,
    pub(super) connection: Connection<&'g Config>,
    pub(super) info: ConnectionInfo,
    pub(super) catches_panics: bool,
    /// Whether the front end takes bodies from files itself.
    #[cfg(feature = "net")]
    pub(super) takes_files: bool,
    /// State of the current exchange that is kept between steps. Most exchanges need none.
    pub(super) exchange: Option<Box<Exchange>>,
}

/// What a session waits for. Calling [`turn`](Session::turn) too early does no harm.
///
/// ```
/// use bytegate::{Gateway, Now, Site};
/// use bytegate::connection::CloseReason;
/// use bytegate::gateway::Wait;
/// use bytegate::request::ConnectionInfo;
///
/// let gateway = Gateway::new(Site::new());
/// let mut session = gateway.session(ConnectionInfo::default());
/// assert!(matches!(session.turn(&mut &b"GET /"[..], Now::default()), Wait::Read { .. }));
/// session.end_input();
/// assert!(matches!(session.turn(&mut &b"GET /"[..], Now::default()), Wait::Write { .. }));
/// session.take_output();
/// assert_eq!(session.turn(&mut &b""[..], Now::default()), Wait::Close(CloseReason::Refused));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Wait for more input until the given monotonic time.
    Read {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// Write the output until the given monotonic time.
    Write {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// A response, a block of a body or a receiver is not ready. Call `turn` again when the front end's
    /// [waker](FrontEnd::waker) is woken, at the latest at the given monotonic time.
    Pending {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// The turn is over, but not its work: the client has sent several requests at once, for example. Let the other
    /// connections of this thread have their turn, then call `turn` again. Output that is pending can be written before.
    Yield,
    /// Nothing is left to do. Close the transport.
    Close(CloseReason),
}

/// The outcome of one step.
pub(super) enum Stepped {
    /// The next step can be taken at once. The response was at hand, or the body was admitted.
    Quick,
    /// The next step can be taken at once. The application ran, which may have taken any time.
    Ran,
    Waits(Wait),
}

/// The time after which [`Session::turn_for`] lets others have their turn.
const TURN_TIME: Duration = Duration::from_millis(1);

/// The number of quick steps for which the clock is read once. Together they take a few microseconds.
const QUICK_STEPS: u32 = 32;

impl<'g> Session<'g> {
    #[inline]
    pub(super) fn new(gateway: &'g Gateway, info: ConnectionInfo) -> Session<'g> {
        Session {
            gateway,
            connection: Connection::with_config(&*gateway.config, info.scheme),
            info,
            catches_panics: false,
            #[cfg(feature = "net")]
            takes_files: false,
            exchange: None,
        }
    }

    /// Turns a panic of the application into a 500 and closes the connection afterwards (feature `std`). Use this in
    /// front ends that serve more than one connection. Tests usually want the panic. Nothing is caught with `panic =
    /// "abort"`.
    pub fn catch_panics(mut self) -> Session<'g> {
        self.catches_panics = true;
        self
    }

    /// Lets the front end take bodies from files itself. When all [pieces](Output::pieces) of the output are written and
    /// it is still not empty, [`file_to_send`](Session::file_to_send) has the rest.
    #[cfg(feature = "net")]
    pub(crate) fn take_files(mut self) -> Session<'g> {
        self.takes_files = true;
        self
    }

    /// Returns the blocks that the rest of the output was passed over in, and how many bytes it has.
    #[cfg(feature = "net")]
    pub(crate) fn file_to_send(&mut self) -> Option<(&StoredBlocks, usize)> {
        let count = self.connection.output().in_file();
        let blocks = self.exchange.as_ref().and_then(|it| it.blocks.as_ref());
        match blocks {
            Some(Blocks::Stored(blocks)) if count > 0 => Some((blocks, count)),
            _ => None,
        }
    }

    /// Breaks the body off, because the rest of the output cannot be read from its file.
    #[cfg(feature = "net")]
    pub(crate) fn break_file_off(&mut self) {
        self.connection.output().clear();
        self.exchange = None;
        let _ = self.connection.end_body(Err(BodyError));
    }

    /// Processes the available input and returns what to wait for. `input` is everything that was received and is not
    /// used yet. This method removes the bytes it uses from the front. Pass the rest to the next call, followed by what
    /// has been received since.
    ///
    /// A connection holds at most [`Limits::head_bytes`](crate::config::Limits::head_bytes) and the body that the application
    /// admits, [`Limits::output_bytes`](crate::config::Limits::output_bytes) and one block or response more, and the input that the
    /// caller keeps. Nothing limits the sum over all connections but their number, which the caller chooses. `net` also has
    /// a limit on the sum. See [`FrontEnd::is_full`].
    ///
    /// A turn calls the application for at most one request, so that no client holds up the others of a thread by sending
    /// many at once. It returns [`Wait::Yield`] if it has not used all input then. Prepared
    /// responses do not count, such as files of a site in memory.
    pub fn turn(&mut self, input: &mut &[u8], now: Now) -> Wait {
        loop {
            match self.step(input, &now, &mut Unobserved) {
                Stepped::Waits(wait) => return wait,
                Stepped::Ran if !input.is_empty() => return Wait::Yield,
                Stepped::Ran | Stepped::Quick => {}
            }
        }
    }

    /// Like [`turn`](Session::turn), but removes the used input from a vector. This moves the rest to its front in each
    /// turn, so keep the vector short: read a few kilobytes at a time.
    pub fn turn_on(&mut self, input: &mut Vec<u8>, now: Now) -> Wait {
        let mut rest = &input[..];
        let wait = self.turn(&mut rest, now);
        let used = input.len() - rest.len();
        input.drain(..used);
        wait
    }

    /// Like [`turn`](Session::turn), but with a front end that has a running clock and can observe events. A turn ends
    /// with [`Wait::Yield`] after the first call of the application that ends a millisecond or more after its start, if
    /// there is input left.
    pub fn turn_for(&mut self, input: &mut &[u8], front_end: &mut impl FrontEnd) -> Wait {
        let mut now = front_end.now();
        let end = now.monotonic.saturating_add(TURN_TIME);
        let mut quick = 0;
        loop {
            match self.step(input, &now, front_end) {
                Stepped::Waits(wait) => return wait,
                Stepped::Quick if quick < QUICK_STEPS => quick += 1,
                Stepped::Quick | Stepped::Ran => {
                    // The time that the application took must not count against the client.
                    now = front_end.now();
                    quick = 0;
                    if now.monotonic >= end && !input.is_empty() {
                        return Wait::Yield;
                    }
                }
            }
        }
    }

    /// Returns the pending output.
    pub fn output(&mut self) -> &mut Output {
        self.connection.output()
    }

    /// Takes all pending output. The next turn assumes that it was sent.
    pub fn take_output(&mut self) -> Vec<u8> {
        let mut output = Vec::new();
        self.connection.output().move_to(&mut output);
        output
    }

    /// See [`Connection::sent`].
    pub fn sent(&mut self, count: usize) {
        self.connection.sent(count);
    }

    /// See [`Connection::sent_all`].
    pub fn sent_all(&mut self, buffer: &mut Vec<u8>) {
        self.connection.sent_all(buffer);
    }

    /// See [`Connection::end_input`].
    pub fn end_input(&mut self) {
        self.connection.end_input();
    }

    /// See [`Connection::stop`].
    pub fn stop(&mut self) {
        self.connection.stop();
    }

    /// See [`Connection::is_idle`].
    pub fn is_idle(&self) -> bool {
        self.connection.is_idle()
    }

    /// Returns whether the connection is between two requests, whatever is left to write.
    #[inline]
    pub(super) fn is_between_requests(&self) -> bool {
        self.connection.is_between_requests()
    }

    /// See [`Connection::is_in_head`].
    #[cfg(feature = "net")]
    pub(crate) fn is_in_head(&self) -> bool {
        self.connection.is_in_head()
    }

    /// See [`Connection::held_bytes`].
    #[cfg(feature = "net")]
    #[inline]
    pub(crate) fn held_bytes(&self) -> usize {
        self.connection.held_bytes()
    }

    /// Waits until more of the pending output is written, without a turn. Returns `None` if there is none.
    #[cfg(feature = "net")]
    pub(crate) fn wait_for_write(&mut self, now: Now) -> Option<Wait> {
        match self.connection.write_step(now)? {
            Step::Write { until } => Some(Wait::Write { until }),
            Step::Close(reason) => Some(Wait::Close(reason)),
            _ => None,
        }
    }

    /// See [`Connection::refuse_for_now`].
    #[cfg(feature = "net")]
    pub(crate) fn refuse_for_now(&mut self) {
        self.connection.refuse_for_now();
    }

    /// Returns the time of the last step.
    #[cfg(feature = "net")]
    pub(crate) fn last_step(&self) -> Now {
        self.connection.last_step()
    }

    /// See [`Connection::has_ended_well`].
    pub(super) fn has_ended_well(&self) -> bool {
        self.connection.has_ended_well()
    }

    /// Returns the information about the connection.
    pub fn connection(&self) -> &ConnectionInfo {
        &self.info
    }
}

impl Drop for Session<'_> {
    /// Aborts a receiver whose body will not be completed.
    fn drop(&mut self) {
        if let Some(exchange) = &mut self.exchange {
            let chain = Chain::new(self.gateway, &self.info, self.catches_panics);
            exchange.abort(chain, AbortReason::Disconnected);
        }
    }
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("connection", &self.connection)
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}
