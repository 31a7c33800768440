//! TLS in memory: a client of rustls talks to a channel.

mod blocking;
mod certificates;
mod clients;
mod handshakes;
pub(crate) mod laws;
mod reloading;
mod serving;
