//! The response to one request: a future that has a worker make the response.

use super::command::Command;
use super::environ::Environ;
use super::exchange::{Broken, Event, State};
use super::frame::{IN_FILE, Kind, LENGTH_BYTES, MAX_PAYLOAD, encode};
use super::head::ResponseHead;
use super::line::{Line, Received};
use super::pages::{in_file, late, lost, not_stored, other, unavailable, whole};
use super::pool::{Place, Waiter};
use super::pump;
use super::request_body::RequestBody;
use super::service::Service;
use super::wire::Phase;
use crate::gateway::poll_time;
use crate::response::response::{Response, ResponseError};
use crate::values::now::Now;
use crate::values::status::Status;
use crate::values::sync::Arc;
use bytes::Bytes;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use rustix::fd::{AsFd, OwnedFd};
use std::io::ErrorKind;
use std::prelude::rust_2024::*;

/// Returns the response to a request, which a worker makes.
pub(super) fn respond(
    service: &Arc<Service>,
    environ: Environ,
    body: RequestBody,
    now: Option<Now>,
) -> Response {
    let length = body.length();
    let (body, file) = match body.finish() {
        Ok(body) => body,
        Err(error) => return not_stored(service, &error),
    };
    let environ = environ.finish((length > 0).then_some(length));
    Response::from_future(PendingResponse::new(
        service.clone(),
        &environ,
        &body,
        file,
        now,
    ))
}

/// A response in the making.
struct PendingResponse {
    service: Arc<Service>,
    /// The frame of the request.
    request: Vec<u8>,
    file: Option<OwnedFd>,
    /// The time of the front end at which the response is late.
    until: Option<Duration>,
    progress: Progress,
}

enum Progress {
    New,
    InQueue(Arc<Waiter>),
    Sending(Line, usize),
    Waiting(Line, Option<ResponseHead>),
    Done,
}

impl PendingResponse {
    fn new(
        service: Arc<Service>,
        environ: &[u8],
        body: &[u8],
        file: Option<OwnedFd>,
        now: Option<Now>,
    ) -> PendingResponse {
        let mut request = Vec::new();
        let length = environ.len() + body.len() + LENGTH_BYTES;
        // Limits on heads are far below this, unless a program has raised them.
        if length <= MAX_PAYLOAD {
            let size = (environ.len() as u32).to_le_bytes();
            let flags = if file.is_some() { IN_FILE } else { 0 };
            encode(Kind::Request, flags, &[&size, environ, body], &mut request);
        }
        PendingResponse {
            until: now.map(|now| now.monotonic.saturating_add(service.timeout)),
            service,
            request,
            file,
            progress: Progress::New,
        }
    }

    /// Returns whether the time of the front end is over. It begins when the request is complete.
    fn is_late(&mut self) -> bool {
        let Some(now) = poll_time::get() else {
            return false;
        };
        let timeout = self.service.timeout;
        let until = self
            .until
            .get_or_insert_with(|| now.monotonic.saturating_add(timeout));
        now.monotonic >= *until
    }

    /// Ends the request without a response from its worker, which may be at work on it.
    fn give_up(&mut self) {
        match core::mem::replace(&mut self.progress, Progress::Done) {
            Progress::New | Progress::Done => {}
            Progress::InQueue(waiter) => self.service.pool.leave(&waiter),
            // A part of a request makes no sense to a worker.
            Progress::Sending(line, _) => self.service.replace(&line.worker),
            Progress::Waiting(line, _) => pump::drain(&self.service, line),
        }
    }

    fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<Option<Response>> {
        match core::mem::replace(&mut self.progress, Progress::Done) {
            Progress::New => match self.service.pool.place(context.waker()) {
                Place::Line(line) => return self.begin(line),
                Place::InQueue(waiter) => self.progress = Progress::InQueue(waiter),
                Place::Full => return Poll::Ready(Some(unavailable("too many requests wait"))),
                Place::Down => return Poll::Ready(Some(unavailable(DOWN))),
            },
            Progress::InQueue(waiter) => match waiter.poll(context) {
                Poll::Ready(line) => return self.begin(line),
                Poll::Pending if self.service.pool.is_down() => {
                    self.service.pool.leave(&waiter);
                    return Poll::Ready(Some(unavailable(DOWN)));
                }
                Poll::Pending => {
                    self.progress = Progress::InQueue(waiter);
                    return Poll::Pending;
                }
            },
            Progress::Sending(line, sent) => return self.send(line, sent, context),
            Progress::Waiting(line, head) => return self.receive(line, head, context),
            Progress::Done => return Poll::Ready(Some(Response::from_error(other(DONE)))),
        }
        Poll::Pending
    }

    /// Begins with a line of a worker.
    fn begin(&mut self, mut line: Line) -> Poll<Option<Response>> {
        if !line.exchange().ask() {
            // The line is of no use. The next one may be.
            self.progress = Progress::New;
            return Poll::Ready(None);
        }
        if line.worker.count() {
            self.service.command(Command::Succeed(line.worker.number));
        }
        line.wire.allow(self.service.timeout, Phase::Response);
        self.progress = Progress::Sending(line, 0);
        Poll::Ready(None)
    }

    fn send(
        &mut self,
        line: Line,
        mut sent: usize,
        context: &mut Context<'_>,
    ) -> Poll<Option<Response>> {
        while sent < self.request.len() {
            // The descriptor goes with the first byte.
            let file = self
                .file
                .as_ref()
                .filter(|_| sent == 0)
                .map(|file| file.as_fd());
            match line.wire.send(&self.request[sent..], file) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let is_writable = line.wire.poll_writable(context).is_ready();
                    if !is_writable && !line.wire.poll_late(context) {
                        self.progress = Progress::Sending(line, sent);
                        return Poll::Pending;
                    }
                    if !is_writable {
                        self.progress = Progress::Sending(line, sent);
                        return Poll::Ready(Some(self.give_up_late()));
                    }
                }
                // The process has ended before it has received the request: another one can take it.
                Err(_) => {
                    self.progress = Progress::New;
                    return Poll::Ready(None);
                }
            }
        }
        self.progress = Progress::Waiting(line, None);
        Poll::Ready(None)
    }

    fn receive(
        &mut self,
        mut line: Line,
        mut head: Option<ResponseHead>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Response>> {
        loop {
            match line.receive() {
                Received::Event(Event::Closed) => {}
                Received::Event(Event::Head {
                    head: block,
                    body,
                    is_whole,
                }) => {
                    let parsed = match ResponseHead::parse(&block) {
                        Ok(parsed) => parsed,
                        Err(error) => {
                            self.finish(line);
                            return Poll::Ready(Some(Response::from_error(error)));
                        }
                    };
                    if is_whole {
                        self.finish(line);
                        return Poll::Ready(Some(whole(parsed, body)));
                    }
                    if !body.is_empty() {
                        return Poll::Ready(Some(self.stream(line, parsed, body)));
                    }
                    head = Some(parsed);
                }
                Received::Event(Event::Data(body)) => {
                    if let Some(head) = head.take() {
                        return Poll::Ready(Some(self.stream(line, head, body)));
                    }
                }
                Received::Event(Event::File {
                    file,
                    position,
                    length,
                }) => {
                    self.finish(line);
                    let head = head.take();
                    let response = head.map(|head| in_file(head, file.into(), position, length));
                    return Poll::Ready(
                        response.or_else(|| Some(Response::from_error(other(DONE)))),
                    );
                }
                Received::Event(Event::End) => {
                    self.finish(line);
                    let response = head.take().map(|head| whole(head, Bytes::new()));
                    return Poll::Ready(
                        response.or_else(|| Some(Response::from_error(other(DONE)))),
                    );
                }
                Received::Event(Event::Failed { reason, ends }) => {
                    if ends {
                        self.service.replace(&line.worker);
                    }
                    self.finish(line);
                    return Poll::Ready(Some(Response::from_error(ResponseError::other(reason))));
                }
                Received::Broken(Broken::Ended(State::AskedAhead)) | Received::Unread
                    if head.is_none() =>
                {
                    // It ended before it has begun with this request: another one can take it.
                    self.progress = Progress::New;
                    return Poll::Ready(None);
                }
                Received::Unread => {
                    let broken = Broken::Ended(State::Broken);
                    return Poll::Ready(Some(lost(&self.service, &line, &broken)));
                }
                Received::Broken(broken) => {
                    return Poll::Ready(Some(lost(&self.service, &line, &broken)));
                }
                Received::Nothing => {
                    if line.wire.poll_late(context) || self.is_late() {
                        self.progress = Progress::Waiting(line, head);
                        return Poll::Ready(Some(self.give_up_late()));
                    }
                    match line.wire.poll_readable(context) {
                        Poll::Ready(_) => {}
                        Poll::Pending => {
                            self.progress = Progress::Waiting(line, head);
                            return Poll::Pending;
                        }
                    }
                }
            }
        }
    }

    /// Ends a request whose application has been silent for too long. Its process has a moment for its other requests.
    fn give_up_late(&mut self) -> Response {
        if let Progress::Waiting(line, _) | Progress::Sending(line, _) = &self.progress {
            line.wire.allow(self.service.kill_after, Phase::Kill);
            let (pid, timeout) = (line.worker.pid(), self.service.timeout);
            self.service.log(&format!(
                "worker {pid} is replaced, because its application has been silent for {timeout:?}"
            ));
            self.service.replace(&line.worker);
        }
        self.give_up();
        late()
    }

    /// Gives the line back. A worker that goes on with its response ends it unheard.
    fn finish(&self, line: Line) {
        match line.state() {
            State::Free => line.wire.unwatch(),
            // Closing may take as long as the rest.
            State::Closing => line.wire.allow(self.service.timeout, Phase::Response),
            _ => return pump::drain(&self.service, line),
        }
        self.service.pool.release(line);
    }

    /// Returns a response whose body a thread receives.
    fn stream(&self, line: Line, head: ResponseHead, first: Bytes) -> Response {
        let length = head.content_length;
        let body = pump::stream(&self.service, line, first, length);
        head.into_response().with_body(body)
    }
}

const DOWN: &str = "the application cannot be started";
const DONE: &str = "the worker sends what nobody asked for";

impl Future for PendingResponse {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let this = &mut *self;
        if this.request.is_empty() {
            let status = Status::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return Poll::Ready(Response::explained(
                status,
                "the environ is longer than 1 MiB",
            ));
        }
        loop {
            match this.poll_step(context) {
                Poll::Ready(Some(response)) => {
                    this.progress = Progress::Done;
                    return Poll::Ready(response);
                }
                Poll::Ready(None) => {}
                Poll::Pending => break,
            }
        }
        if this.is_late() {
            let is_in_queue = matches!(this.progress, Progress::InQueue(_));
            return Poll::Ready(if is_in_queue {
                this.give_up();
                unavailable("no worker was free in time")
            } else {
                this.give_up_late()
            });
        }
        Poll::Pending
    }
}

impl Drop for PendingResponse {
    /// The client has left.
    fn drop(&mut self) {
        self.give_up();
    }
}
