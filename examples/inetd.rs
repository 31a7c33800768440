//! One connection over standard input and output, as inetd, `socat` and systemd's `Accept=yes` start it. It needs only the
//! standard library.
//!
//! `printf 'GET /hello/Ada HTTP/1.1\r\nHost: x\r\n\r\n' | cargo run --example inetd`, or
//! `socat TCP-LISTEN:7890,fork,reuseaddr EXEC:target/debug/examples/inetd`

use bytegate::blocking::Untimed;
use bytegate::connection::CloseReason;
use bytegate::request::ConnectionInfo;
use bytegate::{Gateway, Request, Router};
use std::io::{self, Read, Write};

/// An input and an output as one stream.
struct Duplex<I, O>(I, O);

impl<I: Read, O> Read for Duplex<I, O> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<I, O: Write> Write for Duplex<I, O> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.1.flush()
    }
}

fn hello(request: &Request) -> String {
    format!("hello {}\n", request.param("name").unwrap_or("nobody"))
}

/// Serves until the connection closes. It has no timeouts: the parent process must end slow connections.
pub(crate) fn serve(input: impl Read, output: impl Write) -> io::Result<CloseReason> {
    let gateway = Gateway::new(Router::new().get("/hello/{name}", hello));
    let stream = Untimed(Duplex(input, output));
    gateway.serve_stream(stream, ConnectionInfo::default())
}

fn main() -> io::Result<()> {
    serve(io::stdin(), io::stdout()).map(|_| ())
}
