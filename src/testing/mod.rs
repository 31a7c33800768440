//! The test kit: tests a web application on the wire, without a socket.
//!
//! [`Client`] sends requests to an application or a gateway through real bytes, and reads the responses strictly: a
//! response that breaks a rule of HTTP fails the test and names the rule. Time is an argument, so nothing sleeps.
//!
//! ```
//! use bytegate::testing::Client;
//! use bytegate::{Rejection, Request, Response, Router, Status};
//!
//! fn app() -> Router {
//!     Router::new().get("/", |_: &Request| Response::html("<h1>Hello</h1>\n")).post("/greet", greet)
//! }
//!
//! fn greet(request: &Request) -> Result<String, Rejection> {
//!     let form = request.form()?;
//!     let name = form.get("name").ok_or(Rejection::unprocessable_content("the form has no name"))?;
//!     Ok(format!("hello {name}\n"))
//! }
//!
//! let client = Client::new(app());
//! assert_eq!(client.get("/").status(), Status::OK);
//! let response = client.post("/greet").form(&[("name", "Ada")]).send();
//! assert_eq!(
//!     response.exchange().to_string(),
//!     "> POST /greet HTTP/1.1\n\
//!      > Host: localhost\n\
//!      > Content-Type: application/x-www-form-urlencoded\n\
//!      > Content-Length: 8\n\
//!      >\n\
//!      > name=Ada\n\
//!      < HTTP/1.1 200 OK\n\
//!      < Content-Type: text/plain; charset=utf-8\n\
//!      < Content-Length: 10\n\
//!      <\n\
//!      < hello Ada\\n\n"
//! );
//! ```
//!
//! # Any axum `Router` on the wire
//!
//! With the feature `tower`, an axum application, or any other tower service, is tested in the same way: in memory,
//! without a runtime, with every tool of the kit and no change to the application. `cargo add --dev bytegate --features
//! tower` is enough. If a handler itself needs tokio, for timers or sockets, test it in a runtime with more than one
//! thread, `#[tokio::test(flavor = "multi_thread")]`: the test blocks its thread, so a runtime with a single thread could
//! not run, and the client would panic after ten seconds with this advice. The peer is in the extension
//! [`ConnectionInfo`](crate::request::ConnectionInfo). Set axum's `ConnectInfo` with `MockConnectInfo`.
//!
//! ```
//! # #[cfg(feature = "tower")] {
//! use axum::{Json, Router, routing::post};
//! use bytegate::bridge::tower;
//! use bytegate::testing::{Client, malformed_requests};
//!
//! let app = Router::new().route("/sum", post(|Json(numbers): Json<Vec<u32>>| async move {
//!     numbers.iter().sum::<u32>().to_string()
//! }));
//! let client = Client::new(tower(app));
//! let response = client.post("/sum").content_type("application/json").body("[1, 2, 3]").send();
//! assert_eq!(response.text(), "6");
//! for request in malformed_requests() {
//!     client.send_bytes(&request.bytes);
//! }
//! # }
//! ```
//!
//! # Overview
//!
//! | to test | use |
//! |---|---|
//! | an application, with typed requests and responses | [`Client`], [`ClientResponse`] |
//! | an axum `Router`, a tower service | [`Client`] of `bridge::tower(router)` (feature `tower`) |
//! | snapshots | [`ClientResponse::exchange`] |
//! | several connections, partial input, streams, time | [`Client::connect`], [`Client::advance`] |
//! | every route of an application, in one call | [`probe`], [`findings`] |
//! | that each response keeps the rules of HTTP | [`Contract`] |
//! | that malformed input does no harm | [`malformed_requests`] |
//! | that valid requests that stress an application never cause a 5xx | [`hostile_requests`], [`hostile_forms`] |
//! | an application, with a fuzzer | [`fuzz`] |
//! | properties of an application | `valid_requests` (feature `proptest`) |
//! | an application, with a real client, in process | `Pipe`, a blocking stream (feature `std`) |
//! | HTTPS: certificates, names, expiry, in memory or over a stream | `TlsClient` (feature `rustls`) |
//! | an HTTPS client, against a server on this machine | `Server::start_tls` (features `server` and `self-signed`) |
//! | an application, with a browser, curl or any other client, over a socket | `Server` (feature `server`) |
//! | a server, over a socket or another stream | `StreamClient` (feature `std`) |
//! | a client, against a server that fails | `Fault`, `Pipe::connect_faulty`, `Faulty` (feature `std`), `Server::start_faulty` (feature `server`) |
//! | why input is refused, and at which byte | [`explain`] |
//! | the output of any server | [`read_responses`] |

// May reach sockets, threads, clocks and the system.

mod client;
mod contract;
mod cookie_date;
mod cookies;
mod corpus;
mod exchange;
mod explain;
#[cfg(feature = "std")]
mod faults;
#[cfg(feature = "server")]
mod faulty_server;
mod finding;
mod fuzz;
mod hostile;
mod link;
mod names;
#[cfg(feature = "std")]
mod pipe;
mod place;
mod probe;
mod raw_request;
mod reader;
mod redirect;
mod reflection;
mod request;
mod response;
mod rules;
mod run;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "proptest")]
mod strategy;
#[cfg(feature = "std")]
mod stream_client;
mod targets;
#[cfg(feature = "rustls")]
mod tls_client;
mod values;
mod wire;
mod wire_error;

pub use client::Client;
pub use contract::{Contract, Violation};
pub use corpus::malformed_requests;
pub use exchange::Exchange;
pub use explain::{Explanation, explain};
#[cfg(feature = "std")]
pub use faults::{Fault, Faulty};
pub use finding::Finding;
pub use fuzz::{fuzz, fuzz_request};
pub use hostile::{hostile_forms, hostile_requests};
#[cfg(feature = "std")]
pub use pipe::Pipe;
pub use probe::{findings, probe};
pub use raw_request::RawRequest;
pub use reader::read_responses;
pub use request::{ClientRequest, FormPart};
pub use response::ClientResponse;
#[cfg(feature = "server")]
pub use server::Server;
#[cfg(feature = "proptest")]
pub use strategy::valid_requests;
#[cfg(feature = "std")]
pub use stream_client::StreamClient;
#[cfg(feature = "rustls")]
pub use tls_client::{TlsClient, TlsClientStream};
pub use wire::Wire;
pub use wire_error::WireError;
