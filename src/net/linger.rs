//! Reading after the last byte of a response.

use super::buffers::read;
use super::transport::{Transport, readable};
use crate::blocking::linger::{LINGER_GAP, Linger};
use core::time::Duration;
use smol::{Timer, future};
use std::io;
use std::time::Instant;

/// Reads and discards input until the peer closes, is silent for too long, or sends too slowly or too much.
pub(super) async fn linger(socket: &impl Transport) {
    let start = Instant::now();
    linger_since(socket, || start.elapsed()).await;
}

/// Like [`linger`]. `elapsed` returns the time since the start.
async fn linger_since(socket: &impl Transport, elapsed: impl Fn() -> Duration) {
    let mut linger = Linger::default();
    loop {
        let quiet = async {
            Timer::after(LINGER_GAP).await;
            Err(io::ErrorKind::TimedOut.into())
        };
        if future::or(readable(socket), quiet).await.is_err() {
            return;
        }
        let count = match read(socket, |bytes, _| bytes.len()) {
            Ok(Some(0)) | Err(_) => return,
            Ok(Some(count)) => count,
            // A stream that encrypts may return none of the bytes that have arrived.
            Ok(None) => 0,
        };
        if !linger.goes_on(count, elapsed()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::file_range::FileRest;
    use crate::net::transport::End;
    use core::task::{Context, Poll};
    use std::io::IoSlice;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A peer that sends something each second, which is never a byte of plaintext.
    #[derive(Default)]
    struct Fruitless {
        seconds: AtomicU64,
    }

    impl End for Fruitless {
        fn end_input(&self) {}

        fn end(&self) {}
    }

    impl Transport for Fruitless {
        type Wire = Self;

        fn wire(&self) -> &Self {
            self
        }

        const SENDS_FILES: bool = false;

        fn poll_readable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_writable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn try_read(&self, _: &mut [u8]) -> io::Result<usize> {
            let seconds = self.seconds.fetch_add(1, Ordering::Relaxed);
            assert!(seconds < 100, "it is read without end");
            Err(io::ErrorKind::WouldBlock.into())
        }

        fn try_write(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
            Err(io::ErrorKind::WouldBlock.into())
        }

        fn try_send_file(&self, _: FileRest<'_>) -> io::Result<usize> {
            Err(io::ErrorKind::WouldBlock.into())
        }

        fn end_output(&self) -> io::Result<()> {
            Ok(())
        }

        fn reset_on_close(&self) {}
    }

    #[test]
    fn records_without_plaintext_prolong_nothing() {
        let socket = Fruitless::default();
        let elapsed = || Duration::from_secs(socket.seconds.load(Ordering::Relaxed));
        smol::block_on(linger_since(&socket, elapsed));
        assert_eq!(elapsed(), LINGER_GAP);
    }
}
