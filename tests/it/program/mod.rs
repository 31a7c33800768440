//! The built program: its input, its output, and its end.

#[cfg(unix)]
mod addresses;
#[cfg(unix)]
mod admin;
mod base;
#[cfg(feature = "self-signed")]
mod combinations;
mod command_line;
mod config;
mod explain;
mod folder;
mod handle;
#[cfg(unix)]
mod listing;
#[cfg(unix)]
mod logs;
#[cfg(unix)]
mod pipes;
#[cfg(target_os = "linux")]
mod ports;
mod proxies;
#[cfg(unix)]
mod reload;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod start;
#[cfg(target_os = "linux")]
mod takeover;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(all(unix, feature = "self-signed"))]
mod tls;
#[cfg(unix)]
mod users;
#[cfg(unix)]
mod wsgi;

use crate::demo;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here should take.
const DEADLINE: Duration = Duration::from_secs(20);

/// A run of the program, killed when it is dropped.
struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

/// A run that has ended.
struct Ended {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Program {
        Program::start_with(arguments, Stdio::piped())
    }

    fn start_with(arguments: &[&str], stdout: Stdio) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
        Program::run(command.args(arguments), stdout)
    }

    fn run(command: &mut Command, stdout: Stdio) -> Program {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        Program {
            stdin: child.stdin.take(),
            stdout: lines(child.stdout.take()),
            stderr: lines(child.stderr.take()),
            child,
        }
    }

    fn write(&mut self, input: &[u8]) {
        let stdin = self.stdin.as_mut().expect("the input is open");
        // The program may have ended already.
        let _ = stdin.write_all(input).and_then(|()| stdin.flush());
    }

    /// Closes the input and waits for the program to end.
    fn end(mut self) -> Ended {
        self.stdin = None;
        self.ended()
    }

    /// Waits for the program to end while its input stays open.
    fn ended(&mut self) -> Ended {
        let started = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status,
                None => assert!(started.elapsed() < DEADLINE, "the program does not end"),
            }
            thread::sleep(Duration::from_millis(2));
        };
        Ended {
            code: status.code(),
            stdout: self.stdout.iter().collect::<Vec<_>>().concat(),
            stderr: text(self.stderr.iter().collect::<Vec<_>>().concat()),
        }
    }

    /// The next line of standard error.
    fn error_line(&self) -> String {
        text(self.stderr.recv_timeout(DEADLINE).expect("a line"))
    }

    /// The next line of standard output.
    fn line(&self) -> String {
        text(self.stdout.recv_timeout(DEADLINE).expect("a line"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe line by line.
fn lines(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let Some(mut pipe) = pipe.map(BufReader::new) else {
            return;
        };
        let mut line = Vec::new();
        while pipe
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            // A test that has failed no longer listens.
            let _ = sender.send(std::mem::take(&mut line));
        }
    });
    receiver
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("text in UTF-8")
}

/// Runs the program with this input.
fn run(arguments: &[&str], input: &[u8]) -> Ended {
    let mut program = Program::start(arguments);
    program.write(input);
    program.end()
}

/// The only line on standard error of a run that must fail with this exit code.
fn complaint(arguments: &[&str], code: i32) -> String {
    let ended = run(arguments, b"");
    assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.stderr);
    assert_eq!(ended.stdout, b"", "{arguments:?}");
    let line = ended.stderr.strip_suffix('\n').expect("a whole line");
    assert_eq!(line.lines().count(), 1, "{arguments:?}: {line}");
    line.to_string()
}

/// A new folder, removed when it is dropped.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Folder {
        let name = format!("program-{name}-{}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        for (file, body) in files {
            let file = path.join(file);
            std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
            std::fs::write(file, body).expect("a file");
        }
        Folder { path }
    }

    fn as_str(&self) -> &str {
        self.path.to_str().expect("a name in UTF-8")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
