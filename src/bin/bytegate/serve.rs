//! `bytegate serve`

use crate::Failure;
use crate::arguments::Serve;
use bytegate::{AccessLog, net};
use std::io::Write;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

pub(crate) fn run(serve: Serve) -> Result<ExitCode, Failure> {
    let mut gateway = crate::gateway(&serve.content)?;
    if serve.access_log {
        gateway = gateway.with(AccessLog::to(log_access));
    }
    let listener = net::listen(serve.address)?;
    let stop = stop_or_exit()?;
    net::raise_open_files_limit();
    let defaults = net::Options::default();
    let options = net::Options {
        // Nothing served here ever waits, and a single thread costs least.
        threads: NonZeroUsize::MIN,
        error_log: Some(Arc::new(crate::complain)),
        stop_timeout: serve.stop_timeout.unwrap_or(defaults.stop_timeout),
        connections: serve.connections.unwrap_or(defaults.connections),
        ..defaults
    };
    let what = match &serve.content.folder {
        None => "the demo site".to_string(),
        Some(folder) => folder.display().to_string(),
    };
    crate::tell(&format!(
        "bytegate serves {what} on http://{}/ (Ctrl-C stops it)",
        listener.local_addr()?
    ));
    smol::block_on(net::serve(listener, gateway, options, stop))?;
    crate::tell("bytegate: stopped");
    Ok(ExitCode::SUCCESS)
}

/// Returns a future that completes at the first signal. A second signal exits at once.
fn stop_or_exit() -> Result<impl Future<Output = ()>, Failure> {
    let first = net::stop_signal()?;
    Ok(async move {
        first.await;
        std::thread::spawn(|| {
            if let Ok(second) = net::stop_signal() {
                smol::block_on(second);
                std::process::exit(130);
            }
        });
    })
}

/// Writes to the access log. A failure to write must not stop the server.
fn log_access(lines: &str) {
    let _ = std::io::stdout().lock().write_all(lines.as_bytes());
}
