//! The front end that uses a byte slice as its transport.

use super::driver::{Driver, Stepped};
use super::front_end::FrontEnd;
use super::gateway::{Gateway, Shared};
use super::wait::Wait;
use crate::config::config::Config;
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use alloc::vec::Vec;
use bytes::Bytes;
#[cfg(feature = "std")]
use core::time::Duration;

impl Gateway {
    /// Responds to every request in `input` in order, and returns the responses as bytes. It does no I/O.
    ///
    /// The input is one whole connection, from its first byte to its last. An incomplete last request is refused with
    /// 400. Empty input produces empty output. Without a clock, responses have no `Date`, so the same input produces the
    /// same output if the application is deterministic.
    ///
    /// ```
    /// use bytegate::{Gateway, Site};
    ///
    /// let gateway = Gateway::new(Site::new().file("/a.txt", "hello"));
    /// let response = gateway.handle(b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
    /// assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n"));
    /// assert!(response.ends_with(b"\r\n\r\nhello"));
    /// assert!(gateway.handle(b"").is_empty());
    /// ```
    #[must_use]
    pub fn handle(&self, input: &[u8]) -> Bytes {
        self.handle_at(input, Now::default())
    }

    /// Like [`handle`](Gateway::handle), but at a given time. Responses contain `Date`, and applications can read the
    /// time.
    #[must_use]
    pub fn handle_at(&self, input: &[u8], now: Now) -> Bytes {
        let mut output = Vec::new();
        self.handle_into(input, now, &mut output);
        output.into()
    }

    /// Like [`handle_at`](Gateway::handle_at), but appends the responses to `output`, so that the caller can reuse its
    /// memory.
    pub fn handle_into(&self, input: &[u8], mut now: Now, output: &mut Vec<u8>) {
        self.handle_for(input, ConnectionInfo::default(), &mut now, output);
    }

    /// Like [`handle_into`](Gateway::handle_into), but with information about the connection and with a custom front
    /// end.
    pub fn handle_for(
        &self,
        mut input: &[u8],
        connection: impl Into<ConnectionInfo>,
        front_end: &mut impl FrontEnd,
        output: &mut Vec<u8>,
    ) {
        let gateway = self.shared();
        // Borrowed, so that threads that share a gateway do not count references all the time.
        let mut driver = Driver::new(&*gateway.config, connection.into());
        driver.connection.output().lend(output);
        // The input is already complete.
        driver.connection.end_input();
        loop {
            let now = front_end.now();
            match driver.step(gateway, &mut input, &now, front_end) {
                // All requests get their responses.
                Stepped::Quick | Stepped::Ran
                    if input.is_empty() && driver.connection.is_between_requests() =>
                {
                    break;
                }
                Stepped::Quick | Stepped::Ran | Stepped::Waits(Wait::Yield) => {}
                Stepped::Waits(Wait::Write { .. }) => {
                    driver.connection.output().move_to(output);
                    if driver.connection.has_ended_well() {
                        break;
                    }
                }
                Stepped::Waits(Wait::Pending { .. }) => {
                    finish(&mut driver, gateway, &mut input, front_end, output);
                }
                // The input has ended, so `Read` does not occur.
                Stepped::Waits(Wait::Read { .. } | Wait::Close(_)) => break,
            }
        }
        // Returns the lent buffer if there was nothing to write.
        driver.connection.output().move_to(output);
        driver.disconnect(gateway);
    }
}

/// Completes an exchange whose response is not ready, blocking the thread until it is.
#[cfg(feature = "std")]
#[cold]
fn finish(
    driver: &mut Driver<&Config>,
    gateway: &Shared,
    input: &mut &[u8],
    front_end: &mut impl FrontEnd,
    output: &mut Vec<u8>,
) {
    let thread = super::this_thread::ThisThread::new();
    let mut front_end = thread.wakes(front_end);
    loop {
        match driver.turn(gateway, input, &mut front_end) {
            Wait::Pending { until } => {
                let left = until.saturating_sub(front_end.now().monotonic);
                thread.park((until != Duration::MAX).then_some(left));
            }
            Wait::Yield => {}
            Wait::Write { .. } => return driver.connection.output().move_to(output),
            Wait::Read { .. } | Wait::Close(_) => return,
        }
    }
}

/// Ends an exchange whose response is not ready, because nothing can wait for it without `std`.
#[cfg(not(feature = "std"))]
#[cold]
fn finish(
    driver: &mut Driver<&Config>,
    gateway: &Shared,
    _: &mut &[u8],
    front_end: &mut impl FrontEnd,
    _: &mut Vec<u8>,
) {
    driver.give_up(gateway, front_end);
}
