//! Blocking streams that behave as the systems allow them to.

use bytegate::blocking::BlockingStream;
use bytegate::connection::CloseReason;
use bytegate::request::ConnectionInfo;
use bytegate::{Gateway, Request};
use std::io::{self, Cursor, ErrorKind, Read, Write};
#[cfg(all(unix, feature = "folder"))]
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// A stream whose flushes are interrupted by signals.
struct Interrupted {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
    interruptions: usize,
}

impl Read for Interrupted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

impl Write for Interrupted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.interruptions {
            0 => Ok(()),
            _ => {
                self.interruptions -= 1;
                Err(ErrorKind::Interrupted.into())
            }
        }
    }
}

impl BlockingStream for &mut Interrupted {
    fn set_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn end_output(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_signal_during_a_flush_does_not_end_the_connection() {
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut stream = Interrupted {
        input: Cursor::new([&request[..], request].concat()),
        output: Vec::new(),
        interruptions: 2,
    };
    let gateway = Gateway::new(|_: &Request<'_>| "hello\n");
    let reason = gateway.serve_stream(&mut stream, ConnectionInfo::default());
    assert_eq!(reason.expect("no error"), CloseReason::InputEnded);
    let output = String::from_utf8(stream.output).expect("text");
    assert_eq!(output.matches("hello\n").count(), 2, "{output}");
    assert_eq!(stream.interruptions, 0);
}

/// The mode belongs to the socket, so both handles of it show the same.
#[cfg(all(unix, feature = "folder"))]
#[test]
fn a_socket_that_does_not_block_is_made_to() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut client = TcpStream::connect(address).expect("a connection");
    let (stream, peer) = listener.accept().expect("a connection");
    stream.set_nonblocking(true).expect("a socket");
    let same = stream.try_clone().expect("a socket");
    let serving = std::thread::spawn(move || {
        Gateway::new(|_: &Request<'_>| "hello\n").serve_stream(stream, peer)
    });
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .expect("a connection");
    let mut response = String::new();
    client.read_to_string(&mut response).expect("a response");
    assert!(response.ends_with("hello\n"), "{response}");
    drop(client);
    serving.join().expect("no panic").expect("no error");
    let flags = rustix::fs::fcntl_getfl(&same).expect("a socket");
    assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
}
