//! Connections from proxies that name the client with a PROXY header.

use super::client::Client;
use super::client_wait::{Awaited, ClientWait};
use super::driver;
use super::place::Place;
use super::server::ServerContext;
use super::socket_wait::{SocketWait, Woken};
use super::transport::Transport;
use super::turn_away::turn_away;
use crate::blocking::proxied::NotTrusted;
use crate::connection::{ProxyHeader, ProxyHeaderParser};
use crate::values::connection_info::{ConnectionInfo, Peer};
use core::convert::Infallible;
use core::future::poll_fn;
use core::time::Duration;
use smol::channel::Sender;
use std::io::{self, ErrorKind};
use std::prelude::rust_2024::*;
use std::sync::Arc;

/// The end of each notice.
const SEE: &str = "(see --proxy-protocol, or Options::proxy_protocol)";
/// The time for which a header may still arrive after a stop.
const AFTER_STOP: Duration = Duration::from_secs(1);

/// Receives the header of a connection, and then serves it. `held` is dropped after that.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn keeps its arguments twice for as long as the connection is open"
)]
pub(super) fn connection<T: Transport>(
    socket: Arc<T>,
    info: Box<ConnectionInfo>,
    mut place: Place,
    server: Arc<ServerContext>,
    held: Sender<Infallible>,
) -> impl Future<Output = ()> + Send {
    async move {
        // Boxed, because only the start of a connection needs it.
        let received = Box::pin(receive(socket.wire(), &info.peer, &place, &server)).await;
        let Ok(header) = received else { return };
        let info = Box::new(header.apply_to(*info));
        if place.give_to(Client::of(&info.peer), &server.options) {
            driver::connection(socket, info, place, server, held).await;
        } else {
            server.options.count(|metrics| metrics.turned_away.add(1));
            turn_away(&*socket);
        }
    }
}

/// Receives the header, and nothing after it. A connection that ends before the header is not reported, because the
/// health checks of load balancers do that.
async fn receive(
    socket: &impl Transport,
    peer: &Peer,
    place: &Place,
    server: &ServerContext,
) -> io::Result<ProxyHeader> {
    let (options, refused) = (&server.options, &server.without_header);
    let proxies = options.proxy_protocol.as_ref();
    if !proxies.is_some_and(|proxies| proxies.contains(peer)) {
        let error = NotTrusted(peer.clone());
        refused
            .not_trusted
            .give(options, || format!("{error} {SEE}"));
        return Err(ErrorKind::PermissionDenied.into());
    }
    let start = server.elapsed();
    let head = server.gateway.current().configuration().timeouts.head;
    let mut until = start.saturating_add(head);
    let (mut parser, mut block) = (ProxyHeaderParser::new(), [0; 256]);
    let mut wait = SocketWait::new();
    loop {
        let room = parser.missing().min(block.len());
        match socket.try_read(&mut block[..room]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => match parser.receive(&mut &block[..count]) {
                Ok(Some(header)) => return Ok(header),
                Ok(None) => continue,
                Err(error) => {
                    let by = peer.ip().map_or(peer.to_string(), |ip| ip.to_string());
                    let notice = || format!("{by}: {error} {SEE}");
                    refused.invalid.give(options, notice);
                    return Err(ErrorKind::InvalidData.into());
                }
            },
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let awaited = if parser.is_empty() {
            Awaited::FirstRequest
        } else {
            Awaited::Head
        };
        place.begin_wait(ClientWait::new(awaited, start));
        wait.begin(server.instant(until));
        let woken = poll_fn(|context| {
            let ready = socket.poll_readable(context);
            wait.poll_or_stop(ready, place, &server.stopping, context)
        });
        let woken = woken.await?;
        // A connection that was told to close reads its end next.
        place.end_wait();
        if let Woken::Stopped = woken {
            until = until.min(server.elapsed().saturating_add(AFTER_STOP));
        }
        if server.elapsed() >= until {
            return Err(ErrorKind::TimedOut.into());
        }
    }
}
