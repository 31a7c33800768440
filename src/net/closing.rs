//! Closing a connection so that its client receives everything that was written.

use super::client_wait::{Awaited, ClientWait};
use super::linger::linger;
use super::place::Place;
use super::server::ServerContext;
use super::timers::closed;
use super::transport::Transport;
use crate::connection::CloseReason;
use core::time::Duration;
use smol::{Timer, future};

/// After a stop, the time for which a connection must stay quiet before it is closed.
pub(super) const QUIET: Duration = Duration::from_secs(1);

/// Closes the connection so that the peer receives everything that was written.
pub(super) async fn close(
    socket: &impl Transport,
    reason: CloseReason,
    place: &Place,
    server: &ServerContext,
) {
    match reason {
        // The peer has closed, or received its last response long ago.
        CloseReason::InputEnded | CloseReason::Idle | CloseReason::Stopped => return,
        // Reset the connection. Otherwise, the system could keep megabytes that nobody reads, or the client could
        // not tell that the response is incomplete.
        CloseReason::WriteTimeout | CloseReason::ResponseReset => {
            return socket.reset_on_close();
        }
        CloseReason::Persistence | CloseReason::Refused | CloseReason::ResponseBroken => {}
    }
    if socket.end_output().is_ok() {
        place.begin_wait(ClientWait::new(Awaited::NextRequest, server.elapsed()));
        let stopped = async {
            closed(&server.stopping).await;
            Timer::after(QUIET).await;
        };
        future::or(linger(socket), stopped).await;
    }
}
