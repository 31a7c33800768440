//! Accepting connections and shutting down gracefully.

use super::drive;
use super::listen::BACKLOG;
use super::options::Options;
use super::places::{Places, Reserved};
use super::server::ServerContext;
use super::timers::{closed, or_after, when_woken};
use super::transport::{Listener, Transport};
use crate::gateway::Gateway;
use crate::values::connection_info::{ConnectionInfo, Peer};
use async_net::TcpListener;
use core::convert::Infallible;
use core::future::Future;
use core::time::Duration;
use smol::channel::{self, Sender};
use smol::{Executor, Timer, future};
use std::io;
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Instant;

/// The number of turns of connections after which a thread that serves them looks for the stop of the server.
const TASKS_IN_A_ROW: usize = 8;

/// Serves connections from `listener` until `stop` completes, then shuts down gracefully.
///
/// During shutdown, connections waiting in the backlog are still accepted. Active requests are answered and their
/// connections closed. An incomplete request has [`Timeouts::stop`](crate::config::Timeouts::stop) to become complete.
/// Connections that stay quiet are closed. Everything left after [`Options::stop_timeout`] is cut off.
///
/// The future runs on any executor. If [`Options::threads`] is more than one, it starts the threads itself and ends
/// them when it completes or is dropped.
///
/// ```
/// use bytegate::{Gateway, Request, net};
/// use smol::io::{AsyncReadExt, AsyncWriteExt};
/// use smol::net::TcpStream;
///
/// let listener = net::listen("127.0.0.1:0".parse().unwrap())?;
/// let address = listener.local_addr()?;
/// let gateway = Gateway::new(|_: &Request<'_>| "hello\n");
///
/// // The server runs until this is done.
/// let program = async {
///     let mut stream = TcpStream::connect(address).await.unwrap();
///     let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
///     stream.write_all(request).await.unwrap();
///     let mut output = String::new();
///     stream.read_to_string(&mut output).await.unwrap();
///     assert!(output.ends_with("hello\n"));
/// };
/// smol::block_on(net::serve(listener, gateway, net::Options::default(), program))?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Returns an error if the threads cannot be started. Errors of individual connections are not returned.
pub async fn serve(
    listener: TcpListener,
    gateway: impl Into<Arc<Gateway>>,
    options: Options,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_on(listener, gateway.into(), options, stop).await
}

/// Like [`serve`], for any listener.
async fn serve_on(
    listener: impl Listener,
    gateway: Arc<Gateway>,
    options: Options,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stopping_sender, stopping) = channel::bounded::<Infallible>(1);
    let (connection_held, all_closed) = channel::bounded::<Infallible>(1);
    let (threads, stop_timeout) = (options.threads.get(), options.stop_timeout);
    let executor = Arc::new(Executor::new());
    let connections = options.connections;
    let server = ServerContext::new(gateway, options, stopping);
    let acceptor = Acceptor {
        executor: Arc::downgrade(&executor),
        places: Arc::new(Places::new(connections, server.started())),
        accepted: Arc::default(),
        server: Arc::new(server),
        connection_held,
    };
    let serving = async {
        // A separate task, so that an application on one thread does not keep the others from accepting.
        let accepting = executor.spawn(acceptor.clone().accept(listener.clone()));
        when_woken(stop).await;
        drop(stopping_sender);
        acceptor.places.wake_all();
        accepting.cancel().await;
        or_after(stop_timeout, async {
            acceptor.accept_backlog(&listener).await;
            drop((listener, acceptor));
            closed(&all_closed).await;
        })
        .await;
    };
    match threads {
        1 => future::or(serving, run_tasks(&executor)).await,
        // This thread only waits for the stop, which no application can delay.
        more => {
            let _helpers = Helpers::start(&executor, more)?;
            serving.await;
        }
    }
    Ok(())
}

/// Runs the tasks of connections on this thread. Unlike [`Executor::run`], which runs 200 at a time, it soon lets the
/// stop of the server have its turn, even if each task takes milliseconds.
async fn run_tasks(executor: &Executor<'_>) {
    loop {
        for _ in 0..TASKS_IN_A_ROW {
            executor.tick().await;
        }
        future::yield_now().await;
    }
}

#[derive(Clone)]
struct Acceptor {
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
    async fn accept(self, listener: impl Listener) {
        let mut backoff = AcceptBackoff::default();
        loop {
            // Without a free place, nothing is accepted: the backlog is the queue.
            let place = self.places.reserve(&self.server.options).await;
            match listener.accept().await {
                Ok((socket, peer)) => {
                    backoff.end();
                    self.spawn(socket, peer, place);
                    // Yield, so that a stream of new connections does not starve the others.
                    future::yield_now().await;
                }
                Err(error) if is_of_one_connection(&error) => future::yield_now().await,
                Err(error) => {
                    // Most likely, no descriptor is free. An idle connection has one.
                    if self.places.give_up_idle() {
                        backoff.end();
                    }
                    backoff.wait(error, &self.server.options).await;
                }
            }
        }
    }

    /// Accepts the connections that the system has already established.
    async fn accept_backlog(&self, listener: &impl Listener) {
        for _ in 0..BACKLOG {
            let place = self.places.reserve(&self.server.options).await;
            match future::poll_once(listener.accept()).await {
                Some(Ok((socket, peer))) => self.spawn(socket, peer, place),
                Some(Err(error)) if is_of_one_connection(&error) => {}
                Some(Err(_)) | None => return,
            }
        }
    }

    fn spawn(&self, socket: Arc<impl Transport>, peer: Peer, reserved: Reserved) {
        let number = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        let info = Box::new(ConnectionInfo {
            peer,
            scheme: self.server.options.scheme,
            number,
        });
        let place = self.places.seat(reserved, number, socket.clone());
        let server = self.server.clone();
        let held = self.connection_held.clone();
        if let Some(executor) = self.executor.upgrade() {
            let connection = drive::connection(socket, info, place, server, held);
            executor.spawn(connection).detach();
        }
    }
}

/// Handles errors of `accept` that concern the whole process and need a pause.
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

    /// Resets the pause. Recently reported errors are not reported again at once.
    fn end(&mut self) {
        self.pause = AcceptBackoff::default().pause;
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

/// The threads that run the executor. Dropping this ends each thread as soon as no application runs on it. A thread
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
