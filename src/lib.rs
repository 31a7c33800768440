//! An embeddable, testable HTTP/1.1 server framework that works in memory, with an optional TCP front end.
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
//! # Where to start
//!
//! - **Read the [`guide`]**: from nothing to a tested application with two pages.
//! - **Write an application**: a function that takes a [`Request`] and returns something that converts into a
//!   [`Response`]. See [`Application`], [`Router`], [`Middleware`], [`wsgi()`].
//! - **Call it** with bytes: [`Gateway::handle`]. To pass the time as an argument, use [`Gateway::handle_at`].
//! - **Test** it on the wire, without a socket: [`testing::Client`]. [`testing`] also has malformed requests, faulty servers
//!   and snapshots.
//! - **Fuzz** it in one line: [`testing::fuzz`].
//! - **Serve** it over TCP: `net::run` and `net::start` (feature `net`), or over any blocking stream: `Gateway::serve_stream` (feature
//!   `std`).
//! - **Embed** it in your own event loop: [`Gateway::session`] and [`Session::turn`].
//! - **Route** by host, path and method: [`Router`].
//! - **Share a state** between handlers: [`with_state`], or a closure that owns an `Arc`.
//! - **Respond later**: [`later()`], [`Response::later`], [`Body::async_stream`], `Body::channel` (feature `std`),
//!   `net::blocking`.
//! - **Send events** to browsers as they occur: [`Response::events`], `Broadcast` (feature `std`), `net::keep_alive`.
//! - **Decide how errors look** in one place: [`ErrorPages`], [`Problem`], and [errors as values](Application#errors).
//! - **Read a request**: [`Request::parse_param`], [`Request::query_value`], [`Request::form`], `Request::json` (feature
//!   `json`), `Request::multipart` (feature `multipart`), [`Request::cookie`], [`Request::basic_auth`],
//!   [`Request::accepts`]. What cannot be used is a [`Rejection`].
//! - **Receive uploads** part by part: [`Application::admit`] and [`Receiver`]; the files of a form: `PartReceiver` (feature
//!   `multipart`).
//! - **Serve files** from memory or from a folder: [`Site`] and [`SiteOptions`].
//! - **Wrap every answer**: [`Middleware`] has the recommended order of [`AccessLog`], [`SetRequestId`],
//!   [`ServerTiming`], [`SecurityFields`], [`Cors`], [`CrossOriginProtection`], [`AllowedHosts`], `RateLimit`,
//!   [`BasicAuthentication`], `Compression` and [`ConditionalGet`]. [`layered`] puts them around single routes and mounts, [`limit_content`] is for those, and
//!   [`Contract`] for tests.
//! - **Look up the rules**: [`conformance`] lists them one by one.
//! - **Expose it**: [`security`] says what is promised, what is left to you, and lists all limits.
//! - **Compare** with other frameworks, static file servers and test kits: [`comparison`].
//!
//! # Features
//!
//! - none: the complete core, `no_std` with `alloc`.
//! - `std` (default): `Gateway::serve_stream`, `Body::channel`, `Body::file`, `Events::channel`,
//!   `Broadcast`, `RateLimit`. [`Gateway::handle`] waits for deferred responses.
//! - `folder`: sites from folders, with `Site::load` and `Site::open`.
//! - `net`: the TCP front end and the program. Includes `folder`.
//! - `compression`: gzip for content in memory, with the middleware `Compression`.
//! - `serde`: queries and forms as values of your own types, with `Request::query_as` and `Request::form_as`.
//! - `json`: JSON in both directions, with `Request::json` and `Response::json`.
//! - `cookies`: `Response::with_cookie`, with the crate `cookie`. Reading cookies needs no feature.
//! - `signed-cookies`: cookies that a client cannot change. Includes `cookies`.
//! - `multipart`: forms with files, with `Request::multipart`, or while they arrive with `Admission::multipart`.
//! - `http`: conversions from and to the types of the crate `http`.
//! - `tower`: tower services and axum routers as applications, with `bridge::tower`, and gateways as tower services, with
//!   `bridge::GatewayService`. Includes `http`.
//! - `proptest`: `testing::requests`, a proptest strategy of valid requests.
//!
//! Features only add functionality. They never change existing behavior.
//!
//! # Architecture
//!
//! **A connection takes bytes and time as values and returns the next step. A session joins a connection to an
//! application. A front end is a loop that does what the session asks for.** There are front ends for a byte slice
//! ([`Gateway::handle`]), a blocking stream (`Gateway::serve_stream`), a TCP socket (`net::serve`) and standard input and
//! output (the program's `handle`). Tests and fuzzers are front ends too.
//!
//! The terms are those of RFC 9110, RFC 9112 and PEP 3333:
//!
//! - A *connection* is the protocol state machine. It deals with bytes, time and HTTP, and runs no user code.
//! - A *gateway* holds an application, its configuration, its middleware and its refusal page.
//! - A *session* is a connection joined to a gateway. It contains the only loop over the steps of a connection.
//! - An *application* takes a request and returns a response. Routers and sites are applications.
//! - *Head*, *field*, *content*, *trailers*, *target*, *framing* and *persistence* are used as in the RFCs.
//!
//! A file imports only from its own layer and from the layers above it in this table. A test enforces this.
//!
//! | layer | contents | does not depend on |
//! |---|---|---|
//! | `values` | [`Config`], [`Now`], [`Status`], [`Method`], [`ConnectionInfo`], the table of [`Error`]s | everything else |
//! | `syntax` | the grammar of a head and of a chunk line; targets, authorities, dates | state |
//! | `message` | [`Request`], [`Response`], [`Fields`], [`Body`]; what applications read from a request; framing, preconditions, ranges | connections |
//! | `connection` | the state machine: [`Connection`] with its transition table, [`Step`], [`Output`] | applications, transports, clocks, user code |
//! | `application` | [`Application`]; `routing`, `middleware`, `site`, `wsgi`, uploads | connections |
//! | `gateway` | [`Gateway`], [`Session`] (the loop), the chain around an application, `handle` | sockets |
//! | `bridge` | conversions from and to `http`, tower and axum | sockets |
//! | `net` | the TCP front end on smol | the rules of HTTP |
//! | [`testing`] | the test kit: clients, exchanges as text, faults, fuzzing; servers for tests, with `net` | sockets, apart from these servers |
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
//! 4. Input that can never become valid is refused at once. Input that may still become valid waits for more.
//! 5. The first error gets a response and closes the connection. Nothing after it is interpreted.
//! 6. Every error has one row in one table: status, RFC section, sentence.
//! 7. Output is valid by construction. A response that breaks the rules is replaced by a 500.
//! 8. User code runs only in the session, never in the state machine. A panic affects only one request. The guard is no
//!    middleware: it also covers receivers, streams, and middleware itself.
//! 9. Valid field lines are kept as they were sent. A head is scanned once, nothing is copied out of it, and a lookup
//!    scans its lines.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
#[macro_use]
extern crate std;

mod application;
#[cfg(feature = "http")]
pub mod bridge;
mod connection;
#[doc = include_str!("comparison.md")]
pub mod comparison {}
#[doc = include_str!("conformance.md")]
pub mod conformance {}
mod gateway;
// A hidden macro calls the tests that the guide shows.
#[allow(clippy::test_attr_in_doctest)]
#[doc = include_str!("guide.md")]
pub mod guide {}
mod message;
#[cfg(feature = "net")]
pub mod net;
#[doc = include_str!("security.md")]
pub mod security {}
mod syntax;
pub mod testing;
mod values;

pub use application::Application;
pub use application::later::{Later, later};
#[cfg(feature = "compression")]
pub use application::middleware::Compression;
#[cfg(feature = "std")]
pub use application::middleware::RateLimit;
pub use application::middleware::{
    AccessLog, AllowedHosts, AuthenticatedUser, BasicAuthentication, Checked, ConditionalGet,
    Contract, Cors, CrossOriginProtection, ErrorPages, Layered, LimitContent, Middleware,
    RequestId, RequestInfo, RequestParts, SecurityFields, ServerTiming, SetFields, SetRequestId,
    Violation, layered, limit_content,
};
#[cfg(feature = "multipart")]
pub use application::part_receiver::PartReceiver;
pub use application::routing::{RouteError, Router, TrailingSlash};
pub use application::site::{
    Dotfiles, EncodedNames, FileResponse, Site, SiteError, SiteOptions, Symlinks,
};
#[cfg(feature = "folder")]
pub use application::site::{LoadError, Skipped};
pub use application::state::{WithState, with_state};
pub use application::upload::{Abort, Admission, Receiver};
pub use application::wsgi::{Environ, StartResponse, Wsgi, wsgi};
pub use bytes::Bytes;
pub use connection::{
    CloseReason, Connection, ContentPlan, OutOfTurn, Output, Refusal, ResponseSummary, Step,
};
#[cfg(feature = "cookies")]
pub use cookie;
pub use gateway::Gateway;
#[cfg(feature = "std")]
pub use gateway::blocking::{BlockingStream, Untimed};
pub use gateway::front_end::FrontEnd;
pub use gateway::session::{Session, Wait};
pub use message::body::Body;
#[cfg(feature = "std")]
pub use message::broadcast::Broadcast;
pub use message::broken::Broken;
#[cfg(feature = "std")]
pub use message::channel::{BodySender, Closed, TrySendError};
pub use message::credentials::BasicAuth;
pub use message::event::{Event, Events};
#[cfg(feature = "std")]
pub use message::event_sender::EventSender;
pub use message::extensions::Extensions;
pub use message::fields::{FieldError, FieldLines, Fields, Iter};
pub use message::form::Form;
pub use message::head::{Head, Version};
#[cfg(feature = "multipart")]
pub use message::multipart::Multipart;
pub use message::owned_request::{OwnedRequest, RequestBuilder};
#[cfg(feature = "multipart")]
pub use message::part::{MultipartLimits, Part};
pub use message::problem::Problem;
pub use message::rejection::Rejection;
pub use message::reply::{PreparedResponse, Reply};
pub use message::request::{Message, Request};
pub use message::response::{Response, ResponseError};
pub use syntax::authority::Authority;
pub use syntax::date::http_date;
pub use syntax::html::{Escaped, escape_html};
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
