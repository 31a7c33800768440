//! One connection over a byte stream: the loop that obeys the session.

use super::buffers::{Buffers, READ_BYTES, is_transient, read_some};
use super::places::{Place, SHORT_IDLE};
use super::server::ServerContext;
use super::timers::{Timers, Woken, closed, or_after};
use super::transport::Transport;
use crate::connection::CloseReason;
use crate::gateway::session::{Session, Wait};
use crate::values::connection_info::ConnectionInfo;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Poll, Waker};
use core::time::Duration;
use smol::{Timer, future};
use std::io::{self, IoSlice};
use std::prelude::rust_2024::*;
use std::sync::Arc;

/// Writes before other connections of the thread get their turn.
const WRITES_IN_A_ROW: u32 = 8;
/// Pieces of output in one write.
const WRITE_PIECES: usize = 16;
/// How much input is held back while an answer is waited for; beyond it nothing is read.
const HELD_BACK_BYTES: usize = 64 * 1024;
/// After a stop: how long a connection must stay quiet to be closed without an answer.
const QUIET: Duration = Duration::from_secs(1);
/// After our last byte: how long the peer may be silent, and how long and how much we still read, so that it gets to see
/// the answer before its own bytes meet a closed socket (RFC 9112 section 9.6). A client that sends a large file to where
/// it is not wanted often reads only when it has sent it all.
const LINGER_GAP: Duration = Duration::from_secs(5);
const LINGER_TIME: Duration = Duration::from_secs(30);
const LINGER_BYTES: usize = 256 * 1024 * 1024;

/// Serves one connection to its end.
pub(super) async fn connection<T: Transport>(
    socket: Arc<T>,
    info: ConnectionInfo,
    place: &Place,
    server: &ServerContext,
) {
    let mut driver = Driver {
        server,
        socket,
        place,
        session: server.gateway.session(info).catch_panics(),
        input: Vec::new(),
        used: false,
        input_ended: false,
        idle_since: None,
        read_first: true,
        timers: Timers::new(&server.stopping),
    };
    // An error of the socket ends the connection; there is nobody left to tell.
    if let Ok(reason) = driver.run().await {
        // Boxed, because most connections end otherwise, and all would hold the memory for it.
        Box::pin(driver.close(reason)).await;
    }
}

struct Driver<'s, T> {
    server: &'s ServerContext,
    socket: Arc<T>,
    place: &'s Place,
    session: Session<'s>,
    /// What has come and was not used up.
    input: Vec<u8>,
    /// Whether anything has come at all.
    used: bool,
    input_ended: bool,
    /// Since when the connection waits for a request, if it does.
    idle_since: Option<Duration>,
    /// Whether a read is likely to find something, so that to wait first would be a call too many.
    read_first: bool,
    timers: Timers<'s>,
}

impl<T: Transport> Driver<'_, T> {
    async fn run(&mut self) -> io::Result<CloseReason> {
        let mut writes = 0;
        let mut wait = self.turn_on_rest(Waker::noop());
        loop {
            wait = match wait {
                Wait::Read { until } => self.read(until).await?,
                Wait::Write { until } => {
                    self.write(until).await?;
                    // A peer that takes everything at once lets others have their turn.
                    writes += 1;
                    if writes % WRITES_IN_A_ROW == 0 {
                        future::yield_now().await;
                    }
                    self.turn_on_rest(Waker::noop())
                }
                // Boxed, because most connections never wait for an answer.
                Wait::Answer { .. } => Box::pin(self.answer()).await?,
                Wait::Close(reason) => return Ok(reason),
            }
        }
    }

    /// Answers what an earlier turn left.
    fn turn_on_rest(&mut self, waker: &Waker) -> Wait {
        let mut input = core::mem::take(&mut self.input);
        let mut rest = &input[..];
        let wait = Buffers::with(|buffers| self.turn(&mut rest, buffers, waker));
        let used = input.len() - rest.len();
        input.drain(..used);
        self.input = input;
        wait
    }

    /// Answers everything that is there, until the session waits; takes what is used off the front of `input`.
    fn turn(&mut self, input: &mut &[u8], buffers: &mut Buffers, waker: &Waker) -> Wait {
        self.session.output().lend(&mut buffers.output);
        let wait = self.session.turn_for(input, &mut self.server.turn(waker));
        if self.session.output().is_empty() {
            self.session.output().move_to(&mut buffers.output);
        }
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
            let woken = match self.session.is_idle() && self.input.is_empty() {
                true => self.wait_idle(until).await?,
                false => {
                    let until = self.server.instant(until);
                    self.timers.wait(self.socket.readable(), until).await?
                }
            };
            match woken {
                Woken::Ready => {}
                Woken::Late => return Ok(self.turn_on_rest(Waker::noop())),
                Woken::Stopped => return Box::pin(self.stop()).await,
            }
        }
        self.read_now()
    }

    /// Waits for the next request. Meanwhile the connection gives way to others if there are no more places.
    async fn wait_idle(&mut self, until: Duration) -> io::Result<Woken> {
        let now = self.server.elapsed();
        let since = *self.idle_since.get_or_insert(now);
        let few_left = self.place.are_few_left();
        let soon = few_left.then(|| since.saturating_add(SHORT_IDLE));
        let until = soon.map_or(until, |soon| until.min(soon));
        self.place.idle(now.saturating_sub(since), self.used);
        let instant = self.server.instant(until);
        let woken = self.timers.wait(self.socket.readable(), instant).await;
        self.place.busy();
        if soon.is_some_and(|soon| self.server.elapsed() >= soon) {
            self.session.stop();
        }
        woken
    }

    /// Reads what is there, and answers it.
    fn read_now(&mut self) -> io::Result<Wait> {
        self.read_first = false;
        Buffers::with(|buffers| {
            let mut input = core::mem::take(&mut buffers.input);
            let wait = match read_some(&*self.socket, &mut input) {
                Ok(count) => Ok(self.take_in(&input[..count], buffers)),
                Err(error) if is_transient(&error) => Ok(None),
                Err(error) => Err(error),
            };
            buffers.input = input;
            wait
        })
        .map(|wait| wait.unwrap_or_else(|| self.turn_on_rest(Waker::noop())))
    }

    /// Answers what was read; `None` if an earlier turn left something before it.
    fn take_in(&mut self, mut read: &[u8], buffers: &mut Buffers) -> Option<Wait> {
        self.note(read.len());
        if self.server.stopping.is_closed() && !read.is_empty() {
            self.timers.stopped();
            self.session.stop();
        }
        if !self.input.is_empty() {
            self.input.extend_from_slice(read);
            return None;
        }
        // Nearly always everything is used where it was read.
        let wait = self.turn(&mut read, buffers, Waker::noop());
        self.input.extend_from_slice(read);
        Some(wait)
    }

    /// Notes that so many bytes have come; none is the end.
    fn note(&mut self, count: usize) {
        if count == 0 {
            self.input_ended = true;
            return self.session.end_input();
        }
        self.used = true;
        self.idle_since = None;
        self.read_first = count == READ_BYTES;
    }

    /// Waits for what the application owes. What the peer sends meanwhile is held back; if it is gone, so is the answer.
    async fn answer(&mut self) -> io::Result<Wait> {
        loop {
            let socket = self.socket.clone();
            let reads = !self.input_ended && self.input.len() < HELD_BACK_BYTES;
            let mut readable = pin!(async {
                match reads {
                    true => socket.readable().await,
                    false => core::future::pending().await,
                }
            });
            let wait = poll_fn(|context| {
                let wait = self.turn_on_rest(context.waker());
                let Wait::Answer { until } = wait else {
                    return Poll::Ready(Ok(Some(wait)));
                };
                if let Poll::Ready(ready) = readable.as_mut().poll(context) {
                    return Poll::Ready(ready.map(|()| None));
                }
                let until = self.server.instant(until);
                let late = self.timers.poll_late(until, context);
                late.map(|()| Ok(None))
            });
            if let Some(wait) = wait.await? {
                return Ok(wait);
            }
            if reads {
                self.hold_back()?;
            }
        }
    }

    /// Reads what is there, to be looked at later.
    fn hold_back(&mut self) -> io::Result<()> {
        let read = Buffers::with(|buffers| {
            let read = read_some(&*self.socket, &mut buffers.input);
            if let Ok(count) = read {
                self.input.extend_from_slice(&buffers.input[..count]);
            }
            read
        });
        match read {
            Ok(count) => self.note(count),
            Err(error) if is_transient(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn write(&mut self, until: Duration) -> io::Result<()> {
        let written = {
            let mut slices = [IoSlice::new(&[]); WRITE_PIECES];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(self.session.output().pieces()) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            self.socket.try_write(&slices[..count])
        };
        match written {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(count) if count == self.session.output().len() => {
                Buffers::with(|buffers| self.session.sent_all(&mut buffers.output));
                Ok(())
            }
            Ok(count) => {
                self.session.sent(count);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // What was promised is written, stop or no stop.
                let until = self.server.instant(until);
                self.timers.wait_out(self.socket.writable(), until).await?;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The server stops. A request may be on its way already, so that an idle connection gets a moment more.
    async fn stop(&mut self) -> io::Result<Wait> {
        if self.session.is_idle() && self.input.is_empty() {
            let readable = async {
                let _ = self.socket.readable().await;
            };
            or_after(QUIET, readable).await;
            if let wait @ (Wait::Write { .. } | Wait::Answer { .. } | Wait::Close(_)) =
                self.read_now()?
            {
                return Ok(wait);
            }
        }
        self.session.stop();
        Ok(self.turn_on_rest(Waker::noop()))
    }

    /// Closes so that the peer gets everything that was written.
    async fn close(&mut self, reason: CloseReason) {
        match reason {
            // The peer has closed, or had its last answer long ago.
            CloseReason::InputEnded | CloseReason::Idle | CloseReason::Stopped => return,
            // Nobody reads what the system still holds: it would keep megabytes for it. Or nothing else shows that the
            // answer is incomplete.
            CloseReason::WriteTimeout | CloseReason::ResponseReset => {
                return self.socket.reset_on_close();
            }
            CloseReason::Persistence | CloseReason::Refused | CloseReason::ResponseBroken => {}
        }
        if self.socket.end_output().is_ok() {
            self.place.idle(Duration::ZERO, true);
            let linger = or_after(LINGER_TIME, linger(&*self.socket));
            let stopped = async {
                closed(&self.server.stopping).await;
                Timer::after(QUIET).await;
            };
            future::or(linger, stopped).await;
        }
    }
}

/// Reads and drops until the peer closes, is quiet for long, or does not stop.
async fn linger(socket: &impl Transport) {
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
