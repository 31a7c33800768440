//! The access log of the program.

use crate::Failure;
use crate::log::Log;
use crate::log_file::{LogFile, Reopening};
use crate::log_format::LogFormat;
use crate::log_output::standard_output;
use crate::options::Options;
use crate::signals::LogSignals;
use crate::terminal;
use bytegate::middleware::AccessLog;
use std::io::{self, IsTerminal};

/// The output of the access log: a file, or standard output.
#[derive(Clone)]
pub(crate) struct AccessOutput {
    log: Log,
    is_terminal: bool,
    may_have_colors: bool,
}

impl AccessOutput {
    /// Opens the output. Each SIGUSR1, which programs that rotate logs send, opens a log file again. Without a log file, the
    /// signal changes nothing: it may be meant for another process of the same name.
    ///
    /// # Errors
    /// Returns an error if the log file cannot be opened.
    pub(crate) fn open(
        options: &Options,
        signals: LogSignals,
        errors: &Log,
    ) -> Result<AccessOutput, Failure> {
        let complain = |errors: &Log| {
            let errors = errors.clone();
            move |message: &str| errors.complain(message)
        };
        let reopening = Reopening::default();
        let output = match &options.log_file {
            None => AccessOutput {
                log: Log::start(standard_output()?, complain(errors)),
                is_terminal: io::stdout().is_terminal(),
                may_have_colors: true,
            },
            Some(path) => {
                let file = LogFile::open(path, reopening.clone(), complain(errors))?;
                AccessOutput {
                    log: Log::start(file, complain(errors)),
                    is_terminal: false,
                    may_have_colors: false,
                }
            }
        };
        let log = output.log.clone();
        signals.call(move || {
            reopening.ask();
            log.renew();
        })?;
        Ok(output)
    }

    /// Returns the middleware that writes to this output. A terminal also shows the time that each request took.
    pub(crate) fn middleware(&self, options: &Options) -> AccessLog {
        let is_json = options.log_format == LogFormat::Json;
        let has_colors =
            self.may_have_colors && !is_json && options.color.applies(self.is_terminal);
        let output = self.log.clone();
        let log = AccessLog::to(move |line| {
            if has_colors {
                output.push(&terminal::colored(line))
            } else {
                output.push(line)
            }
        });
        let log = match options.log_format {
            LogFormat::Common => log,
            LogFormat::Combined => log.combined(),
            LogFormat::Json => log.json(),
        };
        if self.is_terminal { log.timed() } else { log }
    }

    /// See [`Log::finish`].
    pub(crate) fn finish(&self) {
        self.log.finish();
    }
}
