//! The path of bytes between a client and a session in memory: direct, or through TLS.

#[cfg(feature = "rustls")]
use super::tls_client::TlsClient;
#[cfg(feature = "rustls")]
use crate::tls::{Tls, TlsConnection, TlsError};
#[cfg(feature = "rustls")]
use crate::values::tls_info::TlsInfo;
use alloc::borrow::Cow;
#[cfg(feature = "rustls")]
use alloc::boxed::Box;
#[cfg(feature = "rustls")]
use alloc::vec::Vec;
#[cfg(feature = "rustls")]
use core::time::Duration;
#[cfg(feature = "rustls")]
use std::io::{Read, Write};
#[cfg(feature = "rustls")]
use std::sync::Arc;

/// The path of bytes between a client and a session.
pub(super) enum Link {
    Plain,
    #[cfg(feature = "rustls")]
    Tls(Box<Ends>),
}

/// Both sides of a TLS connection, after the handshake.
#[cfg(feature = "rustls")]
pub(super) struct Ends {
    client: rustls::ClientConnection,
    server: TlsConnection,
}

impl Link {
    /// Passes bytes of the client to the server.
    pub(super) fn pass_to_server<'b>(&mut self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        match self {
            Link::Plain => bytes.into(),
            #[cfg(feature = "rustls")]
            Link::Tls(ends) => ends.pass_to_server(bytes).into(),
        }
    }

    /// Passes bytes of the server to the client.
    pub(super) fn pass_to_client<'b>(&mut self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        match self {
            Link::Plain => bytes.into(),
            #[cfg(feature = "rustls")]
            Link::Tls(ends) => ends.pass_to_client(bytes).into(),
        }
    }

    /// Makes a handshake. `host` and `wall` are the defaults for the server name and the time of the client.
    #[cfg(feature = "rustls")]
    pub(super) fn over_tls(
        tls: &Tls,
        client: &TlsClient,
        host: &str,
        wall: Option<Duration>,
    ) -> Result<(Link, Arc<TlsInfo>), TlsError> {
        let mut client = client.start(host, wall)?;
        client.set_buffer_limit(None);
        let mut ends = Ends {
            client,
            server: tls.connection(),
        };
        let info = ends.shake_hands()?;
        Ok((Link::Tls(Box::new(ends)), info))
    }
}

#[cfg(feature = "rustls")]
impl TlsClient {
    /// Makes a handshake with a server, in memory. Returns the server's information about the connection.
    ///
    /// # Errors
    /// Returns the error of the side that refuses the handshake.
    pub fn handshake(&self, tls: &Tls) -> Result<Arc<TlsInfo>, TlsError> {
        Link::over_tls(tls, self, "localhost", None).map(|(_, info)| info)
    }
}

#[cfg(feature = "rustls")]
impl Ends {
    fn shake_hands(&mut self) -> Result<Arc<TlsInfo>, TlsError> {
        loop {
            let there = self.take_client_output();
            let received = self.server.receive(&there, &mut Vec::new());
            let back = self.server.take_output();
            // The error of one side says more than the alert that the other side receives.
            self.receive(&back, &mut Vec::new()).or_else(|error| {
                received.clone()?;
                Err(error)
            })?;
            received?;
            if there.is_empty() && back.is_empty() {
                let missing = || TlsError::new("the handshake does not complete");
                return self.server.info().cloned().ok_or_else(missing);
            }
        }
    }

    fn pass_to_server(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut received = Vec::new();
        // The buffer has no limit, and both sides follow the rules.
        let _ = self.client.writer().write_all(plain);
        let wire = self.take_client_output();
        let _ = self.server.receive(&wire, &mut received);
        received
    }

    fn pass_to_client(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut received = Vec::new();
        self.server.send(plain);
        let wire = self.server.take_output();
        let _ = self.receive(&wire, &mut received);
        received
    }

    fn take_client_output(&mut self) -> Vec<u8> {
        let mut output = Vec::new();
        // A vector takes everything.
        while self.client.wants_write() && self.client.write_tls(&mut output).is_ok() {}
        output
    }

    fn receive(&mut self, mut wire: &[u8], plain: &mut Vec<u8>) -> Result<(), TlsError> {
        while !wire.is_empty() {
            if let Ok(0) | Err(_) = self.client.read_tls(&mut wire) {
                return Ok(());
            }
            self.client.process_new_packets()?;
            // An error means that no more plaintext has arrived.
            let _ = self.client.reader().read_to_end(plain);
        }
        Ok(())
    }
}
