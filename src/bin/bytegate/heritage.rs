//! Sockets that this process takes over from the one that started it, and hands to the next one.

use bytegate::net::Listener;
#[cfg(unix)]
use bytegate::net::{Predecessor, Takeover};
use std::io;

/// The sockets of the process before this one, and for the one after it.
pub(crate) struct Heritage {
    #[cfg(unix)]
    predecessor: Option<Predecessor>,
    #[cfg(unix)]
    takeover: Takeover,
}

impl Heritage {
    pub(crate) fn from_environment() -> io::Result<Heritage> {
        Ok(Heritage {
            #[cfg(unix)]
            predecessor: Predecessor::from_environment()?,
            #[cfg(unix)]
            takeover: Takeover::new(),
        })
    }

    /// Returns the listener with a name, which the process before this one may have. Otherwise, `open` opens it.
    #[cfg(unix)]
    pub(crate) fn listener(
        &mut self,
        name: &str,
        open: impl FnOnce() -> io::Result<Listener>,
    ) -> io::Result<Listener> {
        let passed = self.predecessor.as_mut().and_then(|it| it.take(name));
        let listener = passed.map_or_else(open, Ok)?;
        self.takeover = std::mem::take(&mut self.takeover).with(name, &listener);
        Ok(listener)
    }

    #[cfg(not(unix))]
    pub(crate) fn listener(
        &mut self,
        _: &str,
        open: impl FnOnce() -> io::Result<Listener>,
    ) -> io::Result<Listener> {
        open()
    }

    /// Returns the sockets for the next process.
    #[cfg(unix)]
    pub(crate) fn takeover(&self) -> Takeover {
        self.takeover.clone()
    }

    /// Tells the process before this one that it may stop. If it has ended already, there is nobody to tell.
    pub(crate) fn release(self) {
        #[cfg(unix)]
        let _ = self.predecessor.map(Predecessor::release);
    }
}
