//! Signals that ask a program to stop.

use async_signal::{Signal, Signals};
use smol::stream::StreamExt;
use std::future::Future;
use std::io;
use std::prelude::rust_2024::*;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

/// Returns a future that completes at the first SIGINT or SIGTERM after this call. From this call on, these signals
/// no longer end the process by themselves. After the first one, a second ends it at once, with exit status 130 or 143, so
/// that a person need not wait for a stop that takes long. Signals within 200 milliseconds of the first one count as one:
/// `timeout`, for example, sends each signal twice.
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

/// The time within which several signals count as one.
const ONE_SIGNAL: Duration = Duration::from_millis(200);

/// Ends the process at the next signal, with the exit status that a shell shows for it.
fn exit_at_next(mut signals: Signals) {
    let first = Instant::now();
    while let Some(Ok(signal)) = smol::block_on(signals.next()) {
        if first.elapsed() >= ONE_SIGNAL {
            process::exit(match signal {
                Signal::Term => 143,
                _ => 130,
            });
        }
    }
}
