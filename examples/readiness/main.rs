//! A server on one thread that waits for many sockets at once, with mio. Any other readiness loop is alike.
//!
//! `cargo run --example readiness`, then `curl http://127.0.0.1:7890/`

mod client;

use bytegate::{Gateway, Now, Request};
use client::Client;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const LISTENER: Token = Token(0);

/// Serves until the poll fails. All deadlines are kept.
pub(crate) fn serve(listener: std::net::TcpListener, gateway: &Gateway) -> io::Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(256));
    listener.set_nonblocking(true)?;
    let mut listener = TcpListener::from_std(listener);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut clients: HashMap<Token, Client> = HashMap::new();
    let (mut last, started) = (LISTENER.0, Instant::now());
    loop {
        let first = clients.values().map(|client| client.until).min();
        let timeout = first
            .filter(|until| *until < Duration::MAX)
            .map(|until| until.saturating_sub(started.elapsed()));
        match poll.poll(&mut events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        let mut now = Now::default();
        now.monotonic = started.elapsed();
        now.wall = SystemTime::now().duration_since(UNIX_EPOCH).ok();

        while let Ok((mut stream, peer)) = listener.accept() {
            last += 1;
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(last), both)?;
            let client = Client {
                stream,
                session: gateway.session(peer),
                input: Vec::new(),
                until: Duration::ZERO,
            };
            clients.insert(Token(last), client);
        }
        for event in &events {
            if let Some(client) = clients.get_mut(&event.token()) {
                client.until = Duration::ZERO;
            }
        }
        // An error of a socket ends its connection only.
        clients
            .retain(|_, client| client.until > now.monotonic || client.go_on(now).unwrap_or(false));
    }
}

fn main() -> io::Result<()> {
    let gateway = Gateway::new(|request: &Request| format!("hello from {}\n", request.path()));
    println!("http://127.0.0.1:7890/ (Ctrl-C stops it)");
    serve(std::net::TcpListener::bind("127.0.0.1:7890")?, &gateway)
}
