//! Servers that fail in scripted ways, to test clients.

use crate::blocking::blocking_stream::BlockingStream;
use std::io::{self, ErrorKind, Read, Write};
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A way in which a server's output goes wrong. It affects one connection, and positions count from its beginning.
///
/// ```
/// use bytegate::testing::{Fault, Pipe};
/// use bytegate::{Gateway, Request};
/// use std::io::{Read, Write};
/// use std::sync::Arc;
///
/// let gateway = Gateway::new(|_: &Request| "hello\n");
/// let mut stream = Pipe::connect_faulty(&gateway, Fault::CutAfter(12));
/// stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
/// let mut output = Vec::new();
/// stream.read_to_end(&mut output)?;
/// assert_eq!(output, b"HTTP/1.1 200");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub enum Fault {
    /// The connection closes after this many bytes.
    CutAfter(usize),
    /// The connection is reset after this many bytes, as when a server is killed. The client has an error instead of the
    /// end. A stream that cannot [reset](BlockingStream::reset_on_close) closes.
    ResetAfter(usize),
    /// Nothing more is sent after this many bytes, but the connection stays open.
    StallAfter(usize),
    /// Nothing is sent for some time after this many bytes, and then the rest.
    Delay {
        /// The position in the output.
        after: usize,
        /// The time.
        time: Duration,
    },
    /// These bytes are inserted after a number of output bytes.
    Garbage {
        /// The position in the output.
        after: usize,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The output is sent in pieces of this many bytes, with pauses between them.
    Drip {
        /// The size of a piece.
        bytes: usize,
        /// The time between two pieces.
        pause: Duration,
    },
    /// The first `Content-Length` states this length instead. If it is too large, the client waits for the rest until
    /// the connection closes, which `Connection: close` in the request brings about.
    ContentLength(u64),
    /// The size of the first chunk is not a number. A first response without chunks is sent unchanged.
    BrokenChunk,
    /// A fault whose position counts from the start of the body: see [`in_body`](Fault::in_body).
    InBody(Box<Fault>),
}

impl Fault {
    /// Counts the position from the start of the body of the first response, after its head. The framing of chunks
    /// counts too.
    ///
    /// ```
    /// use bytegate::testing::{Fault, Pipe};
    /// use bytegate::{Gateway, Request};
    /// use std::io::{Read, Write};
    /// use std::sync::Arc;
    ///
    /// let gateway = Gateway::new(|_: &Request| "hello\n");
    /// let mut stream = Pipe::connect_faulty(&gateway, Fault::CutAfter(2).in_body());
    /// stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
    /// let mut output = Vec::new();
    /// stream.read_to_end(&mut output)?;
    /// assert!(output.ends_with(b"\r\n\r\nhe"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn in_body(self) -> Fault {
        Fault::InBody(Box::new(self))
    }

    /// Moves the position.
    fn after(self, bytes: usize) -> Fault {
        match self {
            Fault::CutAfter(position) => Fault::CutAfter(position.saturating_add(bytes)),
            Fault::ResetAfter(position) => Fault::ResetAfter(position.saturating_add(bytes)),
            Fault::StallAfter(position) => Fault::StallAfter(position.saturating_add(bytes)),
            Fault::Delay { after, time } => Fault::Delay {
                after: after.saturating_add(bytes),
                time,
            },
            Fault::Garbage {
                after,
                bytes: garbage,
            } => Fault::Garbage {
                after: after.saturating_add(bytes),
                bytes: garbage,
            },
            other => other,
        }
    }
}

/// A server's stream whose output goes wrong. It wraps any stream, for example a TCP stream that is served with
/// [`Gateway::serve_stream`](crate::Gateway::serve_stream). `Server::start_faulty` (feature `server`) does this for every connection to a port.
///
/// ```
/// use bytegate::testing::{Fault, Faulty, StreamClient};
/// use bytegate::{Gateway, Method, Request};
/// use std::io::ErrorKind;
/// use std::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut client = StreamClient::new(TcpStream::connect(listener.local_addr()?)?);
/// std::thread::spawn(move || {
///     let (stream, peer) = listener.accept()?;
///     let gateway = Gateway::new(|_: &Request| "hello\n");
///     gateway.serve_stream(Faulty::new(stream, Fault::CutAfter(12)), peer)
/// });
/// client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
/// let error = client.response(Method::GET).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Faulty<S> {
    stream: S,
    fault: Fault,
    /// The number of bytes that the server has written.
    written: usize,
    /// Output that is held back until its head is complete.
    held: Vec<u8>,
    done: bool,
    fired: Arc<AtomicUsize>,
}

impl<S: BlockingStream> Faulty<S> {
    /// Wraps a stream.
    pub fn new(stream: S, fault: Fault) -> Faulty<S> {
        Faulty {
            stream,
            fault,
            written: 0,
            held: Vec::new(),
            done: false,
            fired: Arc::default(),
        }
    }

    /// Like [`new`](Faulty::new), and counts the fault with others.
    #[cfg(feature = "server")]
    pub(super) fn counted(stream: S, fault: Fault, fired: Arc<AtomicUsize>) -> Faulty<S> {
        Faulty {
            fired,
            ..Faulty::new(stream, fault)
        }
    }

    /// Returns the number of faults that have taken effect, which changes.
    pub(super) fn fired(&self) -> Arc<AtomicUsize> {
        self.fired.clone()
    }

    /// Counts the fault, once.
    fn fire(&mut self) {
        if !self.done {
            self.done = true;
            self.fired.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Sends the output before the position of the fault. Returns the rest if the fault is due.
    fn up_to<'b>(&mut self, position: usize, bytes: &'b [u8]) -> io::Result<Option<&'b [u8]>> {
        let (before, rest) = bytes.split_at(position.saturating_sub(self.written).min(bytes.len()));
        self.stream.write_all(before)?;
        self.written += before.len();
        Ok((self.written == position).then_some(rest))
    }

    /// Holds output back until `rewrite` finds its target.
    fn rewrite(
        &mut self,
        bytes: &[u8],
        rewrite: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
    ) -> io::Result<()> {
        if self.done {
            return self.stream.write_all(bytes);
        }
        self.held.extend_from_slice(bytes);
        if let Some(rewritten) = rewrite(&self.held) {
            let held = std::mem::take(&mut self.held);
            if rewritten == held {
                self.done = true
            } else {
                self.fire()
            }
            self.stream.write_all(&rewritten)?;
        }
        Ok(())
    }
}

impl<S: BlockingStream> Read for Faulty<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl<S: BlockingStream> Write for Faulty<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.fault.clone() {
            Fault::InBody(fault) => {
                self.held.extend_from_slice(bytes);
                if let Some(start) = body_start(&self.held) {
                    self.fault = fault.after(start);
                    let held = std::mem::take(&mut self.held);
                    self.write_all(&held)?;
                }
            }
            Fault::ResetAfter(position) => {
                if self.up_to(position, bytes)?.is_some() {
                    self.fire();
                    self.stream.reset_on_close();
                    return Err(ErrorKind::BrokenPipe.into());
                }
            }
            Fault::Delay { after, time } => {
                if self.done {
                    self.stream.write_all(bytes)?
                } else {
                    if let Some(rest) = self.up_to(after, bytes)? {
                        self.stream.flush()?;
                        self.fire();
                        std::thread::sleep(time);
                        self.stream.write_all(rest)?;
                    }
                }
            }
            Fault::CutAfter(position) => {
                if self.up_to(position, bytes)?.is_some() {
                    self.fire();
                    self.stream.end_output()?;
                    return Err(ErrorKind::BrokenPipe.into());
                }
            }
            Fault::StallAfter(position) => {
                if self.up_to(position, bytes)?.is_some() {
                    self.fire();
                }
            }
            Fault::Garbage {
                after,
                bytes: garbage,
            } => {
                if self.done {
                    self.stream.write_all(bytes)?
                } else {
                    if let Some(rest) = self.up_to(after, bytes)? {
                        self.fire();
                        self.stream.write_all(&garbage)?;
                        self.stream.write_all(rest)?;
                    }
                }
            }
            Fault::Drip {
                bytes: piece,
                pause,
            } => {
                self.fire();
                for piece in bytes.chunks(piece.max(1)) {
                    self.stream.write_all(piece)?;
                    self.stream.flush()?;
                    std::thread::sleep(pause);
                }
            }
            Fault::ContentLength(length) => {
                self.rewrite(bytes, |held| with_length(held, length))?;
            }
            Fault::BrokenChunk => self.rewrite(bytes, with_broken_chunk)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl<S: BlockingStream> BlockingStream for Faulty<S> {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_timeout(timeout)
    }

    fn end_output(&mut self) -> io::Result<()> {
        // Output that was not rewritten is sent unchanged.
        let held = std::mem::take(&mut self.held);
        self.stream.write_all(&held)?;
        match (&self.fault, self.done) {
            // The server is done, but the client must not notice.
            (Fault::StallAfter(_), true) => {
                let mut ignored = [0; 1024];
                self.stream.set_timeout(None)?;
                while self.stream.read(&mut ignored)? > 0 {}
                Ok(())
            }
            _ => self.stream.end_output(),
        }
    }

    fn reset_on_close(&mut self) {
        self.stream.reset_on_close();
    }
}

/// Replaces the value of `Content-Length`, once the head is complete.
fn with_length(output: &[u8], length: u64) -> Option<Vec<u8>> {
    let end = find(output, b"\r\n\r\n")?;
    let (head, rest) = output.split_at(end);
    let Some(start) = find(head, b"Content-Length: ") else {
        return Some(output.to_vec());
    };
    let (before, header) = head.split_at(start);
    let after = find(header, b"\r\n").map_or(&b""[..], |end| &header[end..]);
    let header = format!("Content-Length: {length}");
    Some([before, header.as_bytes(), after, rest].concat())
}

/// Replaces the size of the first chunk, once it has arrived. A response without chunks is sent unchanged.
fn with_broken_chunk(output: &[u8]) -> Option<Vec<u8>> {
    let start = find(output, b"\r\n\r\n")? + 4;
    let (head, body) = output.split_at(start);
    // Checked first: a body without chunks may have no line end to wait for.
    if find(head, b"Transfer-Encoding: chunked").is_none() {
        return Some(output.to_vec());
    }
    let size = find(body, b"\r\n")?;
    Some([head, b"zz", &body[size..]].concat())
}

/// Returns where the body of the first response begins that is not interim, once its head is complete.
fn body_start(output: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let rest = output.get(start..)?;
        let end = start + find(rest, b"\r\n\r\n")? + 4;
        if !rest.starts_with(b"HTTP/1.1 1") {
            return Some(end);
        }
        start = end;
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
