//! Listening sockets of all kinds.

use super::address::Address;
#[cfg(all(feature = "systemd", unix))]
use super::inherited;
use super::listen;
use super::socket::Socket;
#[cfg(unix)]
use super::unix;
use core::fmt;
use std::io;
use std::net::TcpListener;
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::prelude::rust_2024::*;

/// One or more listening sockets, for [`serve`](super::serve). They share the gateway and the limits of the server, and stop
/// together.
///
/// [`Address::listen`] creates a listener. The listeners of the standard library convert into one with `into`. `collect` joins
/// several listeners into one. If one socket fails while it is served, the others are closed.
///
/// ```no_run
/// use bytegate::{Gateway, Site, net};
///
/// let addresses = ["127.0.0.1:7890", "[::1]:7890", "unix:/run/web.sock,mode=660"];
/// let listener: net::Listener = addresses
///     .iter()
///     .map(|text| text.parse::<net::Address>().unwrap().listen())
///     .collect::<std::io::Result<_>>()?;
/// for address in listener.addresses() {
///     println!("listening on {address}");
/// }
/// let gateway = Gateway::new(Site::new());
/// smol::block_on(net::serve(listener, gateway, net::Options::default(), net::stop_signal()?))?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "clients are refused when this is dropped"]
pub struct Listener {
    sockets: Vec<Socket>,
}

impl Listener {
    /// Returns the addresses on which clients can connect. Port 0 is replaced by the port that the system selected.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        self.sockets.iter().map(Socket::address).collect()
    }

    #[cfg(unix)]
    pub(super) fn sockets(&self) -> &[Socket] {
        &self.sockets
    }

    pub(super) fn into_sockets(self) -> Vec<Socket> {
        self.sockets
    }
}

impl Address {
    /// Listens on the address.
    ///
    /// The file of a Unix socket that an earlier process left is replaced, if it is a socket and no process answers on it. The
    /// file is removed when the server has stopped. Sockets that systemd opened stay open in systemd.
    ///
    /// ```
    /// use bytegate::net::Address;
    ///
    /// let listener = "127.0.0.1:0".parse::<Address>()?.listen()?;
    /// assert_eq!(listener.addresses().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the error of the system, together with the address and, for common errors, with advice. Returns
    /// [`Unsupported`](io::ErrorKind::Unsupported) for Unix sockets on other systems, and for `systemd` without the feature.
    /// Returns [`NotFound`](io::ErrorKind::NotFound) if systemd passed no such socket, or if it has been taken: each can be taken
    /// only once.
    pub fn listen(&self) -> io::Result<Listener> {
        match self {
            Address::Tcp(address) => Ok(listen::listen(*address)?.into()),
            #[cfg(unix)]
            Address::Unix { path, mode } => {
                let (listener, file) = unix::listen(path, *mode).map_err(|error| {
                    let advice = match error.kind() {
                        io::ErrorKind::NotFound => " (the folder must exist)",
                        io::ErrorKind::PermissionDenied => " (the folder must be writable)",
                        _ => "",
                    };
                    self.cannot(&error, advice)
                })?;
                Ok(Socket::Unix(listener.into(), Some(file)).into())
            }
            #[cfg(all(feature = "systemd", unix))]
            Address::Systemd { name } => {
                let sockets = inherited::take(name.as_deref());
                sockets
                    .map(|sockets| Listener { sockets })
                    .map_err(|error| self.cannot(&error, ""))
            }
            #[allow(
                unreachable_patterns,
                reason = "it depends on the system and the features"
            )]
            _ => {
                let error = io::Error::new(io::ErrorKind::Unsupported, "not supported here");
                let advice = " (Unix sockets need Unix, and sockets from systemd also need the feature systemd)";
                Err(self.cannot(&error, advice))
            }
        }
    }

    fn cannot(&self, error: &io::Error, advice: &str) -> io::Error {
        let text = format!("cannot listen on {self}: {error}{advice}");
        io::Error::new(error.kind(), text)
    }
}

impl From<Socket> for Listener {
    fn from(socket: Socket) -> Listener {
        Listener {
            sockets: Vec::from([socket]),
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Listener {
        Socket::Tcp(listener.into()).into()
    }
}

#[cfg(unix)]
impl From<UnixListener> for Listener {
    /// The file of the socket is not removed when the server stops.
    fn from(listener: UnixListener) -> Listener {
        Socket::Unix(listener.into(), None).into()
    }
}

impl FromIterator<Listener> for Listener {
    fn from_iter<I: IntoIterator<Item = Listener>>(listeners: I) -> Listener {
        let sockets = listeners.into_iter().flat_map(Listener::into_sockets);
        Listener {
            sockets: sockets.collect(),
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.addresses()).finish()
    }
}
