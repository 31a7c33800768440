//! Signals that ask a program to stop.

use async_signal::{Signal, Signals};
use smol::stream::StreamExt;
use std::future::Future;
use std::io;
use std::prelude::rust_2024::*;

/// Returns a future that completes at the first SIGINT or SIGTERM after this call. From this call on, these signals
/// no longer end the process by themselves.
///
/// # Errors
/// Returns an error if the signals cannot be caught.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = Signals::new([Signal::Int, Signal::Term])?;
    Ok(async move {
        signals.next().await;
    })
}
