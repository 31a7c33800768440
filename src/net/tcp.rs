//! TCP as a transport.

use super::transport::{End, Transport};
use crate::files::file_range::FileRest;
use core::task::{Context, Poll};
use smol::Async;
use socket2::SockRef;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::prelude::rust_2024::*;
use std::time::Duration;

impl End for Async<TcpStream> {
    fn end_input(&self) {
        // A stream that no longer exists has ended too.
        let _ = self.get_ref().shutdown(Shutdown::Read);
    }

    fn end(&self) {
        let _ = self.get_ref().shutdown(Shutdown::Both);
    }
}

impl Transport for Async<TcpStream> {
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
        self.get_ref().read(buffer)
    }

    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match pieces {
            // Costs the system less than a list of one.
            [piece] => self.get_ref().write(piece),
            pieces => self.get_ref().write_vectored(pieces),
        }
    }

    #[cfg(target_os = "linux")]
    fn try_send_file(&self, file: FileRest<'_>) -> io::Result<usize> {
        let mut position = file.position;
        let sent =
            rustix::fs::sendfile(self.get_ref(), file.file, Some(&mut position), file.length);
        Ok(sent?)
    }

    #[cfg(not(target_os = "linux"))]
    fn try_send_file(&self, _: FileRest<'_>) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn end_output(&self) -> io::Result<()> {
        self.get_ref().shutdown(Shutdown::Write)
    }

    fn reset_on_close(&self) {
        let _ = SockRef::from(self.get_ref()).set_linger(Some(Duration::ZERO));
    }
}
