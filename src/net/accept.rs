//! Accepting connections, and ending in good order.

use super::drive;
use super::listen::BACKLOG;
use super::options::Options;
use super::places::{Places, Reserved};
use super::server::ServerContext;
use super::timers::{closed, or_after};
use crate::gateway::Gateway;
use crate::values::connection_info::ConnectionInfo;
use async_net::{TcpListener, TcpStream};
use core::convert::Infallible;
use core::future::Future;
use core::time::Duration;
use smol::channel::{self, Sender};
use smol::{Async, Executor, Timer, future};
use std::io;
use std::net::SocketAddr;
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Instant;

/// Serves connections of `listener` until `stop` completes, then ends in good order: what waits in the backlog
/// is still accepted, requests under way are answered and their connections closed, a request that is not whole has
/// [`Timeouts::stop`](crate::Timeouts::stop) to become so, and connections that stay quiet are closed. After
/// [`Options::stop_timeout`] the rest is cut.
///
/// The future runs on any executor. With more than one of [`Options::threads`] it starts them itself, and ends them when
/// it completes or is dropped.
///
/// # Errors
/// None of a single connection; only if the threads cannot be started.
pub async fn serve(
    listener: TcpListener,
    gateway: impl Into<Arc<Gateway>>,
    options: Options,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stopping_sender, stopping) = channel::bounded::<Infallible>(1);
    let (connection_held, all_closed) = channel::bounded::<Infallible>(1);
    let (threads, stop_timeout) = (options.threads.get(), options.stop_timeout);
    let executor = Arc::new(Executor::new());
    let acceptor = Acceptor {
        executor: Arc::downgrade(&executor),
        places: Arc::new(Places::new(options.connections)),
        accepted: Arc::default(),
        server: Arc::new(ServerContext::new(gateway.into(), options, stopping)),
        connection_held,
    };
    let serving = async {
        // A task of its own, so that no application on one thread keeps the others from accepting.
        let accepting = executor.spawn(acceptor.clone().accept(listener.clone()));
        stop.await;
        drop(stopping_sender);
        accepting.cancel().await;
        or_after(stop_timeout, async {
            acceptor.accept_backlog(&listener).await;
            drop((listener, acceptor));
            closed(&all_closed).await;
        })
        .await;
    };
    match threads {
        1 => executor.run(serving).await,
        // This thread only waits for the stop, which no application may hold up.
        more => {
            let _helpers = Helpers::start(&executor, more)?;
            serving.await;
        }
    }
    Ok(())
}

#[derive(Clone)]
struct Acceptor {
    /// Weak, because the executor owns the task that owns this.
    executor: Weak<Executor<'static>>,
    server: Arc<ServerContext>,
    places: Arc<Places>,
    /// Connections accepted so far.
    accepted: Arc<AtomicU64>,
    /// A copy is with every connection: when all are gone, the last one has closed.
    connection_held: Sender<Infallible>,
}

impl Acceptor {
    async fn accept(self, listener: TcpListener) {
        let mut backoff = AcceptBackoff::default();
        loop {
            // Without a place nothing is accepted: the backlog is the queue.
            let place = self.places.reserve(&self.server.options).await;
            match listener.accept().await {
                Ok((stream, peer)) => {
                    backoff.end();
                    self.spawn(stream, peer, place);
                    // Whoever connects without a pause lets others have their turn.
                    future::yield_now().await;
                }
                Err(error) => backoff.wait(error, &self.server.options).await,
            }
        }
    }

    /// Accepts those that the system has told already that they are connected.
    async fn accept_backlog(&self, listener: &TcpListener) {
        for _ in 0..BACKLOG {
            let place = self.places.reserve(&self.server.options).await;
            match future::poll_once(listener.accept()).await {
                Some(Ok((stream, peer))) => self.spawn(stream, peer, place),
                Some(Err(error)) if is_of_one_connection(&error) => {}
                Some(Err(_)) | None => return,
            }
        }
    }

    fn spawn(&self, stream: TcpStream, peer: SocketAddr, reserved: Reserved) {
        // Answers leave whole; to wait for more would only delay them.
        let _ = stream.set_nodelay(true);
        let socket: Arc<Async<std::net::TcpStream>> = stream.into();
        let number = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        let info = ConnectionInfo {
            peer: peer.into(),
            scheme: self.server.options.scheme,
            number,
        };
        let place = self.places.seat(reserved, number, socket.clone());
        let server = self.server.clone();
        let held = self.connection_held.clone();
        let task = async move {
            drive::connection(socket, info, &place, &server).await;
            drop((place, held));
        };
        if let Some(executor) = self.executor.upgrade() {
            executor.spawn(task).detach();
        }
    }
}

/// Errors of `accept`: most concern one connection that is gone, some concern us all and need a pause.
struct AcceptBackoff {
    pause: Duration,
    reported: Option<Instant>,
}

impl Default for AcceptBackoff {
    fn default() -> AcceptBackoff {
        AcceptBackoff {
            pause: Duration::from_millis(100),
            reported: None,
        }
    }
}

impl AcceptBackoff {
    async fn wait(&mut self, error: io::Error, options: &Options) {
        if is_of_one_connection(&error) {
            return future::yield_now().await;
        }
        let now = Instant::now();
        if self
            .reported
            .is_none_or(|last| now - last >= Duration::from_secs(1))
        {
            self.reported = Some(now);
            options.report(&format!("cannot accept connections for now: {error}"));
        }
        Timer::after(self.pause).await;
        self.pause = (self.pause * 2).min(Duration::from_secs(1));
    }

    /// All is well again; what was reported lately is not reported again at once.
    fn end(&mut self) {
        self.pause = AcceptBackoff::default().pause;
    }
}

/// The connection that was to be accepted is gone; the next one may be well. Any other error (out of descriptors, out
/// of memory) would come again at once.
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

/// The threads that run the executor. Dropping this ends them, each as soon as no application runs on it: one
/// that hangs is not waited for.
struct Helpers {
    _quit: Sender<Infallible>,
}

impl Helpers {
    fn start(executor: &Arc<Executor<'static>>, count: usize) -> io::Result<Helpers> {
        let (quit, quitting) = channel::bounded(1);
        for index in 0..count {
            let (executor, quitting) = (executor.clone(), quitting.clone());
            let thread = thread::Builder::new().name(format!("bytegate-{}", index + 1));
            thread.spawn(move || smol::block_on(executor.run(closed(&quitting))))?;
        }
        Ok(Helpers { _quit: quit })
    }
}
