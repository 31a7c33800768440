//! tiny_http: one blocking thread for each connection, and a few that respond.

use crate::{BIG, BIG_TYPE, Outcome, PAGE, PAGE_TYPE};
use std::net::TcpListener;
use std::thread;
use tiny_http::{Header, Request, Response, Server, StatusCode};

const ANSWERING: usize = 4;

pub(crate) fn serve(listener: TcpListener) -> Outcome {
    let server = Server::from_listener(listener, None)?;
    thread::scope(|scope| {
        for _ in 0..ANSWERING {
            scope.spawn(|| server.incoming_requests().for_each(respond));
        }
    });
    Ok(())
}

fn respond(request: Request) {
    let (status, kind, body) = match request.url() {
        "/index.html" => (200, PAGE_TYPE, PAGE.as_bytes()),
        "/big.bin" => (200, BIG_TYPE, &BIG[..]),
        _ => (404, PAGE_TYPE, &b""[..]),
    };
    let headers = Header::from_bytes("Content-Type", kind)
        .into_iter()
        .collect();
    let response = Response::new(StatusCode(status), headers, body, Some(body.len()), None);
    // A client that closes early must not affect the others.
    let _ = request.respond(response);
}
