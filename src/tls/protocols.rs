//! The protocols that clients can offer (ALPN, RFC 7301).

/// The protocols of all servers.
pub(super) const HTTP: [&[u8]; 2] = [b"http/1.1", b"http/1.0"];

/// The protocol with which an authority validates a host (RFC 8737 section 6.2): a handshake without data.
pub(super) const ACME: &[u8] = b"acme-tls/1";
