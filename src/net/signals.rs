//! Signals that ask a program to stop.

use async_signal::{Signal, Signals};
use smol::stream::StreamExt;
use std::future::Future;
use std::io;
use std::prelude::rust_2024::*;

/// Returns a future that completes at the first SIGINT or SIGTERM after this call. From this call on, these signals
/// no longer end the process by themselves.
///
/// ```no_run
/// use bytegate::{Gateway, Site, net};
///
/// smol::block_on(async {
///     let listener = net::listen("127.0.0.1:7890".parse().unwrap())?;
///     let gateway = Gateway::new(Site::new());
///     net::serve(listener, gateway, net::Options::default(), net::stop_signal()?).await
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Returns an error if the signals cannot be caught.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = Signals::new([Signal::Int, Signal::Term])?;
    Ok(async move {
        signals.next().await;
    })
}
