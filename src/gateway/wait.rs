//! The reasons why a session waits.

use crate::connection::CloseReason;
use core::time::Duration;

/// The reason why a session waits. Calling [`turn`](crate::Session::turn) too early does no harm.
///
/// ```
/// use bytegate::{Gateway, Now, Site};
/// use bytegate::connection::CloseReason;
/// use bytegate::gateway::Wait;
/// use bytegate::request::ConnectionInfo;
///
/// let gateway = Gateway::new(Site::new());
/// let mut session = gateway.session(ConnectionInfo::default());
/// assert!(matches!(session.turn(&mut &b"GET /"[..], Now::default()), Wait::Read { .. }));
/// session.end_input();
/// assert!(matches!(session.turn(&mut &b"GET /"[..], Now::default()), Wait::Write { .. }));
/// session.take_output();
/// assert_eq!(session.turn(&mut &b""[..], Now::default()), Wait::Close(CloseReason::Refused));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Wait for more input until the given monotonic time.
    Read {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// Write the output until the given monotonic time.
    Write {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// A response, a block of a body or a receiver is not ready. Call `turn` again when the front end's
    /// [waker](crate::gateway::FrontEnd::waker) is woken, at the latest at the given monotonic time.
    Pending {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// The turn is over, but work is left, for example because the client has sent several requests at once. Let the other
    /// connections of this thread have their turn, then call `turn` again. Pending output can be written before that.
    Yield,
    /// Nothing is left to do. Close the transport.
    Close(CloseReason),
}
