//! Sockets that this process takes over from its predecessor, and hands over to its successor.

use bytegate::net::Listener;
#[cfg(unix)]
use bytegate::net::{Predecessor, Takeover};
use std::io;

/// The sockets from the predecessor, and those for the successor.
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

    /// Takes the listener with a name over from the predecessor, or else opens it with `open`.
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

    /// Returns the sockets for the successor.
    #[cfg(unix)]
    pub(crate) fn takeover(&self) -> Takeover {
        self.takeover.clone()
    }

    /// Tells the predecessor to stop. An error means that it has already ended.
    pub(crate) fn release(self) {
        #[cfg(unix)]
        let _ = self.predecessor.map(Predecessor::release);
    }
}
