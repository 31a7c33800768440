//! `bytegate handle`: the front end whose socket is a pair of pipes.

use crate::Failure;
use crate::arguments::Content;
use bytegate::{Application, Connection, Now, Step};
use std::io::{ErrorKind, Read, Write, stdin, stdout};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Answers while the input is open, so that a client behind inetd need not close before it gets its answer.
/// A pipe has no deadlines, so that time stands still here: whoever connects it has to end what takes too long.
pub(crate) fn run(content: Content) -> Result<ExitCode, Failure> {
    let gateway = crate::gateway(&content)?;
    let mut connection = Connection::new(gateway.connection_config());
    let mut buffer = Vec::new();
    loop {
        let now = Now {
            monotonic: Duration::ZERO,
            wall: SystemTime::now().duration_since(UNIX_EPOCH).ok(),
        };
        let mut input = &buffer[..];
        let wait = loop {
            match connection.step(&mut input, now) {
                Step::Admit(head) => {
                    let admission = gateway.admit(&head);
                    connection.admit(admission);
                }
                Step::Call(request) => {
                    let response = gateway.call(&request);
                    connection.respond(response);
                }
                Step::Finish(ending) => {
                    let response = ending.finish();
                    connection.respond(response);
                }
                Step::Refuse(refusal) => {
                    let response = gateway.refuse(&refusal);
                    connection.respond(response);
                }
                Step::Read { .. } => break Wait::Read,
                Step::Write { .. } => break Wait::Write,
                Step::Close(_) => return Ok(ExitCode::SUCCESS),
            }
        };
        let used = buffer.len() - input.len();
        buffer.drain(..used);
        match wait {
            Wait::Read => read(&mut buffer, &mut connection)?,
            Wait::Write => write(&mut connection)?,
        }
    }
}

enum Wait {
    Read,
    Write,
}

fn read(buffer: &mut Vec<u8>, connection: &mut Connection) -> Result<(), Failure> {
    let mut block = [0; 16 * 1024];
    match stdin().lock().read(&mut block) {
        Ok(0) => connection.end_input(),
        Ok(count) => buffer.extend_from_slice(&block[..count]),
        Err(error) if error.kind() == ErrorKind::Interrupted => {}
        Err(error) => return Err(format!("cannot read standard input: {error}").into()),
    }
    Ok(())
}

fn write(connection: &mut Connection) -> Result<(), Failure> {
    let mut answer = Vec::new();
    connection.output().move_to(&mut answer);
    let mut stdout = stdout().lock();
    stdout
        .write_all(&answer)
        .and_then(|()| stdout.flush())
        .map_err(|error| format!("cannot write standard output: {error}").into())
}
