//! The program. It serves a folder or the demo site, lists its routes, answers raw bytes, and explains raw bytes.

mod arguments;
mod demo;
mod explain;
mod folder;
mod handle;
mod serve;

use arguments::{Command, Content};
use bytegate::{Cors, Gateway, Router, wsgi};
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
        Command::Routes(content) => gateway(&content).and_then(|gateway| print(&gateway.routes())),
        Command::Explain => explain::run(),
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
    let escape = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    let line: String = message.chars().map(escape).collect();
    tell(&format!("bytegate: {line}"));
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

/// Creates the gateway for a folder or for the demo site. Paths that end in a dynamic suffix go to the demo
/// application.
fn gateway(content: &Content) -> Result<Gateway, Failure> {
    let site = match &content.folder {
        None => demo::site(),
        Some(folder) => folder::site(folder, content)?,
    };
    let router = Router::new().fallback(site);
    let router = content.suffixes.iter().fold(router, |router, suffix| {
        router.suffix(suffix, wsgi(demo::mini_frame::application))
    });
    let gateway = Gateway::new(router).config(content.config);
    Ok(match content.options.is_on("cors") {
        true => gateway.with(Cors::any()),
        false => gateway,
    })
}
