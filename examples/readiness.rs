//! A server on one thread that waits for many sockets at once, with mio. Any other readiness loop is alike.
//!
//! `cargo run --example readiness`, then `curl http://127.0.0.1:7890/`

use bytegate::gateway::Wait;
use bytegate::{Gateway, Now, Request, Session};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const LISTENER: Token = Token(0);

struct Connection {
    stream: TcpStream,
    session: Session,
    input: Vec<u8>,
    /// When the session needs a turn, even if the socket stays silent.
    until: Duration,
}

impl Connection {
    /// Goes on until the socket has to wait. Returns `false` when the connection is over.
    fn go_on(&mut self, now: Now) -> io::Result<bool> {
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

/// Serves until an error of the poll. The deadlines of all connections are kept.
pub(crate) fn serve(
    address: SocketAddr,
    gateway: &Gateway,
    ready: impl FnOnce(SocketAddr),
) -> io::Result<()> {
    let (mut poll, mut events, started) =
        (Poll::new()?, Events::with_capacity(256), Instant::now());
    let mut listener = TcpListener::bind(address)?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    ready(listener.local_addr()?);
    let mut connections: HashMap<Token, Connection> = HashMap::new();
    let mut next = LISTENER.0;
    loop {
        let first = connections
            .values()
            .map(|connection| connection.until)
            .min();
        let first = first.filter(|until| *until < Duration::MAX);
        let timeout = first.map(|until| until.saturating_sub(started.elapsed()));
        match poll.poll(&mut events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let now = Now {
            monotonic: started.elapsed(),
            wall,
        };

        while let Ok((mut stream, peer)) = listener.accept() {
            next += 1;
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(next), both)?;
            let session = gateway.session(peer);
            let connection = Connection {
                stream,
                session,
                input: Vec::new(),
                until: Duration::ZERO,
            };
            connections.insert(Token(next), connection);
        }
        for event in &events {
            if let Some(connection) = connections.get_mut(&event.token()) {
                connection.until = Duration::ZERO;
            }
        }
        // An error of a socket ends its connection only.
        connections.retain(|_, connection| {
            connection.until > now.monotonic || connection.go_on(now).unwrap_or(false)
        });
    }
}

fn main() -> io::Result<()> {
    let gateway = Gateway::new(|request: &Request| format!("hello from {}\n", request.path()));
    let address = ([127, 0, 0, 1], 7890).into();
    serve(address, &gateway, |address| {
        println!("http://{address}/ (Ctrl-C stops it)")
    })
}
