//! A session: a connection joined to a gateway.

use super::driver::Driver;
#[cfg(feature = "server")]
use super::exchange::Resumed;
use super::front_end::FrontEnd;
use super::gateway::Gateway;
use super::input::Input;
use super::wait::Wait;
#[cfg(feature = "server")]
use crate::body::body_error::BodyError;
use crate::config::config::Config;
use crate::connection::Output;
#[cfg(feature = "server")]
use crate::connection::Step;
use crate::values::connection_info::ConnectionInfo;
#[cfg(feature = "server")]
use crate::values::now::Now;
use crate::values::scheme::Scheme;
use crate::values::sync::Arc;
use crate::values::tls_info::TlsInfo;
use alloc::vec::Vec;
use core::fmt;

/// A connection and the gateway that responds to its requests. Created by [`Gateway::session`].
///
/// [`turn`](Session::turn) processes the available input and returns what to wait for. Then write the
/// [`output`](Session::output) or read more input, and call `turn` again:
///
/// ```
/// use bytegate::{Gateway, Now};
/// use bytegate::gateway::Wait;
/// use bytegate::request::ConnectionInfo;
/// use std::io::{Read, Write};
///
/// fn serve(gateway: &Gateway, stream: &mut (impl Read + Write)) -> std::io::Result<()> {
///     let mut session = gateway.session(ConnectionInfo::default());
///     let (mut input, mut block) = (Vec::new(), [0; 4096]);
///     loop {
///         match session.turn(&mut input, Now::default()) {
///             Wait::Read { .. } => match stream.read(&mut block)? {
///                 0 => session.end_input(),
///                 count => input.extend_from_slice(&block[..count]),
///             },
///             Wait::Write { .. } => stream.write_all(&session.take_output())?,
///             // This application responds at once.
///             Wait::Pending { .. } => unreachable!("no response is deferred"),
///             // A loop with several connections goes on to the next one here.
///             Wait::Yield => {}
///             Wait::Close(_) => return Ok(()),
///         }
///     }
/// }
/// # let gateway = Gateway::new(|_: &bytegate::Request<'_>| "hello\n");
/// # let mut stream = Duplex(&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], Vec::new());
/// # serve(&gateway, &mut stream).unwrap();
/// # assert!(stream.1.ends_with(b"hello\n"));
/// # struct Duplex<'a>(&'a [u8], Vec<u8>);
/// # impl Read for Duplex<'_> {
/// #     fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> { self.0.read(buffer) }
/// # }
/// # impl Write for Duplex<'_> {
/// #     fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> { self.1.write(bytes) }
/// #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
/// # }
/// ```
#[must_use]
pub struct Session {
    gateway: Gateway,
    driver: Driver<Arc<Config>>,
}

impl Gateway {
    /// Starts a session for a new connection. The session holds a clone of its gateway, so both can be kept in one struct.
    #[inline]
    pub fn session(&self, connection: impl Into<ConnectionInfo>) -> Session {
        Session::new(self.clone(), connection.into())
    }
}

impl Session {
    #[inline]
    fn new(gateway: Gateway, info: ConnectionInfo) -> Session {
        let driver = Driver::new(gateway.shared().config.clone(), info);
        Session { gateway, driver }
    }

    /// Turns a panic of the application into a 500 and closes the connection afterwards (feature `std`). Use this in
    /// front ends that serve more than one connection. Tests usually want the panic to pass through. With `panic =
    /// "abort"`, panics cannot be caught.
    pub fn catch_panics(mut self) -> Session {
        self.driver.caller.catches_panics = true;
        self
    }

    /// Adds parts of files to the output as such, for a front end that has the system send [them](Output::next_file).
    #[cfg(feature = "server")]
    pub(crate) fn take_files(mut self) -> Session {
        self.driver.takes_files = true;
        self
    }

    /// Breaks the body off, because a part of a file cannot be sent.
    #[cfg(feature = "server")]
    pub(crate) fn break_body_off(&mut self) {
        self.driver.connection.output().clear();
        self.driver.keep_to_report(true);
        let _ = self.driver.connection.end_body(Err(BodyError));
    }

    /// Processes the available input and returns the event to wait for. `input` contains all bytes that were received and
    /// are not used yet. This method removes the bytes that it uses from the front. Pass the rest to the next call, followed
    /// by the bytes that have been received since.
    ///
    /// A connection holds at most a head ([`Limits::head_bytes`](crate::config::Limits::head_bytes)), the body that the
    /// application admits, pending output ([`Limits::output_bytes`](crate::config::Limits::output_bytes)) plus one block or
    /// response, and the input that the caller keeps. Only the number of connections, which the caller chooses, limits the
    /// sum. `net` also limits the sum itself: see [`FrontEnd::is_full`].
    ///
    /// `front_end` provides the time, and may observe events. It is a [`Now`](crate::Now), a `Clock` (feature `std`), or any
    /// other [`FrontEnd`].
    ///
    /// A turn ends with [`Wait::Yield`] if input is left after a call of the application that ended a millisecond or more
    /// after the start of the turn. So no client can hold up the other connections of a thread by sending many requests at
    /// once. If the time of the front end stands still, as with a `Now`, the turn ends after one call. Prepared responses,
    /// such as files of a site in memory, do not count as calls.
    pub fn turn(&mut self, input: &mut impl Input, mut front_end: impl FrontEnd) -> Wait {
        let gateway = self.gateway.shared();
        input.feed(|input| self.driver.turn(gateway, input, &mut front_end))
    }

    /// Notes the TLS of the connection, once the handshake is complete. The scheme becomes `https`. A front end with
    /// TLS calls this before the first turn with input.
    ///
    /// ```
    /// use bytegate::{Gateway, Now, Request};
    /// use bytegate::request::{ConnectionInfo, TlsInfo, TlsVersion};
    /// use std::sync::Arc;
    ///
    /// let gateway = Gateway::new(|request: &Request| request.scheme().as_str());
    /// let mut session = gateway.session(ConnectionInfo::default());
    /// session.set_tls(Arc::new(TlsInfo::new(TlsVersion::Tls13)));
    /// session.turn(&mut &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], Now::default());
    /// assert!(session.take_output().ends_with(b"https"));
    /// ```
    pub fn set_tls(&mut self, tls: Arc<TlsInfo>) {
        self.driver.connection.set_scheme(Scheme::Https);
        self.driver.caller.info.scheme = Scheme::Https;
        self.driver.caller.info.tls = Some(tls);
    }

    /// Returns the pending output.
    pub fn output(&mut self) -> &mut Output {
        self.driver.connection.output()
    }

    /// Takes all pending output. The next turn assumes that this output was sent.
    pub fn take_output(&mut self) -> Vec<u8> {
        let mut output = Vec::new();
        self.driver.connection.output().move_to(&mut output);
        output
    }

    /// See [`Connection::sent`](crate::connection::Connection::sent).
    pub fn sent(&mut self, count: usize) {
        self.driver.connection.sent(count);
    }

    /// See [`Connection::sent_all`](crate::connection::Connection::sent_all).
    pub fn sent_all(&mut self, buffer: &mut Vec<u8>) {
        self.driver.connection.sent_all(buffer);
    }

    /// See [`Connection::end_input`](crate::connection::Connection::end_input).
    pub fn end_input(&mut self) {
        self.driver.connection.end_input();
    }

    /// See [`Connection::stop`](crate::connection::Connection::stop).
    pub fn stop(&mut self) {
        self.driver.connection.stop();
    }

    /// See [`Connection::is_idle`](crate::connection::Connection::is_idle).
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.driver.connection.is_idle()
    }

    /// See [`Connection::is_in_head`].
    #[cfg(feature = "std")]
    pub(crate) fn is_in_head(&self) -> bool {
        self.driver.connection.is_in_head()
    }

    /// See [`Connection::held_bytes`].
    #[cfg(feature = "server")]
    #[inline]
    pub(crate) fn held_bytes(&self) -> usize {
        self.driver.connection.held_bytes()
    }

    /// Waits until more of the pending output is written, without a turn. Returns `None` if there is none.
    #[cfg(feature = "server")]
    pub(crate) fn wait_for_write(&mut self, now: Now) -> Option<Wait> {
        match self.driver.connection.write_step(now)? {
            Step::Write { until } => Some(Wait::Write { until }),
            Step::Close(reason) => Some(Wait::Close(reason)),
            _ => None,
        }
    }

    /// See [`Connection::refuse_for_now`].
    #[cfg(feature = "server")]
    pub(crate) fn refuse_for_now(&mut self) {
        self.driver.connection.refuse_for_now();
    }

    /// Returns how an exchange goes on in the next turn.
    #[cfg(feature = "server")]
    #[inline]
    pub(crate) fn resumed(&self) -> Option<Resumed<'_>> {
        Some(self.driver.exchange.as_ref()?.resumed())
    }

    /// Sends a comment in a stream of events that waits for its next event. Returns `false` if no such stream waits.
    #[cfg(feature = "server")]
    pub(crate) fn send_comment(&mut self) -> bool {
        self.driver.send_comment()
    }

    /// Returns the time of the last step.
    #[cfg(feature = "server")]
    pub(crate) fn last_step(&self) -> Now {
        self.driver.connection.last_step()
    }

    /// Returns the gateway that responds to the next request.
    #[cfg(feature = "server")]
    #[inline]
    pub(crate) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Sets the gateway that responds to the next request. The session must be idle.
    #[cfg(feature = "server")]
    pub(crate) fn set_gateway(&mut self, gateway: Gateway) {
        self.driver
            .connection
            .set_config(gateway.shared().config.clone());
        self.gateway = gateway;
    }

    /// Returns the information about the connection.
    #[must_use]
    pub fn connection(&self) -> &ConnectionInfo {
        &self.driver.caller.info
    }
}

impl Drop for Session {
    /// Aborts a receiver whose body will not be completed.
    fn drop(&mut self) {
        self.driver.disconnect(self.gateway.shared());
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("connection", &self.driver.connection)
            .field("info", &self.driver.caller.info)
            .finish_non_exhaustive()
    }
}
