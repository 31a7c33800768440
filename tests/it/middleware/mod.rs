//! The middleware of the crate, with applications that respond at once, later, block by block, or not at all.

mod access_log;
mod allowed_hosts;
mod basic_auth;
mod body_limit;
#[cfg(feature = "compression")]
mod compression;
mod contract;
mod cors;
mod entity_tags;
mod forwarded_headers;
mod order;
mod rate_limit;
mod request_id;
mod same_origin;
mod server_timing;
#[cfg(feature = "signed-cookies")]
mod sessions;
mod set_headers;
#[cfg(feature = "tracing")]
mod tracing;

use crate::support;
use bytegate::gateway::Wait;
use bytegate::headers::Headers;
use bytegate::middleware::{
    AccessLog, AllowedHosts, AuthenticatedUser, BasicAuth, ConditionalGet, Cors,
    CrossOriginProtection, RateLimit, RequestId, RequestInfo, RequestParts, ServerTiming,
    SetHeaders, SetRequestId, with_middleware,
};
use bytegate::request::{ConnectionInfo, Peer, Scheme};
use bytegate::testing::{ClientResponse, Contract, Violation};
use bytegate::upload::{Admission, Receiver};
use bytegate::with_body_limit;
use bytegate::{
    Application, Body, Gateway, Method, Middleware, Now, Request, Response, Router, Site, Status,
};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Sends a single request, and catches panics as the front ends do.
fn ask_as(gateway: &Gateway, info: ConnectionInfo, now: Now, input: &str) -> ClientResponse {
    let mut session = gateway.session(info).catch_panics();
    let (mut rest, mut output) = (input.as_bytes(), Vec::new());
    session.end_input();
    loop {
        match session.turn(&mut rest, now) {
            Wait::Write { .. } => output.extend_from_slice(&session.take_output()),
            Wait::Yield => {}
            Wait::Read { .. } | Wait::Close(_) => break,
            other => panic!("{input:?} waits: {other:?}"),
        }
    }
    support::read_response(input.as_bytes(), &output)
}

fn ask(gateway: &Gateway, input: &str) -> ClientResponse {
    ask_as(gateway, ConnectionInfo::default(), Now::default(), input)
}

/// Returns a request without a body.
fn request(line: &str, headers: &[&str]) -> String {
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    format!("{line} HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
}

fn get(headers: &[&str]) -> String {
    request("GET /", headers)
}

/// Responds in every possible way.
struct EveryWay;

impl Application for EveryWay {
    fn call(&self, request: &Request<'_>) -> Response {
        match request.path() {
            "/now" => Response::text("now"),
            "/later" => Response::from_future(async { Response::text("later") }),
            "/stream" => Response::text(Body::from_iterator(["a", "b"].into_iter())),
            "/panic" => std::panic::resume_unwind(Box::new("deliberate")),
            "/later-panic" => Response::from_future(async {
                std::panic::resume_unwind(Box::new("deliberate"));
                #[expect(unreachable_code, reason = "the type of the answer")]
                ""
            }),
            "/invalid" => Response::text("x").with_header("Connection", "close"),
            _ => Status::NOT_FOUND.into(),
        }
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        match request.path() {
            "/refuse" => Admission::refuse(Status::FORBIDDEN),
            "/receive" => Admission::stream(Refuser),
            "/count" => Admission::stream(Count(0)),
            _ => Admission::buffer(),
        }
    }
}

/// Refuses the body once it arrives.
struct Refuser;

impl Receiver for Refuser {
    fn data(&mut self, _: &[u8]) -> Result<(), Response> {
        Err(Status::UNPROCESSABLE_CONTENT.into())
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        Response::text("received")
    }
}

/// Each kind of response from [`EveryWay`], and the status.
fn every_way() -> Vec<(String, u16)> {
    let headers = ["Origin: https://a.example", "Accept-Encoding: gzip"];
    let body = |line: &str| {
        let headers = [&headers[..], &["Content-Length: 2"]].concat();
        request(line, &headers) + "ab"
    };
    vec![
        (request("GET /now", &headers), 200),
        (request("HEAD /now", &headers), 200),
        (request("GET /later", &headers), 200),
        (request("GET /stream", &headers), 200),
        (request("GET /panic", &headers), 500),
        (request("GET /later-panic", &headers), 500),
        (request("GET /invalid", &headers), 500),
        (request("TRACE /now", &headers), 501),
        (body("POST /now"), 200),
        (body("POST /refuse"), 403),
        (body("POST /receive"), 422),
        (body("POST /count"), 200),
        (
            request(
                "POST /count",
                &[&headers[..], &["Transfer-Encoding: chunked"]].concat(),
            ) + "2\r\nab\r\nno chunk",
            400,
        ),
        (
            request(
                "POST /now",
                &[&headers[..], &["Content-Length: 1048577"]].concat(),
            ),
            413,
        ),
    ]
}

/// Adds the middleware that needs no feature, in the recommended order, and a log.
fn wrapped(application: impl Application + 'static) -> (Gateway, Arc<Mutex<String>>) {
    let log = Arc::new(Mutex::new(String::new()));
    let lines = log.clone();
    let gateway = Gateway::new(application).with(ConditionalGet::new());
    #[cfg(feature = "compression")]
    let gateway = gateway.with(bytegate::middleware::Compression::new());
    let gateway = gateway
        .with(RateLimit::new(100, Duration::from_secs(1)))
        .with(CrossOriginProtection::new().trusted_origins(["https://a.example"]))
        .with(Cors::origins(["https://a.example"]).allow_credentials())
        .with(AllowedHosts::new().host("x"))
        .with(SetHeaders::security())
        .with(ServerTiming::new())
        .with(SetRequestId::generated_by(|_| "id".to_string()))
        .with(AccessLog::to(move |line| {
            lines.lock().expect("a log").push_str(line)
        }));
    (gateway, log)
}

const RABBIT: &str = "https://rabbit.invalid";

fn staff() -> BasicAuth {
    BasicAuth::user("the \"staff\"", "Aladdin", "open sesame")
}

fn show_user(request: &Request<'_>) -> String {
    let user = request.extensions().get::<AuthenticatedUser>();
    format!(
        "{} {}",
        user.map_or("nobody", |user| user.name()),
        request.body().len()
    )
}

struct Count(usize);

impl Receiver for Count {
    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        self.0 += part.len();
        Ok(())
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        format!("{}", self.0).into()
    }
}
