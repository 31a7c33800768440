//! Threads that receive bodies of responses that come in several pieces. A page of a slow reader therefore leaves its
//! worker as fast as the worker makes it, up to 1 MiB ahead of the reader.

use super::exchange::{Broken, Event, State};
use super::line::{Line, Received};
use super::service::Service;
use super::wire::{Phase, Wire};
use crate::body::body::Body;
use crate::body::body_error::BodyError;
use crate::body::channel::{BodySender, QUEUED_BYTES};
use crate::values::sync::Arc;
use bytes::Bytes;
use core::pin::Pin;
use core::task::{Context, Poll};
use futures_core::Stream;
use std::prelude::rust_2024::*;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Whether the exchange of a body goes on, so that its worker can be told if the client leaves.
type GoesOn = Arc<Mutex<bool>>;

/// Returns a body whose blocks a thread receives. The first one has come already.
pub(super) fn stream(
    service: &Arc<Service>,
    line: Line,
    first: Bytes,
    length: Option<u64>,
) -> Body {
    let (sender, body) = Body::channel_within(usize::MAX, QUEUED_BYTES);
    let goes_on: GoesOn = Arc::new(Mutex::new(true));
    let watched = Watched {
        body,
        wire: line.wire.clone(),
        goes_on: goes_on.clone(),
    };
    let pump = Pump {
        service: service.clone(),
        line,
        goes_on,
    };
    let received = first.len() as u64;
    // An empty channel takes a block of any length.
    let _ = sender.try_send(first);
    spawn(service, move || pump.stream(sender, received, length));
    Body::from_stream(length, watched)
}

/// Lets a worker end a response that nobody waits for.
pub(super) fn drain(service: &Arc<Service>, line: Line) {
    line.wire.abort();
    let pump = Pump {
        service: service.clone(),
        line,
        goes_on: Arc::default(),
    };
    spawn(service, move || pump.drain());
}

fn spawn(service: &Service, run: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().name("bytegate-pump".into());
    // The line is dropped, and the body breaks off.
    if let Err(error) = thread.stack_size(64 * 1024).spawn(run) {
        service.log(&format!("cannot start a thread: {error}"));
    }
}

struct Pump {
    service: Arc<Service>,
    line: Line,
    goes_on: GoesOn,
}

impl Pump {
    /// Passes the blocks on until the response ends.
    fn stream(mut self, sender: BodySender, mut received: u64, length: Option<u64>) {
        loop {
            self.line.wire.allow(self.service.timeout, Phase::Response);
            match self.receive() {
                Ok(Event::Data(block)) => {
                    received += block.len() as u64;
                    // A slow reader is not the application's fault.
                    self.line.wire.unwatch();
                    if sender.send(block).is_err() {
                        return self.drain();
                    }
                }
                Ok(Event::Failed { reason, ends }) => {
                    self.service.log(&reason);
                    if ends {
                        self.service.replace(&self.line.worker);
                    }
                    if length == Some(received) {
                        sender.finish();
                    }
                    return self.release();
                }
                Ok(_) => {
                    sender.finish();
                    return self.release();
                }
                // The sender is dropped, which breaks the body off.
                Err(broken) => return self.lose(&broken),
            }
        }
    }

    /// Waits for the end of a response.
    fn drain(mut self) {
        loop {
            match self.receive() {
                Ok(Event::End) => return self.release(),
                Ok(Event::Failed { ends, .. }) => {
                    if ends {
                        self.service.replace(&self.line.worker);
                    }
                    return self.release();
                }
                Ok(_) if self.line.state() == State::Free => return self.release(),
                Ok(_) => {}
                Err(broken) => return self.lose(&broken),
            }
        }
    }

    fn receive(&mut self) -> Result<Event<rustix::fd::OwnedFd>, Broken> {
        loop {
            match self.line.receive() {
                Received::Event(event) => return Ok(event),
                Received::Broken(broken) => return Err(broken),
                Received::Unread => return Err(Broken::Ended(State::Broken)),
                Received::Nothing => self.line.wire.wait(),
            }
        }
    }

    fn end(&self) {
        *self.goes_on.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }

    fn release(self) {
        self.end();
        self.line.wire.unwatch();
        self.service.pool.release(self.line);
    }

    fn lose(self, broken: &Broken) {
        self.end();
        if !matches!(broken, Broken::Ended(_)) {
            let pid = self.line.worker.pid();
            self.service.log(&format!(
                "worker {pid} is killed, because it sends what is no response: {broken}"
            ));
            self.service.replace(&self.line.worker);
            self.line.worker.kill();
        }
    }
}

/// A body that tells its worker if it is dropped before its end.
struct Watched {
    body: Body,
    wire: Arc<Wire>,
    goes_on: GoesOn,
}

impl Stream for Watched {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        self.body.poll_block(context)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Locked meanwhile, so that the line does not belong to another request yet.
        let goes_on = self.goes_on.lock().unwrap_or_else(PoisonError::into_inner);
        if *goes_on {
            self.wire.abort();
        }
    }
}
