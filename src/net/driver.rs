//! The driver of one connection over a byte stream: a loop that follows the session.

use super::buffers::{Buffers, READ_BYTES, read};
use super::client_wait::{Awaited, ClientWait};
use super::closing::{QUIET, close};
use super::comments::Comments;
use super::place::Place;
use super::server::ServerContext;
use super::socket_wait::{SocketWait, Woken};
use super::timers::or_after;
use super::transport::{Transport, readable};
use super::writing::write_some;
use crate::connection::CloseReason;
use crate::gateway::front_end::FrontEnd;
use crate::gateway::session::Session;
use crate::gateway::wait::Wait;
use crate::values::connection_info::ConnectionInfo;
use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};
use core::time::Duration;
use smol::channel::Sender;
use smol::future;
use std::io;
use std::prelude::rust_2024::*;
use std::sync::Arc;

/// The number of writes before other connections of the thread get their turn.
const WRITES_IN_A_ROW: u32 = 8;
/// The amount of input buffered while waiting for a response. Beyond it, nothing is read.
const HELD_BACK_BYTES: usize = 64 * 1024;
/// The time that a connection may stay idle when few places are left.
const SHORT_IDLE: Duration = Duration::from_secs(5);

/// Serves one connection until it ends. `held` is dropped after that.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn keeps its arguments twice for as long as the connection is open"
)]
pub(super) fn connection<T: Transport>(
    socket: Arc<T>,
    info: Box<ConnectionInfo>,
    place: Place,
    server: Arc<ServerContext>,
    held: Sender<Infallible>,
) -> impl Future<Output = ()> + Send {
    async move {
        let mut driver = Driver {
            server: &server,
            socket: &*socket,
            place: &place,
            session: server.session(info, T::SENDS_FILES),
            input: Vec::new(),
            used: false,
            input_ended: false,
            comments: Comments::default(),
            idle_since: None,
            read_first: true,
            socket_wait: SocketWait::new(),
            gives_way: false,
            is_over: false,
        };
        let ended = driver.run().await;
        // A write fails if the connection was told to close while its client did not read.
        driver.is_over = ended.is_ok() || !driver.gives_way;
        // A socket error ends the connection. Nobody is left to be told about it.
        if let Ok(reason) = ended {
            driver.input = Vec::new();
            driver.hold();
            // Boxed, because most connections end in another way, and all of them would reserve memory for it.
            Box::pin(close(&*socket, reason, &place, &server)).await;
        }
        drop(driver);
        drop((socket, place, held));
    }
}

struct Driver<'s, T: Transport> {
    server: &'s ServerContext,
    socket: &'s T,
    place: &'s Place,
    session: Session,
    /// Input that has been received but not yet used.
    input: Vec<u8>,
    /// Whether anything has been received.
    used: bool,
    input_ended: bool,
    comments: Comments,
    /// The time since which the connection has been waiting for a request, if it is.
    idle_since: Option<Duration>,
    /// Whether a read is likely to succeed, so that waiting first would be an unnecessary call.
    read_first: bool,
    socket_wait: SocketWait,
    /// Whether the connection was told to close, to make room for others.
    gives_way: bool,
    /// Whether the session has ended by itself.
    is_over: bool,
}

impl<T: Transport> Drop for Driver<'_, T> {
    /// Resets a connection that is cut in the middle of an exchange. Otherwise, a response that ends with the
    /// connection would look complete.
    fn drop(&mut self) {
        if !self.is_over && !self.session.is_idle() {
            self.socket.reset_on_close();
        }
    }
}

impl<T: Transport> Driver<'_, T> {
    /// Follows the session until it closes. All waits are polled from here, because each async function in between
    /// would take memory for as long as the connection is open.
    async fn run(&mut self) -> io::Result<CloseReason> {
        let mut writes = 0;
        let mut wait = self.turn_on_rest(Waker::noop());
        loop {
            wait = match wait {
                Wait::Read { .. } if !self.hold() => {
                    self.session.refuse_for_now();
                    self.turn_on_rest(Waker::noop())
                }
                Wait::Read { .. } if self.read_first => {
                    // Yield, so that a peer that sends continuously does not starve the others.
                    future::yield_now().await;
                    self.read_now()?
                }
                Wait::Read { until } => {
                    let gives_way = self.begin_reading(until);
                    let woken = poll_fn(|context| {
                        let (place, stopping) = (self.place, &self.server.stopping);
                        let ready = self.socket.poll_readable(context);
                        let woken = self
                            .socket_wait
                            .poll_or_stop(ready, place, stopping, context);
                        // Only now, so that a gateway in between is not missed.
                        if woken.is_pending() && self.has_new_gateway() {
                            return Poll::Ready(Ok(Woken::Ready));
                        }
                        woken
                    })
                    .await?;
                    self.end_reading(gives_way);
                    match woken {
                        Woken::Ready => self.read_now()?,
                        Woken::Late => self.turn_on_rest(Waker::noop()),
                        // Boxed, like what most connections never need.
                        Woken::Stopped => Box::pin(self.stop()).await?,
                    }
                }
                Wait::Write { until } => {
                    if !self.write_now()? {
                        self.hold();
                        self.begin_wait(Awaited::Reading, until);
                        self.socket_wait.begin(self.server.instant(until));
                        // A response in progress is written, even after a stop.
                        poll_fn(|context| {
                            let ready = self.socket.poll_writable(context);
                            self.socket_wait.poll(ready, context)
                        })
                        .await?;
                        self.gives_way |= self.place.end_wait();
                    }
                    // Yield, so that a peer that accepts everything at once does not starve the others.
                    writes += 1;
                    if writes % WRITES_IN_A_ROW == 0 {
                        future::yield_now().await;
                    }
                    self.turn_after_write()
                }
                Wait::Pending { .. } => Box::pin(self.wait_for_response()).await?,
                Wait::Yield => {
                    if !self.session.output().is_empty() {
                        self.write_now()?;
                    }
                    future::yield_now().await;
                    self.turn_on_rest(Waker::noop())
                }
                Wait::Close(reason) => return Ok(reason),
            }
        }
    }

    /// Processes the input left over from an earlier turn.
    fn turn_on_rest(&mut self, waker: &Waker) -> Wait {
        let mut input = core::mem::take(&mut self.input);
        let mut rest = &input[..];
        let wait = Buffers::with(|buffers| self.turn(&mut rest, buffers, waker));
        let used = input.len() - rest.len();
        input.drain(..used);
        self.input = input;
        wait
    }

    /// Like [`turn_on_rest`](Driver::turn_on_rest), but when the memory of all connections is used up, pending
    /// output is written before more is made.
    fn turn_after_write(&mut self) -> Wait {
        let is_pending = !self.session.output().is_empty();
        if is_pending && self.place.is_memory_full() {
            let now = self.server.turn(self.place, Waker::noop()).now();
            if let Some(wait) = self.session.wait_for_write(now) {
                return wait;
            }
        }
        self.turn_on_rest(Waker::noop())
    }

    /// Frees the memory that the connection does not need now, and counts the rest. Returns `false` if that has become too much.
    #[inline]
    fn hold(&mut self) -> bool {
        if self.input.is_empty() {
            self.input = Vec::new();
            if self.session.is_idle() {
                self.socket.free_buffers();
            }
        }
        let buffers = self.input.capacity() + self.session.held_bytes();
        let socket = self.socket.held_bytes();
        self.place.hold(buffers, socket, &self.server.options)
    }

    /// Processes all available input until the session waits. Removes what is used from the front of `input`.
    fn turn(&mut self, input: &mut &[u8], buffers: &mut Buffers, waker: &Waker) -> Wait {
        self.session.output().lend(&mut buffers.output);
        let turn = self.server.turn(self.place, waker);
        let wait = turn.give_to(&mut self.session, input);
        if self.session.output().is_empty() {
            self.session.output().move_to(&mut buffers.output);
        }
        wait
    }

    /// Begins to wait for input. An idle connection may be closed meanwhile, to make room for others. If few places are left, the
    /// time at which it closes is returned.
    fn begin_reading(&mut self, until: Duration) -> Option<Duration> {
        let mut gives_way = None;
        if self.session.is_idle() && self.input.is_empty() {
            // The step before this one read the clock.
            let now = self.session.last_step().monotonic;
            let since = *self.idle_since.get_or_insert(now);
            let few_left = self.place.are_few_left();
            gives_way = few_left.then(|| since.saturating_add(SHORT_IDLE));
            let awaited = if self.used {
                Awaited::NextRequest
            } else {
                Awaited::FirstRequest
            };
            let since = since.saturating_add(self.socket.grace());
            self.place.begin_wait(ClientWait::new(awaited, since));
        } else if self.session.is_in_head() {
            self.begin_wait(Awaited::Head, until);
        } else {
            self.begin_wait(Awaited::Body, until);
        }
        let until = gives_way.map_or(until, |gives_way| until.min(gives_way));
        self.socket_wait.begin(self.server.instant(until));
        gives_way
    }

    fn end_reading(&mut self, gives_way: Option<Duration>) {
        self.gives_way |= self.place.end_wait();
        if gives_way.is_some_and(|gives_way| self.server.elapsed() >= gives_way) {
            self.session.stop();
        }
    }

    /// Records a wait for a client in the middle of an exchange. Its deadline tells since when the client has been slow:
    /// one that keeps its pace moves the deadline forward. One that pauses after that is slow since the last step.
    fn begin_wait(&self, awaited: Awaited, until: Duration) {
        let timeouts = &self.session.gateway().configuration().timeouts;
        if until < Duration::MAX {
            let last = self.session.last_step().monotonic;
            let since = until.saturating_sub(awaited.time(timeouts)).min(last);
            self.place.begin_wait(ClientWait::new(awaited, since));
        }
    }

    /// Returns whether the next request belongs to another gateway than the one before.
    fn has_new_gateway(&self) -> bool {
        self.input.is_empty() && self.server.gateway.replaces(&self.session)
    }

    /// Reads the available input and processes it.
    fn read_now(&mut self) -> io::Result<Wait> {
        self.read_first = false;
        if self.has_new_gateway() {
            self.session.set_gateway(self.server.gateway.current());
        }
        let wait = read(self.socket, |bytes, buffers| self.take_in(bytes, buffers))?;
        Ok(wait
            .flatten()
            .unwrap_or_else(|| self.turn_on_rest(Waker::noop())))
    }

    /// Processes what was read. Returns `None` if input from an earlier turn comes first.
    fn take_in(&mut self, mut read: &[u8], buffers: &mut Buffers) -> Option<Wait> {
        self.note(read.len());
        if self.server.stopping.is_closed() && !read.is_empty() {
            self.socket_wait.ignore_stop();
            self.session.stop();
        }
        if !self.input.is_empty() {
            self.input.extend_from_slice(read);
            return None;
        }
        // Nearly always, all input is used directly from the read buffer.
        let wait = self.turn(&mut read, buffers, Waker::noop());
        self.input.extend_from_slice(read);
        Some(wait)
    }

    /// Records that `count` bytes have been received. Zero is the end of the input.
    fn note(&mut self, count: usize) {
        if count == 0 {
            self.input_ended = true;
            return if self.gives_way {
                self.session.refuse_for_now()
            } else {
                self.session.end_input()
            };
        }
        self.server.count_received(count);
        if !self.used {
            self.used = true;
            if let Some(tls) = self.socket.tls() {
                self.session.set_tls(tls);
            }
        }
        self.idle_since = None;
        self.read_first = count == READ_BYTES;
    }

    /// Waits for the response of the application. Input received meanwhile is buffered. If the peer disconnects, the
    /// response is dropped. A stop of the server gives the session a turn, in which it ends a stream of events.
    async fn wait_for_response(&mut self) -> io::Result<Wait> {
        let mut saw_stop = false;
        self.comments.begin_pause();
        loop {
            if self.input_ended {
                self.comments.send_if_due(&mut self.session);
            }
            self.hold();
            let has_room = self.input.len() < HELD_BACK_BYTES && !self.place.is_memory_full();
            let reads = !self.input_ended && has_room;
            let wait = poll_fn(|context| {
                let wait = self.turn_on_rest(context.waker());
                let Wait::Pending { until } = wait else {
                    return Poll::Ready(Ok(Some(wait)));
                };
                if !saw_stop && self.place.poll_stop(&self.server.stopping, context.waker()) {
                    saw_stop = true;
                    return Poll::Ready(Ok(None));
                }
                if reads {
                    if let Poll::Ready(ready) = self.socket.poll_readable(context) {
                        return Poll::Ready(ready.map(|()| None));
                    }
                }
                let until = self.comments.or_earlier(self.server.instant(until));
                let late = self.socket_wait.poll_deadline(until, context);
                late.map(|()| Ok(None))
            });
            match wait.await? {
                Some(wait) => return Ok(wait),
                None if reads => self.hold_back()?,
                None => {}
            }
        }
    }

    /// Reads the available input, to be processed later.
    fn hold_back(&mut self) -> io::Result<()> {
        let read = read(self.socket, |bytes, _| {
            self.input.extend_from_slice(bytes);
            self.note(bytes.len());
        });
        read.map(drop)
    }

    /// Writes output for which there is room. Returns `false` if there is none.
    fn write_now(&mut self) -> io::Result<bool> {
        write_some(&mut self.session, self.socket, self.server)
    }

    /// Handles the stop of the server. An idle connection gets a moment more, because a request may already be on its
    /// way, after the rest of a TLS handshake.
    async fn stop(&mut self) -> io::Result<Wait> {
        let end = self.server.elapsed().saturating_add(QUIET);
        let mut left = QUIET;
        while self.session.is_idle() && self.input.is_empty() && !left.is_zero() {
            or_after(left, async { drop(readable(self.socket).await) }).await;
            left = end.saturating_sub(self.server.elapsed());
            if let wait @ (Wait::Write { .. } | Wait::Pending { .. } | Wait::Close(_)) =
                self.read_now()?
            {
                return Ok(wait);
            }
        }
        self.session.stop();
        Ok(self.turn_on_rest(Waker::noop()))
    }
}
