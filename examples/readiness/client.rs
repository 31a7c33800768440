//! A connection to a client.

use bytegate::gateway::Wait;
use bytegate::{Now, Session};
use mio::net::TcpStream;
use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) session: Session,
    pub(crate) input: Vec<u8>,
    /// When the session needs a turn, even if the socket stays silent.
    pub(crate) until: Duration,
}

impl Client {
    /// Reads and writes until the socket has to wait. Returns `false` when the connection is over.
    pub(crate) fn go_on(&mut self, now: Now) -> io::Result<bool> {
        let mut block = [0; 4096];
        loop {
            let moved = match self.session.turn(&mut self.input, now) {
                Wait::Read { until } => {
                    self.until = until;
                    self.stream.read(&mut block).map(|count| match count {
                        0 => self.session.end_input(),
                        count => self.input.extend_from_slice(&block[..count]),
                    })
                }
                Wait::Write { until } => {
                    self.until = until;
                    let piece = self.session.output().pieces().next().unwrap_or_default();
                    self.stream
                        .write(piece)
                        .map(|count| self.session.sent(count))
                }
                // The handlers here respond at once. For those that respond later, implement `FrontEnd` with a waker
                // that wakes the poll.
                Wait::Pending { until } => {
                    self.until = until;
                    return Ok(true);
                }
                Wait::Yield => Ok(()),
                Wait::Close(_) => return Ok(false),
            };
            match moved {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                moved => moved?,
            }
        }
    }
}
