//! The input of a session.

use alloc::vec::Vec;

/// The bytes that were received and are not used yet: a slice, or a vector. A turn of a session removes the bytes that it
/// uses from the front. This trait is sealed.
///
/// Removing them moves the rest of a vector, so keep it short: read a few kilobytes at a time.
///
/// ```
/// use bytegate::{Gateway, Now, Request};
/// use bytegate::request::ConnectionInfo;
///
/// let mut session = Gateway::new(|_: &Request| "hello\n").session(ConnectionInfo::default());
/// let mut input = b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET".to_vec();
/// session.turn(&mut input, Now::default());
/// assert_eq!(input, b"GET");
/// ```
pub trait Input: sealed::Sealed {}

pub(super) mod sealed {
    pub trait Sealed {
        /// Runs a turn on the bytes, and removes the ones that it has used.
        fn feed<T>(&mut self, turn: impl FnOnce(&mut &[u8]) -> T) -> T;
    }
}

impl Input for &[u8] {}

impl sealed::Sealed for &[u8] {
    #[inline]
    fn feed<T>(&mut self, turn: impl FnOnce(&mut &[u8]) -> T) -> T {
        turn(self)
    }
}

impl Input for Vec<u8> {}

impl sealed::Sealed for Vec<u8> {
    fn feed<T>(&mut self, turn: impl FnOnce(&mut &[u8]) -> T) -> T {
        let mut rest = &self[..];
        let result = turn(&mut rest);
        let used = self.len() - rest.len();
        self.drain(..used);
        result
    }
}
