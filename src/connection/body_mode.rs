//! How a caller receives a request body.

/// How to receive a request body: buffered or streamed.
///
/// ```
/// use bytegate::Now;
/// use bytegate::config::Config;
/// use bytegate::connection::{Connection, BodyMode, Step};
/// use bytegate::request::Scheme;
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// let mut input = &b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"[..];
/// assert!(matches!(connection.step(&mut input, Now::default()), Step::Admit(_)));
/// connection.admit(BodyMode::Stream(1024))?;
/// assert!(matches!(connection.step(&mut input, Now::default()), Step::Data(b"hello")));
/// # Ok::<(), bytegate::connection::OutOfTurn>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyMode {
    /// Buffer the body, up to [`Limits::body_bytes`](crate::config::Limits::body_bytes).
    Buffer,
    /// Buffer the body, up to the given number of bytes.
    BufferUpTo(u64),
    /// Stream the body with [`Step::Data`](crate::connection::Step::Data), up to the given number of bytes.
    Stream(u64),
}
