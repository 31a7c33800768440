//! Servers that fail in scripted ways, to test clients.

use super::pipe::{Pipe, pipe, serve};
use crate::blocking::blocking_stream::BlockingStream;
use crate::gateway::Gateway;
use std::io::{self, ErrorKind, Read, Write};
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::time::Duration;

/// A way in which a server's output goes wrong. It affects one connection, and positions count from its beginning.
///
/// ```
/// use bytegate::testing::{Fault, open_faulty};
/// use bytegate::{Gateway, Request};
/// use std::io::{Read, Write};
/// use std::sync::Arc;
///
/// let gateway = Arc::new(Gateway::new(|_: &Request<'_>| "hello\n"));
/// let mut stream = open_faulty(&gateway, Fault::CutAfter(12));
/// stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
/// let mut output = Vec::new();
/// stream.read_to_end(&mut output)?;
/// assert_eq!(output, b"HTTP/1.1 200");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection closes after this many bytes.
    CutAfter(usize),
    /// Nothing more is sent after this many bytes, but the connection stays open.
    StallAfter(usize),
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
}

/// Like [`open`](super::open), with a server whose output goes wrong.
///
/// ```
/// use bytegate::testing::{Fault, StreamClient, open_faulty};
/// use bytegate::{Gateway, Method, Request};
/// use std::io::ErrorKind;
/// use std::sync::Arc;
///
/// let gateway = Arc::new(Gateway::new(|_: &Request<'_>| "hello\n"));
/// let garbage = Fault::Garbage { after: 0, bytes: b"\0".to_vec() };
/// let mut client = StreamClient::new(open_faulty(&gateway, garbage));
/// client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
/// let error = client.response(Method::GET).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidData);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn open_faulty(gateway: &Arc<Gateway>, fault: Fault) -> Pipe {
    let (client, server) = pipe();
    serve(gateway, Faulty::new(server, fault));
    client
}

/// A server's stream whose output goes wrong. It wraps any stream, for example a TCP stream that is served with
/// [`Gateway::serve_stream`]. `Server::with_faults` (feature `server`) does this for every connection to a port.
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
///     let gateway = Gateway::new(|_: &Request<'_>| "hello\n");
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
            self.done = true;
            self.held.clear();
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
            Fault::CutAfter(position) => {
                if self.up_to(position, bytes)?.is_some() {
                    self.stream.end_output()?;
                    return Err(ErrorKind::BrokenPipe.into());
                }
            }
            Fault::StallAfter(position) => {
                if self.up_to(position, bytes)?.is_some() {
                    self.done = true;
                }
            }
            Fault::Garbage {
                after,
                bytes: garbage,
            } => match self.done {
                true => self.stream.write_all(bytes)?,
                false => {
                    if let Some(rest) = self.up_to(after, bytes)? {
                        self.done = true;
                        self.stream.write_all(&garbage)?;
                        self.stream.write_all(rest)?;
                    }
                }
            },
            Fault::Drip {
                bytes: piece,
                pause,
            } => {
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
    let (before, field) = head.split_at(start);
    let after = find(field, b"\r\n").map_or(&b""[..], |end| &field[end..]);
    let field = format!("Content-Length: {length}");
    Some([before, field.as_bytes(), after, rest].concat())
}

/// Replaces the size of the first chunk, once it has arrived. A response without chunks is sent unchanged.
fn with_broken_chunk(output: &[u8]) -> Option<Vec<u8>> {
    let start = find(output, b"\r\n\r\n")? + 4;
    let (head, content) = output.split_at(start);
    // Checked first: a body without chunks may have no line end to wait for.
    if find(head, b"Transfer-Encoding: chunked").is_none() {
        return Some(output.to_vec());
    }
    let size = find(content, b"\r\n")?;
    Some([head, b"zz", &content[size..]].concat())
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
