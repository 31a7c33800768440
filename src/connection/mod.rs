//! The connection: takes bytes and time as values and names the next thing to do. It runs no code of its user.

mod body_reader;
mod chunked;
mod clock;
mod encoder;
mod machine;
mod output;
mod progress;
mod show;
mod step;

pub use output::Output;
pub use step::{CloseReason, Message, OutOfTurn, Refusal, ResponseSummary, Step};

use crate::message::body::Broken;
use crate::message::exchange::Exchange;
use crate::message::response::Response;
use crate::syntax::head::HeadParser;
use crate::values::config::Config;
use crate::values::error::{Error, Fault};
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::scheme::Scheme;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use body_reader::{BodyReader, Gathered};
use bytes::Bytes;
use clock::DateCache;
use core::time::Duration;
use encoder::Delimiter;
use progress::Progress;

/// One connection of a server, without its transport and without an application: the protocol and nothing else. Most
/// programs use a [`Session`](crate::Session), which joins it to a gateway.
///
/// The caller owns the input: [`step`](Connection::step) looks at the bytes that are not used up yet and
/// takes those that it has used off their front. Then it names the next thing to do; the caller does it with one of the
/// commands, and steps again. A command that nothing asked for is an error, [`OutOfTurn`].
///
/// | step | command |
/// |---|---|
/// | [`Step::Admit`] | [`admit`](Connection::admit), or [`respond`](Connection::respond) without waiting for the content |
/// | [`Step::Content`] | none, or `respond` without waiting for the rest |
/// | [`Step::Call`] | `respond`, or [`defer`](Connection::defer) |
/// | [`Step::Refuse`] | `respond` |
/// | [`Step::Answer`] | `respond` |
/// | [`Step::Body`] | [`send`](Connection::send), [`end_body`](Connection::end_body) or [`flush`](Connection::flush) |
/// | [`Step::Write`] | write what [`output`](Connection::output) holds, and report it with [`sent`](Connection::sent) |
/// | [`Step::Read`] | append to the input, or report its end with [`end_input`](Connection::end_input) |
/// | [`Step::Close`] | close the transport |
///
/// A step in whose `until` nothing happened is simply stepped again then; early or spare steps do no harm while it
/// waits.
///
/// | state | what comes | next state | step |
/// |---|---|---|---|
/// | `Head` | a whole head without content | `Call` | `Call` |
/// | `Head` | a whole head with content to come | `Admit` | `Admit` |
/// | `Head` | the end of the input, or the idle deadline, before a head began | `Close` | `Close` |
/// | `Head` | a fault, the end of the input, or the head deadline, inside a head | `Fault` | |
/// | `Admit` | `admit` | `Content` | |
/// | `Content` | the last of the content | `Call` | `Call` |
/// | `Content` | a part of content that is handed on | `Content` | `Content` |
/// | `Content` | a fault, the end of the input, or the content deadline | `Fault` | |
/// | `Admit`, `Content`, `Call` | `defer` | `Later` | `Answer` |
/// | `Later` | the answer deadline | `Fault` | |
/// | `Fault` | | `Refuse` | `Refuse` |
/// | `Admit`, `Call` | a step without an answer | `Fault` | |
/// | `Refuse` | a step without an answer | `Close` | |
/// | `Call`, `Later` | `respond`, and the connection stays open | `Stream` or `Head` | |
/// | `Admit`, `Content`, `Call`, `Later`, `Refuse` | `respond`, and it does not | `Stream` or `Close` | |
/// | `Stream` | `send` | `Stream` | `Body` |
/// | `Stream` | `end_body` | `Head` or `Close` | |
/// | any | the write deadline | `Close` | `Close` |
///
/// In every state, output past its mark asks for `Write` first; `Read`, `Answer` and `Close` come only when all output is
/// written. `Body` comes after a `Write`, but for the first block, which may leave together with the head.
///
/// ```
/// use bytegate::{Config, Connection, Now, Response, Scheme, Step};
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// let mut input: &[u8] = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
/// let mut reply = Vec::new();
/// loop {
///     match connection.step(&mut input, Now::default()) {
///         Step::Call(message) => {
///             let path = message.head.path();
///             let mut response = Response::text(format!("you asked for {path}\n"));
///             connection.respond(&mut response)?;
///         }
///         Step::Write { .. } => connection.output().move_to(&mut reply),
///         Step::Read { .. } => connection.end_input(),
///         Step::Close(_) => break,
///         other => unreachable!("this request is whole and has no content: {other:?}"),
///     }
/// }
/// assert!(reply.ends_with(b"\r\n\r\nyou asked for /hello\n"));
/// # Ok::<(), bytegate::OutOfTurn>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    /// Shared, so that a connection that waits costs less.
    config: Arc<Config>,
    scheme: Scheme,
    state: State,
    parser: HeadParser,
    output: Output,
    /// How writing gets on, while there is something to write.
    writing: Option<Progress>,
    /// Bytes written since the last step.
    sent: usize,
    /// The monotonic time of the last step.
    now: Duration,
    date: DateCache,
    /// When the first step was.
    opened: Option<Duration>,
    /// Requests answered so far.
    answered: u32,
    /// Bytes used up so far.
    offset: u64,
    input_ended: bool,
    stopping: bool,
    /// Whether the caller did not read for a while, so that the peer's time starts anew.
    held: bool,
    /// After a stop: when a request that has begun must be whole. Set by the first wait for it.
    whole_by: Option<Duration>,
}

/// Rare states are boxed to keep `State` small.
#[derive(Debug)]
enum State {
    /// Between requests, or in a head.
    Head(Waiting),
    /// A head was shown, which is still in the input; an admission is owed.
    Admit(Exchange),
    Content(Box<BodyReader>, Exchange),
    /// The request was shown; an answer is owed. What had to be gathered is held until then.
    Call(Option<Box<Gathered>>, Exchange),
    /// The answer was deferred.
    Later(Box<Later>),
    Fault(Fault, Box<RejectedRequest>),
    /// The fault was shown; a page is owed.
    Refuse(Error, Box<RejectedRequest>),
    /// The content goes out block by block.
    Stream(Delimiter, AfterResponse, NextBlock),
    Close(CloseReason),
}

/// An answer that was deferred.
#[derive(Clone, Copy, Debug)]
struct Later {
    exchange: Exchange,
    since: Duration,
    /// Whether the request is whole, so that another one may follow the answer.
    finished: bool,
}

/// Since when a head has been waited for.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Duration,
    /// Whether a byte of it has come.
    begun: bool,
}

/// What is known of a request that was refused.
struct RejectedRequest {
    method: Option<Method>,
    /// Its head, if it was whole.
    head: Vec<u8>,
}

/// When the next block of a response is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextBlock {
    /// At once: the first block leaves together with the head.
    Now,
    /// After a write: a peer should see each block promptly.
    AfterWrite,
}

/// What follows a response.
#[derive(Clone, Copy, Debug)]
enum AfterResponse {
    NextRequest,
    Close(CloseReason),
}

/// How much content is gathered, or whether it is handed on.
///
/// ```
/// use bytegate::{Config, Connection, ContentPlan, Now, Scheme, Step};
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// let mut input = &b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"[..];
/// assert!(matches!(connection.step(&mut input, Now::default()), Step::Admit(_)));
/// connection.admit(ContentPlan::HandOn(1024))?;
/// assert!(matches!(connection.step(&mut input, Now::default()), Step::Content(b"hello")));
/// # Ok::<(), bytegate::OutOfTurn>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentPlan {
    /// Gather it, up to [`Limits::content_bytes`](crate::Limits::content_bytes).
    Gather,
    /// Gather it, up to so many bytes.
    GatherUpTo(u64),
    /// Hand it on with [`Step::Content`], up to so many bytes.
    HandOn(u64),
}

impl Connection {
    /// A connection on which nothing has come yet. Connections of one server share their configuration, as an `Arc`.
    #[inline]
    pub fn new(config: impl Into<Arc<Config>>, scheme: Scheme) -> Connection {
        Connection {
            config: config.into(),
            scheme,
            state: State::Head(Waiting {
                since: Duration::ZERO,
                begun: false,
            }),
            parser: HeadParser::new(),
            output: Output::default(),
            writing: None,
            sent: 0,
            now: Duration::ZERO,
            date: DateCache::new(),
            opened: None,
            answered: 0,
            offset: 0,
            input_ended: false,
            stopping: false,
            held: false,
            whole_by: None,
        }
    }

    /// The next thing to do. `input` is all that has come and is not used up; what this step uses is taken
    /// off its front, and the next step gets the rest, followed by what has come since.
    pub fn step<'c, 'i: 'c>(&'c mut self, input: &mut &'i [u8], now: Now) -> Step<'c> {
        self.set_clock(now);
        let pause = self.advance(input);
        self.show(pause)
    }

    /// Answers [`Step::Admit`].
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    pub fn admit(&mut self, plan: ContentPlan) -> Result<(), OutOfTurn> {
        let State::Admit(exchange) = self.state else {
            return Err(OutOfTurn);
        };
        let (framing, now) = (exchange.framing, self.now);
        let reader = match plan {
            ContentPlan::Gather => {
                BodyReader::gather(framing, self.config.limits.content_bytes, now)
            }
            ContentPlan::GatherUpTo(limit) => BodyReader::gather(framing, limit, now),
            ContentPlan::HandOn(limit) => BodyReader::hand_on(framing, limit, now),
        };
        if reader.is_too_large() {
            let fault = Fault::new(Error::ContentTooLarge, self.parser.content_length_at());
            self.state = machine::failed(fault, self.parser.method_seen());
            return Ok(());
        }
        // Always, even if content is there already: the output must not depend on how the input was cut.
        if exchange.expects_continue {
            self.output.extend(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.state = State::Content(Box::new(reader), exchange);
        Ok(())
    }

    /// Defers the answer to [`Step::Call`], [`Step::Admit`] or [`Step::Content`]: it comes later, with
    /// [`respond`](Connection::respond). Until then no further request is looked at. To defer [`Step::Answer`] again gives no
    /// more time.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    pub fn defer(&mut self) -> Result<(), OutOfTurn> {
        let (exchange, finished) = match &self.state {
            State::Later(_) => return Ok(()),
            State::Call(_, exchange) => (*exchange, true),
            State::Admit(exchange) | State::Content(_, exchange) => (*exchange, false),
            State::Head(_)
            | State::Fault(..)
            | State::Refuse(..)
            | State::Stream(..)
            | State::Close(_) => return Err(OutOfTurn),
        };
        self.state = State::Later(Box::new(Later {
            exchange,
            since: self.now,
            finished,
        }));
        Ok(())
    }

    /// Answers [`Step::Call`], [`Step::Answer`] and [`Step::Refuse`]; also [`Step::Admit`] and [`Step::Content`] without
    /// waiting for the content, which closes the connection.
    ///
    /// The content is taken out of the response, unless it is a stream: that stays, to be sent block by block. A response
    /// that breaks the rules, or is itself to come [later](Response::later), is replaced by a 500.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    pub fn respond(&mut self, response: &mut Response) -> Result<ResponseSummary, OutOfTurn> {
        let (exchange, finished) = match &self.state {
            State::Call(_, exchange) => (*exchange, true),
            State::Later(later) => (later.exchange, later.finished),
            State::Admit(exchange) | State::Content(_, exchange) => (*exchange, false),
            State::Refuse(_, rejected) => (Exchange::of_refused(rejected.method), false),
            State::Head(_) | State::Fault(..) | State::Stream(..) | State::Close(_) => {
                return Err(OutOfTurn);
            }
        };
        self.answered = self.answered.saturating_add(1);
        let error = response.take_error();
        if error.is_some() {
            *response = Response::from(Status::INTERNAL_SERVER_ERROR);
        }
        let setting = encoder::Setting {
            exchange: &exchange,
            persists: finished && exchange.persists && self.may_go_on(),
            date: self.date.date(),
        };
        let written = encoder::write(&mut self.output, response, setting);
        let after = match (written.persists, finished) {
            (true, _) => AfterResponse::NextRequest,
            (false, true) => AfterResponse::Close(CloseReason::Persistence),
            (false, false) => AfterResponse::Close(CloseReason::Refused),
        };
        self.state = match written.stream {
            Some(delimiter) => State::Stream(delimiter, after, NextBlock::Now),
            None => self.after(after),
        };
        Ok(ResponseSummary {
            status: response.status(),
            content_length: written.content_length,
            persists: written.persists,
            streams: written.stream.is_some(),
            error: error.map(|error| *error),
        })
    }

    /// Answers [`Step::Body`] with the next block of the content. An empty one is skipped.
    ///
    /// A block beyond the length that was stated is not sent; the connection closes, as after
    /// [`end_body`](Connection::end_body) with an error.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    pub fn send(&mut self, block: Bytes) -> Result<(), OutOfTurn> {
        let State::Stream(delimiter, _, next) = &mut self.state else {
            return Err(OutOfTurn);
        };
        *next = NextBlock::AfterWrite;
        match delimiter.write_block(&mut self.output, block) {
            Ok(()) => Ok(()),
            Err(broken) => self.end_body(Err(broken)),
        }
    }

    /// Answers [`Step::Body`] when no block is ready yet: what was written so far goes out first, and then the block is asked
    /// for again.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    pub fn flush(&mut self) -> Result<(), OutOfTurn> {
        self.send(Bytes::new())
    }

    /// Answers [`Step::Body`] when there are no more blocks, or when the content broke off: then the connection closes in a
    /// way that shows the peer that it is incomplete. So it does if the content is shorter than was stated.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    pub fn end_body(&mut self, end: Result<(), Broken>) -> Result<(), OutOfTurn> {
        let State::Stream(delimiter, after, _) = self.state else {
            return Err(OutOfTurn);
        };
        let whole = end.and_then(|()| delimiter.write_end(&mut self.output));
        self.state = match whole {
            Ok(()) => self.after(after),
            Err(Broken) => State::Close(delimiter.broken_reason()),
        };
        Ok(())
    }

    /// Whether only the output is left, and nothing went wrong that another step would tell.
    pub(crate) fn has_ended_well(&self) -> bool {
        use CloseReason::{InputEnded, Persistence, Refused};
        matches!(self.state, State::Close(InputEnded | Persistence | Refused))
    }

    /// How many bytes of input are used up.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What waits to be written.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Reports that the first `count` bytes of the output were written. The next step tells when that was.
    pub fn sent(&mut self, count: usize) {
        self.output.advance(count);
        self.sent = self.sent.saturating_add(count);
    }

    /// As [`sent`](Connection::sent), of everything; the memory of the output goes to `buffer` if that is empty, to be
    /// [lent](Output::lend) again.
    pub fn sent_all(&mut self, buffer: &mut Vec<u8>) {
        self.sent = self.sent.saturating_add(self.output.len());
        self.output.clear_into(buffer);
    }

    /// Reports that no more input will come. What is whole is still answered.
    pub fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Reports that the caller did not look at the input for reasons of its own: the time that the peer has for its content
    /// starts again with the next step.
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// Asks the connection to end: at once between two requests, else after the answer to the current one,
    /// which then says `Connection: close`. A request that is not whole yet has [`Timeouts::stop`](crate::Timeouts::stop)
    /// left.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Whether the connection waits for the first byte of a request, with nothing to write: then it holds no
    /// memory but itself, and may be closed without losing anything.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Head(Waiting { begun: false, .. })) && self.output.is_empty()
    }
}

impl core::fmt::Debug for RejectedRequest {
    /// Without the head, which may hold credentials.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RejectedRequest({:?})", self.method)
    }
}
