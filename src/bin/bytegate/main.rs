//! The program: serves a folder or the demo, answers raw bytes, explains raw bytes.

mod arguments;
mod explain;
mod handle;
mod serve;

use arguments::{Command, Content};
use bytegate::{Gateway, Site, demo};
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = match arguments::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("bytegate: {error} (see bytegate --help)");
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
        eprintln!("bytegate: {error}");
        ExitCode::FAILURE
    })
}

/// What ends a command early: one clear line.
type Failure = Box<dyn std::error::Error>;

fn print(text: &str) -> Result<ExitCode, Failure> {
    use std::io::Write;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The gateway for a folder, or the demo's, with the demo's application behind every dynamic suffix.
fn gateway(content: &Content) -> Result<Gateway, Failure> {
    let site = match &content.folder {
        None => demo::site(),
        Some(folder) => Site::load(folder)?,
    };
    for skipped in site.skipped() {
        eprintln!("bytegate: {skipped}");
    }
    let gateway = Gateway::new().site(site);
    Ok(content.suffixes.iter().fold(gateway, |gateway, suffix| {
        gateway.dynamic(suffix, bytegate::wsgi(demo::mini_frame::application))
    }))
}
