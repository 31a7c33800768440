//! The socket of a line, which is shared with those who watch it.

use super::frame::{Kind, encode};
use async_io::Async;
use core::mem::MaybeUninit;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use rustix::cmsg_space;
use rustix::event::{PollFd, PollFlags};
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::os::unix::net::UnixStream;
use std::prelude::rust_2024::*;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The socket of a line in this program, and the watch over it.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Async<UnixStream>,
    watch: Mutex<Watch>,
}

/// How long the application may be silent.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The time at which it has been silent for too long.
    until: Option<Instant>,
    phase: Phase,
    waker: Option<Waker>,
}

/// The event that a timeout causes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// The client gets a response that says so.
    #[default]
    Response,
    /// The process is killed.
    Kill,
}

impl Wire {
    pub(super) fn new(socket: UnixStream) -> io::Result<Wire> {
        Ok(Wire {
            socket: Async::new(socket)?,
            watch: Mutex::default(),
        })
    }

    /// Cuts the line, because the process at its other end is gone.
    pub(super) fn cut(&self) {
        let _ = self.socket.get_ref().shutdown(std::net::Shutdown::Both);
    }

    /// Tells the worker that the client has left. If there is no room, the worker has not read its request yet, and it
    /// is killed when its time is over.
    pub(super) fn abort(&self) {
        let mut frame = Vec::new();
        encode(Kind::Abort, 0, &[], &mut frame);
        let _ = self.send(&frame, None);
    }

    /// Sends bytes without waiting, with a descriptor at the first of them. Returns how many were sent.
    pub(super) fn send(&self, bytes: &[u8], file: Option<BorrowedFd<'_>>) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let files = file.as_slice();
        if !files.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(files));
        }
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let sent = rustix::net::sendmsg(&self.socket, &[IoSlice::new(bytes)], &mut control, flags);
        Ok(sent?)
    }

    /// Receives bytes without waiting, and the descriptors that come with them.
    pub(super) fn receive(&self, buffer: &mut [u8], files: &mut Vec<OwnedFd>) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let mut slices = [IoSliceMut::new(buffer)];
        let received = rustix::net::recvmsg(&self.socket, &mut slices, &mut control, flags)?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                files.extend(received);
            }
        }
        Ok(received.bytes)
    }

    pub(super) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_readable(context)
    }

    pub(super) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_writable(context)
    }

    /// Waits until something can be read.
    pub(super) fn wait(&self) {
        let mut entries = [PollFd::new(&self.socket, PollFlags::IN)];
        // An error shows when it is read.
        let _ = rustix::event::poll(&mut entries, None);
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins or prolongs the time for which the application may be silent.
    pub(super) fn allow(&self, time: Duration, phase: Phase) {
        let mut watch = self.watch();
        watch.until = Instant::now().checked_add(time);
        watch.phase = phase;
    }

    /// Ends the watch.
    pub(super) fn unwatch(&self) {
        *self.watch() = Watch::default();
    }

    /// Returns whether the application has been silent for too long. If not, the waker is woken when it has.
    pub(super) fn poll_late(&self, context: &Context<'_>) -> bool {
        let mut watch = self.watch();
        let is_late = watch.phase == Phase::Kill;
        if !is_late {
            match &mut watch.waker {
                Some(waker) => waker.clone_from(context.waker()),
                None => watch.waker = Some(context.waker().clone()),
            }
        }
        is_late
    }

    /// Returns what to do at a time, and when the next time comes. A silent application has `grace` before its process is
    /// killed.
    pub(super) fn check(&self, now: Instant, grace: Duration) -> (Option<Phase>, Option<Instant>) {
        let mut watch = self.watch();
        let Some(until) = watch.until else {
            return (None, None);
        };
        if now < until {
            return (None, Some(until));
        }
        let phase = watch.phase;
        match phase {
            Phase::Response => {
                watch.phase = Phase::Kill;
                watch.until = now.checked_add(grace);
            }
            Phase::Kill => watch.until = None,
        }
        if let Some(waker) = watch.waker.take() {
            waker.wake();
        }
        (Some(phase), watch.until)
    }
}
