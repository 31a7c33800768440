//! Accepting connections and shutting down gracefully.

use super::client::Client;
use super::drive;
use super::listen::BACKLOG;
use super::listener::Listener;
use super::metrics::choose_counters;
use super::options::Options;
use super::places::{Places, Reserved};
use super::proxied;
use super::readiness::{Phase, Readiness};
use super::reloadable::Reloadable;
use super::server::ServerContext;
use super::sockets::{Accept, Sockets, Stream};
use super::timers::{closed, or_after, when_woken};
#[cfg(feature = "rustls")]
use super::tls::TlsTransport;
use super::transport::Transport;
use super::turn_away::turn_away;
use crate::values::connection_info::{ConnectionInfo, Peer};
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

/// Serves connections from `listener`, which may have several sockets, until `stop` completes, then shuts down gracefully.
///
/// Shutdown begins [`Options::drain_delay`] after `stop`. Then, connections waiting in the backlog are still accepted. Active requests get their responses, then their
/// connections close. An incomplete request has [`Timeouts::stop`](crate::config::Timeouts::stop) to become complete.
/// Connections that stay quiet are closed. Everything left after [`Options::stop_timeout`] is cut off.
///
/// To replace the gateway while it serves, pass a [`Reloadable`]. The future runs on any executor. If [`Options::threads`] is more than one, it starts the threads itself and ends
/// them when it completes or is dropped.
///
/// ```
/// use bytegate::{Gateway, Request, net};
/// use smol::io::{AsyncReadExt, AsyncWriteExt};
/// use smol::net::TcpStream;
///
/// let listener = net::listen("127.0.0.1:0".parse().unwrap())?;
/// let address = listener.local_addr()?;
/// let gateway = Gateway::new(|_: &Request| "hello\n");
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
/// Returns an error if the listener has no sockets or they cannot be made non-blocking, or if the threads cannot be started. Errors of individual connections are not returned.
pub async fn serve(
    listener: impl Into<Listener>,
    gateway: impl Into<Reloadable>,
    options: Options,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let sockets = Sockets::new(listener.into())?;
    serve_on(sockets, gateway.into(), options, stop).await
}

/// Like [`serve`], for anything that accepts connections.
async fn serve_on(
    sockets: impl Accept,
    gateway: Reloadable,
    options: Options,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stopping_sender, stopping) = channel::bounded::<Infallible>(1);
    let (connection_held, all_closed) = channel::bounded::<Infallible>(1);
    let (threads, stop_timeout) = (options.threads.get(), options.stop_timeout);
    let (readiness, drain_delay) = (options.readiness.clone(), options.drain_delay);
    let executor = Arc::new(Executor::new());
    let server = ServerContext::new(gateway, options, stopping);
    let places = Arc::new(Places::new(&server.options, server.started()));
    server.gateway.wakes(&places);
    let acceptor = Acceptor {
        executor: Arc::downgrade(&executor),
        places,
        accepted: Arc::default(),
        server: Arc::new(server),
        connection_held,
    };
    if let Some(metrics) = &acceptor.server.options.metrics {
        let places = Arc::downgrade(&acceptor.places);
        metrics.watch(places);
    }
    let serving = async {
        // A separate task, so that an application on one thread does not keep the others from accepting.
        let accepting = acceptor.clone().accept(sockets.clone());
        let accepting = executor.spawn(future::or(accepting, show_life(readiness.clone())));
        readiness.set(Phase::Ready);
        when_woken(stop).await;
        readiness.set(Phase::Draining);
        if !drain_delay.is_zero() && !readiness.is_handed_over() {
            Timer::after(drain_delay).await;
        }
        drop(stopping_sender);
        acceptor.places.wake_all();
        accepting.cancel().await;
        or_after(stop_timeout, async {
            sockets.hide();
            acceptor.accept_backlog(&sockets).await;
            drop((sockets, acceptor));
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

/// Gives a sign of life as long as the task runs that accepts connections, if someone waits for it.
async fn show_life(readiness: Readiness) {
    let Some(interval) = readiness.watchdog() else {
        return future::pending().await;
    };
    loop {
        readiness.tell_alive();
        Timer::after(interval).await;
    }
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
    async fn accept(self, sockets: impl Accept) {
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
    async fn accept_backlog(&self, sockets: &impl Accept) {
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
        let seated = self
            .places
            .seat(reserved, number, client, socket.clone(), options);
        let Some(place) = seated else {
            options.count(|metrics| metrics.turned_away.add(1));
            return turn_away(&*socket);
        };
        let server = self.server.clone();
        let held = self.connection_held.clone();
        if let Some(executor) = self.executor.upgrade() {
            let task = if is_proxied {
                executor.spawn(proxied::connection(socket, info, place, server, held))
            } else {
                executor.spawn(drive::connection(socket, info, place, server, held))
            };
            task.detach();
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
            thread.spawn(move || {
                choose_counters(index);
                smol::block_on(executor.run(closed(&quitting)));
            })?;
        }
        Ok(Helpers { _quit: quit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Gateway;
    use crate::request::request::Request;
    use smol::io::{AsyncReadExt, AsyncWriteExt};
    use smol::net::TcpStream;
    use std::net::{IpAddr, SocketAddr};
    use std::sync::Mutex;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    /// A listener whose peers seem to have an address that is not of this machine.
    #[derive(Clone)]
    struct Distant(Sockets, IpAddr);

    impl Accept for Distant {
        async fn accept(&self) -> io::Result<(Stream, Peer)> {
            let (stream, peer) = self.0.accept().await?;
            let port = peer.address().map_or(0, |address| address.port());
            Ok((stream, Peer::from(SocketAddr::new(self.1, port))))
        }

        async fn pending(&self) {
            self.0.pending().await;
        }

        fn hide(&self) {}
    }

    /// Serves clients that seem to be at `address`, which may have three connections, while `talk` runs. Returns the log.
    fn serve_at<T: Future<Output = ()>>(
        address: &str,
        talk: impl FnOnce(SocketAddr) -> T,
    ) -> Vec<String> {
        let mut options = Options::default();
        options.connections_per_address = 3;
        serve_with(options, address, talk)
    }

    fn serve_with<T: Future<Output = ()>>(
        options: Options,
        address: &str,
        talk: impl FnOnce(SocketAddr) -> T,
    ) -> Vec<String> {
        let listener = crate::net::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let to = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let logged = log.clone();
        let options = options.log_to(move |line| logged.lock().unwrap().push(line.to_string()));
        let gateway = Gateway::new(|_: &Request<'_>| "hello");
        let sockets = Sockets::new(listener.into()).unwrap();
        let sockets = Distant(sockets, address.parse().unwrap());
        smol::block_on(serve_on(sockets, gateway.into(), options, talk(to))).unwrap();
        log.lock().unwrap().clone()
    }

    async fn connect(to: SocketAddr, input: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(to).await.unwrap();
        stream.write_all(input).await.unwrap();
        stream
    }

    async fn status(stream: &mut TcpStream) -> String {
        let mut line = [0; 12];
        stream.read_exact(&mut line).await.unwrap();
        String::from_utf8_lossy(&line[9..]).into()
    }

    #[test]
    fn an_address_with_all_its_connections_busy_gets_a_503_and_one_line_in_the_log() {
        for (address, client) in [("192.0.2.7", "192.0.2.7"), ("2001:db8::7", "2001:db8::/64")] {
            let log = serve_at(address, |to| async move {
                let mut busy = Vec::new();
                for _ in 0..3 {
                    busy.push(connect(to, &GET[..9]).await);
                }
                for _ in 0..20 {
                    let mut refused = TcpStream::connect(to).await.unwrap();
                    let mut response = String::new();
                    refused.read_to_string(&mut response).await.unwrap();
                    let (head, body) = response.split_once("\r\n\r\n").unwrap();
                    assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
                    assert!(head.contains("\r\nRetry-After: "));
                    let length = format!("\r\nContent-Length: {}", body.len());
                    assert!(head.ends_with(&length), "{response}");
                }
                for stream in &mut busy {
                    stream.write_all(&GET[9..]).await.unwrap();
                    assert_eq!(status(stream).await, "200");
                }
            });
            let line = format!(
                "{client} has all 3 connections that one address may have: more are refused \
                 (a proxy needs more: see connections_per_address)"
            );
            assert_eq!(log, [line]);
        }
    }

    #[test]
    fn the_longest_idle_connection_of_an_address_makes_room_for_its_next_one() {
        let log = serve_at("192.0.2.7", |to| async move {
            let mut clients = Vec::new();
            for _ in 0..10 {
                let mut client = connect(to, GET).await;
                assert_eq!(status(&mut client).await, "200");
                clients.push(client);
            }
            let mut rest = Vec::new();
            clients[0].read_to_end(&mut rest).await.unwrap();
            clients[9].write_all(GET).await.unwrap();
            rest.clear();
            let mut last = [0; 20];
            clients[9].read_exact(&mut last).await.unwrap();
        });
        assert!(log.is_empty(), "{log:?}");
    }

    #[test]
    fn this_machine_may_have_all_connections() {
        for address in ["127.0.0.1", "::1"] {
            let log = serve_at(address, |to| async move {
                let mut busy = Vec::new();
                for _ in 0..30 {
                    busy.push(connect(to, &GET[..9]).await);
                }
                assert_eq!(status(&mut connect(to, GET).await).await, "200");
            });
            assert!(log.is_empty(), "{log:?}");
        }
    }

    #[test]
    fn an_address_may_hold_a_quarter_of_the_memory() {
        let mut options = Options::default();
        options.buffered_bytes = 1 << 20;
        let log = serve_with(options, "192.0.2.7", |to| async move {
            let head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n";
            let part = [&head[..], &[b'x'; 150_000]].concat();
            let mut first = connect(to, &part).await;
            Timer::after(Duration::from_millis(200)).await;
            let mut second = connect(to, &part).await;
            assert_eq!(status(&mut second).await, "503");
            first.write_all(&[b'x'; 50_000]).await.unwrap();
            assert_eq!(status(&mut first).await, "200");
        });
        let line = "a quarter of the 1048576 bytes for requests and responses are in use for 192.0.2.7: \
                    more are refused with 503 (see buffered_bytes)";
        assert_eq!(log, [line]);
    }
}
