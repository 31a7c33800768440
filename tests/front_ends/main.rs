//! The front ends, over real sockets. They have a process for themselves, because these tests measure how long clients
//! wait, count the descriptors and the processor time of the process, and set its panic hook.
#![cfg(feature = "std")]

#[cfg(feature = "server")]
mod advice;
mod blocking;
#[cfg(feature = "server")]
mod changing_files;
#[cfg(feature = "server")]
mod left_streams;
#[cfg(all(feature = "server", unix))]
mod listeners;
mod odd_streams;
mod proxied;
#[cfg(all(feature = "python", feature = "server", unix))]
mod python;
#[path = "../it/laws/reader.rs"]
#[cfg_attr(
    not(feature = "server"),
    expect(dead_code, reason = "only clients of the TCP front end need all of it")
)]
mod reader;
#[cfg(feature = "server")]
mod runtimes;
#[cfg(all(feature = "server", unix))]
mod systemd;
#[cfg(feature = "server")]
mod tcp;
#[cfg(feature = "server")]
#[path = "../it/temporary.rs"]
#[expect(dead_code, reason = "no file here has to settle")]
mod temporary;
mod thread_server;
#[cfg(all(feature = "server", feature = "self-signed"))]
mod tls;
#[cfg(feature = "server")]
mod turn;
