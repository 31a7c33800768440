//! A request in terms of CGI.

use crate::request::request::Request;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

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
/// | `REMOTE_ADDR`, `REMOTE_PORT` | only if they are known |
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
            "REMOTE_PORT" => match request.peer().address()?.port() {
                0 => return None,
                port => port.to_string().into(),
            },
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
        let mut headers: Vec<_> = environ.headers().collect();
        // The sort is stable: values with the same key stay in order.
        headers.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut headers = headers.into_iter().peekable();
        own.chain(core::iter::from_fn(move || {
            let (key, first) = headers.next()?;
            let others = core::iter::from_fn(|| headers.next_if(|(other, _)| *other == key));
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
        let headers = self.request.headers().iter();
        headers.filter_map(|(name, value)| Some((header_key(name)?, value)))
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
fn header_key(name: &str) -> Option<String> {
    let own_key = ["content-type", "content-length"];
    let left_out = name.contains('_')
        || name.eq_ignore_ascii_case("proxy")
        || own_key.iter().any(|own| name.eq_ignore_ascii_case(own));
    if left_out {
        None
    } else {
        Some(format!(
            "HTTP_{}",
            name.to_ascii_uppercase().replace('-', "_")
        ))
    }
}

fn text(value: &[u8]) -> Cow<'_, str> {
    match core::str::from_utf8(value) {
        Ok(text) => text.into(),
        Err(_) => value
            .iter()
            .map(|&byte| char::from(byte))
            .collect::<String>()
            .into(),
    }
}
