//! Signals that ask a program to stop.

use async_signal::{Signal, Signals};
use smol::stream::StreamExt;
use std::future::Future;
use std::io;
use std::prelude::rust_2024::*;
use std::process;
use std::thread;

/// Returns a future that completes at the first SIGINT or SIGTERM after this call. From this call on, these signals
/// no longer end the process by themselves. After the first one, a second ends it at once, with exit status 130 or 143, so
/// that nobody has to wait for a stop that takes long.
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
        let second = thread::Builder::new().name("bytegate-signal".into());
        // Without a thread, the second signal is ignored, and the stop still ends after its timeout.
        let _ = second.spawn(move || exit_at_next(signals));
    })
}

/// Ends the process at the next signal, with the exit status that a shell shows for it.
fn exit_at_next(mut signals: Signals) {
    if let Some(Ok(signal)) = smol::block_on(signals.next()) {
        process::exit(match signal {
            Signal::Term => 143,
            _ => 130,
        });
    }
}
