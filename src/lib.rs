//! An embeddable, testable HTTP/1.1 server framework that works in memory, with an optional TCP front end.
//!
//! ```
//! use bytegate::{Gateway, Request, Router, Site};
//!
//! let router = Router::new()
//!     .suffix(".py", |request: &Request| format!("you asked for {}\n", request.path()))
//!     .fallback(Site::new().file("/index.html", "<h1>hi</h1>"));
//! let gateway = Gateway::new(router);
//!
//! let response = gateway.handle(b"GET /login.py HTTP/1.1\r\nHost: localhost\r\n\r\n");
//! assert!(response.ends_with(b"\r\n\r\nyou asked for /login.py\n"));
//! ```
//!
//! # Where to start
//!
//! The [guide](manual::guide) builds and tests an application with two pages. Then read the module that you need:
//!
//! | to | look at |
//! |---|---|
//! | write an application: a function from [`Request`] to anything that becomes a [`Response`] | [`application`], [`request`], [`response`] |
//! | find a handler by host, path and method | [`routing`] |
//! | serve files from memory or a folder | [`site`]; with the program, [`manual::folder`] |
//! | wrap every request and response: logging, limits, authentication, CORS | [`middleware`] |
//! | stream a body, push events, receive an upload | [`body`], [`events`], [`upload`] |
//! | call an application with bytes, or from an event loop | [`gateway`]: [`Gateway::handle`], [`Session`] |
//! | serve over TCP or Unix sockets, or over any blocking stream | `net` (feature `server`), `blocking` (feature `std`) |
//! | speak HTTPS | `tls` (feature `tls`) |
//! | test and fuzz an application on the wire, without a socket | `testing` (feature `testing`) |
//! | connect to axum, tower or the crate `http` | `bridge` (features `http`, `tower`) |
//! | follow PEP 3333 | [`mod@wsgi`] |
//! | host a Python application: Flask, Django | `python` (feature `python`, Unix) |
//! | change limits and timeouts | [`config`] |
//! | use the protocol alone | [`connection`] |
//! | run the program on a server: as a service, in a container, behind proxies | [`manual::operations`] |
//! | find out why something goes wrong: 413, stalls, tokio, closures | [`manual::troubleshooting`] |
//! | look up an HTTP rule, a guarantee or a benchmark | [`manual`] |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | none | the complete core, `no_std` with `alloc` |
//! | `std` (default) | `blocking`, `Body::channel`, `Body::file`, `Events::channel`, `Broadcast`, `RateLimit` |
//! | `testing` (default) | the test kit, without sockets |
//! | `folder` | sites from folders, with `Site::load` and `Site::open` |
//! | `server` | the TCP front end, `net`, and `testing::Server`; includes `folder` |
//! | `systemd` | sockets that systemd opened, with `net::Address` (Unix only); includes `server` |
//! | `net` | the program `bytegate`; includes `server`, `testing`, `python` and `systemd` |
//! | `python` | Python WSGI applications, run in interpreter processes (Unix only); includes `folder` |
//! | `compression` | gzip for text files, with `SiteOptions::compress`, and for bodies in memory, with the middleware `Compression` |
//! | `serde` | typed queries and forms, with `Request::query_as` and `Request::form_as` |
//! | `json` | JSON in both directions, with `Request::json` and `Response::json` |
//! | `cookies` | `Response::with_cookie`, with the crate `cookie`; reading cookies needs no feature |
//! | `signed-cookies` | signed cookies, which clients cannot change, and sessions in them, with the middleware `Sessions`; includes `cookies` |
//! | `http` | conversions to and from the types of the crate `http` |
//! | `tower` | tower services and axum routers as applications, with `bridge::tower`, and gateways as tower services, with `bridge::GatewayService`; includes `http` |
//! | `tls` | TLS with ring, in `net`, over blocking streams and over bytes in memory; includes `rustls` |
//! | `tls-graviola` | TLS with Graviola, a provider without C for recent processors; includes `rustls` |
//! | `rustls` | TLS with any other provider of cryptography |
//! | `self-signed` | self-signed certificates, with `tls::SelfSigned`, and HTTPS servers for tests; includes `tls` |
//! | `tracing` | a span of the crate `tracing` for each request, with `Gateway::traced` |
//! | `proptest` | `testing::valid_requests`, a proptest strategy of valid requests; includes `testing` |
//!
//! Features only add functionality, with these exceptions:
//!
//! - With `std`, [`Gateway::handle`] waits for a deferred response, and [`Session::catch_panics`] catches panics. Without it,
//!   a deferred response becomes a 500, and a panic passes through.
//! - With `server`, `Gateway::serve_stream` resets a `TcpStream` after an incomplete response. Without it, `serve_stream`
//!   only closes the stream, because the standard library cannot reset it. A response without a length then looks complete.
//! - With `folder`, sites and routers normalize the characters of paths (Unicode NFC), so that names that look the same are
//!   the same. Without it, each spelling is a separate name.
//!
//! # Targets without the standard library
//!
//! The core needs only `alloc`. Every change is built for `thumbv7em-none-eabi`, `thumbv6m-none-eabi`,
//! `riscv32imc-unknown-none-elf` and `wasm32-unknown-unknown`.
//!
//! Some chips have no atomic compare-and-swap, for example the RP2040 and the ESP32-C3. There, this crate uses
//! [`portable-atomic`](https://docs.rs/portable-atomic), and the `Arc` in its signatures is `portable_atomic_util::Arc`.
//! Your program chooses how interrupts are held off: with the feature `critical-section` of `portable-atomic`, or, on a chip
//! with a single core, with `--cfg portable_atomic_unsafe_assume_single_core` in `RUSTFLAGS`.
//!
//! # Architecture
//!
//! **A connection takes bytes and time as values and returns the next step. A session joins a connection to an
//! application. A front end is a loop that does the I/O a session asks for.** There are front ends for a byte slice
//! ([`Gateway::handle`]), a blocking stream (`Gateway::serve_stream`), a TCP socket (`net::serve`) and standard input and
//! output (the program's `handle`). Tests and fuzzers are front ends too.
//!
//! - A *connection* is the protocol state machine. It handles bytes, time and HTTP, and runs no user code.
//! - A *gateway* holds an application, its configuration and its middleware.
//! - A *session* is a connection joined to a gateway. It runs the loop over the steps of a connection.
//! - An *application* takes a request and returns a response. Routers and sites are applications.
//!
//! A file imports only from its own folder and from folders above it in this table. Only `files`, `site/folder`, the front
//! ends and the test kit open files, use sockets, start threads or read a clock. Three other files do so as well, for reasons
//! that the test of these rules states.
//!
//! | folder | contents | does not depend on |
//! |---|---|---|
//! | `values`, [`config`] | [`Now`], [`Status`], [`Method`], limits, the table of protocol errors | everything else |
//! | `syntax` | the grammar of a head and of a chunk line; targets, authorities, dates | state |
//! | [`headers`], `message` | lists of headers; framing, preconditions, ranges | connections |
//! | `files` | files on disk, and the memory and descriptors that they take | bodies |
//! | [`body`], [`response`], [`request`], [`events`], [`upload`] | the values that applications take and return | connections |
//! | [`connection`] | the state machine with its transition table | applications, transports, clocks, user code |
//! | [`application`], [`middleware`], [`site`], [`routing`], [`mod@wsgi`] | everything that produces responses | connections |
//! | [`gateway`] | [`Gateway`], [`Session`], the chain of middleware around an application | sockets |
//! | `tls` | certificates, and the connection between the wire and the plaintext | HTTP, apart from the dates in messages |
//! | `blocking`, `bridge`, `net` | front ends | HTTP rules |
//! | `python` | workers (Python interpreter processes), and the protocol between them and the front end | client sockets |
//! | `testing` | the test kit: clients, exchanges as text, faults, fuzzing | sockets, apart from its servers |
//!
//! A request passes through these stages: bytes, head, framing and persistence, [`Request`], middleware, router,
//! application or site, [`Response`], middleware, bytes.
//!
//! # Invariants
//!
//! Fixtures, property tests and fuzz targets check each of these.
//!
//! 1. The output does not depend on how the input is split.
//! 2. No input causes a panic, an endless loop, or more memory use than the limits allow.
//! 3. Time is an argument. Without a wall-clock time there is no `Date`, so [`Gateway::handle`] is a pure function.
//! 4. Input that can never become valid is refused at once. Input that can still become valid waits for more.
//! 5. The first error gets a response and closes the connection. Nothing after it is interpreted.
//! 6. Every error has one row in one table: status, RFC section, sentence.
//! 7. Output is valid by construction. A response that breaks the rules is replaced by a 500.
//! 8. User code runs only in the session, never in the state machine. A panic affects only one request. The session catches
//!    it, not a middleware, so receivers, streams and middleware are covered too.
//! 9. Valid headers are kept as they were sent. A head is scanned once and never copied. A header lookup scans its lines.

#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
#[macro_use]
extern crate std;

pub mod application;
#[cfg(feature = "std")]
pub mod blocking;
pub mod body;
#[cfg(feature = "http")]
pub mod bridge;
pub mod config;
pub mod connection;
pub mod events;
#[cfg(feature = "std")]
mod files;
pub mod gateway;
pub mod headers;
pub mod manual;
mod message;
pub mod middleware;
#[cfg(feature = "server")]
pub mod net;
#[cfg(all(feature = "python", unix))]
pub mod python;
pub mod request;
pub mod response;
pub mod routing;
pub mod site;
mod syntax;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "rustls")]
pub mod tls;
pub mod upload;
mod values;
pub mod wsgi;

#[doc(inline)]
pub use crate::application::{Application, with_body_limit, with_state};
#[doc(inline)]
pub use crate::body::Body;
#[doc(inline)]
pub use crate::gateway::{Gateway, Session};
#[doc(inline)]
pub use crate::middleware::Middleware;
#[doc(inline)]
pub use crate::request::{OwnedRequest, Request};
#[doc(inline)]
pub use crate::response::{Rejection, Response, escape_html};
#[doc(inline)]
pub use crate::routing::Router;
#[doc(inline)]
pub use crate::site::Site;
pub use bytes::Bytes;
#[cfg(feature = "cookies")]
pub use cookie;
pub use values::method::Method;
pub use values::now::Now;
pub use values::status::Status;

/// The examples of the README, run as tests.
#[cfg(all(doctest, feature = "server", feature = "testing"))]
#[doc = include_str!("../README.md")]
struct Readme;
