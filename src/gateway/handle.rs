//! The front end whose transport is a slice.

use super::Gateway;
use super::front_end::FrontEnd;
use super::session::{Session, Wait};
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use alloc::vec::Vec;
use bytes::Bytes;

impl Gateway {
    /// Answers every request in `input`, in order: bytes in, bytes out, and nothing else happens.
    ///
    /// The input is one connection from its first byte to its end. An incomplete last request is answered
    /// with 400; an empty input has an empty answer. Without a clock there is no `Date`, so equal input gives
    /// equal output, as far as the applications keep to that.
    ///
    /// ```
    /// use bytegate::{Gateway, Site};
    ///
    /// let gateway = Gateway::new(Site::new().file("/a.txt", "hello"));
    /// let reply = gateway.handle(b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
    /// assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n"));
    /// assert!(reply.ends_with(b"\r\n\r\nhello"));
    /// assert!(gateway.handle(b"").is_empty());
    /// ```
    pub fn handle(&self, input: &[u8]) -> Bytes {
        self.handle_at(input, Now::default())
    }

    /// As [`handle`](Gateway::handle), at a given time: answers carry `Date`, and applications see it.
    pub fn handle_at(&self, input: &[u8], now: Now) -> Bytes {
        let mut output = Vec::new();
        self.handle_into(input, now, &mut output);
        output.into()
    }

    /// As [`handle_at`](Gateway::handle_at), appending to a buffer of the caller's, so that its memory is used
    /// again from call to call.
    pub fn handle_into(&self, input: &[u8], mut now: Now, output: &mut Vec<u8>) {
        self.handle_for(input, ConnectionInfo::default(), &mut now, output);
    }

    /// As [`handle_into`](Gateway::handle_into), for a connection of which more is known, and a front end that wants to
    /// know more.
    pub fn handle_for(
        &self,
        mut input: &[u8],
        connection: impl Into<ConnectionInfo>,
        front_end: &mut impl FrontEnd,
        output: &mut Vec<u8>,
    ) {
        let mut session = self.session(connection);
        session.output().lend(output);
        // Everything that will ever come is here.
        session.end_input();
        loop {
            match session.turn_for(&mut input, front_end) {
                Wait::Write { .. } => {
                    session.output().move_to(output);
                    if session.has_ended_well() {
                        return;
                    }
                }
                Wait::Answer { .. } => finish(&mut session, &mut input, front_end, output),
                // Nothing more can come, so that nothing more is asked for.
                Wait::Read { .. } | Wait::Close(_) => break,
            }
        }
        // Gives the buffer back if there was nothing to write.
        session.output().move_to(output);
    }
}

/// Goes on with an exchange whose answer is not ready: waits for it by blocking.
#[cfg(feature = "std")]
#[cold]
fn finish(
    session: &mut Session<'_>,
    input: &mut &[u8],
    front_end: &mut impl FrontEnd,
    output: &mut Vec<u8>,
) {
    let thread = super::blocking::ThisThread::new();
    let mut front_end = thread.wakes(front_end);
    loop {
        match session.turn_for(input, &mut front_end) {
            Wait::Answer { .. } => thread.park(None),
            Wait::Write { .. } => return session.output().move_to(output),
            Wait::Read { .. } | Wait::Close(_) => return,
        }
    }
}

/// Goes on with an exchange whose answer is not ready: nothing here can wait for it.
#[cfg(not(feature = "std"))]
#[cold]
fn finish(
    session: &mut Session<'_>,
    _: &mut &[u8],
    front_end: &mut impl FrontEnd,
    _: &mut Vec<u8>,
) {
    session.give_up(front_end);
}
