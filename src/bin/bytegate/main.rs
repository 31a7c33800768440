//! The program: serves a folder or the demo, answers raw bytes, explains raw bytes.

mod arguments;
mod explain;
mod handle;
mod serve;

use arguments::{Command, Content};
use bytegate::{Gateway, Router, Site, demo, wsgi};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = match arguments::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(error) => {
            complain(&format!("{error} (see bytegate --help)"));
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Help => print(arguments::HELP),
        Command::Version => print(concat!("bytegate ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Serve(options) => serve::run(options),
        Command::Handle(content) => handle::run(content),
        Command::Explain => explain::run(),
    };
    done.unwrap_or_else(|error| {
        complain(&error.to_string());
        ExitCode::FAILURE
    })
}

/// What ends a command early: one clear line.
type Failure = Box<dyn std::error::Error>;

/// One line on standard error, whatever is named in it.
fn complain(message: &str) {
    let escape = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    let line: String = message.chars().map(escape).collect();
    tell(&format!("bytegate: {line}"));
}

/// A line on standard error, if anybody is there to read it.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    written.map_err(|error| format!("cannot write standard output: {error}"))?;
    Ok(ExitCode::SUCCESS)
}

/// The gateway for a folder, or the demo's, with the demo's application for paths that end in a dynamic suffix.
fn gateway(content: &Content) -> Result<Gateway, Failure> {
    let site = match &content.folder {
        None => demo::site(),
        Some(folder) => Site::load(folder)?,
    };
    for skipped in site.skipped() {
        complain(&skipped.to_string());
    }
    let router = Router::new().fallback(site);
    let router = content.suffixes.iter().fold(router, |router, suffix| {
        router.suffix(suffix, wsgi(demo::mini_frame::application))
    });
    Ok(Gateway::new(router).config(content.config))
}
