//! An adapter for PEP 3333 applications: `application(environ, start_response)` returns an iterable of blocks.

use crate::application::Application;
use crate::body::body::Body;
use crate::headers::header_map::HeaderMap;
use crate::request::request::Request;
use crate::response::response::{Response, ResponseError, is_reserved};
use crate::syntax::length;
use crate::upload::admission::Admission;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::borrow::Cow;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;

/// The maximum size of a body that is buffered into one piece of known length. A longer body, or one whose iterator has
/// no upper bound, is sent as a stream.
const GATHERED_BYTES: usize = 64 * 1024;

/// Converts a PEP 3333 application into an [`Application`]. It is a function of the environ and `start_response` that
/// returns the blocks of the body.
///
/// ```
/// use bytegate::{Gateway, wsgi};
/// use bytegate::wsgi::{Environ, StartResponse};
///
/// fn application(environ: &Environ, start_response: &mut StartResponse) -> [String; 1] {
///     start_response.call("200 OK", &[("Content-Type", "text/plain")]);
///     [format!("this is {}\n", environ.get("PATH_INFO").unwrap_or_default())]
/// }
///
/// let gateway = Gateway::new(wsgi::adapt(application));
/// let response = gateway.handle(b"GET /a%20b HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.ends_with(b"Content-Length: 13\r\n\r\nthis is /a b\n"));
/// ```
///
/// A path that has no decoded form, such as `/a%2fb`, has no `PATH_INFO`. The application would take it for its root
/// page, so it is not called, and the response is a 404. See [`Wsgi::undecoded_paths`].
pub fn adapt<F, I>(application: F) -> Wsgi<F>
where
    F: Fn(&Environ<'_>, &mut StartResponse) -> I + Send + Sync,
    I: IntoIterator<Item: Into<Bytes> + 'static, IntoIter: Send + 'static>,
{
    Wsgi {
        application,
        paths: Paths::Decoded,
    }
}

/// A PEP 3333 application as an [`Application`], created by [`adapt`].
///
/// ```
/// use bytegate::{Application, Request, wsgi};
/// use bytegate::wsgi::{Environ, StartResponse};
///
/// let application = wsgi::adapt(|_: &Environ, start_response: &mut StartResponse| {
///     start_response.call("204 No Content", &[]);
///     Vec::<String>::new()
/// });
/// let request = Request::builder("GET", "/").build()?;
/// assert_eq!(application.call(&request.view()).status(), 204);
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Wsgi<F> {
    application: F,
    paths: Paths,
}

/// The paths for which the application is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paths {
    Decoded,
    All,
}

impl<F> Wsgi<F> {
    /// Calls the application also for paths that have no decoded form: an encoded slash, a backslash, control characters,
    /// `.` and `..` segments, and bytes that are not UTF-8. `PATH_INFO` is then missing, and the application interprets
    /// [`Request::path`] itself.
    ///
    /// ```
    /// use bytegate::{Gateway, wsgi};
    /// use bytegate::wsgi::{Environ, StartResponse};
    ///
    /// fn application(environ: &Environ, start_response: &mut StartResponse) -> [String; 1] {
    ///     start_response.call("200 OK", &[("Content-Type", "text/plain")]);
    ///     [environ.request().path().to_string()]
    /// }
    ///
    /// let request = b"GET /npm/@scope%2fname HTTP/1.1\r\nHost: x\r\n\r\n";
    /// let response = Gateway::new(wsgi::adapt(application)).handle(request);
    /// assert!(response.starts_with(b"HTTP/1.1 404 "));
    /// let response = Gateway::new(wsgi::adapt(application).undecoded_paths()).handle(request);
    /// assert!(response.ends_with(b"/npm/@scope%2fname"));
    /// ```
    #[must_use]
    pub fn undecoded_paths(mut self) -> Wsgi<F> {
        self.paths = Paths::All;
        self
    }

    /// Returns a response in place of the application's, if the application is not called for the path of a request.
    fn refusal(&self, request: &Request<'_>) -> Option<Response> {
        let is_asked = self.paths == Paths::All || request.path_info_bytes().is_some();
        (!is_asked).then(|| Status::NOT_FOUND.into())
    }
}

impl<F, I> Application for Wsgi<F>
where
    F: Fn(&Environ<'_>, &mut StartResponse) -> I + Send + Sync,
    I: IntoIterator<Item: Into<Bytes> + 'static, IntoIter: Send + 'static>,
{
    fn admit(&self, request: &Request<'_>) -> Admission {
        match self.refusal(request) {
            Some(refusal) => Admission::refuse(refusal),
            None => Admission::buffer(),
        }
    }

    fn call(&self, request: &Request<'_>) -> Response {
        if let Some(refusal) = self.refusal(request) {
            return refusal;
        }
        let mut start_response = StartResponse::default();
        let blocks = (self.application)(&Environ { request }, &mut start_response);
        start_response.finish(request.method(), blocks.into_iter().map(Into::into))
    }
}

/// A request in terms of CGI, which PEP 3333 calls `environ`.
///
/// | key | value |
/// |---|---|
/// | `REQUEST_METHOD` | the method as it was sent |
/// | `SCRIPT_NAME` | the part of the path that leads to the application's mount point; empty at the root |
/// | `PATH_INFO` | the rest of the path, decoded once; only if it has a [decoded form](Request::decoded_path) |
/// | `QUERY_STRING` | the query as it was sent, or empty |
/// | `CONTENT_TYPE`, `CONTENT_LENGTH` | only with a body, or with the corresponding header |
/// | `SERVER_NAME`, `SERVER_PORT` | from the target or Host; `localhost` for HTTP/1.0 without Host |
/// | `SERVER_PROTOCOL` | `HTTP/1.0` or `HTTP/1.1` |
/// | `REMOTE_ADDR`, `REMOTE_PORT` | only if the connection knows its peer |
/// | `HTTP_*` | the other headers; repeated headers are joined by commas |
/// | `wsgi.version`, `wsgi.url_scheme` | `1.0`; `http` or `https` |
/// | `wsgi.multithread`, `wsgi.multiprocess`, `wsgi.run_once` | `true`, `false`, `false` |
///
/// `wsgi.input` is [`input`](Environ::input). `wsgi.errors` and `wsgi.file_wrapper` do not exist. Use the logging of
/// your program instead of `wsgi.errors`.
///
/// Bytes that are not UTF-8 are interpreted as Latin-1, as PEP 3333 specifies. A header with an underscore in its name
/// is left out, because it could be mistaken for another one. So is `Proxy`, because CGI libraries use `HTTP_PROXY` as
/// a setting (CVE-2016-5385).
///
/// ```
/// use bytegate::Request;
/// use bytegate::wsgi::Environ;
///
/// let request = Request::builder("GET", "/a%20b?c").header("X-Color", "red").build()?;
/// let request = request.view();
/// let environ = Environ::new(&request);
/// assert_eq!(environ.get("PATH_INFO").as_deref(), Some("/a b"));
/// assert_eq!(environ.get("QUERY_STRING").as_deref(), Some("c"));
/// assert_eq!(environ.get("HTTP_X_COLOR").as_deref(), Some("red"));
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Environ<'a> {
    request: &'a Request<'a>,
}

/// The keys that are not derived from headers.
const KEYS: [&str; 16] = [
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "wsgi.version",
    "wsgi.url_scheme",
    "wsgi.multithread",
    "wsgi.multiprocess",
    "wsgi.run_once",
];

impl<'a> Environ<'a> {
    /// Creates the environ of a request.
    #[must_use]
    pub fn new(request: &'a Request<'a>) -> Environ<'a> {
        Environ { request }
    }

    /// Returns the value of a key, or `None` if it has none for this request.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Cow<'a, str>> {
        let request = self.request;
        let authority = request.authority();
        Some(match key {
            "REQUEST_METHOD" => request.head().method_token().into(),
            "SCRIPT_NAME" => request.script_name().into(),
            "PATH_INFO" => text(request.path_info_bytes()?),
            "QUERY_STRING" => request.query().unwrap_or_default().into(),
            "CONTENT_TYPE" => text(request.headers().get_bytes("Content-Type")?),
            "CONTENT_LENGTH" => match (
                request.body().len(),
                request.headers().get_bytes("Content-Length"),
            ) {
                (0, None) => return None,
                (length, _) => length.to_string().into(),
            },
            "SERVER_NAME" => authority
                .map_or("localhost", |authority| authority.host)
                .into(),
            "SERVER_PORT" => authority
                .and_then(|authority| authority.port)
                .unwrap_or(request.scheme().default_port())
                .to_string()
                .into(),
            "SERVER_PROTOCOL" => request.version().as_str().into(),
            "REMOTE_ADDR" => request.peer().ip()?.to_string().into(),
            "REMOTE_PORT" => request.peer().address()?.port().to_string().into(),
            "wsgi.version" => "1.0".into(),
            "wsgi.url_scheme" => request.scheme().as_str().into(),
            "wsgi.multithread" => "true".into(),
            "wsgi.multiprocess" | "wsgi.run_once" => "false".into(),
            _ => return self.header(key),
        })
    }

    /// Returns all keys that have a value, each once, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'static, str>, Cow<'a, str>)> + use<'a> {
        let environ = *self;
        let own = KEYS
            .iter()
            .filter_map(move |&key| Some((key.into(), environ.get(key)?)));
        let mut fields: Vec<_> = environ.headers().collect();
        // The sort is stable: values with the same key stay in order.
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut fields = fields.into_iter().peekable();
        own.chain(core::iter::from_fn(move || {
            let (key, first) = fields.next()?;
            let others = core::iter::from_fn(|| fields.next_if(|(other, _)| *other == key));
            let value = join_values(&key, first, others.map(|(_, value)| value));
            Some((key.into(), value))
        }))
    }

    /// Returns the complete, decoded body (`wsgi.input`).
    #[must_use]
    pub fn input(&self) -> &'a [u8] {
        self.request.body()
    }

    /// Returns the request itself, for values that CGI does not cover.
    #[must_use]
    pub fn request(&self) -> &'a Request<'a> {
        self.request
    }

    fn header(&self, key: &str) -> Option<Cow<'a, str>> {
        let mut values = self.headers().filter(|(other, _)| other == key);
        let (_, first) = values.next()?;
        Some(join_values(key, first, values.map(|(_, value)| value)))
    }

    /// Returns the key and the value of each header that has a key.
    fn headers(&self) -> impl Iterator<Item = (String, &'a [u8])> + use<'a> {
        let fields = self.request.headers().iter();
        fields.filter_map(|(name, value)| Some((field_key(name)?, value)))
    }
}

/// Joins the values of a repeated header.
fn join_values<'a>(
    key: &str,
    first: &'a [u8],
    others: impl Iterator<Item = &'a [u8]>,
) -> Cow<'a, str> {
    let separator = if key == "HTTP_COOKIE" { "; " } else { ", " };
    others.fold(text(first), |joined, value| {
        let mut joined = joined.into_owned();
        joined.push_str(separator);
        joined.push_str(&text(value));
        joined.into()
    })
}

/// Returns `HTTP_` and the name in upper case. Returns `None` for a name with a separate key, and for `Proxy` and names
/// with an underscore, which a client could use to forge another key.
fn field_key(name: &str) -> Option<String> {
    let own_key = ["content-type", "content-length"];
    let left_out = name.contains('_')
        || name.eq_ignore_ascii_case("proxy")
        || own_key.iter().any(|own| name.eq_ignore_ascii_case(own));
    match left_out {
        true => None,
        false => Some(format!(
            "HTTP_{}",
            name.to_ascii_uppercase().replace('-', "_")
        )),
    }
}

fn text(value: &[u8]) -> Cow<'_, str> {
    match core::str::from_utf8(value) {
        Ok(text) => text.into(),
        Err(_) => value
            .iter()
            .map(|&octet| char::from(octet))
            .collect::<String>()
            .into(),
    }
}

/// PEP 3333's `start_response`. It takes the status and headers before the first block of the body.
///
/// It can be called until the application returns its blocks. A second call replaces the first, unless a block has
/// already been written.
///
/// Any violation turns the response into a 500: no call at all, a call after the first block, an invalid status, a
/// header that cannot be sent or is reserved for the connection, or a `Content-Length` that differs from the length
/// of the body.
///
/// ```
/// use bytegate::{Gateway, wsgi};
/// use bytegate::wsgi::{Environ, StartResponse};
///
/// let gateway = Gateway::new(wsgi::adapt(|_: &Environ, start_response: &mut StartResponse| {
///     start_response.call("200 OK", &[("Content-Type", "text/plain")]).write("one ");
///     ["two"]
/// }));
/// assert!(gateway.handle(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"\r\n\r\none two"));
/// ```
#[derive(Debug, Default)]
pub struct StartResponse {
    started: Option<Started>,
    written: VecDeque<Bytes>,
    error: Option<ResponseError>,
}

#[derive(Debug)]
struct Started {
    status: Status,
    fields: HeaderMap,
    content_length: Option<u64>,
}

impl StartResponse {
    /// Sets the status and headers. The status consists of three digits, a space and a reason, such as `"200 OK"`.
    pub fn call(&mut self, status: &str, headers: &[(&str, &str)]) -> &mut StartResponse {
        let started = if self.written.is_empty() {
            start(status, headers)
        } else {
            Err(other("start_response was called after the first block"))
        };
        match started {
            Ok(started) => self.started = Some(started),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Sends a block before the blocks that the application returns: PEP 3333's `write`.
    pub fn write(&mut self, block: impl Into<Bytes>) -> &mut StartResponse {
        match self.started {
            Some(_) => self.written.push_back(block.into()),
            None => self.fail(other(
                "a block was written before start_response was called",
            )),
        }
        self
    }

    /// Records an error. Only the first one is kept.
    fn fail(&mut self, error: ResponseError) {
        self.error.get_or_insert(error);
    }

    fn finish(
        self,
        method: Method,
        blocks: impl Iterator<Item = Bytes> + Send + 'static,
    ) -> Response {
        let started = match (self.error, self.started) {
            (Some(error), _) => return Response::from_error(error),
            (None, None) => return Response::from_error(other("start_response was not called")),
            (None, Some(started)) => started,
        };
        let blocks = self.written.into_iter().chain(blocks);
        let body = match gather(blocks) {
            Gathered::Whole(body) => match started.content_length {
                // The length that a response to GET would have.
                Some(length)
                    if body.is_empty()
                        && (method == Method::HEAD || started.status.forbids_content()) =>
                {
                    Body::try_from_iterator(Some(length), core::iter::empty())
                }
                Some(length) if length != body.len() as u64 => {
                    return Response::from_error(other(
                        "Content-Length is not the length of the body",
                    ));
                }
                _ => Body::from(body),
            },
            Gathered::Stream(blocks) => {
                Body::try_from_iterator(started.content_length, blocks.map(Ok))
            }
        };
        Response {
            fields: started.fields,
            body,
            ..Response::new(started.status)
        }
    }
}

fn start(status: &str, headers: &[(&str, &str)]) -> Result<Started, ResponseError> {
    let mut started = Started {
        status: parse_status(status)?,
        fields: HeaderMap::new(),
        content_length: None,
    };
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("content-length") {
            let length = length::parse(value.as_bytes())
                .map_err(|_| other("Content-Length is not a number"))?;
            if started.content_length.replace(length).is_some() {
                return Err(other("Content-Length is given twice"));
            }
        } else if name.eq_ignore_ascii_case("date") {
            // PEP 3333 lets an application set `Date`, but the connection adds its own.
        } else if is_reserved(name) {
            return Err(ResponseError::ReservedHeader(name.to_string()));
        } else if let Err(error) = started.fields.append(name, value) {
            return Err(ResponseError::Header(error, name.to_string()));
        }
    }
    Ok(started)
}

/// Parses three digits, a space and a reason. The reason that is sent is the registered one.
fn parse_status(text: &str) -> Result<Status, ResponseError> {
    let malformed = || other("the status must be three digits, a space and a reason");
    let (digits, reason) = text.split_once(' ').ok_or_else(malformed)?;
    let is_number = digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
    match digits.parse().ok().and_then(Status::new) {
        Some(_) if !is_number || reason.contains(char::is_control) => Err(malformed()),
        Some(status) if status.is_informational() => Err(ResponseError::InterimStatus(status)),
        Some(status) => Ok(status),
        None => Err(malformed()),
    }
}

enum Gathered<I> {
    Whole(Bytes),
    Stream(I),
}

/// Collects a short body into one piece, so that it has a known length. Keeps a long or unbounded one as it is.
fn gather(
    mut blocks: impl Iterator<Item = Bytes> + Send + 'static,
) -> Gathered<impl Iterator<Item = Bytes> + Send + 'static> {
    let open_ended = blocks.size_hint().1.is_none();
    let mut first = Vec::new();
    let mut bytes = 0;
    while !open_ended && bytes <= GATHERED_BYTES {
        match blocks.next() {
            None => return Gathered::Whole(join(first)),
            Some(block) => {
                bytes += block.len();
                first.push(block);
            }
        }
        if let ([_], Some(0)) = (&first[..], blocks.size_hint().1) {
            return Gathered::Whole(join(first));
        }
    }
    Gathered::Stream(first.into_iter().chain(blocks))
}

fn join(mut blocks: Vec<Bytes>) -> Bytes {
    match (blocks.len(), blocks.pop()) {
        (1, Some(only)) => only,
        (_, None) => Bytes::new(),
        (_, Some(last)) => {
            blocks.push(last);
            blocks.concat().into()
        }
    }
}

fn other(reason: &str) -> ResponseError {
    ResponseError::other(reason.to_string())
}
