//! The connection: its state, its steps and the events that its caller reports.

use super::date_line::DateLine;
use super::output::Output;
use super::progress::Progress;
use super::state::{State, Waiting};
use super::step::{CloseReason, Step};
use crate::config::config::Config;
use crate::syntax::head::HeadParser;
use crate::values::now::Now;
use crate::values::scheme::Scheme;
use crate::values::sync::Arc;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::time::Duration;

/// The protocol of one server connection, without a transport and without an application. Most programs use a
/// [`Session`](crate::Session), which joins it to a gateway.
///
/// The caller owns the input. [`step`](Connection::step) reads the unused bytes, removes the ones it has used from the
/// front, and returns the next step. The caller responds with one of the commands below and calls `step` again. A
/// command that does not match the last step fails with [`OutOfTurn`](super::OutOfTurn).
///
/// | step | command |
/// |---|---|
/// | [`Step::Admit`] | [`admit`](Connection::admit), or [`respond`](Connection::respond) without waiting for the body |
/// | [`Step::Data`] | none, or `respond` without waiting for the rest |
/// | [`Step::Request`] | `respond`, or [`defer`](Connection::defer) |
/// | [`Step::Refuse`] | `respond` |
/// | [`Step::Pending`] | `respond` |
/// | [`Step::SendBody`] | [`send`](Connection::send), [`end_body`](Connection::end_body) or [`flush`](Connection::flush) |
/// | [`Step::Write`] | write the [`output`](Connection::output), and report the number of bytes with [`sent`](Connection::sent) |
/// | [`Step::Read`] | append to the input, or report its end with [`end_input`](Connection::end_input) |
/// | [`Step::Close`] | close the transport |
///
/// If nothing has happened by the time in `until`, call `step` again. While the connection waits, extra calls do no
/// harm.
///
/// | state | event | next state | step |
/// |---|---|---|---|
/// | `Head` | a whole head without a body | `Call` | `Request` |
/// | `Head` | a whole head with a body to come | `Admit` | `Admit` |
/// | `Head` | the end of the input, the idle deadline, or `stop`, before a head began | `Close` | `Close` |
/// | `Head` | a fault, the end of the input, or the head or stop deadline, inside a head | `Fault` | |
/// | `Admit` | `admit` | `Body` | |
/// | `Admit` | `admit`, and the body is known to be too large | `Fault` | |
/// | `Body` | the last of the body | `Call` | `Request` |
/// | `Body` | a part of a body that is streamed | `Body` | `Data` |
/// | `Body` | a fault, the end of the input, or the body or stop deadline | `Fault` | |
/// | `Admit`, `Body`, `Call` | `defer` | `Deferred` | `Pending` |
/// | `Deferred` | the response deadline | `Fault` | |
/// | `Fault` | | `Refuse` | `Refuse` |
/// | `Admit`, `Call` | a step without a response | `Fault` | |
/// | `Refuse` | a step without a response | `Close` | |
/// | `Call`, `Deferred` | `respond`, and the connection stays open | `Stream` or `Head` | |
/// | `Admit`, `Body`, `Call`, `Deferred`, `Refuse` | `respond`, and it does not | `Stream` or `Close` | |
/// | `Stream` | `send` | `Stream` | `SendBody` |
/// | `Stream` | `end_body` | `Head` or `Close` | |
/// | any | the write deadline | `Close` | `Close` |
///
/// In every state, `Write` comes first if the output has reached
/// [`Limits::output_bytes`](crate::config::Limits::output_bytes). `Read`, `Pending` and `Close` come only when all output has
/// been written. `SendBody` comes after a `Write`, except for the first block, which may be sent together with the head.
///
/// ```
/// use bytegate::{Now, Response};
/// use bytegate::config::Config;
/// use bytegate::connection::{Connection, Step};
/// use bytegate::request::Scheme;
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// let mut input: &[u8] = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
/// let mut response = Vec::new();
/// loop {
///     match connection.step(&mut input, Now::default()) {
///         Step::Request(message) => {
///             let path = message.head.path();
///             let mut response = Response::text(format!("you asked for {path}\n"));
///             connection.respond(&mut response)?;
///         }
///         Step::Write { .. } => connection.output().move_to(&mut response),
///         Step::Read { .. } => connection.end_input(),
///         Step::Close(_) => break,
///         other => unreachable!("this request is whole and has no body: {other:?}"),
///     }
/// }
/// assert!(response.ends_with(b"\r\n\r\nyou asked for /hello\n"));
/// # Ok::<(), bytegate::connection::OutOfTurn>(())
/// ```
///
/// `C` is how the connection holds its configuration. Nearly every program uses the default. See
/// [`with_config`](Connection::with_config).
#[derive(Debug)]
pub struct Connection<C = Arc<Config>> {
    pub(super) config: C,
    pub(super) scheme: Scheme,
    pub(super) state: State,
    pub(super) parser: HeadParser,
    pub(super) output: Output,
    /// The progress of writing, while there is something to write.
    pub(super) writing: Option<Progress>,
    /// Number of bytes written since the last step.
    pub(super) sent: usize,
    /// The time of the last step.
    pub(super) now: Now,
    pub(super) date: DateLine,
    /// The time from which no further request is accepted. Set by the first step.
    pub(super) retires: Option<Duration>,
    /// Whether the next step updates deadlines: after a hold, while output is written, and at first.
    pub(super) needs_update: bool,
    /// Number of responses so far.
    pub(super) responses: u32,
    /// Number of input bytes used so far.
    pub(super) offset: u64,
    pub(super) input_ended: bool,
    pub(super) stopping: bool,
    /// Whether the caller stopped reading for a while, so that the peer's deadline starts again.
    pub(super) held: bool,
    /// After a stop: the deadline for completing a request that has begun. Set by the first wait for it.
    pub(super) whole_by: Option<Duration>,
}

impl Connection {
    /// Creates a connection that has not received any input. The connections of a server share their configuration in
    /// an `Arc`.
    #[inline]
    pub fn new(config: impl Into<Arc<Config>>, scheme: Scheme) -> Connection {
        Connection::with_config(config.into(), scheme)
    }
}

impl<C: Borrow<Config>> Connection<C> {
    /// Like [`new`](Connection::new), for a configuration that is borrowed or shared in another way. This saves counting
    /// references, which takes as long as a tenth of a small request.
    ///
    /// ```
    /// use bytegate::Now;
    /// use bytegate::config::Config;
    /// use bytegate::connection::{Connection, Step};
    /// use bytegate::request::Scheme;
    ///
    /// let config = Config::default();
    /// let mut connection = Connection::with_config(&config, Scheme::Http);
    /// assert!(matches!(connection.step(&mut &b"GET / HT"[..], Now::default()), Step::Read { .. }));
    /// ```
    #[inline]
    pub fn with_config(config: C, scheme: Scheme) -> Connection<C> {
        Connection {
            config,
            scheme,
            state: State::Head(Waiting {
                since: Duration::ZERO,
                begun: false,
            }),
            parser: HeadParser::new(),
            output: Output::default(),
            writing: None,
            sent: 0,
            now: Now::default(),
            date: DateLine::new(),
            retires: None,
            needs_update: true,
            responses: 0,
            offset: 0,
            input_ended: false,
            stopping: false,
            held: false,
            whole_by: None,
        }
    }

    /// Returns the next step. `input` is everything that was received and is not used yet. This method removes the
    /// bytes it uses from the front. Pass the rest to the next call, followed by the bytes that have been received since.
    pub fn step<'c, 'i: 'c>(&'c mut self, input: &mut &'i [u8], now: Now) -> Step<'c> {
        self.step_at(input, &now)
    }

    /// Like [`step`](Connection::step), but does not copy the time.
    #[inline]
    pub(crate) fn step_at<'c, 'i: 'c>(&'c mut self, input: &mut &'i [u8], now: &Now) -> Step<'c> {
        self.set_clock(now);
        // Between two requests, most steps only ask to write or to read.
        if input.is_empty() && matches!(self.state, State::Head(_)) {
            if !self.output.is_empty() {
                let pause = self.write();
                return self.show(pause);
            }
            if let Some(until) = self.wait_for_head(input) {
                return Step::Read { until };
            }
        }
        self.advance(input)
    }

    /// Returns the step that writes the pending output, or `None` if there is none. Uses no input.
    pub(crate) fn write_step(&mut self, now: Now) -> Option<Step<'_>> {
        self.set_clock(&now);
        let pause = (!self.output.is_empty()).then(|| self.write())?;
        Some(self.show(pause))
    }

    /// Returns whether only the output is left to write, with no error that a further step would report.
    pub(crate) fn has_ended_well(&self) -> bool {
        use CloseReason::{InputEnded, Persistence, Refused};
        matches!(self.state, State::Close(InputEnded | Persistence | Refused))
    }

    /// Returns the time of the last step.
    pub(crate) fn last_step(&self) -> Now {
        self.now
    }

    /// Returns the number of input bytes used so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the pending output.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Reports that the first `count` bytes of the output were written. The time of the next step counts as the time of
    /// the write.
    pub fn sent(&mut self, count: usize) {
        self.output.advance(count);
        self.needs_update = true;
        self.sent = self.sent.saturating_add(count);
    }

    /// Like [`sent`](Connection::sent), but for the whole output. If `buffer` is empty, it receives the memory of the
    /// output and can be [lent](Output::lend) again.
    pub fn sent_all(&mut self, buffer: &mut Vec<u8>) {
        self.sent = self.sent.saturating_add(self.output.len());
        self.needs_update = true;
        self.output.clear_into(buffer);
    }

    /// Reports that no more input will come. Complete requests still get responses.
    pub fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Returns whether a head is expected, or a part of it has arrived.
    #[cfg(feature = "std")]
    pub(crate) fn is_in_head(&self) -> bool {
        matches!(self.state, State::Head(_))
    }

    /// Reports that the caller stopped reading input for its own reasons. The peer's deadline for the body starts
    /// again with the next step.
    pub fn hold(&mut self) {
        self.held = true;
        self.needs_update = true;
    }

    /// Asks the connection to close. Between requests, it closes at once. Otherwise it closes after the current
    /// response, which then contains `Connection: close`. An incomplete request must be completed within
    /// [`Timeouts::stop`](crate::config::Timeouts::stop).
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Replaces the configuration, between requests.
    #[cfg(feature = "server")]
    pub(crate) fn set_config(&mut self, config: C) {
        self.config = config;
    }

    /// Returns whether nothing of the next request has arrived yet, whatever is left to write.
    #[inline]
    pub(crate) fn is_between_requests(&self) -> bool {
        matches!(self.state, State::Head(Waiting { begun: false, .. }))
    }

    /// Sets the scheme that the next requests must have. It is known only after the handshake of TLS.
    pub(crate) fn set_scheme(&mut self, scheme: Scheme) {
        self.scheme = scheme;
    }

    /// Returns whether the connection waits for the first byte of a request and has nothing to write. An idle
    /// connection holds no other memory and can be closed without losing anything.
    pub fn is_idle(&self) -> bool {
        self.is_between_requests() && self.output.is_empty()
    }
}
