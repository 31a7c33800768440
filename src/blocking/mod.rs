//! Serving over any stream that can be read and written, for programs with threads or a custom transport.
//!
//! [`ThreadServer`] is a whole server. [`Gateway::serve_stream`](crate::Gateway::serve_stream) serves one connection:
//!
//! ```
//! use bytegate::{Gateway, Request};
//! use bytegate::blocking::Untimed;
//! # use std::io::{self, Cursor, Read, Write};
//! # struct Serial(Cursor<&'static [u8]>, Vec<u8>);
//! # impl Read for Serial { fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> { self.0.read(buffer) } }
//! # impl Write for Serial {
//! #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> { self.1.write(bytes) }
//! #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
//! # }
//! # let mut serial = Serial(Cursor::new(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Vec::new());
//!
//! let gateway = Gateway::new(|_: &Request| "hello\n");
//! gateway.serve_stream(Untimed(&mut serial), bytegate::request::ConnectionInfo::default())?;
//! # assert!(serial.1.ends_with(b"hello\n"));
//! # Ok::<(), std::io::Error>(())
//! ```

// May reach sockets, threads and clocks.

pub(crate) mod advice;
pub(crate) mod blocking_stream;
pub(crate) mod linger;
pub(crate) mod notice;
mod places;
pub(crate) mod proxied;
mod serve_stream;
mod thread_server;
#[cfg(feature = "rustls")]
mod tls_stream;

pub use blocking_stream::{BlockingStream, Untimed};
pub use thread_server::{ThreadOptions, ThreadServer};
#[cfg(feature = "rustls")]
pub use tls_stream::TlsStream;
