//! A line to one thread of a worker: its socket, and the machine of its exchanges.

use super::exchange::{Broken, Event, Exchange, State};
use super::usage::Running;
use super::wire::Wire;
use super::worker::Worker;
use crate::values::sync::Arc;
use rustix::fd::OwnedFd;
use std::io::{self, ErrorKind};
use std::prelude::rust_2024::*;

/// The number of bytes that are read at once. Most responses are shorter.
const READ_BYTES: usize = 8 * 1024;
/// The number of bytes that are read at once of a frame that is longer.
const LONG_READ_BYTES: usize = 128 * 1024;

/// The end of a line in this program, which has one owner at a time.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) wire: Arc<Wire>,
    pub(super) worker: Arc<Worker>,
    /// The request that it works on is counted.
    pub(super) running: Option<Running>,
    exchange: Exchange<OwnedFd>,
}

/// The outcome of reading from a line.
#[derive(Debug)]
pub(super) enum Received {
    Event(Event<OwnedFd>),
    /// Nothing more has arrived.
    Nothing,
    /// The process has ended, and has not read the last frame.
    Unread,
    /// The line cannot be used any longer.
    Broken(Broken),
}

impl Drop for Line {
    /// The worker's thread ends with its line.
    fn drop(&mut self) {
        self.wire.cut();
    }
}

impl Line {
    pub(super) fn new(wire: Arc<Wire>, worker: Arc<Worker>) -> Line {
        Line {
            wire,
            worker,
            running: None,
            exchange: Exchange::new(),
        }
    }

    pub(super) fn exchange(&mut self) -> &mut Exchange<OwnedFd> {
        &mut self.exchange
    }

    pub(super) fn state(&self) -> State {
        self.exchange.state()
    }

    /// Returns the next event that has arrived.
    pub(super) fn receive(&mut self) -> Received {
        loop {
            match self.exchange.next() {
                Ok(Some(event)) => return Received::Event(event),
                Ok(None) => {}
                Err(broken) => return Received::Broken(broken),
            }
            let read = match self.exchange.lacks() {
                lacks if lacks > READ_BYTES => {
                    let mut buffer = vec![0; lacks.min(LONG_READ_BYTES)];
                    self.read(&mut buffer)
                }
                _ => self.read(&mut [0; READ_BYTES]),
            };
            match read {
                Ok(Ok(0)) => return Received::Broken(self.exchange.end_input()),
                Ok(Ok(_)) => {}
                Ok(Err(broken)) => return Received::Broken(broken),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Received::Nothing,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.exchange.end_input();
                    match error.kind() {
                        ErrorKind::ConnectionReset => return Received::Unread,
                        _ => return Received::Broken(Broken::Ended(State::Broken)),
                    }
                }
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Result<usize, Broken>> {
        let mut files = Vec::new();
        let count = self.wire.receive(buffer, &mut files)?;
        for file in files {
            if let Err(broken) = self.exchange.push_descriptor(file) {
                return Ok(Err(broken));
            }
        }
        self.exchange.push(&buffer[..count]);
        Ok(Ok(count))
    }
}
