//! Serving connections until a stop, and shutting down gracefully.

use super::acceptor::Acceptor;
use super::listener::Listener;
use super::options::Options;
use super::readiness::{Phase, Readiness};
use super::reloadable::Reloadable;
use super::server::ServerContext;
use super::sockets::{Accept, Sockets};
use super::threads::{Threads, run_tasks};
use super::timers::{closed, or_after, when_woken};
use core::convert::Infallible;
use core::future::Future;
use smol::channel;
use smol::{Executor, Timer, future};
use std::io;
use std::prelude::rust_2024::*;
use std::sync::Arc;

/// Serves connections from `listener`, which may have several sockets, until `stop` completes, then shuts down gracefully.
///
/// Shutdown begins [`Options::drain_delay`] after `stop`. Then, connections waiting in the backlog are still accepted. Active
/// requests get their responses, then their connections close. An incomplete request has
/// [`Timeouts::stop`](crate::config::Timeouts::stop) to become complete. Connections that stay quiet are closed. Everything left
/// after [`Options::stop_timeout`] is cut off.
///
/// To replace the gateway while it serves, pass a [`Reloadable`]. The future runs on any executor. If [`Options::threads`] is more
/// than one, it starts the threads itself and ends them when it completes or is dropped.
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
/// Returns an error if the listener has no sockets or they cannot be made non-blocking, or if the threads cannot be started. Errors
/// of individual connections are not returned.
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
    let acceptor = Acceptor::new(&executor, server, connection_held);
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
        acceptor.wake_all();
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
            let _threads = Threads::start(&executor, more)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Gateway;
    use crate::net::sockets::Stream;
    use crate::request::request::Request;
    use crate::values::connection_info::Peer;
    use core::time::Duration;
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
                 (a proxy needs more: see --connections-per-address, or Options::connections_per_address)"
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
                    more are refused with 503 (see --buffered-bytes, or Options::buffered_bytes)";
        assert_eq!(log, [line]);
    }
}
