//! The program. It serves a folder, the demo site or an application in Python, lists routes, and responds to or explains raw bytes.

mod access;
mod addresses;
mod admin;
mod arguments;
mod browser;
mod combinations;
mod completions;
mod config;
mod content;
mod demo;
mod explain;
mod greeting;
mod handle;
mod help;
mod heritage;
mod index;
mod listen;
mod log;
mod log_file;
mod log_format;
mod log_output;
mod losses;
mod man;
mod meant;
mod more_metrics;
mod options;
mod proxies;
mod qr;
mod redirect;
#[cfg(feature = "self-signed")]
mod self_signed;
mod serve;
mod shared_addresses;
mod signals;
mod single_file;
mod table;
mod terminal;
mod tls;
mod users;
mod values;
#[cfg(unix)]
mod wsgi;

use arguments::{Command, Invalid};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = match arguments::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(Invalid::Usage(message)) => {
            complain(&format!("{message} (see bytegate --help)"));
            return ExitCode::from(2);
        }
        Err(Invalid::Config(message)) => {
            complain(&message);
            return ExitCode::from(2);
        }
        Err(Invalid::Unreadable(message)) => {
            complain(&message);
            return ExitCode::FAILURE;
        }
    };
    let done = match command {
        Command::Help => print(&help::help()),
        Command::Man => print(&man::page()),
        Command::Completions(shell) => print(&completions::script(shell)),
        Command::Version => print(concat!("bytegate ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Serve(options) => serve::run(options),
        Command::Handle(options) => handle::run(options),
        Command::Routes(options) => {
            if options.verbose {
                content::survey(&options);
            }
            content::gateway(&options, None).and_then(|gateway| print(&gateway.routes()))
        }
        Command::Explain => explain::run(),
        #[cfg(unix)]
        Command::Wsgi(application, options) => wsgi::run(application, options),
    };
    done.unwrap_or_else(|error| {
        complain(&error.to_string());
        ExitCode::FAILURE
    })
}

/// The reason why a command fails, as one clear line.
type Failure = Box<dyn std::error::Error>;

/// Writes a message to standard error as a single line, with control characters escaped.
fn complain(message: &str) {
    tell(&complaint(message));
}

/// Returns a message as a single line, with control characters escaped.
fn complaint(message: &str) -> String {
    let escape = |character: char| {
        if character.is_control() {
            character.escape_default().to_string()
        } else {
            character.to_string()
        }
    };
    let line: String = message.chars().map(escape).collect();
    format!("bytegate: {line}")
}

/// Writes a line to standard error. Errors are ignored.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    written.map_err(|error| format!("cannot write standard output: {error}"))?;
    Ok(ExitCode::SUCCESS)
}
