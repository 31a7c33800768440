//! The six stages of a well-known Python tutorial, from a small web server to a small WSGI framework: our counterpart of
//! each stage, and tests for the faults in its code.

mod faults;
#[cfg(feature = "server")]
mod stage_1_static_pages;
#[cfg(feature = "server")]
mod stage_2_server_object;
mod stage_3_static_and_dynamic;
mod stage_4_dynamic_page;
mod stage_5_mini_frame;
mod stage_6_wsgi;

use crate::demo;
#[cfg(feature = "server")]
use crate::laws::reader;
use crate::support;
use bytegate::testing::ClientResponse;
use bytegate::{Gateway, Now, Router};
#[cfg(feature = "server")]
use bytegate::{
    Method,
    testing::{Server, StreamClient},
};
#[cfg(feature = "server")]
use std::net::TcpStream;

/// The response to one request, parsed strictly.
fn response(gateway: &Gateway, request: impl AsRef<[u8]>) -> ClientResponse {
    respond_at(gateway, request, Now::default())
}

fn respond_at(gateway: &Gateway, request: impl AsRef<[u8]>, now: Now) -> ClientResponse {
    let request = request.as_ref();
    let output = gateway.handle_at(request, now);
    support::read_response(request, &output)
}

fn get(gateway: &Gateway, target: &str) -> ClientResponse {
    response(
        gateway,
        format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    )
}

fn post(gateway: &Gateway, target: &str, form: impl AsRef<[u8]>) -> ClientResponse {
    let form = form.as_ref();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n",
        form.len()
    );
    response(gateway, [head.as_bytes(), form].concat())
}

fn header<'a>(response: &'a ClientResponse, name: &str) -> &'a str {
    response.header(name).unwrap_or_default()
}

/// The response to the last request of a connection.
#[cfg(feature = "server")]
fn last_response(mut client: StreamClient<TcpStream>) -> ClientResponse {
    let responses = client.last_responses(&[Method::GET]);
    reader::checked(responses.expect("one response").remove(0))
}

#[cfg(feature = "server")]
fn get_over_tcp(mut client: StreamClient<TcpStream>, target: &str) -> ClientResponse {
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    client.send(request).expect("it is sent");
    last_response(client)
}

const HTML: &str = "text/html; charset=utf-8";
