//! Signals other than those to stop: SIGHUP reloads the configuration, SIGUSR1 opens the log file again, and SIGUSR2 starts the
//! program again without closing its sockets.

use crate::arguments::{self, Invalid};
use crate::log::Log;
use crate::options::{Options, Origin, Setting};
#[cfg(unix)]
use async_signal::Signal;
use bytegate::net::Readiness;
#[cfg(unix)]
use bytegate::net::Takeover;
use smol::channel::Sender;
#[cfg(unix)]
use smol::stream::StreamExt;
#[cfg(unix)]
use std::fs::File;
use std::future::Future;
use std::io;
#[cfg(unix)]
use std::process::Command;
#[cfg(unix)]
use std::sync::{Arc, Mutex};
#[cfg(unix)]
use std::time::Duration;

/// Reads the options again.
///
/// # Errors
/// Returns the line of the config file, or the option, that is wrong. A config file that had options at the start and has
/// none is wrong, too: an editor may have emptied it before it writes the new text, and the site must not lose its users.
pub(crate) fn options(before: &Options) -> Result<Options, String> {
    let now = match arguments::parse(std::env::args_os()) {
        Ok(arguments::Command::Serve(options)) => options,
        #[cfg(unix)]
        Ok(arguments::Command::Wsgi(_, options)) => options,
        Ok(_) => return Err("the command is another one now".to_string()),
        Err(Invalid::Usage(text) | Invalid::Config(text) | Invalid::Unreadable(text)) => {
            return Err(text);
        }
    };
    let has_file = |options: &Options| {
        let mut settings = options.settings.iter();
        settings.any(|setting| setting.origin != Origin::CommandLine)
    };
    if has_file(before) && !has_file(&now) {
        return Err("the config file has no options any more".to_string());
    }
    Ok(now)
}

/// Returns the names of changed options that need a restart.
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

/// The signals that are caught from the start on, so that none ends the program before it serves. They wait until then.
pub(crate) struct Signals {
    pub(crate) control: ControlSignals,
    pub(crate) log: LogSignals,
}

/// SIGHUP and SIGUSR2.
pub(crate) struct ControlSignals {
    #[cfg(unix)]
    signals: async_signal::Signals,
    /// Whether the program ends with its terminal.
    #[cfg(unix)]
    ends_with_terminal: bool,
}

/// SIGUSR1, and SIGXFSZ.
pub(crate) struct LogSignals {
    #[cfg(unix)]
    signals: async_signal::Signals,
}

impl Signals {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// Returns an error if the signals cannot be caught.
    pub(crate) fn catch() -> io::Result<Signals> {
        Ok(Signals {
            control: ControlSignals {
                // With `nohup`, the program continues without its terminal.
                #[cfg(unix)]
                ends_with_terminal: has_terminal() && !is_hangup_ignored(),
                #[cfg(unix)]
                signals: async_signal::Signals::new([Signal::Hup, Signal::Usr2])?,
            },
            log: LogSignals {
                #[cfg(unix)]
                signals: async_signal::Signals::new([Signal::Usr1, Signal::Xfsz])?,
            },
        })
    }
}

impl LogSignals {
    /// Calls a function at each SIGUSR1, on a separate thread. A file that has reached its largest size (`ulimit -f`) is then
    /// an error of the write that SIGXFSZ announces, and not the end of the program.
    ///
    /// # Errors
    /// Returns an error if the thread cannot be started.
    #[cfg(unix)]
    pub(crate) fn call(self, rotate: impl Fn() + Send + 'static) -> io::Result<()> {
        let mut signals = self.signals;
        let thread = std::thread::Builder::new().name("bytegate-log".into());
        thread.spawn(move || {
            while let Some(signal) = smol::block_on(signals.next()) {
                if let Ok(Signal::Usr1) = signal {
                    rotate();
                }
            }
        })?;
        Ok(())
    }

    #[cfg(not(unix))]
    pub(crate) fn call(self, _: impl Fn() + Send + 'static) -> io::Result<()> {
        Ok(())
    }
}

/// The actions for these signals.
pub(crate) struct Control<R> {
    /// Reloads the configuration. Returns the line for the log.
    pub(crate) reload: R,
    #[cfg(unix)]
    pub(crate) takeover: Takeover,
    /// Locked while a new process starts.
    #[cfg(unix)]
    pub(crate) is_starting: Arc<Mutex<()>>,
    pub(crate) readiness: Readiness,
    pub(crate) errors: Log,
    /// Dropped when another process has taken over.
    pub(crate) _goes_on: Sender<()>,
}

/// The time that a new process has to become ready.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(60);

impl<R: Fn() -> Result<String, String> + Send + 'static> Control<R> {
    /// Does what signals ask for, from now on. Returns a future that completes when the program should stop, because a new
    /// process serves its clients, or because its terminal was closed, which sends a SIGHUP too.
    ///
    /// # Errors
    /// Returns an error if the thread that waits for signals cannot be started.
    #[cfg(unix)]
    pub(crate) fn start(self, caught: ControlSignals) -> io::Result<impl Future<Output = ()>> {
        let ControlSignals {
            mut signals,
            ends_with_terminal,
        } = caught;
        let (close, closed) = smol::channel::bounded::<()>(1);
        let run = move || {
            while let Some(signal) = smol::block_on(signals.next()) {
                let is_over = match signal {
                    Ok(Signal::Usr2) => self.start_successor(),
                    _ if ends_with_terminal && !has_terminal() => true,
                    _ => {
                        self.reload();
                        false
                    }
                };
                if is_over {
                    // The future completes.
                    return drop(close);
                }
            }
        };
        let thread = std::thread::Builder::new().name("bytegate-control".into());
        thread.spawn(run)?;
        Ok(async move {
            let _ = closed.recv().await;
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn start(self, _: ControlSignals) -> io::Result<impl Future<Output = ()>> {
        Ok(async move {
            let _control = self;
            std::future::pending().await
        })
    }

    #[cfg(unix)]
    fn reload(&self) {
        match self.readiness.while_reloading(&self.reload) {
            Ok(text) => self.errors.complain(&text),
            Err(text) => self
                .errors
                .complain(&format!("nothing is reloaded: {text}")),
        }
    }

    /// Starts the program again, which may be another version now. Returns whether it has taken over.
    #[cfg(unix)]
    fn start_successor(&self) -> bool {
        let _starting = self.is_starting.lock();
        let mut arguments = std::env::args_os();
        let program = arguments.next().unwrap_or_else(|| "bytegate".into());
        let mut command = Command::new(&program);
        // The watchdog of systemd waits for the new process.
        command.args(arguments).env_remove("WATCHDOG_PID");
        match self.takeover.start(&mut command, PATIENCE) {
            Ok(process) => {
                self.readiness.hand_over_to(process);
                self.errors
                    .complain(&format!("process {process} has taken over"));
                true
            }
            Err(error) => {
                let text = format!("serving as before: cannot start {program:?} again: {error}");
                self.errors.complain(&text);
                false
            }
        }
    }
}

/// Returns whether the program was started with SIGHUP ignored, if the system shows that.
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
