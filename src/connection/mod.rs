//! The connection: takes bytes and time as values and names the next thing to do.

mod chunked;
mod content;
mod output;
mod progress;
mod reply;
mod step;

pub use output::Output;
pub use step::{Answered, CloseReason, Ending, Refusal, Step};

use crate::message::admission::Admission;
use crate::message::body::Broken;
use crate::message::exchange::{Exchange, Framing};
use crate::message::fields::FieldLines;
use crate::message::head::Head;
use crate::message::request::{Circumstances, Request};
use crate::message::response::Response;
use crate::syntax::date::{self, DATE_BYTES};
use crate::syntax::head::{HeadParser, Layout, Parsed};
use crate::values::config::Config;
use crate::values::error::{Error, Fault};
use crate::values::method::Method;
use crate::values::now::Now;
use alloc::vec::Vec;
use content::{Content, Gathered, Intake};
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
}

#[derive(Debug)]
enum State {
    /// Between requests, or in a head.
    Head(Waiting),
    Admit(Layout, Exchange),
    Content(Intake, Exchange),
    /// The request was shown; an answer is owed. What had to be gathered is held until then.
    Call(Option<Gathered>, Exchange),
    Fault(Fault, Culprit),
    /// The fault was shown; a page is owed.
    Refuse(Error, Culprit),
    Stream(reply::Stream, Then),
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
#[derive(Debug, Default)]
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

/// What a transition ends in; turned into a [`Step`] once nothing changes any more.
enum Pause<'i> {
    Admit(Head<'i>),
    Call(Head<'i>, &'i [u8]),
    CallGathered,
    Refuse(Fault, &'i [u8]),
    Read(Duration),
    Write(Duration),
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
            date: DateCache::default(),
            opened: None,
            answered: 0,
            offset: 0,
            input_ended: false,
            stopping: false,
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
        let State::Admit(layout, exchange) = self.state else {
            return None;
        };
        let now = self.circumstances.now.monotonic;
        let intake = match admission {
            Admission::Refuse(response) => return self.respond(response),
            Admission::Buffer => Intake::gather(
                layout,
                exchange.framing,
                self.config.limits.content_bytes,
                now,
            ),
            Admission::BufferUpTo(limit) => Intake::gather(layout, exchange.framing, limit, now),
            Admission::Stream(receiver) => Intake::stream(layout, exchange.framing, receiver, now),
        };
        if intake.is_too_large() {
            let at = layout.content_length.map_or(0, |span| span.start as usize);
            self.fail(Fault::new(Error::ContentTooLarge, at), Some(layout.method));
            return None;
        }
        // Always, even if content is there already: the output must not depend on how the input was cut.
        if exchange.expects_continue {
            self.output.extend(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.state = State::Content(intake, exchange);
        None
    }

    /// Answers [`Step::Call`], [`Step::Finish`] and [`Step::Refuse`]; also [`Step::Admit`] without waiting for
    /// the content, which closes the connection. Does nothing at any other time.
    pub fn respond(&mut self, response: Response) -> Option<Answered> {
        let (exchange, finished) = match &self.state {
            State::Call(_, exchange) => (*exchange, true),
            State::Admit(_, exchange) => (*exchange, false),
            State::Refuse(_, culprit) => (Exchange::of_refused(culprit.method), false),
            _ => return None,
        };
        self.answered = self.answered.saturating_add(1);
        let response = response.checked();
        let error = response.error.clone();
        let setting = reply::Setting {
            exchange: &exchange,
            persists: finished && exchange.persists && self.may_go_on(),
            date: self.date.text.as_ref(),
        };
        let written = reply::write(&mut self.output, response, setting);
        let then = match (written.persists, finished) {
            (true, _) => Then::GoOn,
            (false, true) => Then::Close(CloseReason::Persistence),
            (false, false) => Then::Close(CloseReason::Refused),
        };
        match written.stream {
            Some(stream) => self.state = State::Stream(stream, then),
            None => self.end_exchange(then),
        }
        Some(Answered {
            status: written.status,
            content_length: written.content_length,
            persists: written.persists,
            error,
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

    /// Reports that no more input will come. What is whole is still answered.
    pub fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Asks the connection to end: at once between two requests, else behind the answer to the current one,
    /// which then says `Connection: close`.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Whether the connection waits for the first octet of a request, with nothing to write: then it holds no
    /// memory but itself, and may be closed without losing anything.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Head(Waiting { begun: false, .. })) && self.output.is_empty()
    }

    fn set_clock(&mut self, now: Now) {
        // A clock that goes back stands still.
        let last = self.circumstances.now.monotonic;
        self.circumstances.now = Now {
            monotonic: now.monotonic.max(last),
            wall: now.wall,
        };
        self.date.set(now.wall);
        let now = self.circumstances.now.monotonic;
        let sent = core::mem::take(&mut self.sent);
        match (&mut self.writing, self.output.is_empty()) {
            (Some(writing), false) => writing.moved(sent, now),
            // While output waited nothing was read, so the peer's time begins now.
            (Some(_), true) => {
                self.writing = None;
                self.restart_waiting(now);
            }
            (None, _) => {}
        }
        if self.opened.is_none() {
            self.opened = Some(now);
            self.restart_waiting(now);
        }
    }

    fn restart_waiting(&mut self, now: Duration) {
        match &mut self.state {
            State::Head(waiting) => waiting.since = now,
            State::Content(intake, _) => intake.progress = Progress::starting_at(now),
            _ => {}
        }
    }

    /// Makes transitions until one of them needs the caller.
    fn advance<'i>(&mut self, input: &mut &'i [u8]) -> Pause<'i> {
        loop {
            if self.output.len() >= self.config.limits.output_bytes.max(1) {
                return self.write();
            }
            let pause = match &mut self.state {
                State::Head(_) => self.head(input),
                State::Content(..) => self.content(input),
                State::Stream(..) => self.stream(),
                State::Fault(..) => self.refuse(input),
                State::Close(reason) => {
                    let reason = *reason;
                    self.take(input, input.len());
                    Some(self.write_or(Pause::Close(reason)))
                }
                State::Admit(..) | State::Call(..) | State::Refuse(..) => self.miss_answer(),
            };
            if let Some(pause) = pause {
                return pause;
            }
        }
    }

    /// One head, from its first octet to the verdicts.
    fn head<'i>(&mut self, input: &mut &'i [u8]) -> Option<Pause<'i>> {
        let layout = match self.parser.advance(input, &self.config.limits) {
            Ok(Parsed::Head(layout)) => layout,
            Ok(Parsed::Incomplete) => return self.wait_for_head(input),
            Ok(Parsed::EmptyLine) => {
                self.take(input, 2);
                return None;
            }
            Err(fault) => return self.fail(fault, self.parser.method_seen()),
        };
        let bytes = input.get(..layout.end).unwrap_or_default();
        let judged = Head::new(bytes, layout, self.config.scheme)
            .and_then(|head| Exchange::of(&head).map(|exchange| (head, exchange)));
        match judged {
            Err(fault) => {
                let head = bytes.to_vec();
                let method = Some(layout.method);
                self.state = State::Fault(fault, Culprit { method, head });
                None
            }
            Ok((head, exchange)) if exchange.framing == Framing::None => {
                self.take(input, layout.end);
                self.state = State::Call(None, exchange);
                Some(Pause::Call(head, &[]))
            }
            Ok((head, exchange)) => {
                self.state = State::Admit(layout, exchange);
                Some(Pause::Admit(head))
            }
        }
    }

    /// The head is not whole, or has not even begun.
    fn wait_for_head<'i>(&mut self, input: &[u8]) -> Option<Pause<'i>> {
        let State::Head(waiting) = &mut self.state else {
            return Some(IMPOSSIBLE);
        };
        let now = self.circumstances.now.monotonic;
        let begun = !input.is_empty();
        // On a new connection the clock has been running since it was opened.
        if begun && !waiting.begun && self.answered > 0 {
            waiting.since = now;
        }
        waiting.begun = begun;
        let timeouts = &self.config.timeouts;
        let until = waiting.since.saturating_add(match (begun, self.answered) {
            (true, _) | (false, 0) => timeouts.head,
            (false, _) => timeouts.idle,
        });
        let late = is_late(now, until) && self.output.is_empty();
        match (begun, self.input_ended, self.stopping) {
            (true, true, _) => self.fail_at_end(Error::HeadIncomplete, input),
            (true, false, _) if late => self.fail_at_end(Error::HeadTimeout, input),
            (false, true, _) => self.close(CloseReason::InputEnded),
            (false, false, true) => self.close(CloseReason::Stopped),
            (false, false, false) if late => self.close(CloseReason::Idle),
            (_, false, _) => Some(self.write_or(Pause::Read(until))),
        }
    }

    /// The content of a request that was admitted.
    fn content<'i>(&mut self, input: &mut &'i [u8]) -> Option<Pause<'i>> {
        let now = self.circumstances.now.monotonic;
        let State::Content(intake, exchange) = &mut self.state else {
            return Some(IMPOSSIBLE);
        };
        let (layout, exchange) = (intake.layout, *exchange);
        if let Some((request, rest)) = intake
            .whole_in(input)
            .and_then(|length| input.split_at_checked(length))
        {
            let (head, content) = request.split_at_checked(layout.end).unwrap_or_default();
            return match Head::new(head, layout, self.config.scheme) {
                Err(fault) => self.fail(fault, Some(layout.method)),
                Ok(head) => {
                    self.take(input, input.len() - rest.len());
                    self.state = State::Call(None, exchange);
                    Some(Pause::Call(head, content))
                }
            };
        }
        let taken = intake.take_in(input, &self.config.limits, now);
        let until = intake.progress.deadline(&self.config.timeouts.content);
        let (used, trailers) = match taken {
            Ok(taken) => taken,
            Err(fault) => return self.fail(fault, Some(layout.method)),
        };
        self.take(input, used);
        match trailers {
            Some(trailers) => {
                if let State::Content(intake, _) = self.replace_state() {
                    self.state = State::Call(Some(intake.into_gathered(trailers)), exchange);
                }
                Some(Pause::CallGathered)
            }
            None if self.input_ended => self.fail_at_end(Error::ContentIncomplete, input),
            None if is_late(now, until) && self.output.is_empty() => {
                self.fail_at_end(Error::ContentTimeout, input)
            }
            None => Some(self.write_or(Pause::Read(until))),
        }
    }

    /// One block of a response, and a write behind it: who makes blocks means them to be seen.
    fn stream<'i>(&mut self) -> Option<Pause<'i>> {
        let State::Stream(stream, then) = &mut self.state else {
            return Some(IMPOSSIBLE);
        };
        let then = *then;
        match stream.pull(&mut self.output) {
            Ok(reply::Pulled::Block) if self.output.is_empty() => None,
            Ok(reply::Pulled::Block) => Some(self.write()),
            Ok(reply::Pulled::Last) => {
                self.end_exchange(then);
                None
            }
            Err(Broken) => self.close(CloseReason::ResponseBroken),
        }
    }

    /// Shows a fault; nothing that came or comes behind it is interpreted.
    fn refuse<'i>(&mut self, input: &mut &'i [u8]) -> Option<Pause<'i>> {
        let State::Fault(fault, culprit) = self.replace_state() else {
            return Some(IMPOSSIBLE);
        };
        let all = *input;
        self.state = State::Refuse(fault.error, culprit);
        *input = &[];
        Some(Pause::Refuse(fault, all))
    }

    /// The caller stepped on without an answer: a refusal gets its usual page, a request a 500.
    fn miss_answer<'i>(&mut self) -> Option<Pause<'i>> {
        let exchange = match &self.state {
            State::Call(_, exchange) | State::Admit(_, exchange) => exchange,
            State::Refuse(error, _) => {
                let page = Response::from(error.status());
                self.respond(page);
                return None;
            }
            _ => return Some(IMPOSSIBLE),
        };
        let method = exchange.is_head.then_some(Method::Head);
        self.fail(Fault::new(Error::Unanswered, 0), method)
    }

    /// Latches a fault; its offset counts from the first octet that is not used up.
    fn fail<'i>(&mut self, fault: Fault, method: Option<Method>) -> Option<Pause<'i>> {
        let head = match self.replace_state() {
            State::Content(intake, _) => intake.into_head(),
            _ => Vec::new(),
        };
        self.state = State::Fault(fault, Culprit { method, head });
        None
    }

    fn fail_at_end<'i>(&mut self, error: Error, input: &[u8]) -> Option<Pause<'i>> {
        let method = match &self.state {
            State::Content(intake, _) => Some(intake.layout.method),
            _ => self.parser.method_seen(),
        };
        self.fail(Fault::new(error, input.len()), method)
    }

    fn close<'i>(&mut self, reason: CloseReason) -> Option<Pause<'i>> {
        self.state = State::Close(reason);
        None
    }

    fn end_exchange(&mut self, then: Then) {
        self.state = match then {
            Then::Close(reason) => State::Close(reason),
            Then::GoOn => State::Head(Waiting {
                since: self.circumstances.now.monotonic,
                begun: false,
            }),
        };
        self.parser = HeadParser::new();
    }

    fn may_go_on(&self) -> bool {
        let now = self.circumstances.now.monotonic;
        let age = now.saturating_sub(self.opened.unwrap_or(now));
        !self.stopping
            && self.answered < self.config.limits.requests
            && age < self.config.timeouts.age
    }

    /// What waits to be written goes first.
    fn write_or<'i>(&mut self, pause: Pause<'i>) -> Pause<'i> {
        match self.output.is_empty() {
            true => pause,
            false => self.write(),
        }
    }

    /// Asks to write, unless the peer has been too slow to take what was there.
    fn write<'i>(&mut self) -> Pause<'i> {
        let now = self.circumstances.now.monotonic;
        let writing = self.writing.get_or_insert(Progress::starting_at(now));
        let until = writing.deadline(&self.config.timeouts.write);
        if !is_late(now, until) {
            return Pause::Write(until);
        }
        self.output.clear();
        self.state = State::Close(CloseReason::WriteTimeout);
        Pause::Close(CloseReason::WriteTimeout)
    }

    fn take(&mut self, input: &mut &[u8], count: usize) {
        self.offset = self.offset.saturating_add(count as u64);
        *input = input.get(count..).unwrap_or_default();
    }

    /// Takes the state out, to be replaced at once.
    fn replace_state(&mut self) -> State {
        core::mem::replace(&mut self.state, State::Close(CloseReason::Refused))
    }

    /// Turns a pause into what the caller sees: nothing changes any more, so that it can be borrowed.
    fn show<'c, 'i: 'c>(&'c mut self, pause: Pause<'i>) -> Step<'c> {
        match pause {
            Pause::Admit(head) => Step::Admit(head),
            Pause::Call(head, content) => Step::Call(Request {
                head,
                content,
                trailers: FieldLines::default(),
                circumstances: self.circumstances,
            }),
            Pause::CallGathered => self.show_gathered(),
            Pause::Refuse(fault, input) => self.show_refusal(fault, input),
            Pause::Read(until) => Step::Read { until },
            Pause::Write(until) => Step::Write { until },
            Pause::Close(reason) => Step::Close(reason),
        }
    }

    fn show_gathered(&mut self) -> Step<'_> {
        let State::Call(Some(gathered), _) = &mut self.state else {
            return Step::Close(CloseReason::Refused);
        };
        let trailers = gathered.trailers.lines();
        match Head::new(&gathered.head, gathered.layout, self.config.scheme) {
            // It was judged when it came, and is the same still.
            Err(fault) => Step::Refuse(Refusal {
                error: fault.error,
                at: self.offset,
                method: Some(gathered.layout.method),
                line: &[],
            }),
            Ok(head) => match &mut gathered.content {
                Content::Streamed(receiver) => Step::Finish(Ending {
                    head,
                    trailers,
                    receiver,
                }),
                Content::Gathered(content) => Step::Call(Request {
                    head,
                    content,
                    trailers,
                    circumstances: self.circumstances,
                }),
            },
        }
    }

    fn show_refusal<'c, 'i: 'c>(&'c self, fault: Fault, input: &'i [u8]) -> Step<'c> {
        let (method, head) = match &self.state {
            State::Refuse(_, Culprit { method, head }) if !head.is_empty() => (*method, &head[..]),
            // No further than the fault: what lies behind it has not come yet if the input comes in pieces.
            State::Refuse(_, culprit) => (culprit.method, input.get(..=fault.at).unwrap_or(input)),
            _ => (None, input),
        };
        Step::Refuse(Refusal {
            error: fault.error,
            at: self.offset.saturating_add(fault.at as u64),
            method,
            line: first_line(head),
        })
    }
}

/// A deadline of [`Duration::MAX`] is none, whatever the clock says.
fn is_late(now: Duration, until: Duration) -> bool {
    now >= until && until < Duration::MAX
}

/// What stands where a state was matched before and cannot be another now; it ends the connection rather than the
/// program.
const IMPOSSIBLE: Pause<'static> = Pause::Close(CloseReason::Refused);

/// The request line as far as it came.
fn first_line(head: &[u8]) -> &[u8] {
    let end = head.iter().position(|octet| matches!(octet, b'\r' | b'\n'));
    head.get(..end.unwrap_or(head.len())).unwrap_or_default()
}

/// The text of `Date`, made once a second.
#[derive(Debug, Default)]
struct DateCache {
    second: u64,
    text: Option<[u8; DATE_BYTES]>,
}

impl DateCache {
    fn set(&mut self, wall: Option<Duration>) {
        match wall {
            None => self.text = None,
            Some(wall) if self.text.is_none() || wall.as_secs() != self.second => {
                self.second = wall.as_secs();
                self.text = date::format(wall);
            }
            Some(_) => {}
        }
    }
}
