//! The connection: takes bytes and time as values and names the next thing to do.

mod chunked;
mod clock;
mod content;
mod machine;
mod output;
mod progress;
mod reply;
mod show;
mod step;

pub use output::Output;
pub use step::{Answered, CloseReason, Ending, Refusal, Step};

use crate::message::admission::Admission;
use crate::message::exchange::Exchange;
use crate::message::request::Circumstances;
use crate::message::response::Response;
use crate::syntax::head::HeadParser;
use crate::values::config::Config;
use crate::values::error::{Error, Fault};
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::vec::Vec;
use clock::DateCache;
use content::{Gathered, Intake};
use core::net::SocketAddr;
use core::time::Duration;
use progress::Progress;

/// One connection of a server, without its transport.
///
/// The caller owns the input: [`step`](Connection::step) looks at the bytes that are not used up yet and
/// takes those that it has used off their front. Then it names the next thing to do, and the caller does
/// it and steps again:
///
/// - [`Step::Admit`]: content is announced; answer with [`admit`](Connection::admit).
/// - [`Step::Call`], [`Step::Finish`], [`Step::Refuse`]: answer with [`respond`](Connection::respond).
/// - [`Step::Write`]: write what [`output`](Connection::output) holds; report it with [`sent`](Connection::sent).
/// - [`Step::Read`]: append to the input, or report its end with [`end_input`](Connection::end_input).
/// - [`Step::Close`]: close the transport.
///
/// A step in whose `until` nothing happened is simply stepped again then; early or spare steps do no harm.
///
/// | state | what comes | next state | step |
/// |---|---|---|---|
/// | `Head` | a whole head without content | `Call` | `Call` |
/// | `Head` | a whole head with content to come | `Admit` | `Admit` |
/// | `Head` | the end of the input, or the idle deadline, before a head began | `Close` | `Close` |
/// | `Head` | a fault, the end of the input, or the head deadline, inside a head | `Fault` | |
/// | `Admit` | `admit` to gather or stream it | `Content` | |
/// | `Admit` | `admit` to refuse it | `Stream` or `Close` | |
/// | `Content` | the last of the content, gathered | `Call` | `Call` |
/// | `Content` | the last of the content, streamed | `Call` | `Finish` |
/// | `Content` | a fault, the end of the input, or the content deadline | `Fault` | |
/// | `Fault` | | `Refuse` | `Refuse` |
/// | `Admit`, `Call` | a step without an answer | `Fault` | |
/// | `Refuse` | a step without an answer | `Close` | |
/// | `Call` | `respond`, and the connection goes on | `Stream` or `Head` | |
/// | `Call`, `Refuse` | `respond`, and it does not | `Stream` or `Close` | |
/// | `Stream` | the last block | `Head` or `Close` | |
/// | any | the write deadline | `Close` | `Close` |
///
/// In every state, output past its mark asks for `Write` first; `Read` and `Close` come only when all
/// output is written.
///
/// ```
/// use bytegate::{Config, Connection, Now, Response, Step};
///
/// let mut connection = Connection::new(Config::default());
/// let mut input: &[u8] = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
/// let mut reply = Vec::new();
/// loop {
///     match connection.step(&mut input, Now::default()) {
///         Step::Admit(_) => unreachable!("this request has no content"),
///         Step::Call(request) => {
///             let response = Response::text(format!("you asked for {}\n", request.path()));
///             connection.respond(response);
///         }
///         Step::Finish(ending) => {
///             let response = ending.finish();
///             connection.respond(response);
///         }
///         Step::Refuse(refusal) => {
///             let response = refusal.page();
///             connection.respond(response);
///         }
///         Step::Write { .. } => connection.output().move_to(&mut reply),
///         Step::Read { .. } => connection.end_input(),
///         Step::Close(_) => break,
///     }
/// }
/// assert!(reply.ends_with(b"\r\n\r\nyou asked for /hello\n"));
/// ```
#[derive(Debug)]
pub struct Connection {
    config: Config,
    state: State,
    parser: HeadParser,
    output: Output,
    /// How writing gets on, while there is something to write.
    writing: Option<Progress>,
    /// Octets written since the last step.
    sent: usize,
    circumstances: Circumstances,
    date: DateCache,
    /// When the first step was.
    opened: Option<Duration>,
    /// Requests answered so far.
    answered: u32,
    /// Octets used up so far.
    offset: u64,
    input_ended: bool,
    stopping: bool,
    /// After a stop: when a request that has begun must be whole. Set by the first wait for it.
    whole_by: Option<Duration>,
}

/// What most requests never come by is in boxes, so that a change of state moves and drops little.
#[derive(Debug)]
enum State {
    /// Between requests, or in a head.
    Head(Waiting),
    /// A head was shown, which is still in the input; an admission is owed.
    Admit(Exchange),
    Content(Box<Intake>, Exchange),
    /// The request was shown; an answer is owed. What had to be gathered is held until then.
    Call(Option<Box<Gathered>>, Exchange),
    Fault(Fault, Box<Culprit>),
    /// The fault was shown; a page is owed.
    Refuse(Error, Box<Culprit>),
    Stream(Box<reply::Stream>, Then),
    Close(CloseReason),
}

/// Since when a head has been waited for.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Duration,
    /// Whether an octet of it has come.
    begun: bool,
}

/// What is known of a request that was refused.
struct Culprit {
    method: Option<Method>,
    /// Its head, if it was whole.
    head: Vec<u8>,
}

/// What follows a response.
#[derive(Clone, Copy, Debug)]
enum Then {
    GoOn,
    Close(CloseReason),
}

impl Connection {
    /// A connection on which nothing has come yet.
    pub fn new(config: Config) -> Connection {
        Connection {
            config,
            state: State::Head(Waiting {
                since: Duration::ZERO,
                begun: false,
            }),
            parser: HeadParser::new(),
            output: Output::default(),
            writing: None,
            sent: 0,
            circumstances: Circumstances {
                scheme: config.scheme,
                ..Circumstances::default()
            },
            date: DateCache::new(),
            opened: None,
            answered: 0,
            offset: 0,
            input_ended: false,
            stopping: false,
            whole_by: None,
        }
    }

    /// Names the other end, for applications that want to know.
    pub fn with_peer(mut self, peer: SocketAddr) -> Connection {
        self.circumstances.peer = Some(peer);
        self
    }

    /// The next thing to do. `input` is all that has come and is not used up; what this step uses is taken
    /// off its front, and the next step gets the rest, with what has come since behind it.
    pub fn step<'c, 'i: 'c>(&'c mut self, input: &mut &'i [u8], now: Now) -> Step<'c> {
        self.set_clock(now);
        let pause = self.advance(input);
        self.show(pause)
    }

    /// Answers [`Step::Admit`]; does nothing at any other time. What was answered, if it was refused.
    pub fn admit(&mut self, admission: Admission) -> Option<Answered> {
        let State::Admit(exchange) = self.state else {
            return None;
        };
        let layout = self.parser.layout();
        let now = self.circumstances.now.monotonic;
        let intake = match admission {
            Admission::Refuse(response) => return self.respond(response),
            Admission::Buffer => {
                Intake::gather(exchange.framing, self.config.limits.content_bytes, now)
            }
            Admission::BufferUpTo(limit) => Intake::gather(exchange.framing, limit, now),
            Admission::Stream(receiver) => Intake::stream(exchange.framing, receiver, now),
        };
        if intake.is_too_large() {
            let at = layout.content_length.map_or(0, |span| span.start as usize);
            self.state =
                machine::failed(Fault::new(Error::ContentTooLarge, at), Some(layout.method));
            return None;
        }
        // Always, even if content is there already: the output must not depend on how the input was cut.
        if exchange.expects_continue {
            self.output.extend(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.state = State::Content(Box::new(intake), exchange);
        None
    }

    /// Answers [`Step::Call`], [`Step::Finish`] and [`Step::Refuse`]; also [`Step::Admit`] without waiting for
    /// the content, which closes the connection. Does nothing at any other time.
    pub fn respond(&mut self, mut response: Response) -> Option<Answered> {
        let (exchange, finished) = match &self.state {
            State::Call(_, exchange) => (*exchange, true),
            State::Admit(exchange) => (*exchange, false),
            State::Refuse(_, culprit) => (Exchange::of_refused(culprit.method), false),
            _ => return None,
        };
        self.answered = self.answered.saturating_add(1);
        response.check();
        let error = response.error.take();
        if error.is_some() {
            response = Response::from(Status::INTERNAL_SERVER_ERROR);
        }
        let setting = reply::Setting {
            exchange: &exchange,
            persists: finished && exchange.persists && self.may_go_on(),
            date: self.date.date(),
        };
        let written = reply::write(&mut self.output, response, setting);
        let then = match (written.persists, finished) {
            (true, _) => Then::GoOn,
            (false, true) => Then::Close(CloseReason::Persistence),
            (false, false) => Then::Close(CloseReason::Refused),
        };
        match written.stream {
            Some(stream) => self.state = State::Stream(Box::new(stream), then),
            None => self.state = self.after(then),
        }
        Some(Answered {
            status: written.status,
            content_length: written.content_length,
            persists: written.persists,
            error: error.map(|error| *error),
        })
    }

    /// What waits to be written.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Reports that the first `count` octets of the output were written. The next step tells when that was.
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

    /// Asks the connection to end: at once between two requests, else after the answer to the current one,
    /// which then says `Connection: close`. A request that is not whole yet has [`Timeouts::stop`](crate::Timeouts::stop)
    /// left.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Whether the connection waits for the first octet of a request, with nothing to write: then it holds no
    /// memory but itself, and may be closed without losing anything.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Head(Waiting { begun: false, .. })) && self.output.is_empty()
    }
}

impl core::fmt::Debug for Culprit {
    /// Without the head, which may hold credentials.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Culprit({:?})", self.method)
    }
}
