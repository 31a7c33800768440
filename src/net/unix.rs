//! Unix sockets, and their files.
//!
//! The system cannot reset such a connection. A truncated response therefore looks complete if it has neither a length
//! nor chunks, which happens only with HTTP/1.0 clients.

use super::listen::BACKLOG;
use super::plain::Connected;
use crate::values::connection_info::Peer;
use socket2::{Domain, SockAddr, Socket, Type};
use std::format;
use std::fs::{self, Permissions};
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest path of a socket.
const MAX_PATH_BYTES: usize = if cfg!(any(target_os = "linux", target_os = "android")) {
    107
} else {
    103
};

/// The file of a Unix socket. Dropping this removes it, unless it was replaced or belongs to another process.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
    pub(super) is_mine: Arc<AtomicBool>,
}

impl SocketFile {
    pub(super) fn at(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile {
            path: path.to_path_buf(),
            identity: identity(path)?,
            is_mine: Arc::new(AtomicBool::new(true)),
        })
    }

    fn exists(&self) -> bool {
        identity(&self.path).is_ok_and(|identity| identity == self.identity)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_mine.load(Ordering::SeqCst) && self.exists() {
            // If this fails, the next start replaces the file, because no process answers on it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Listens on a path. Replaces a socket that an earlier process left, if no process answers on it.
pub(super) fn listen(path: &Path, mode: Option<u32>) -> io::Result<(UnixListener, SocketFile)> {
    let length = path.as_os_str().len();
    if length > MAX_PATH_BYTES {
        let text = format!(
            "the path has {length} bytes, but the path of a socket has at most {MAX_PATH_BYTES}"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let address = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    match socket.bind(&address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            remove_stale(path, &address)?;
            socket.bind(&address)?;
        }
        bound => bound?,
    }
    let file = SocketFile::at(path)?;
    // No client can connect before the socket listens, so none can use the mode before this.
    if let Some(mode) = mode {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    socket.listen(BACKLOG)?;
    if !file.exists() {
        // Another process replaced the socket before it listened.
        return Err(in_use("another program has just replaced it"));
    }
    Ok((OwnedFd::from(socket).into(), file))
}

/// Removes a socket on which no process answers.
fn remove_stale(path: &Path, address: &SockAddr) -> io::Result<()> {
    let found = identity(path)?;
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        let text = "a file that is not a socket has this path";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    // Nonblocking, because the backlog of a busy program may be full.
    let client = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    client.set_nonblocking(true)?;
    match client.connect(address) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        Ok(()) => return Err(in_use("another program listens on it")),
        Err(error) => {
            return Err(in_use(&format!(
                "another program may listen on it: {error}"
            )));
        }
    }
    if identity(path)? == found {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn in_use(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, text)
}

/// Returns the path of a listening socket. An abstract name begins with a zero byte.
pub(super) fn path(listener: &UnixListener) -> PathBuf {
    let Ok(address) = listener.local_addr() else {
        return PathBuf::new();
    };
    #[cfg(target_os = "linux")]
    {
        use std::ffi::OsStr;
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::ffi::OsStrExt;
        if let Some(name) = address.as_abstract_name() {
            return OsStr::from_bytes(&[b"\0", name].concat()).into();
        }
    }
    address.as_pathname().unwrap_or(Path::new("")).into()
}

/// Returns the peer of a connection: the user of the process that connected.
pub(super) fn peer(stream: &UnixStream) -> Peer {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Ok(credentials) = rustix::net::sockopt::socket_peercred(stream) {
        return Peer::named(&format!("uid {}", credentials.uid.as_raw()));
    }
    let _ = stream;
    Peer::named("unix")
}

impl Connected for UnixStream {
    fn reset_on_close(&self) {
        // A stream that no longer exists has ended too.
        let _ = self.shutdown(Shutdown::Both);
    }
}
