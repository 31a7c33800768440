//! Which application handles a request.

mod applications;
mod conflicts;
mod hosts;
mod methods;
mod model;
mod mounts;
mod names;
mod observed;
mod patterns;
mod slashes;
mod suffixes;
mod undecoded;

use crate::support;
use bytegate::application::receive_upload;
use bytegate::headers::Headers;
use bytegate::middleware::{RequestInfo, RequestParts, with_middleware};
use bytegate::response::{PreparedResponse, Reply};
use bytegate::routing::TrailingSlash;
use bytegate::testing::ClientResponse;
use bytegate::upload::{Admission, Receiver};
use bytegate::{
    Application, Gateway, Method, Middleware, OwnedRequest, Rejection, Request, Response, Router,
    Site, Status, with_body_limit,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::{Arc, Mutex};

fn ask_host(gateway: &Gateway, method: &str, target: &str, host: &str) -> ClientResponse {
    let request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let output = gateway.handle(request.as_bytes());
    support::read_response(request.as_bytes(), &output)
}

fn ask(gateway: &Gateway, method: &str, target: &str) -> ClientResponse {
    ask_host(gateway, method, target, "localhost")
}

/// The body of a 200 response, or the status of another one.
fn outcome(response: &ClientResponse) -> String {
    match response.status() {
        Status::OK => response.text().to_string(),
        status => status.code().to_string(),
    }
}

fn get(gateway: &Gateway, target: &str) -> String {
    outcome(&ask(gateway, "GET", target))
}

fn header(response: &ClientResponse, name: &str) -> String {
    response.header(name).unwrap_or_default().to_string()
}

/// An application that responds with a fixed text.
fn named(name: &'static str) -> impl Application + 'static {
    move |_: &Request<'_>| name
}

/// An application that shows the path it sees, and all parameters of these tests.
fn shown(request: &Request<'_>) -> String {
    let params = ["id", "path", "tenant"].map(|name| request.param(name).unwrap_or("-"));
    let (script, rest) = (request.script_name(), request.path_info().unwrap_or("none"));
    format!("{script:?} {rest:?} {}", params.join(" "))
}
