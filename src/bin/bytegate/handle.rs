//! `bytegate handle`: a front end over standard input and output.

use crate::Failure;
use crate::content;
use crate::options::Options;
use bytegate::blocking::Untimed;
use bytegate::request::ConnectionInfo;
use std::io::{self, Read, Write, stdin, stdout};
use std::process::ExitCode;

/// Responds while the input is still open, so that a client of inetd receives responses before it closes.
/// Pipes have no timeouts: the parent process must end slow connections.
pub(crate) fn run(options: Options) -> Result<ExitCode, Failure> {
    let gateway = content::gateway(&options, None)?;
    if options.verbose {
        content::survey(&options);
    }
    let gateway =
        gateway.on_error(|error, request| crate::complain(&format!("{request}: {error}")));
    gateway.serve_stream(Untimed(Pipes), ConnectionInfo::default())?;
    Ok(ExitCode::SUCCESS)
}

/// Standard input and standard output as a single stream.
struct Pipes;

impl Read for Pipes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = stdin().lock().read(buffer);
        read.map_err(|error| named("cannot read standard input", error))
    }
}

impl Write for Pipes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = stdout().lock().write(bytes);
        written.map_err(|error| named("cannot write standard output", error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = stdout().lock().flush();
        flushed.map_err(|error| named("cannot write standard output", error))
    }
}

fn named(what: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
