//! The task that accepts connections.

use super::accept_backoff::AcceptBackoff;
use super::client::Client;
use super::driver;
use super::listen::BACKLOG;
#[cfg(feature = "rustls")]
use super::options::Options;
use super::place::Place;
use super::places::{Places, Reserved};
use super::proxied;
use super::server::ServerContext;
use super::sockets::{Accept, Stream};
#[cfg(feature = "rustls")]
use super::tls::TlsTransport;
use super::transport::Transport;
use super::turn_away::turn_away;
use crate::values::connection_info::{ConnectionInfo, Peer};
use core::convert::Infallible;
use smol::channel::Sender;
use smol::{Executor, future};
use std::io;
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// Accepts connections, and starts a task for each. Clones share their places.
#[derive(Clone)]
pub(super) struct Acceptor {
    /// Weak, because the executor owns the task that owns this.
    executor: Weak<Executor<'static>>,
    server: Arc<ServerContext>,
    places: Arc<Places>,
    /// The number of connections accepted so far.
    accepted: Arc<AtomicU64>,
    /// Cloned into every connection. Once all clones are gone, the last connection has closed.
    connection_held: Sender<Infallible>,
}

impl Acceptor {
    pub(super) fn new(
        executor: &Arc<Executor<'static>>,
        server: ServerContext,
        connection_held: Sender<Infallible>,
    ) -> Acceptor {
        let places = Arc::new(Places::new(&server.options, server.started()));
        server.gateway.wakes(&places);
        if let Some(metrics) = &server.options.metrics {
            let places = Arc::downgrade(&places);
            metrics.watch(places);
        }
        Acceptor {
            executor: Arc::downgrade(executor),
            server: Arc::new(server),
            places,
            accepted: Arc::default(),
            connection_held,
        }
    }

    /// Accepts connections as long as it is polled.
    pub(super) async fn accept(self, sockets: impl Accept) {
        let mut backoff = AcceptBackoff::default();
        loop {
            // Without a free place, nothing is accepted: the backlog is the queue.
            let place = self.places.reserve(&sockets, &self.server.options).await;
            match sockets.accept().await {
                Ok((stream, peer)) => {
                    backoff.end();
                    self.spawn(stream, peer, place);
                    // Yield, so that a stream of new connections does not starve the others.
                    future::yield_now().await;
                }
                Err(error) if is_of_one_connection(&error) => {
                    self.count_error();
                    future::yield_now().await;
                }
                Err(error) => {
                    self.count_error();
                    // Most likely, no descriptor is free. An idle connection has one.
                    if self.places.give_up_one() {
                        backoff.end();
                    }
                    backoff.wait(error, &self.server.options).await;
                }
            }
        }
    }

    /// Accepts the connections that the system has already established.
    pub(super) async fn accept_backlog(&self, sockets: &impl Accept) {
        for _ in 0..BACKLOG {
            let place = self.places.reserve(sockets, &self.server.options).await;
            match future::poll_once(sockets.accept()).await {
                Some(Ok((stream, peer))) => self.spawn(stream, peer, place),
                Some(Err(error)) if is_of_one_connection(&error) => self.count_error(),
                Some(Err(_)) => return self.count_error(),
                None => return,
            }
        }
    }

    /// Wakes all connections, so that they notice that the server stops.
    pub(super) fn wake_all(&self) {
        self.places.wake_all();
    }

    fn count_error(&self) {
        let options = &self.server.options;
        options.count(|metrics| metrics.accept_errors.add(1));
    }

    fn spawn(&self, stream: Stream, peer: Peer, reserved: Reserved) {
        match (stream, &self.server.options) {
            #[cfg(feature = "rustls")]
            (Stream::Tcp(socket), Options { tls: Some(tls), .. }) => {
                let socket = Arc::new(TlsTransport::new(
                    socket,
                    tls.connection(),
                    self.server.clone().notes_failed_handshakes(&peer),
                ));
                self.spawn_on(socket, peer, reserved);
            }
            (Stream::Tcp(socket), _) => self.spawn_on(socket, peer, reserved),
            #[cfg(unix)]
            (Stream::Unix(socket), _) => self.spawn_on(socket, peer, reserved),
        }
    }

    fn spawn_on(&self, socket: Arc<impl Transport>, peer: Peer, reserved: Reserved) {
        let number = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        let info = Box::new(ConnectionInfo {
            peer,
            scheme: self.server.options.scheme,
            number,
            tls: None,
        });
        let options = &self.server.options;
        options.count(|metrics| metrics.accepted.add(1));
        let is_proxied = options.proxy_protocol.is_some();
        let client = if is_proxied {
            // The proxy has not named the client yet.
            Client::of(&Peer::Unknown)
        } else {
            Client::of(&info.peer)
        };
        let end = socket.clone();
        let place = Place::take(&self.places, reserved, number, client, end, options);
        let Some(place) = place else {
            options.count(|metrics| metrics.turned_away.add(1));
            return turn_away(&*socket);
        };
        let server = self.server.clone();
        let held = self.connection_held.clone();
        if let Some(executor) = self.executor.upgrade() {
            let task = if is_proxied {
                executor.spawn(proxied::connection(socket, info, place, server, held))
            } else {
                executor.spawn(driver::connection(socket, info, place, server, held))
            };
            task.detach();
        }
    }
}

/// Returns whether only the connection to be accepted is gone, so that the next one may succeed. Any other error (out
/// of descriptors, out of memory) would immediately recur.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::TimedOut
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
    )
}
