//! Handing the sockets of a server over to a new process. Unix only.

use super::listener::Listener;
use super::socket::Socket;
use super::unix::SocketFile;
use core::mem::MaybeUninit;
use core::time::Duration;
use rustix::cmsg_space;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, getsockname, recvmsg, sendmsg,
};
use std::env;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::prelude::rust_2024::*;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

/// The environment variable that tells a process which socket of its predecessor its standard input is. Processes that it starts
/// inherit the variable, but not the socket.
const VARIABLE: &str = "BYTEGATE_TAKEOVER";
/// The number of bytes before a name: the kind of the message, and the length of the name.
const HEADER_BYTES: usize = 3;
const READY: [u8; 5] = *b"ready";
/// The time after which a wait for the new process looks whether it is cancelled.
const PAUSE: Duration = Duration::from_millis(100);

/// The sockets of a server, for a new process that takes them over, such as a new version of the program (Unix only). No
/// connection is refused: both processes have the sockets, and the old one stops only when the new one is ready.
///
/// The old process names its listeners, and starts the new process, which takes them by name instead of opening them.
///
/// ```no_run
/// use bytegate::net::{self, Predecessor, Takeover};
/// use bytegate::{Gateway, Site};
/// use std::process::Command;
/// use std::time::Duration;
///
/// let mut predecessor = Predecessor::from_environment()?;
/// let passed = predecessor.as_mut().and_then(|it| it.take("web"));
/// let listener = match passed {
///     Some(listener) => listener,
///     None => net::listen("0.0.0.0:80".parse().unwrap())?.into(),
/// };
/// let takeover = Takeover::new().with("web", &listener);
/// let (stop, stopped) = smol::channel::bounded::<()>(1);
/// std::thread::spawn(move || {
///     // After a signal, for example:
///     let mut program = Command::new("/usr/local/bin/my-server");
///     match takeover.start(&mut program, Duration::from_secs(60)) {
///         Ok(_) => drop(stop),
///         Err(error) => eprintln!("serving as before: {error}"),
///     }
/// });
/// if let Some(predecessor) = predecessor {
///     predecessor.release()?;
/// }
/// let stopped = async move { stopped.recv().await.unwrap_or_default() };
/// let gateway = Gateway::new(Site::new());
/// smol::block_on(net::serve(listener, gateway, net::Options::default(), stopped))?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Takeover {
    sockets: Vec<Passed>,
    is_cancelled: Arc<AtomicBool>,
}

/// A socket of a server, as long as the server keeps it open.
#[derive(Clone)]
struct Passed {
    name: String,
    socket: Shared,
    /// Whether this process removes the file of the socket.
    owns_file: Option<Arc<AtomicBool>>,
}

#[derive(Clone)]
enum Shared {
    Tcp(Weak<TcpListener>),
    Unix(Weak<UnixListener>),
}

impl Takeover {
    /// Creates a takeover without sockets.
    pub fn new() -> Takeover {
        Takeover::default()
    }

    /// Adds the sockets of a listener under a name. This does not keep them open: they can be passed only while a server uses the
    /// listener.
    ///
    /// # Panics
    /// Panics if the name has more than 65,535 bytes.
    pub fn with(mut self, name: &str, listener: &Listener) -> Takeover {
        assert!(u16::try_from(name.len()).is_ok(), "the name is too long");
        self.sockets.extend(listener.sockets().iter().map(|socket| {
            let (socket, owns_file) = match socket {
                Socket::Tcp(listener) => (Shared::Tcp(Arc::downgrade(listener)), None),
                Socket::Unix(listener, file) => {
                    let owns_file = file.as_ref().map(|file| file.is_mine.clone());
                    (Shared::Unix(Arc::downgrade(listener)), owns_file)
                }
            };
            Passed {
                name: name.to_string(),
                socket,
                owns_file,
            }
        }));
        self
    }

    /// Starts a process, passes the sockets through its standard input, and waits until it calls [`Predecessor::release`].
    /// Returns the process ID. Then stop the server, which completes its requests. The files of Unix sockets now belong to the
    /// new process.
    ///
    /// This function blocks: call it on a separate thread.
    ///
    /// # Errors
    /// Returns an error if the process does not start, if it ends before it is ready, if it is not ready within `timeout`, or if
    /// the takeover is [cancelled](Takeover::cancel). It is then killed, and this process continues to serve.
    pub fn start(&self, command: &mut Command, timeout: Duration) -> io::Result<u32> {
        if self.is_cancelled() {
            return Err(io::Error::other("this process is told to stop"));
        }
        let (mut stream, theirs) = UnixStream::pair()?;
        command.env(VARIABLE, identity(&theirs)?);
        command.stdin(Stdio::from(OwnedFd::from(theirs)));
        let mut child = command.spawn()?;
        // A copy in the command would keep the stream open.
        command.stdin(Stdio::null());
        let end = Instant::now() + timeout;
        let is_ready = self
            .send(&stream)
            .and_then(|()| self.wait(&mut stream, end));
        if let Err(error) = is_ready {
            let _ = child.kill();
            // If it was killed, it has no exit code.
            let ended = child.wait()?;
            let reason = match (ended.code(), error.kind()) {
                _ if self.is_cancelled() => "this process is told to stop".to_string(),
                (Some(_), _) => format!("it ended with {ended}"),
                (None, ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    format!("it was not ready after {timeout:?}")
                }
                (None, ErrorKind::UnexpectedEof) => "it ended before it was ready".to_string(),
                (None, _) => format!("it cannot get the sockets: {error}"),
            };
            return Err(io::Error::new(error.kind(), reason));
        }
        for passed in &self.sockets {
            if let Some(owns_file) = &passed.owns_file {
                owns_file.store(false, Ordering::SeqCst);
            }
        }
        Ok(child.id())
    }

    /// Has a [`start`](Takeover::start) that is in progress fail within a tenth of a second, and each later one at once. Clones
    /// share this. Call it when the server is told to stop. Otherwise, the new process would serve in its place.
    ///
    /// ```
    /// use bytegate::net::Takeover;
    /// use std::process::Command;
    /// use std::time::Duration;
    ///
    /// let takeover = Takeover::new();
    /// takeover.cancel();
    /// assert!(takeover.start(&mut Command::new("sleep"), Duration::from_secs(60)).is_err());
    /// ```
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::SeqCst);
    }

    fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::SeqCst)
    }

    /// Waits until the new process is ready.
    fn wait(&self, stream: &mut UnixStream, end: Instant) -> io::Result<()> {
        let mut received = Vec::new();
        while received != READY {
            let left = end.saturating_duration_since(Instant::now());
            if self.is_cancelled() || left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            stream.set_read_timeout(Some(left.min(PAUSE)))?;
            let mut byte = [0];
            match stream.read(&mut byte) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => received.extend(byte),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn send(&self, stream: &UnixStream) -> io::Result<()> {
        for passed in &self.sockets {
            let is_owner = passed
                .owns_file
                .as_ref()
                .is_some_and(|it| it.load(Ordering::SeqCst));
            let kind = if is_owner { b'f' } else { b's' };
            let closed = || io::Error::other("the server has stopped");
            match &passed.socket {
                Shared::Tcp(socket) => {
                    let socket = socket.upgrade().ok_or_else(closed)?;
                    send(stream, kind, &passed.name, &[socket.as_fd()])?;
                }
                Shared::Unix(socket) => {
                    let socket = socket.upgrade().ok_or_else(closed)?;
                    send(stream, kind, &passed.name, &[socket.as_fd()])?;
                }
            }
        }
        send(stream, b'e', "", &[])
    }
}

fn send(stream: &UnixStream, kind: u8, name: &str, files: &[BorrowedFd<'_>]) -> io::Result<()> {
    let [high, low] = u16::try_from(name.len()).unwrap_or_default().to_be_bytes();
    let bytes = [&[kind, high, low], name.as_bytes()].concat();
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !files.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(files));
    }
    let sent = sendmsg(
        stream,
        &[IoSlice::new(&bytes)],
        &mut control,
        SendFlags::NOSIGNAL,
    )?;
    let mut stream = stream;
    stream.write_all(bytes.get(sent..).unwrap_or_default())
}

/// Returns a text that identifies an open socket: no other one has the same number.
fn identity(socket: impl AsFd) -> io::Result<String> {
    let socket = File::from(socket.as_fd().try_clone_to_owned()?);
    let metadata = socket.metadata()?;
    Ok(format!("{}:{}", metadata.dev(), metadata.ino()))
}

/// The process whose sockets this process takes over: see [`Takeover`].
///
/// ```
/// use bytegate::net::Predecessor;
///
/// // No predecessor started this process.
/// assert!(Predecessor::from_environment()?.is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the predecessor waits until it is released"]
pub struct Predecessor {
    stream: UnixStream,
    sockets: Vec<(String, Socket)>,
    /// The files of Unix sockets that this process owns after the release.
    files: Vec<Arc<AtomicBool>>,
}

impl Predecessor {
    /// Receives the sockets from the process that started this one with [`Takeover::start`]. Returns `None` if this process was
    /// started in another way, or if this function has been called before. Then, standard input is empty.
    ///
    /// # Errors
    /// Returns an error if the sockets cannot be received.
    pub fn from_environment() -> io::Result<Option<Predecessor>> {
        static IS_TAKEN: AtomicBool = AtomicBool::new(false);
        let is_passed = env::var(VARIABLE).ok().is_some_and(|expected| {
            let found = identity(io::stdin());
            found.is_ok_and(|found| found == expected)
        });
        if !is_passed || IS_TAKEN.swap(true, Ordering::SeqCst) {
            return Ok(None);
        }
        let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        // Child processes must not keep it open.
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        let mut predecessor = Predecessor {
            stream,
            sockets: Vec::new(),
            files: Vec::new(),
        };
        while predecessor.receive()? {}
        Ok(Some(predecessor))
    }

    /// Receives a socket. Returns `false` at the end.
    fn receive(&mut self) -> io::Result<bool> {
        let mut header = [0; HEADER_BYTES];
        let mut file = None;
        {
            let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let mut slices = [IoSliceMut::new(&mut header)];
            let flags = RecvFlags::CMSG_CLOEXEC;
            let received = recvmsg(&self.stream, &mut slices, &mut control, flags)?;
            for message in control.drain() {
                if let RecvAncillaryMessage::ScmRights(files) = message {
                    file = files.last().or(file);
                }
            }
            if received.bytes != HEADER_BYTES {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        let [kind, high, low] = header;
        let mut name = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        self.stream.read_exact(&mut name)?;
        let Some(file) = file.filter(|_| kind != b'e') else {
            return Ok(false);
        };
        let name = String::from_utf8_lossy(&name).into_owned();
        let socket = if getsockname(&file)?.address_family() == AddressFamily::UNIX {
            let listener = UnixListener::from(file);
            let path = super::unix::path(&listener);
            let file = self.file(&path, kind)?;
            Socket::Unix(listener.into(), file)
        } else {
            Socket::Tcp(TcpListener::from(file).into())
        };
        self.sockets.push((name, socket));
        Ok(true)
    }

    /// Returns the file of a socket, if the predecessor owns it.
    fn file(&mut self, path: &Path, kind: u8) -> io::Result<Option<SocketFile>> {
        if kind != b'f' {
            return Ok(None);
        }
        let file = SocketFile::at(path)?;
        // The predecessor owns the file until this process is ready.
        file.is_mine.store(false, Ordering::SeqCst);
        self.files.push(file.is_mine.clone());
        Ok(Some(file))
    }

    /// Takes the sockets with a name. Returns `None` if the predecessor passed none with this name, or if they have been taken.
    pub fn take(&mut self, name: &str) -> Option<Listener> {
        let sockets = std::mem::take(&mut self.sockets).into_iter();
        let (taken, others): (Vec<_>, Vec<_>) = sockets.partition(|(it, _)| it == name);
        self.sockets = others;
        let taken = taken.into_iter().map(|(_, socket)| Listener::from(socket));
        Some(taken).filter(|it| it.len() > 0).map(Iterator::collect)
    }

    /// Tells the predecessor to stop, because this process is ready. Sockets that were not taken are closed.
    ///
    /// # Errors
    /// Returns an error if the predecessor has ended or has stopped waiting. In the second case, it continues to serve on the
    /// same sockets.
    pub fn release(mut self) -> io::Result<()> {
        for is_mine in &self.files {
            is_mine.store(true, Ordering::SeqCst);
        }
        self.stream.write_all(&READY)
    }
}

impl fmt::Debug for Takeover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.sockets.iter().map(|it| &it.name);
        f.debug_list().entries(names).finish()
    }
}

impl fmt::Debug for Predecessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.sockets.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}
