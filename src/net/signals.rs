//! When a program is asked to stop.

use async_signal::{Signal, Signals};
use smol::stream::StreamExt;
use std::future::Future;
use std::io;
use std::prelude::rust_2024::*;

/// Completes at the first SIGINT or SIGTERM that comes after this call. From the call on, these do not end the process
/// by themselves any more.
///
/// # Errors
/// If the system does not let the signals be caught.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = Signals::new([Signal::Int, Signal::Term])?;
    Ok(async move {
        signals.next().await;
    })
}
