//! TLS in memory: a rustls client talks to a `TlsConnection`.

mod blocking;
mod certificates;
mod clients;
mod handshakes;
pub(crate) mod laws;
mod reloading;
mod revocation;
mod serving;
