//! An application in Python that has been started.

use super::command::{About, Command};
use super::environ::Environ;
use super::pages::not_stored;
use super::pending_response::respond;
use super::request_body::RequestBody;
use super::service::Service;
use super::spool::Spool;
use super::usage::Usage;
use crate::application::Application;
use crate::request::request::Request;
use crate::response::response::Response;
use crate::upload::admission::Admission;
use crate::values::status::Status;
use crate::values::sync::Arc;
use core::fmt;
use std::prelude::rust_2024::*;

/// An application in Python that has been started with [`Python::start`](super::Python::start). Its clones share the
/// processes, which end when the last clone is dropped.
///
/// ```no_run
/// use bytegate::python::Python;
/// use bytegate::testing::Client;
///
/// let shop = Python::new("shop:application").folder("srv").start()?;
/// let client = Client::new(shop);
/// assert_eq!(client.get("/").status(), 200);
/// # Ok::<(), bytegate::python::StartError>(())
/// ```
#[derive(Clone)]
pub struct Workers {
    handle: Arc<Handle>,
}

struct Handle {
    service: Arc<Service>,
    about: About,
}

/// The kind of an application, told by its parameters.
///
/// ```
/// use bytegate::python::Kind;
///
/// assert_eq!(Kind::Wsgi.to_string(), "a WSGI application (PEP 3333)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// It follows PEP 3333.
    Wsgi,
    /// Like PEP 3333, but it may return a `str`.
    Lenient,
    /// It takes the path and returns the text of a page.
    FileName,
}

impl Workers {
    pub(super) fn new(service: Arc<Service>, about: About) -> Workers {
        Workers {
            handle: Arc::new(Handle { service, about }),
        }
    }

    /// Returns the kind of the application.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &*self.handle.about.kind {
            "file_name" => Kind::FileName,
            "lenient" => Kind::Lenient,
            _ => Kind::Wsgi,
        }
    }

    /// Returns the version of Python, such as `3.13.1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.handle.about.version
    }

    /// Returns the path of the interpreter.
    #[must_use]
    pub fn interpreter(&self) -> &str {
        &self.handle.about.interpreter
    }

    /// Loads the application again, in new processes. They take over when all of them have imported it. If one cannot, the
    /// old ones go on, and the log has the traceback. This does not wait for it.
    pub fn reload(&self) {
        self.handle.service.command(Command::Reload);
    }

    /// Returns the numbers of requests and processes, for monitoring.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.handle.service.pool.usage()
    }

    fn environ(&self, request: &Request<'_>) -> Result<Environ, Response> {
        let all_paths = self.handle.service.all_paths;
        Environ::of(request, all_paths).ok_or_else(|| Status::NOT_FOUND.into())
    }
}

impl Application for Workers {
    fn call(&self, request: &Request<'_>) -> Response {
        let service = &self.handle.service;
        let environ = match self.environ(request) {
            Ok(environ) => environ,
            Err(refusal) => return refusal,
        };
        match RequestBody::of(request.body()) {
            Ok(body) => respond(service, environ, body, Some(request.now())),
            Err(error) => not_stored(service, &error),
        }
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        match self.environ(request) {
            Ok(environ) => {
                let service = self.handle.service.clone();
                let limit = service.body_bytes;
                let body = RequestBody::default();
                Admission::stream(Spool {
                    service,
                    environ,
                    body,
                })
                .up_to(limit)
            }
            Err(refusal) => Admission::discard(&request.head(), refusal),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.service.stop();
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Wsgi => "a WSGI application (PEP 3333)",
            Kind::Lenient => "a WSGI application that may return a str",
            Kind::FileName => "a function of the file name that returns a page",
        })
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("about", &self.handle.about)
            .finish_non_exhaustive()
    }
}
