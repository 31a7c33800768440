//! A gateway that can be replaced while it serves.

use super::places::Places;
use crate::application::Application;
use crate::gateway::Gateway;
use crate::gateway::session::Session;
use core::fmt;
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

/// A gateway that can be replaced while [`serve`](super::serve) uses it, for example after its configuration has changed. Clones
/// share the gateway.
///
/// Build the new gateway first, and replace the old one only if that succeeds. No connection is closed. Requests in progress are
/// completed by the old gateway, and later requests go to the new one, on open connections too. The old gateway is dropped after
/// its last response.
///
/// ```
/// use bytegate::testing::StreamClient;
/// use bytegate::{Request, net};
/// use std::net::TcpStream;
///
/// let gateway = net::Reloadable::new(|_: &Request| "old\n");
/// let server = net::start("127.0.0.1:0", gateway.clone(), net::Options::default())?;
/// let mut client = StreamClient::new(TcpStream::connect(server.address())?);
/// assert_eq!(client.get("/")?.text(), "old\n");
///
/// gateway.replace(|_: &Request| "new\n");
/// assert_eq!(client.get("/")?.text(), "new\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Reloadable {
    shared: Arc<Shared>,
}

struct Shared {
    current: RwLock<Gateway>,
    /// Identifies the current gateway, so that a connection can compare it without a lock. No other gateway has the same identity
    /// while a session holds the one that it compares.
    identity: AtomicUsize,
    servers: Mutex<Vec<Weak<Places>>>,
}

impl Reloadable {
    /// Creates a gateway that can be replaced.
    pub fn new(gateway: impl Into<Gateway>) -> Reloadable {
        let gateway = gateway.into();
        Reloadable {
            shared: Arc::new(Shared {
                identity: AtomicUsize::new(gateway.identity()),
                current: RwLock::new(gateway),
                servers: Mutex::default(),
            }),
        }
    }

    /// Replaces the gateway. Requests that arrive after this call go to the new one.
    pub fn replace(&self, gateway: impl Into<Gateway>) {
        let mut gateway = gateway.into();
        {
            let current = self.shared.current.write();
            let mut current = current.unwrap_or_else(PoisonError::into_inner);
            let identity = &self.shared.identity;
            identity.store(gateway.identity(), Ordering::Release);
            core::mem::swap(&mut *current, &mut gateway);
        }
        // Idle connections take the new gateway now, so that they do not keep the old one until their next requests.
        let mut servers = self.servers();
        servers.retain(|server| server.strong_count() > 0);
        let servers: Vec<_> = servers.iter().filter_map(Weak::upgrade).collect();
        servers.iter().for_each(|server| server.wake_all());
    }

    /// Returns the current gateway.
    pub fn current(&self) -> Gateway {
        let current = self.shared.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns whether a session has an old gateway, and can take the new one for its next request.
    #[inline]
    pub(super) fn replaces(&self, session: &Session) -> bool {
        let identity = session.gateway().identity();
        self.shared.identity.load(Ordering::Acquire) != identity && session.is_idle()
    }

    /// Wakes the connections of a server after each change.
    pub(super) fn wakes(&self, server: &Arc<Places>) {
        self.servers().push(Arc::downgrade(server));
    }

    fn servers(&self) -> MutexGuard<'_, Vec<Weak<Places>>> {
        self.shared
            .servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Gateway> for Reloadable {
    fn from(gateway: Gateway) -> Reloadable {
        Reloadable::new(gateway)
    }
}

impl<A: Application + 'static> From<A> for Reloadable {
    fn from(application: A) -> Reloadable {
        Reloadable::new(application)
    }
}

impl fmt::Debug for Reloadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reloadable").field(&self.current()).finish()
    }
}
