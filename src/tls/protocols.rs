//! The protocols that clients may ask for (RFC 7301).

/// The protocols of all servers.
pub(super) const HTTP: [&[u8]; 2] = [b"http/1.1", b"http/1.0"];

/// The protocol of an authority that looks for the proof of a host (RFC 8737 section 6.2). It has a handshake and no data.
pub(super) const ACME: &[u8] = b"acme-tls/1";
