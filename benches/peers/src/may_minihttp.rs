//! may_minihttp: stackful coroutines on one thread for each processor. It opens its own sockets and leaves
//! Nagle's algorithm on, which costs nothing here because it writes a batch at once.

use crate::{BIG, Outcome, PAGE};
use may_minihttp::{HttpServer, HttpService, Request, Response};
use std::io;
use std::net::SocketAddr;

pub(crate) fn serve(address: SocketAddr) -> Outcome {
    let server = HttpServer(Answers).start(address)?;
    server.join().map_err(|_| "the acceptor panicked".into())
}

#[derive(Clone)]
struct Answers;

impl HttpService for Answers {
    fn call(&mut self, request: Request, response: &mut Response) -> io::Result<()> {
        match request.path() {
            "/index.html" => {
                response
                    .header("Content-Type: text/html; charset=utf-8")
                    .body(PAGE);
            }
            "/big.bin" => {
                response.header("Content-Type: application/octet-stream");
                response.body_mut().extend_from_slice(&BIG);
            }
            _ => {
                response.status_code(404, "Not Found");
            }
        }
        Ok(())
    }
}
