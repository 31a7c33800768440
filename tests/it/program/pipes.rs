//! The program as people start it: behind a pipe that nobody reads, and with mistyped options.

use super::Folder;
use bytegate::Method;
use bytegate::testing::StreamClient;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The program, whose standard output nobody reads unless the test does. It is ended with the test.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(arguments: &[&str]) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
        Program::run(command.args(["serve", "--port", "0"]).args(arguments))
    }

    fn run(command: &mut Command) -> Program {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let errors = child.stderr.as_mut().expect("a pipe");
        let mut lines = BufReader::new(errors).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("http://"));
        let line = line.expect("a line with the address");
        let address = line.split("http://").nth(1).expect("an address");
        let address = address.split('/').next().expect("an address");
        let address = address.replace("localhost", "127.0.0.1");
        Program {
            child,
            address: address.parse().expect("an address"),
        }
    }

    fn connect(&self) -> StreamClient<TcpStream> {
        let stream = TcpStream::connect(self.address).expect("a connection");
        let timeout = Some(Duration::from_secs(20));
        stream.set_read_timeout(timeout).expect("a socket");
        StreamClient::new(stream)
    }

    /// Asks for a path with a name of a number of bytes, a number of times.
    fn ask(&self, count: usize, bytes: usize) {
        let path = "x".repeat(bytes);
        let request = format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let mut client = self.connect();
        for _ in 0..count {
            client.send(&request).expect("a connection");
            let response = client.response(Method::GET).expect("a response");
            assert_eq!(response.status(), 404);
            if response.header("Connection") == Some("close") {
                client = self.connect();
            }
        }
    }

    fn stop(&mut self) -> Duration {
        let start = Instant::now();
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status();
        assert!(killed.expect("kill").success());
        while self.child.try_wait().expect("the program").is_none() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "it does not stop"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        start.elapsed()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_log_that_nobody_reads_stops_neither_clients_nor_signals() {
    let mut program = Program::start(&[]);
    // A pipe takes 64 KiB.
    program.ask(300, 900);
    assert!(program.stop() < Duration::from_secs(5));
}

#[test]
fn errors_of_a_python_application_that_nobody_reads_stop_neither_clients_nor_signals() {
    if !super::wsgi::has_python() {
        return;
    }
    // Each response breaks off, which is logged with the reason. The traceback goes elsewhere.
    let source = "import os, sys\nsys.stderr = open(os.devnull, 'w')\n\n\n\
        def application(environ, start_response):\n    start_response('200 OK', [])\n    yield b'x'\n    \
        raise ValueError('y' * 900)\n";
    let folder = Folder::new("pipes-wsgi", &[("app.py", source.as_bytes())]);
    let mut program = Program::run(
        Command::new(env!("CARGO_BIN_EXE_bytegate"))
            .args(["wsgi", "app:application", "--port", "0"])
            .current_dir(&folder.path),
    );
    for _ in 0..200 {
        let mut stream = TcpStream::connect(program.address).expect("a connection");
        let timeout = Some(Duration::from_secs(20));
        stream.set_read_timeout(timeout).expect("a socket");
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(request).expect("a connection");
        let mut response = Vec::new();
        if let Err(error) = stream.read_to_end(&mut response) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
    }
    program.stop();
}

#[test]
fn no_line_is_lost_while_the_log_is_read() {
    let mut program = Program::start(&[]);
    let mut output = program.child.stdout.take().expect("a pipe");
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    program.ask(2000, 500);
    program.stop();
    let text = reading.join().expect("no panic").expect("text");
    assert_eq!(text.lines().count(), 2000);
}

/// Returns the complaint about a command line.
fn complaint(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_bytegate"))
        .args(arguments)
        .output()
        .expect("the program");
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn a_mistyped_option_is_corrected() {
    for (given, meant) in [
        ("--sap", "did you mean --spa?"),
        ("--lsiting", "did you mean --listing?"),
        ("--max-haed", "did you mean --max-head?"),
        ("--hepl", "did you mean --help?"),
    ] {
        let text = complaint(&[".", given]);
        assert!(text.contains(meant), "{text}");
    }
    for given in ["--nonsense", "--q", "-x"] {
        let text = complaint(&[".", given]);
        assert!(!text.contains("did you mean"), "{text}");
    }
}

#[test]
fn an_address_may_have_brackets() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("skipped: this machine has no IPv6");
        return;
    }
    let program = Program::start(&["--bind", "[::1]"]);
    assert!(program.address.is_ipv6());
    program.ask(1, 5);
    let text = complaint(&["--bind", "[127.0.0.1]"]);
    assert!(text.contains("not an IP address"), "{text}");
}
