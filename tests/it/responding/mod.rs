//! Responses of an application.

mod attachments;
mod deferred;
mod error_pages;
mod events;
mod prepared;
mod problems;
mod readers;
mod redirects;

use crate::support;
use bytegate::body::{Closed, TrySendError};
use bytegate::connection::{CloseReason, ProtocolError};
use bytegate::events::{Broadcast, Event, EventSender, Events};
use bytegate::gateway::{FrontEnd, Wait};
use bytegate::middleware::{AccessLog, ErrorPages, SetHeaders};
use bytegate::request::ConnectionInfo;
use bytegate::response::{Escaped, Problem, ResponseError};
use bytegate::testing::ClientResponse;
use bytegate::upload::Admission;
use bytegate::{
    Application, Body, Gateway, Method, Now, Rejection, Request, Response, Router, Session, Site,
    Status,
};
use proptest::prelude::*;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

fn request(method: &str, path: &str, headers: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").into_bytes()
}

fn response_of(gateway: &Gateway, input: &[u8]) -> ClientResponse {
    let output = gateway.handle(input);
    support::read_response(input, &output)
}

fn sent_by(application: impl Application + 'static, input: &[u8]) -> ClientResponse {
    response_of(&Gateway::new(application), input)
}

/// Marks its pages, so that a test can tell them apart.
fn pages() -> ErrorPages {
    ErrorPages::new(|error| {
        let detail = Escaped(error.detail.unwrap_or("-"));
        let method = error.request.method.as_ref().map_or("?", Method::as_str);
        Response::html(format!("{method} {} <{detail}>", error.status))
    })
}

/// Wakes the thread of a client, and counts how often.
struct Alarm {
    thread: Thread,
    count: AtomicUsize,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.thread.unpark();
    }
}

struct Front(Waker);

impl FrontEnd for Front {
    fn now(&mut self) -> Now {
        Now::default()
    }

    fn waker(&self) -> &Waker {
        &self.0
    }
}

/// A client that reads everything as soon as it arrives. Unlike the kit's `Wire`, it counts how often it is woken.
struct Client {
    session: Session,
    alarm: Arc<Alarm>,
    received: Vec<u8>,
}

impl Client {
    fn new(gateway: &Gateway, mut input: &[u8]) -> Client {
        let alarm = Alarm {
            thread: thread::current(),
            count: AtomicUsize::new(0),
        };
        let mut client = Client {
            session: gateway.session(ConnectionInfo::default()),
            alarm: Arc::new(alarm),
            received: Vec::new(),
        };
        client.turn(&mut input);
        client
    }

    fn turn(&mut self, input: &mut &[u8]) -> Wait {
        let mut front = Front(self.alarm.clone().into());
        loop {
            match self.session.turn(input, &mut front) {
                Wait::Write { .. } => self.session.output().move_to(&mut self.received),
                Wait::Yield => {}
                other => return other,
            }
        }
    }

    fn text(&mut self) -> String {
        self.turn(&mut &b""[..]);
        String::from_utf8_lossy(&self.received).into_owned()
    }

    /// Takes turns when woken, until the text ends with `end`.
    fn wait_for(&mut self, end: &str) {
        for _ in 0..1000 {
            if self.text().ends_with(end) {
                return;
            }
            thread::park_timeout(Duration::from_secs(1));
        }
        panic!("{end:?} is not the end of {}", self.text());
    }

    fn body(&self) -> String {
        support::read_one(&self.received).text().to_string()
    }
}
