//! Streams that block.

use crate::values::tls_info::TlsInfo;
use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::prelude::rust_2024::*;
use std::sync::Arc;

/// A blocking stream, with timeouts if it supports them. Sockets do. [`Untimed`] wraps any other stream.
///
/// ```
/// use bytegate::blocking::BlockingStream;
/// use std::io::{self, Read, Write};
/// use std::net::{Shutdown, TcpStream};
/// use std::time::Duration;
///
/// /// A TCP stream that counts the bytes it reads.
/// struct Counted(TcpStream, u64);
///
/// impl Read for Counted {
///     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
///         let count = self.0.read(buffer)?;
///         self.1 += count as u64;
///         Ok(count)
///     }
/// }
///
/// impl Write for Counted {
///     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
///         self.0.write(bytes)
///     }
///
///     fn flush(&mut self) -> io::Result<()> {
///         self.0.flush()
///     }
/// }
///
/// impl BlockingStream for Counted {
///     fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
///         BlockingStream::set_timeout(&mut self.0, timeout)
///     }
///
///     fn end_output(&mut self) -> io::Result<()> {
///         self.0.shutdown(Shutdown::Write)
///     }
/// }
/// ```
pub trait BlockingStream: Read + Write {
    /// Makes reads and writes fail with [`ErrorKind::WouldBlock`] or [`ErrorKind::TimedOut`] after the given time.
    /// `None` means never.
    ///
    /// # Errors
    /// Returns the system's error.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Makes reads and writes wait, if the stream is set to return [`ErrorKind::WouldBlock`] at once. A stream that a
    /// listener accepted may be, on some systems. This is called once, before the first read. The default does nothing:
    /// wrappers should call the method of the stream that they wrap.
    ///
    /// # Errors
    /// Returns the system's error.
    fn set_blocking(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Closes the writing side. The peer can still read all written bytes.
    ///
    /// # Errors
    /// Returns the system's error.
    fn end_output(&mut self) -> io::Result<()>;

    /// Makes closing the stream look like a failure to the peer. This is called for an incomplete response that the
    /// peer could otherwise mistake for a complete one. The default does nothing. For a `TcpStream`, closing resets the
    /// connection if the feature `server` is on: the standard library cannot do this.
    fn reset_on_close(&mut self) {}

    /// Returns the TLS of the stream, once the first plaintext was read. The scheme of the requests is then `https`. The
    /// default is a stream without TLS.
    fn tls(&self) -> Option<Arc<TlsInfo>> {
        None
    }
}

impl BlockingStream for &TcpStream {
    fn set_blocking(&mut self) -> io::Result<()> {
        self.set_nonblocking(false)
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }

    fn end_output(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    #[cfg(feature = "server")]
    fn reset_on_close(&mut self) {
        let _ = socket2::SockRef::from(*self).set_linger(Some(Duration::ZERO));
    }
}

impl BlockingStream for TcpStream {
    fn set_blocking(&mut self) -> io::Result<()> {
        (&*self).set_blocking()
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        (&*self).set_timeout(timeout)
    }

    fn end_output(&mut self) -> io::Result<()> {
        (&*self).end_output()
    }

    fn reset_on_close(&mut self) {
        (&*self).reset_on_close();
    }
}

#[cfg(unix)]
impl BlockingStream for std::os::unix::net::UnixStream {
    fn set_blocking(&mut self) -> io::Result<()> {
        self.set_nonblocking(false)
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }

    fn end_output(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// A wrapper for any stream, without timeouts. The caller is responsible for ending slow connections.
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::blocking::Untimed;
/// use bytegate::request::ConnectionInfo;
/// # use std::io::{self, Read, Write};
/// # struct Serial(io::Cursor<Vec<u8>>, Vec<u8>);
/// # impl Read for Serial {
/// #     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> { self.0.read(buffer) }
/// # }
/// # impl Write for Serial {
/// #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> { self.1.write(bytes) }
/// #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
/// # }
/// # let mut serial_line = Serial(io::Cursor::new(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()), Vec::new());
/// let gateway = Gateway::new(|_: &Request| "hello\n");
/// gateway.serve_stream(Untimed(&mut serial_line), ConnectionInfo::default())?;
/// # assert!(serial_line.1.ends_with(b"hello\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Untimed<S>(pub S);

impl<S: Read> Read for Untimed<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Write> Write for Untimed<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: Read + Write> BlockingStream for Untimed<S> {
    fn set_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    /// Not supported. The peer sees the end when the stream is closed.
    fn end_output(&mut self) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}
