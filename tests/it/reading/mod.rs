//! Requests as an application reads them, and the responses if they cannot be read.

mod cookies;
mod credentials;
mod every_cut;
mod forms;
#[cfg(feature = "json")]
mod json;
mod multipart;
mod negotiation;
#[cfg(all(feature = "json", feature = "cookies", feature = "compression"))]
mod odd_clients;
mod parameters;
mod rejections;
#[cfg(feature = "cookies")]
mod set_cookies;
#[cfg(feature = "signed-cookies")]
mod signed_cookies;
#[cfg(feature = "serde")]
mod typed;

use crate::support;
use bytegate::request::ConnectionInfo;
use bytegate::response::ResponseError;
use bytegate::testing::ClientResponse;
use bytegate::{
    Application, Gateway, Now, Rejection, Request, Response, Router, Status, with_body_limit,
};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

const FORM: &str = "application/x-www-form-urlencoded";

fn ask(application: impl Application + 'static, input: impl AsRef<[u8]>) -> ClientResponse {
    let output = Gateway::new(application).handle(input.as_ref());
    support::read_one(&output)
}

/// The status and the page.
fn told(application: impl Application + 'static, input: impl AsRef<[u8]>) -> (u16, String) {
    let response = ask(application, input);
    let text = response.text().to_string();
    (response.status().code(), text)
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")
}

fn get_with(headers: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
}

fn post(media_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Calls `look` with a request that has the given headers.
fn with_headers<T>(headers: &[(&str, &str)], look: impl FnOnce(&Request<'_>) -> T) -> T {
    let builder = Request::builder("GET", "/");
    let builder = headers.iter().fold(builder, |builder, (name, value)| {
        builder.header(name, value)
    });
    look(&builder.build().expect("a request").view())
}
