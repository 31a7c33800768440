//! Sockets of the system as transports: TCP, and Unix sockets.

use super::transport::{End, Transport};
use crate::files::file_range::FileRest;
use core::task::{Context, Poll};
use smol::Async;
use socket2::SockRef;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::prelude::rust_2024::*;
use std::time::Duration;

/// A connected socket of the system.
pub(super) trait Connected: Send + Sync + 'static {
    /// Makes closing reset the connection, or does what is nearest to that for this kind of socket.
    fn reset_on_close(&self);
}

impl Connected for TcpStream {
    fn reset_on_close(&self) {
        let _ = SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

impl<S: Connected> End for Async<S>
where
    for<'s> SockRef<'s>: From<&'s S>,
{
    fn end_input(&self) {
        // A stream that no longer exists has ended too.
        let _ = SockRef::from(self.get_ref()).shutdown(Shutdown::Read);
    }

    fn end(&self) {
        let _ = SockRef::from(self.get_ref()).shutdown(Shutdown::Both);
    }
}

impl<S: Connected> Transport for Async<S>
where
    for<'s> SockRef<'s>: From<&'s S>,
    for<'s> &'s S: Read + Write,
{
    type Wire = Self;

    fn wire(&self) -> &Self {
        self
    }

    const SENDS_FILES: bool = cfg!(target_os = "linux");

    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Async::poll_readable(self, context)
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Async::poll_writable(self, context)
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut socket = self.get_ref();
        socket.read(buffer)
    }

    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut socket = self.get_ref();
        match pieces {
            // Costs the system less than a list of one.
            [piece] => socket.write(piece),
            pieces => socket.write_vectored(pieces),
        }
    }

    #[cfg(target_os = "linux")]
    fn try_send_file(&self, file: FileRest<'_>) -> io::Result<usize> {
        let (socket, mut position) = (SockRef::from(self.get_ref()), file.position);
        let sent = rustix::fs::sendfile(&*socket, file.file, Some(&mut position), file.length);
        Ok(sent?)
    }

    #[cfg(not(target_os = "linux"))]
    fn try_send_file(&self, _: FileRest<'_>) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn end_output(&self) -> io::Result<()> {
        SockRef::from(self.get_ref()).shutdown(Shutdown::Write)
    }

    fn reset_on_close(&self) {
        self.get_ref().reset_on_close();
    }
}
