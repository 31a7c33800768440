//! The test kit, used as its users use it.

mod browsing;
#[cfg(feature = "json")]
mod bugs;
mod client;
mod connections;
mod fault_positions;
mod faults;
mod lengths;
#[cfg(feature = "server")]
mod server;
mod shown;
#[cfg(feature = "self-signed")]
mod tls;
mod waiting;

use bytegate::connection::CloseReason;
use bytegate::request::{ConnectionInfo, Peer, Scheme};
use bytegate::testing::{
    Client, Fault, Faulty, FormPart, Pipe, StreamClient, malformed_requests, read_responses,
};
use bytegate::{Body, Gateway, Method, Now, OwnedRequest, Request, Response, Router, Site, Status};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An application that responds with a description of the request.
fn echo(request: &Request<'_>) -> String {
    let body = String::from_utf8_lossy(request.body());
    let query = request.query().unwrap_or("-");
    format!("{} {} {query} {body}", request.method(), request.path())
}
