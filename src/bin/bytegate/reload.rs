//! Reading the configuration anew while the program serves.

use crate::arguments::{self, Command, Invalid};
use crate::log::Log;
use crate::options::{Options, Setting};
use bytegate::net::Readiness;
#[cfg(unix)]
use std::fs::File;
use std::future::Future;
use std::io;

/// The options, as they are now.
///
/// # Errors
/// Returns the line of the config file, or the option, that is wrong.
pub(crate) fn options() -> Result<Options, String> {
    match arguments::parse(std::env::args_os()) {
        Ok(Command::Serve(options)) => Ok(options),
        #[cfg(unix)]
        Ok(Command::Wsgi(options)) => Ok(options),
        Ok(_) => Err("the command is another one now".to_string()),
        Err(Invalid::Usage(text) | Invalid::Config(text) | Invalid::Unreadable(text)) => Err(text),
    }
}

/// Returns the names of options that have changed and that only a restart applies.
pub(crate) fn unapplied(before: &Options, now: &Options) -> Vec<&'static str> {
    let values = |options: &Options, name: &str| {
        let settings = options.settings.iter();
        let named = settings.filter(|setting| setting.option.name == name);
        named
            .map(|setting| setting.value.clone())
            .collect::<Vec<_>>()
    };
    let all = before.settings.iter().chain(&now.settings);
    let read_once = all.filter(|setting: &&Setting| setting.option.is_read_once);
    let mut names: Vec<&str> = read_once.map(|setting| setting.option.name).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| values(before, name) != values(now, name));
    names
}

/// Calls `reload` at each SIGHUP, and writes what it returns to the log. Returns a future that completes when the terminal of
/// the program is closed, which sends a SIGHUP too.
///
/// # Errors
/// Returns an error if the signal cannot be caught.
#[cfg(unix)]
pub(crate) fn at_hangup(
    reload: impl Fn() -> Result<String, String> + Send + 'static,
    readiness: Readiness,
    errors: Log,
) -> io::Result<impl Future<Output = ()>> {
    use async_signal::{Signal, Signals};
    use smol::stream::StreamExt;
    // `nohup` means that the program goes on without its terminal.
    let ends_with_terminal = has_terminal() && !is_hangup_ignored();
    let mut signals = Signals::new([Signal::Hup])?;
    let (close, closed) = smol::channel::bounded::<()>(1);
    let run = move || {
        while smol::block_on(signals.next()).is_some() {
            if ends_with_terminal && !has_terminal() {
                // The future completes.
                return drop(close);
            }
            match readiness.while_reloading(&reload) {
                Ok(text) => errors.complain(&text),
                Err(text) => errors.complain(&format!("nothing is reloaded: {text}")),
            }
        }
    };
    let thread = std::thread::Builder::new().name("bytegate-reload".into());
    thread.spawn(run)?;
    Ok(async move {
        let _ = closed.recv().await;
    })
}

/// Returns whether the program was started with SIGHUP ignored, as far as the system tells.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 != 0)
}

/// Returns whether the process belongs to a terminal, which a shell does, and a service does not.
#[cfg(unix)]
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

#[cfg(not(unix))]
pub(crate) fn at_hangup(
    _: impl Fn() -> Result<String, String> + Send + 'static,
    _: Readiness,
    _: Log,
) -> io::Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
}
