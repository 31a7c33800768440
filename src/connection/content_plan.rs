//! What a caller plans for the content of a request.

/// What to do with the content of a request: buffer it or stream it.
///
/// ```
/// use bytegate::Now;
/// use bytegate::config::Config;
/// use bytegate::connection::{Connection, ContentPlan, Step};
/// use bytegate::request::Scheme;
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// let mut input = &b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"[..];
/// assert!(matches!(connection.step(&mut input, Now::default()), Step::Admit(_)));
/// connection.admit(ContentPlan::HandOn(1024))?;
/// assert!(matches!(connection.step(&mut input, Now::default()), Step::Content(b"hello")));
/// # Ok::<(), bytegate::connection::OutOfTurn>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentPlan {
    /// Buffer the content, up to [`Limits::content_bytes`](crate::config::Limits::content_bytes).
    Gather,
    /// Buffer the content, up to the given number of bytes.
    GatherUpTo(u64),
    /// Stream the content with [`Step::Content`](crate::connection::Step::Content), up to the given number of bytes.
    HandOn(u64),
}
