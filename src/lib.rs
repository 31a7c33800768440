//! HTTP/1.1, bytes in, bytes out: an embeddable, testable, in-memory framework with an optional TCP front end.
//!
//! ```
//! use bytegate::{Gateway, Request, Router, Site};
//!
//! let router = Router::new()
//!     .suffix(".py", |request: &Request<'_>| format!("you asked for {}\n", request.path()))
//!     .fallback(Site::new().file("/index.html", "<h1>hi</h1>"));
//! let gateway = Gateway::new(router);
//!
//! let reply = gateway.handle(b"GET /login.py HTTP/1.1\r\nHost: localhost\r\n\r\n");
//! assert!(reply.ends_with(b"\r\n\r\nyou asked for /login.py\n"));
//! ```
//!
//! # What do you want to do?
//!
//! - **Write an application**: a function from a [`Request`] to what becomes a [`Response`]. See [`Application`],
//!   [`Router`], [`Middleware`], [`wsgi()`].
//! - **Call it** with bytes, in a test or a fuzzer: [`Gateway::handle`]. Time is an argument: [`Gateway::handle_at`].
//! - **Serve** it over TCP: `net::run` (feature `net`), or over any blocking stream: `Gateway::serve_stream` (feature `std`).
//! - **Embed** it in a loop of your own: [`Gateway::session`] and [`Session::turn`].
//! - **Answer later**: [`Response::later`], [`Body::async_stream`], `Body::channel` (feature `std`), `net::blocking`.
//! - **Take uploads** part by part: [`Application::admit`] and [`Receiver`].
//! - **Serve files** from memory: [`Site`].
//! - **Know the rules**: [`conformance`] lists them one by one.
//!
//! # Features
//!
//! - none: `no_std` with `alloc`; the whole core.
//! - `std` (default): `Site::load`, `Gateway::serve_stream`, `Body::channel`; answers that come later are waited for.
//! - `net`: the TCP front end and the program.
//!
//! A feature only adds; it never changes what happens without it.
//!
//! # How it is built
//!
//! **A connection takes bytes and time as values and names the next thing to do; a session joins it to an application; a
//! front end is a loop that obeys the session.** A byte slice ([`Gateway::handle`]), a socket (`net::serve`), a pair of pipes
//! (the program's `handle`), a test and a fuzzer are such front ends.
//!
//! The words are those of RFC 9110, RFC 9112 and PEP 3333. A *connection* is the protocol machine; it knows bytes, time and
//! HTTP, and runs no code of its user. A *gateway* is what fronts an application: configuration, middlewares, refusal page. A
//! *session* is a connection joined to a gateway: the one loop. An *application* is a request in, a response out; a router and
//! a site are applications. *Head*, *field*, *content*, *trailers*, *target*, *framing* and *persistence* are as the RFCs use
//! them.
//!
//! A file imports only from its own layer and those above it; a test keeps it so.
//!
//! | layer | what is in it | knows nothing of |
//! |---|---|---|
//! | `values` | [`Config`], [`Now`], [`Status`], [`Method`], [`ConnectionInfo`], the one table of [`Error`]s | everything else |
//! | `syntax` | the grammar of one head and of one chunk line; targets, authorities, dates | state |
//! | `message` | [`Request`], [`Response`], [`Fields`], [`Body`]; framing, preconditions, ranges | connections |
//! | `connection` | the machine: [`Connection`] with its transition table, [`Step`], [`Output`] | applications, transports, clocks, user code |
//! | `application` | [`Application`]; `routing`, `middleware`, `site`, `wsgi`, uploads | connections |
//! | `gateway` | [`Gateway`], [`Session`] (the one loop), the chain around an application, `handle` | sockets |
//! | `net` | the TCP front end on smol | the rules of HTTP |
//!
//! The flow of one request: bytes, head, framing and persistence, [`Request`], middlewares, router, application or site,
//! [`Response`], middlewares, bytes.
//!
//! # Invariants
//!
//! Each is a law that fixtures, properties and fuzz targets assert alike.
//!
//! 1. The output is the same however the input is cut.
//! 2. No input makes it panic, loop for ever, or hold more memory than its limits.
//! 3. Time is an argument. Without a wall time there is no `Date`, so [`Gateway::handle`] is a pure function.
//! 4. What can never become valid is refused at once; what may still become valid waits.
//! 5. The first error is answered and closes the connection; nothing that follows it is interpreted.
//! 6. Every error has one row in one table: status, section of the RFC, sentence.
//! 7. What goes out is valid by construction; an application that breaks the rules gets a 500 in its place.
//! 8. User code runs only in the session, never in the machine; its panic costs one request.
//! 9. Field lines that are valid stay lines: a head is scanned once, nothing is copied out of it, and a look-up
//!    walks it.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
#[macro_use]
extern crate std;

mod application;
mod connection;
#[doc = include_str!("conformance.md")]
pub mod conformance {}
mod gateway;
mod message;
#[cfg(feature = "net")]
pub mod net;
mod syntax;
mod values;

pub use application::Application;
pub use application::middleware::{AccessLog, Middleware, RequestInfo, RequestParts, SetFields};
pub use application::routing::Router;
#[cfg(feature = "std")]
pub use application::site::{LoadError, Skipped};
pub use application::site::{Site, SiteError};
pub use application::upload::{Abort, Admission, Receiver};
pub use application::wsgi::{Environ, StartResponse, Wsgi, wsgi};
pub use bytes::Bytes;
pub use connection::{
    CloseReason, Connection, ContentPlan, Message, OutOfTurn, Output, Refusal, ResponseSummary,
    Step,
};
pub use gateway::Gateway;
#[cfg(feature = "std")]
pub use gateway::blocking::{BlockingStream, Untimed};
pub use gateway::front_end::FrontEnd;
pub use gateway::session::{Session, Wait};
pub use message::body::{Body, Broken};
#[cfg(feature = "std")]
pub use message::channel::{BodySender, Closed, TrySendError};
pub use message::extensions::Extensions;
pub use message::fields::{FieldError, FieldLines, Fields, Iter};
pub use message::form::{Form, FormError};
pub use message::head::{Head, Version};
pub use message::owned_request::{OwnedRequest, RequestBuilder};
pub use message::request::Request;
pub use message::response::{Response, ResponseError};
pub use syntax::authority::Authority;
pub use syntax::date::http_date;
pub use syntax::target::{PathAndQuery, Target};
pub use values::config::Config;
pub use values::connection_info::{ConnectionInfo, Peer};
pub use values::error::{Error, Fault};
pub use values::limits::Limits;
pub use values::method::{Method, OtherMethod};
pub use values::now::Now;
pub use values::scheme::Scheme;
pub use values::status::Status;
pub use values::timeouts::{Pace, Timeouts};

/// The examples of the README, run as tests.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
