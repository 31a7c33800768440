//! Sessions with a clock that the test sets and a waker that it watches.

mod channels;
mod deferred;
mod middleware;
mod receivers;
mod reports;
mod routing;
mod turns;

use crate::laws::reader;
use crate::support;
use bytegate::body::{BodyError, BodySender, TrySendError};
use bytegate::config::{Config, Timeouts};
use bytegate::connection::{CloseReason, ProtocolError};
use bytegate::gateway::{FrontEnd, Wait};
use bytegate::headers::Headers;
use bytegate::middleware::{RequestInfo, RequestParts, SetHeaders};
use bytegate::request::{ConnectionInfo, Peer};
use bytegate::response::ResponseError;
use bytegate::testing::ClientResponse;
use bytegate::upload::{AbortReason, Admission, Receiver};
use bytegate::{
    Application, Body, Bytes, Gateway, Method, Middleware, Now, Request, Response, Router, Session,
    Site, Status,
};
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn post(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// Counts how often it was woken.
#[derive(Default)]
struct Alarm(AtomicUsize);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A session, its peer, its clock and its waker. The kit's `Wire` shows neither the waits of a session nor its errors.
struct Wire {
    session: Session,
    now: Now,
    alarm: Arc<Alarm>,
    input: Vec<u8>,
    output: Vec<u8>,
    errors: Vec<ResponseError>,
}

struct Front<'w> {
    now: Now,
    waker: Waker,
    errors: &'w mut Vec<ResponseError>,
}

impl FrontEnd for Front<'_> {
    fn now(&mut self) -> Now {
        self.now
    }

    fn waker(&self) -> &Waker {
        &self.waker
    }

    fn on_error(&mut self, error: &ResponseError, _: &RequestInfo<'_>) {
        self.errors.push(error.clone());
    }
}

impl Wire {
    fn new(application: impl Application + 'static) -> Wire {
        Wire::of(Gateway::new(application))
    }

    fn of(gateway: Gateway) -> Wire {
        // Leaking the gateway is fine in a short test.
        let gateway: &Gateway = Box::leak(Box::new(gateway));
        Wire {
            session: gateway.session(ConnectionInfo::default()).catch_panics(),
            now: Now::default(),
            alarm: Arc::default(),
            input: Vec::new(),
            output: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Runs turns with a peer that reads everything at once.
    fn turn(&mut self) -> Wait {
        loop {
            let mut front = Front {
                now: self.now,
                waker: self.alarm.clone().into(),
                errors: &mut self.errors,
            };
            let mut rest = &self.input[..];
            let wait = self.session.turn(&mut rest, &mut front);
            let used = self.input.len() - rest.len();
            self.input.drain(..used);
            match wait {
                Wait::Write { .. } => self.session.output().move_to(&mut self.output),
                Wait::Yield => {}
                other => return other,
            }
        }
    }

    fn send(&mut self, input: impl AsRef<[u8]>) -> Wait {
        self.input.extend_from_slice(input.as_ref());
        self.turn()
    }

    fn at(&mut self, second: u64) -> Wait {
        self.now.monotonic = seconds(second);
        self.turn()
    }

    fn woken(&self) -> usize {
        self.alarm.0.load(Ordering::SeqCst)
    }

    /// The responses to this many requests, none of them HEAD.
    fn responses(&self, count: usize) -> Vec<ClientResponse> {
        reader::read_all(&self.output, &vec![Method::GET; count])
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }
}

/// A response that is ready once the test provides it.
#[derive(Clone, Default)]
struct Promise {
    response: Arc<Mutex<(Option<String>, Option<Waker>)>>,
    dropped: Arc<AtomicBool>,
}

struct OnDrop(Arc<AtomicBool>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Promise {
    fn keep(&self, response: &str) {
        let mut state = self.response.lock().expect("an answer");
        state.0 = Some(response.to_string());
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }

    fn wait(&self) -> impl Future<Output = String> + use<> {
        let response = self.response.clone();
        let guard = OnDrop(self.dropped.clone());
        poll_fn(move |context| {
            let _ = &guard;
            let mut state = response.lock().expect("an answer");
            match state.0.take() {
                Some(response) => Poll::Ready(response),
                None => {
                    state.1 = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
    }

    /// An application that responds to `/slow` only once the promise is kept.
    fn application(&self) -> impl Application + use<> {
        let promise = self.clone();
        move |request: &Request<'_>| match request.path() {
            "/slow" => Response::from_future(promise.wait()),
            path => Response::text(path.to_string()),
        }
    }
}

const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";

#[derive(Clone, Default)]
struct Upload {
    ready: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Upload {
    fn note(&self, what: String) {
        self.seen.lock().expect("notes").push(what);
    }

    fn notes(&self) -> Vec<String> {
        self.seen.lock().expect("notes").clone()
    }
}

impl Application for Upload {
    fn call(&self, _: &Request<'_>) -> Response {
        Response::text("no content")
    }

    fn admit(&self, _: &Request<'_>) -> Admission {
        Admission::stream(self.clone())
    }
}

impl Receiver for Upload {
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
        if self.ready.load(Ordering::SeqCst) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        self.note(String::from_utf8_lossy(part).into_owned());
        match part {
            b"virus" => Err(Response::text("not that").with_status(Status::FORBIDDEN)),
            b"panic" => std::panic::resume_unwind(Box::new("deliberate")),
            _ => Ok(()),
        }
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        Response::text("thanks")
    }

    fn abort(self: Box<Self>, reason: AbortReason) {
        self.note(format!("{reason:?}"));
    }
}
