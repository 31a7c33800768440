//! One connection over TCP: the loop that obeys the machine.

use super::guard::{guarded, guarded_admission, guarded_response};
use super::options::Options;
use super::places::{Place, SHORT_IDLE};
use super::wait::{Alarms, Woken, closed, or_after};
use crate::application::{AccessLog, Application, Gateway, RequestLine};
use crate::connection::{Answered, CloseReason, Connection, Step};
use crate::message::response::{Response, ResponseError};
use crate::values::now::Now;
use core::convert::Infallible;
use core::time::Duration;
use smol::channel::Receiver;
use smol::{Async, Timer, future};
use socket2::SockRef;
use std::cell::Cell;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Octets asked for in one read.
const READ_BYTES: usize = 16 * 1024;
/// The largest buffer for answers that is kept to be used again.
const OUTPUT_BYTES: usize = 128 * 1024;
/// Writes before other connections of the thread get their turn.
const WRITES_IN_A_ROW: u32 = 8;
/// Pieces of output in one write.
const WRITE_PIECES: usize = 16;
/// What an administrator is told of a stream that failed.
const BROKEN: &str = "a response broke off, or was not of the length that it stated";
/// After a stop: how long a connection must stay quiet to be closed without an answer.
const QUIET: Duration = Duration::from_secs(1);
/// After our last octet: how long the peer may be silent, and how long and how much we still read, so that it gets to see
/// the answer before its own octets meet a closed socket (RFC 9112 section 9.6). A client that sends a large file to where
/// it is not wanted often reads only when it has sent it all.
const LINGER_GAP: Duration = Duration::from_secs(5);
const LINGER_TIME: Duration = Duration::from_secs(30);
const LINGER_BYTES: usize = 256 * 1024 * 1024;

pub(super) type Socket = Arc<Async<std::net::TcpStream>>;

/// What all connections share.
pub(super) struct Surroundings {
    gateway: Arc<Gateway>,
    pub(super) options: Options,
    /// Closed when the server stops.
    stopping: Receiver<Infallible>,
    /// Monotonic time counts from here.
    started: Instant,
}

impl Surroundings {
    pub(super) fn new(
        gateway: Arc<Gateway>,
        options: Options,
        stopping: Receiver<Infallible>,
    ) -> Surroundings {
        Surroundings {
            gateway,
            options,
            stopping,
            started: Instant::now(),
        }
    }

    fn now(&self) -> Now {
        Now {
            monotonic: self.started.elapsed(),
            wall: SystemTime::now().duration_since(UNIX_EPOCH).ok(),
        }
    }

    /// A later moment than `before`, with one look at one clock.
    fn now_after(&self, before: Now) -> Now {
        before.after(self.started.elapsed().saturating_sub(before.monotonic))
    }

    /// Answers; the last answer of a connection says so.
    fn respond(&self, connection: &mut Connection, response: Response) -> Option<Answered> {
        // What a panic left half done is unknown: a new connection starts clean.
        let panicked = matches!(response.error(), Some(ResponseError::Panicked(_)));
        if panicked || self.stopping.is_closed() {
            connection.stop();
        }
        connection.respond(response)
    }

    /// The moment of a deadline; none if it is beyond what a clock can name.
    fn instant(&self, until: Duration) -> Option<Instant> {
        self.started.checked_add(until)
    }
}

/// Serves one connection to its end.
pub(super) async fn connection(
    socket: Socket,
    peer: SocketAddr,
    place: &Place,
    surroundings: &Surroundings,
) {
    let config = surroundings.gateway.connection_config();
    let mut driver = Driver {
        surroundings,
        socket,
        place,
        peer,
        connection: Connection::new(config).with_peer(peer),
        input: Vec::new(),
        used: false,
        idle_since: None,
        read_first: true,
        alarms: Alarms::new(&surroundings.stopping),
    };
    // An error of the socket ends the connection; there is nobody left to tell.
    if let Ok(reason) = driver.run().await {
        // Apart, because most connections never come by here, and all would hold the memory for it.
        Box::pin(driver.close(reason)).await;
    }
}

struct Driver<'s> {
    surroundings: &'s Surroundings,
    socket: Socket,
    place: &'s Place,
    peer: SocketAddr,
    connection: Connection,
    /// What has come and was not used up.
    input: Vec<u8>,
    /// Whether anything has come at all.
    used: bool,
    /// Since when the connection waits for a request, if it does.
    idle_since: Option<Duration>,
    /// Whether a read is likely to find something, so that to wait first would be a call too many.
    read_first: bool,
    alarms: Alarms<'s>,
}

/// What the machine waits for.
enum Wait {
    Read(Duration),
    Write(Duration),
    Close(CloseReason),
}

impl Driver<'_> {
    async fn run(&mut self) -> io::Result<CloseReason> {
        let mut writes = 0;
        let mut wait = self.turn_on_rest();
        loop {
            wait = match wait {
                Wait::Read(until) => self.read(until).await?,
                Wait::Write(until) => {
                    self.write(until).await?;
                    // A peer that takes everything at once lets others have their turn.
                    writes += 1;
                    if writes % WRITES_IN_A_ROW == 0 {
                        future::yield_now().await;
                    }
                    self.turn_on_rest()
                }
                Wait::Close(reason) => return Ok(reason),
            }
        }
    }

    /// Answers what an earlier turn left.
    fn turn_on_rest(&mut self) -> Wait {
        let mut input = core::mem::take(&mut self.input);
        let mut rest = &input[..];
        let wait = Buffers::with(|buffers| self.turn(&mut rest, buffers));
        let used = input.len() - rest.len();
        input.drain(..used);
        self.input = input;
        wait
    }

    /// Answers everything that is there, until the machine waits; takes what is used off the front of `input`.
    fn turn(&mut self, input: &mut &[u8], buffers: &mut Buffers) -> Wait {
        let Surroundings {
            gateway, options, ..
        } = self.surroundings;
        let mut now = self.surroundings.now();
        let mut log = Log::new(options, self.peer, now);
        let connection = &mut self.connection;
        connection.output().lend(&mut buffers.output);
        let wait = loop {
            let step = match guarded(|| connection.step(input, now)) {
                Ok(step) => step,
                Err(words) => {
                    options.report(&ResponseError::Panicked(words).to_string());
                    break Wait::Close(CloseReason::ResponseBroken);
                }
            };
            match step {
                Step::Admit(head) => {
                    log.begin(&head);
                    let admission = guarded_admission(|| gateway.admit(&head));
                    log.end(connection.admit(admission));
                }
                Step::Call(request) => {
                    log.begin(&request.head());
                    let response = guarded_response(options, || gateway.call(&request));
                    log.end(self.surroundings.respond(connection, response));
                }
                Step::Finish(ending) => {
                    log.begin(&ending.head());
                    let response = guarded_response(options, || ending.finish());
                    log.end(self.surroundings.respond(connection, response));
                }
                Step::Refuse(refusal) => {
                    log.begin(&refusal);
                    let response = guarded_response(options, || gateway.refuse(&refusal));
                    log.end(self.surroundings.respond(connection, response));
                }
                Step::Read { until } => break Wait::Read(until),
                Step::Write { until } => break Wait::Write(until),
                Step::Close(reason) => break Wait::Close(reason),
            }
            // An application takes time, and none of it is the peer's.
            now = self.surroundings.now_after(now);
        };
        if self.connection.output().is_empty() {
            self.connection.output().move_to(&mut buffers.output);
        }
        log.flush();
        wait
    }

    /// Waits for input, and answers it.
    async fn read(&mut self, until: Duration) -> io::Result<Wait> {
        if self.input.is_empty() {
            // An idle connection holds no buffer.
            self.input = Vec::new();
        }
        if self.read_first {
            // Whoever sends without a pause lets others have their turn.
            future::yield_now().await;
        } else {
            let woken = match self.connection.is_idle() && self.input.is_empty() {
                true => self.wait_idle(until).await?,
                false => {
                    let until = self.surroundings.instant(until);
                    self.alarms.wait(self.socket.readable(), until).await?
                }
            };
            match woken {
                Woken::Ready => {}
                Woken::Late => return Ok(self.turn_on_rest()),
                Woken::Stopped => return Box::pin(self.stop()).await,
            }
        }
        self.read_now()
    }

    /// Waits for the next request. Meanwhile the connection gives way to others if there are no more places.
    async fn wait_idle(&mut self, until: Duration) -> io::Result<Woken> {
        let now = self.surroundings.started.elapsed();
        let since = *self.idle_since.get_or_insert(now);
        let few_left = self.place.are_few_left();
        let soon = few_left.then(|| since.saturating_add(SHORT_IDLE));
        let until = soon.map_or(until, |soon| until.min(soon));
        self.place.idle(now.saturating_sub(since), self.used);
        let instant = self.surroundings.instant(until);
        let woken = self.alarms.wait(self.socket.readable(), instant).await;
        self.place.busy();
        if soon.is_some_and(|soon| self.surroundings.started.elapsed() >= soon) {
            self.connection.stop();
        }
        woken
    }

    /// Reads what is there, and answers it.
    fn read_now(&mut self) -> io::Result<Wait> {
        self.read_first = false;
        Buffers::with(|buffers| {
            let mut input = core::mem::take(&mut buffers.input);
            let wait = match read_some(&self.socket, &mut input) {
                Ok(count) => Ok(self.take_in(&input[..count], buffers)),
                Err(error) if is_transient(&error) => Ok(None),
                Err(error) => Err(error),
            };
            buffers.input = input;
            wait
        })
        .map(|wait| wait.unwrap_or_else(|| self.turn_on_rest()))
    }

    /// Answers what was read; `None` if it is behind what an earlier turn left.
    fn take_in(&mut self, mut read: &[u8], buffers: &mut Buffers) -> Option<Wait> {
        match read.len() {
            0 => self.connection.end_input(),
            count => {
                self.used = true;
                self.idle_since = None;
                self.read_first = count == READ_BYTES;
            }
        }
        if self.surroundings.stopping.is_closed() && !read.is_empty() {
            self.alarms.stopped();
            self.connection.stop();
        }
        if !self.input.is_empty() {
            self.input.extend_from_slice(read);
            return None;
        }
        // Nearly always everything is used where it was read.
        let wait = self.turn(&mut read, buffers);
        self.input.extend_from_slice(read);
        Some(wait)
    }

    async fn write(&mut self, until: Duration) -> io::Result<()> {
        let written = {
            let mut slices = [IoSlice::new(&[]); WRITE_PIECES];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(self.connection.output().pieces()) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            self.socket.get_ref().write_vectored(&slices[..count])
        };
        match written {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(count) if count == self.connection.output().len() => {
                Buffers::with(|buffers| self.connection.sent_all(&mut buffers.output));
                Ok(())
            }
            Ok(count) => {
                self.connection.sent(count);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // What was promised is written, stop or no stop.
                let until = self.surroundings.instant(until);
                self.alarms.wait_out(self.socket.writable(), until).await?;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The server stops. A request may be on its way already, so that an idle connection gets a moment more.
    async fn stop(&mut self) -> io::Result<Wait> {
        if self.connection.is_idle() && self.input.is_empty() {
            let readable = async {
                let _ = self.socket.readable().await;
            };
            or_after(QUIET, readable).await;
            if let wait @ (Wait::Write(_) | Wait::Close(_)) = self.read_now()? {
                return Ok(wait);
            }
        }
        self.connection.stop();
        Ok(self.turn_on_rest())
    }

    /// Closes so that the peer gets everything that was written.
    async fn close(&mut self, reason: CloseReason) {
        match reason {
            // The peer has closed, or had its last answer long ago.
            CloseReason::InputEnded | CloseReason::Idle | CloseReason::Stopped => return,
            // Nobody reads what the system still holds: it would keep megabytes for it.
            CloseReason::WriteTimeout => return self.reset_on_close(),
            CloseReason::ResponseReset => {
                self.surroundings.options.report(BROKEN);
                return self.reset_on_close();
            }
            CloseReason::ResponseBroken => self.surroundings.options.report(BROKEN),
            CloseReason::Persistence | CloseReason::Refused => {}
        }
        if self.socket.get_ref().shutdown(Shutdown::Write).is_ok() {
            self.place.idle(Duration::ZERO, true);
            let linger = or_after(LINGER_TIME, linger(&self.socket));
            let stopped = async {
                closed(&self.surroundings.stopping).await;
                Timer::after(QUIET).await;
            };
            future::or(linger, stopped).await;
        }
    }

    /// Lets the close be a reset, which drops everything that was not sent.
    fn reset_on_close(&self) {
        let _ = SockRef::from(self.socket.get_ref()).set_linger(Some(Duration::ZERO));
    }
}

/// Reads and forgets until the peer closes, is quiet for long, or does not stop.
async fn linger(socket: &Async<std::net::TcpStream>) {
    let mut total = 0;
    while total < LINGER_BYTES {
        let quiet = async {
            Timer::after(LINGER_GAP).await;
            Err(io::ErrorKind::TimedOut.into())
        };
        if future::or(socket.readable(), quiet).await.is_err() {
            return;
        }
        match Buffers::with(|buffers| read_some(socket, &mut buffers.input)) {
            Ok(0) => return,
            Ok(count) => total += count,
            Err(error) if is_transient(&error) => {}
            Err(_) => return,
        }
    }
}

/// One read without waiting; how many octets at the start of the buffer it brought.
fn read_some(socket: &Async<std::net::TcpStream>, buffer: &mut Vec<u8>) -> io::Result<usize> {
    // It is as long already, unless it is new.
    buffer.resize(READ_BYTES, 0);
    socket.get_ref().read(buffer)
}

/// Memory that the connections of a thread use one after the other, so that one that waits holds only what it must.
#[derive(Default)]
struct Buffers {
    /// For one read.
    input: Vec<u8>,
    /// For the answers to it.
    output: Vec<u8>,
}

impl Buffers {
    /// Takes them out for as long as that lasts; who asks within gets empty ones.
    fn with<T>(run: impl FnOnce(&mut Buffers) -> T) -> T {
        thread_local! {
            static OF_THREAD: Cell<Buffers> = const { Cell::new(Buffers { input: Vec::new(), output: Vec::new() }) };
        }
        let mut buffers = OF_THREAD.take();
        let result = run(&mut buffers);
        if buffers.output.capacity() > OUTPUT_BYTES {
            buffers.output = Vec::new();
        }
        OF_THREAD.set(buffers);
        result
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// The log lines of one turn.
struct Log<'s> {
    options: &'s Options,
    peer: SocketAddr,
    now: Now,
    lines: AccessLog,
}

impl<'s> Log<'s> {
    fn new(options: &'s Options, peer: SocketAddr, now: Now) -> Log<'s> {
        Log {
            options,
            peer,
            now,
            lines: AccessLog::default(),
        }
    }

    fn begin(&mut self, line: impl RequestLine) {
        if self.options.access_log.is_some() {
            self.lines.begin(Some(self.peer), self.now, line);
        }
    }

    fn end(&mut self, answered: Option<Answered>) {
        let Some(answered) = answered else { return };
        if let Some(error) = &answered.error {
            self.options.report(&error.to_string());
        }
        self.lines.end(&answered);
    }

    fn flush(self) {
        if let (Some(log), false) = (&self.options.access_log, self.lines.text().is_empty()) {
            log(self.lines.text());
        }
    }
}
