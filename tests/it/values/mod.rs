//! The public API apart from the bytes on the wire: requests, responses and logs.

mod buffers;
mod dates;
mod debug_output;
mod headers;
mod limits;
mod requests;
mod responses;

use crate::support;
use bytegate::body::BodyError;
use bytegate::config::{Config, Limits};
use bytegate::connection::{BodyMode, Connection, ProtocolError, Step};
use bytegate::headers::{HeaderError, HeaderMap, Headers};
use bytegate::middleware::AccessLog;
use bytegate::request::{ConnectionInfo, Scheme, Target, Version};
use bytegate::response::ResponseError;
use bytegate::site::NamedFile;
use bytegate::testing::ClientResponse;
use bytegate::upload::{Admission, Receiver};
use bytegate::{
    Application, Body, Bytes, Gateway, Method, Now, Request, Response, Router, Site, Status,
};
use std::time::Duration;

const GET: &[u8] =
    b"GET /a?b=c%20d&e HTTP/1.1\r\nHost: x:80\r\nAuthorization: secret\r\nX: y\r\n\r\n";

/// Calls `look` with the request: as the builder makes it, as an owned copy, and as a session parses it.
fn with_request(input: &[u8], look: impl Fn(&Request<'_>)) {
    let head = input.split(|byte| *byte == b'\n');
    let text = |line: &[u8]| String::from_utf8(line.to_vec()).expect("text");
    let mut lines = head.map(|line| text(line).trim_end().to_string());
    let line = lines.next().expect("a request line");
    let words: Vec<&str> = line.split(' ').collect();
    if words[1] == "*" || words[2] == "HTTP/1.0" {
        return with_request_of_a_session(input, look);
    }
    let builder = Request::builder(words[0], words[1])
        .scheme(Scheme::Https)
        .now(Now::at_unix(7))
        .peer(
            "192.0.2.1:5"
                .parse::<std::net::SocketAddr>()
                .expect("an address"),
        );
    let builder = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_string(), value.to_string()))
        })
        .fold(builder, |builder, (name, value)| {
            builder.header(&name, value)
        });
    // The application sees the same request, regardless of how it was made.
    let request = builder.build().expect("a request");
    look(&request.view());
    look(&request.view().into_owned().view());
    with_request_of_a_session(input, look);
}

/// Calls `look` with the request as a session parses it, at a fixed time.
fn with_request_of_a_session(input: &[u8], look: impl Fn(&Request<'_>)) {
    use std::sync::Mutex;
    let owned = std::sync::Arc::new(Mutex::new(None));
    let seen = owned.clone();
    let gateway = Gateway::new(Router::new().fallback(move |request: &Request<'_>| {
        *seen.lock().expect("a request") = Some(request.into_owned());
        ""
    }));
    let info = ConnectionInfo {
        peer: "192.0.2.1:5"
            .parse::<std::net::SocketAddr>()
            .expect("an address")
            .into(),
        scheme: Scheme::Https,
        number: 1,
        ..ConnectionInfo::default()
    };
    gateway.handle_for(input, info, &mut Now::at_unix(7), &mut Vec::new());
    let owned = owned.lock().expect("a request").take();
    if let Some(request) = owned {
        look(&request.view());
    }
}

fn response_of(application: impl Application + 'static, input: &[u8]) -> ClientResponse {
    let output = Gateway::new(application).handle(input);
    support::read_response(input, &output)
}

const GET_X: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

const POST: &[u8] = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nsecret";

struct Deaf;

impl Receiver for Deaf {
    fn data(&mut self, _: &[u8]) -> Result<(), Response> {
        Ok(())
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        Response::text("heard")
    }
}

/// Admits the body and returns the next step.
fn admitted<'c, 'i: 'c>(
    connection: &'c mut Connection,
    input: &mut &'i [u8],
    plan: BodyMode,
) -> Step<'c> {
    let step = connection.step(input, Now::default());
    assert!(matches!(step, Step::Admit(_)), "{step:?}");
    assert_eq!(connection.admit(plan), Ok(()));
    connection.step(input, Now::default())
}
