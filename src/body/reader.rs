//! Bodies that are read from a file or another reader while they are sent.

use super::body::Body;
use super::body_error::BodyError;
use crate::files::rest_of_file::rest_of_file;
use bytes::Bytes;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::prelude::rust_2024::*;

/// The size of the blocks that are read and sent.
const BLOCK_BYTES: usize = 64 * 1024;

impl Body {
    /// Creates a body from a reader, with its length if it is known (feature `std`). Up to 64 KiB are read at once,
    /// after the previous block has been written.
    ///
    /// At most the stated length is read. If the reader fails or ends early, the connection is cut off, so the client
    /// can tell that the body is incomplete.
    ///
    /// The reader is called on the thread that serves the connection. Read from one that can block for long, such as a
    /// socket or a pipe, on a separate thread that writes to a [`channel`](Body::channel).
    ///
    /// ```
    /// use bytegate::{Body, Gateway, Request, Response};
    ///
    /// let gateway = Gateway::new(|_: &Request| {
    ///     let reader = std::io::Cursor::new("hello");
    ///     Response::text(Body::from_reader(reader, Some(5)))
    /// });
    /// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(b"Content-Length: 5\r\n\r\nhello"));
    /// ```
    pub fn from_reader(reader: impl Read + Send + 'static, length: Option<u64>) -> Body {
        let blocks = ReaderBlocks {
            reader: Some(reader),
            remaining: length,
        };
        Body::try_from_iterator(length, blocks)
    }

    /// Creates a body from an open file, from its current position to its end (feature `std`). The length is fixed now:
    /// if the file grows, the rest is not sent, and if it shrinks, the connection is cut off.
    ///
    /// ```
    /// use bytegate::Body;
    /// use std::fs::File;
    ///
    /// let body = Body::file(File::open("Cargo.toml")?)?;
    /// assert_eq!(body.length(), Some(std::fs::metadata("Cargo.toml")?.len()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the length cannot be read, or if this is not a regular file, but a folder, a pipe or a
    /// device. Use [`from_reader`](Body::from_reader) for pipes and devices.
    pub fn file(mut file: File) -> io::Result<Body> {
        let length = rest_of_file(&mut file)?;
        Ok(Body::from_reader(file, Some(length)))
    }
}

struct ReaderBlocks<R> {
    /// `None` once it has ended or failed.
    reader: Option<R>,
    remaining: Option<u64>,
}

impl<R: Read> ReaderBlocks<R> {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let remaining = self.remaining.unwrap_or(u64::MAX);
        let length = usize::try_from(remaining).map_or(BLOCK_BYTES, |it| it.min(BLOCK_BYTES));
        let mut block = vec![0; length];
        let Some(reader) = self.reader.as_mut().filter(|_| length > 0) else {
            return Ok(Vec::new());
        };
        let count = loop {
            match reader.read(&mut block) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        block.truncate(count);
        if let Some(remaining) = &mut self.remaining {
            *remaining -= block.len() as u64;
        }
        Ok(block)
    }
}

impl<R: Read> Iterator for ReaderBlocks<R> {
    type Item = Result<Bytes, BodyError>;

    fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        let block = match self.read() {
            Ok(block) if !block.is_empty() => return Some(Ok(block.into())),
            Ok(_) => None,
            Err(_) => Some(Err(BodyError)),
        };
        self.reader = None;
        block
    }
}
