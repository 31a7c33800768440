//! `bytegate serve`

use crate::Failure;
use crate::arguments::Serve;
use bytegate::net;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

pub(crate) fn run(serve: Serve) -> Result<ExitCode, Failure> {
    let gateway = crate::gateway(&serve.content)?;
    let listener = net::listen(serve.address)?;
    let stop = net::stop_signal()?;
    let options = net::Options {
        access_log: serve.access_log.then(|| Arc::new(log_access) as net::Sink),
        error_log: Some(Arc::new(|message: &str| eprintln!("bytegate: {message}"))),
        ..net::Options::default()
    };
    let what = match &serve.content.folder {
        None => "the demo site".to_string(),
        Some(folder) => folder.display().to_string(),
    };
    eprintln!(
        "bytegate serves {what} on http://{}/ (Ctrl-C stops it)",
        listener.local_addr()?
    );
    smol::block_on(net::serve(listener, gateway, options, stop))?;
    eprintln!("bytegate: stopped");
    Ok(ExitCode::SUCCESS)
}

/// A log that cannot be written must not stop the server.
fn log_access(lines: &str) {
    let _ = std::io::stdout().lock().write_all(lines.as_bytes());
}
