//! A client over any blocking stream.

use super::reader::{Framing, Reader, read_responses};
use super::response::ClientResponse;
use super::wire_error::WireError;
use crate::blocking::blocking_stream::BlockingStream;
use crate::values::method::Method;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::prelude::rust_2024::*;
use std::time::Duration;

/// The timeout of each read and each write over TCP.
const DEADLINE: Duration = Duration::from_secs(10);

/// A client over any blocking stream, such as a socket or a [`Pipe`](super::Pipe), that reads responses as strictly as
/// [`Client`](super::Client). It sends any bytes, so it can also send half a request.
///
/// ```
/// use bytegate::testing::{Pipe, StreamClient};
/// use bytegate::{Gateway, Method, Request};
/// use std::sync::Arc;
///
/// let gateway = Gateway::new(|request: &Request| request.path().to_string());
/// let mut client = StreamClient::new(Pipe::connect(&gateway));
/// assert_eq!(client.get("/a")?.text(), "/a");
///
/// client.send("GET /b HTTP/1.1\r\nHo")?;
/// client.send("st: x\r\n\r\n")?;
/// assert_eq!(client.response(Method::GET)?.text(), "/b");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct StreamClient<S> {
    stream: S,
    /// Bytes that were read beyond the last response.
    input: Vec<u8>,
}

impl StreamClient<TcpStream> {
    /// Connects to a server over TCP. Each read and each write fails if it takes longer than ten seconds; set other
    /// timeouts on the [stream](StreamClient::stream). Every write is sent at once.
    ///
    /// # Errors
    /// Returns the system's error, for example if no server listens on this address.
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<StreamClient<TcpStream>> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        stream.set_nodelay(true)?;
        Ok(StreamClient::new(stream))
    }
}

impl<S: Read + Write> StreamClient<S> {
    /// Creates a client, with the timeouts of the stream.
    pub fn new(stream: S) -> StreamClient<S> {
        StreamClient {
            stream,
            input: Vec::new(),
        }
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// Returns the errors of the stream.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())?;
        self.stream.flush()
    }

    /// Sends a GET for the host `localhost` and reads its response. The target is sent as it is.
    ///
    /// # Errors
    /// Returns the errors of [`send`](StreamClient::send) and [`response`](StreamClient::response).
    pub fn get(&mut self, target: &str) -> io::Result<ClientResponse> {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"))?;
        self.response(Method::GET)
    }

    /// Closes the sending side. Responses can still be read.
    ///
    /// # Errors
    /// Returns the errors of the stream.
    pub fn end_input(&mut self) -> io::Result<()>
    where
        S: BlockingStream,
    {
        self.stream.end_output()
    }

    /// Reads the response to a request with this method. Interim responses are kept with it. Bytes after it are left to
    /// be read.
    ///
    /// # Errors
    /// - [`InvalidData`](ErrorKind::InvalidData) with a [`WireError`] if the response breaks a rule of HTTP.
    /// - [`UnexpectedEof`](ErrorKind::UnexpectedEof) if the stream ends first.
    /// - The errors of the stream. Bytes that have arrived are kept, and the call can be repeated.
    pub fn response(&mut self, method: Method) -> io::Result<ClientResponse> {
        self.read_with(|reader, has_ended| {
            if has_ended {
                reader.response(method)
            } else {
                complete(reader, method)
            }
        })
    }

    /// Reads the head of the response to a request with this method. The body is left to be read from the wire, with
    /// its framing: piece by piece, or not to the end.
    ///
    /// ```
    /// use bytegate::testing::{Pipe, StreamClient};
    /// use bytegate::{Body, Gateway, Method, Request, Response};
    /// use std::io::Read;
    /// use std::sync::Arc;
    ///
    /// let endless = |_: &Request| Response::text(Body::from_iterator(std::iter::repeat("tick\n")));
    /// let mut client = StreamClient::new(Pipe::connect(&Gateway::new(endless)));
    /// client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
    /// assert_eq!(client.response_head(Method::GET)?.status(), 200);
    /// let mut block = [0; 10];
    /// client.read_exact(&mut block)?;
    /// assert_eq!(&block, b"5\r\ntick\n\r\n");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`response`](StreamClient::response).
    pub fn response_head(&mut self, method: Method) -> io::Result<ClientResponse> {
        self.read_with(|reader, _| reader.response_head(method).map(|(head, _)| head))
    }

    /// Reads the responses up to the end of the stream: one for each method, as
    /// [`read_responses`](super::read_responses) does.
    ///
    /// ```
    /// use bytegate::testing::{Pipe, StreamClient};
    /// use bytegate::{Gateway, Method, Request};
    /// use std::sync::Arc;
    ///
    /// let gateway = Gateway::new(|request: &Request| request.path().to_string());
    /// let mut client = StreamClient::new(Pipe::connect(&gateway));
    /// client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\n")?;
    /// client.end_input()?;
    /// let responses = client.last_responses(&[Method::GET, Method::HEAD])?;
    /// assert_eq!(responses[0].text(), "/a");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// - [`InvalidData`](ErrorKind::InvalidData) with a [`WireError`] if a response is missing, ends too early or breaks a
    ///   rule of HTTP, or if anything follows the last one.
    /// - The errors of the stream.
    pub fn last_responses(&mut self, methods: &[Method]) -> io::Result<Vec<ClientResponse>> {
        let mut output = Vec::new();
        self.read_to_end(&mut output)?;
        read_responses(&output, methods)
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }

    /// Returns the stream.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Returns the stream of a client that has read nothing.
    #[cfg(all(feature = "server", feature = "self-signed"))]
    pub(super) fn into_stream(self) -> S {
        self.stream
    }

    /// Reads more until it is enough, or until a rule is broken. `read` also receives whether the stream has ended.
    fn read_with<T>(
        &mut self,
        read: impl Fn(&mut Reader<'_>, bool) -> Result<T, WireError>,
    ) -> io::Result<T> {
        let mut has_ended = false;
        loop {
            let mut reader = Reader::new(&self.input);
            match read(&mut reader, has_ended) {
                Ok(done) => {
                    let used = reader.at;
                    self.input.drain(..used);
                    return Ok(done);
                }
                Err(error) if !error.is_incomplete() => {
                    return Err(io::Error::new(ErrorKind::InvalidData, error));
                }
                Err(error) if has_ended => {
                    self.input.clear();
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, error));
                }
                Err(_) => has_ended = !self.read_more()?,
            }
        }
    }

    /// Reads more, and returns whether anything arrived.
    fn read_more(&mut self) -> io::Result<bool> {
        let mut block = [0; 4096];
        let count = loop {
            match self.stream.read(&mut block) {
                // A signal does not end the read, as in `Read::read_exact`.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                count => break count?,
            }
        };
        self.input
            .extend_from_slice(block.get(..count).unwrap_or_default());
        Ok(count > 0)
    }
}

/// Reads the bytes after the responses that were read.
impl<S: Read> Read for StreamClient<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            return self.stream.read(buffer);
        }
        let count = self.input.as_slice().read(buffer)?;
        self.input.drain(..count);
        Ok(count)
    }
}

/// Reads a response whose end can be detected before the end of the stream.
fn complete(reader: &mut Reader<'_>, method: Method) -> Result<ClientResponse, WireError> {
    let start = reader.at;
    let (_, framing) = reader.response_head(method)?;
    if framing == Framing::UntilClose {
        return Err(reader.incomplete("a body without a length ends with the stream"));
    }
    reader.at = start;
    reader.response(method)
}
