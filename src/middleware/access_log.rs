//! An access log, one line per request.

use super::access_log_json::write_json;
use super::access_log_text::{write_combined, write_common, write_time};
use super::logged_headers::Named;
use super::middleware::Middleware;
use super::request_info::RequestInfo;
use super::request_parts::RequestParts;
use crate::response::response::Response;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// Middleware that writes a line for each response, in one of three formats: [common](AccessLog::to),
/// [combined](AccessLog::combined) or [JSON](AccessLog::json).
///
/// The user is the [`AuthenticatedUser`](crate::middleware::AuthenticatedUser). A user that was attached inside
/// [`with_middleware`](crate::middleware::with_middleware) is not known. Times are in UTC. No client can break a line or add
/// one: in each format, a line consists of visible ASCII characters and spaces. Each value that a client sent is cut after
/// 1,024 bytes, followed by `...`.
///
/// ```
/// use bytegate::{Gateway, Now, Request};
/// use bytegate::middleware::AccessLog;
/// use std::sync::{Arc, Mutex};
///
/// let log = Arc::new(Mutex::new(String::new()));
/// let lines = log.clone();
/// let gateway = Gateway::new(|_: &Request| "hello")
///     .with(AccessLog::to(move |line| lines.lock().unwrap().push_str(line)));
/// gateway.handle_at(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", Now::at_unix(971_186_136));
/// assert_eq!(*log.lock().unwrap(), "- - - [10/Oct/2000:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 5\n");
/// ```
///
/// The line is written when the response begins. If its body breaks off later, the line does not change: see
/// [`Gateway::on_error`](crate::Gateway::on_error).
#[must_use]
pub struct AccessLog {
    write: Box<dyn Fn(&str) + Send + Sync>,
    form: Form,
    is_timed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Common,
    Combined,
    Json,
}

impl AccessLog {
    /// Creates a log in the Common Log Format, as written by the NCSA and Apache servers: `host ident authuser [date] "request
    /// line" status bytes`. Each line, including its line ending, is passed to `write`.
    ///
    /// If the request has a [`RequestId`](crate::middleware::RequestId), the id follows. Unknown values are written as `-`. Bytes
    /// that could break the line, end a quoted string or control a terminal are written as `\xHH`.
    pub fn to(write: impl Fn(&str) + Send + Sync + 'static) -> AccessLog {
        AccessLog {
            write: Box::new(write),
            form: Form::Common,
            is_timed: false,
        }
    }

    /// Writes the headers `Referer` and `User-Agent` after the number of bytes: the Combined Log Format of Apache and nginx.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::AccessLog;
    ///
    /// let log = AccessLog::to(|line| assert!(line.ends_with("\"GET / HTTP/1.1\" 200 6 \"-\" \"curl/8.5.0\"\n")));
    /// let gateway = Gateway::new(|_: &Request| "hello\n").with(log.combined());
    /// gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: curl/8.5.0\r\n\r\n");
    /// ```
    pub fn combined(mut self) -> AccessLog {
        self.form = Form::Combined;
        self
    }

    /// Writes each line as a JSON object. Every line has these members, in this order:
    ///
    /// | member | value |
    /// |---|---|
    /// | `time` | when the head of the request was complete: RFC 3339, in UTC, with microseconds |
    /// | `peer` | the address of the client without its port, or the name of the peer |
    /// | `user` | the authenticated user |
    /// | `method`, `target`, `version` | the parts of the request line, as they were sent |
    /// | `host` | the host of the request, without its port |
    /// | `scheme` | `http` or `https` |
    /// | `status` | the status, a number |
    /// | `bytes` | the length of the response body, a number, if it is known when the response begins |
    /// | `duration_us` | the [time](RequestInfo::elapsed) from the head of the request to the response, in microseconds |
    /// | `referer`, `user_agent` | the headers `Referer` and `User-Agent` |
    /// | `request_id` | the [`RequestId`](crate::middleware::RequestId) |
    /// | `route` | the pattern of the [route](RequestInfo::route) |
    /// | `error` | the name of the [`ProtocolError`](crate::connection::ProtocolError), if the request was refused |
    ///
    /// An unknown value is `null`. If the first line is not three words separated by spaces, the member `input` follows, with
    /// this line as far as it was received. Characters outside of ASCII are written as `\uXXXX`, and bytes that are not UTF-8 as
    /// `\ufffd`.
    ///
    /// ```
    /// use bytegate::{Gateway, Now, Request};
    /// use bytegate::middleware::AccessLog;
    ///
    /// let log = AccessLog::to(|line| assert_eq!(line, concat!(
    ///     r#"{"time":"2000-10-10T13:55:36.000000Z","peer":null,"user":null,"method":"GET","target":"/a","#,
    ///     r#""version":"HTTP/1.1","host":"x","scheme":"http","status":200,"bytes":6,"duration_us":0,"referer":null,"#,
    ///     r#""user_agent":"curl/8.5.0","request_id":null,"route":null,"error":null}"#,
    ///     "\n",
    /// )));
    /// let gateway = Gateway::new(|_: &Request| "hello\n").with(log.json());
    /// let request = b"GET /a HTTP/1.1\r\nHost: x\r\nUser-Agent: curl/8.5.0\r\n\r\n";
    /// gateway.handle_at(request, Now::at_unix(971_186_136));
    /// ```
    pub fn json(mut self) -> AccessLog {
        self.form = Form::Json;
        self
    }

    /// Ends each line with the [time](RequestInfo::elapsed) from the head of the request to the response, in milliseconds, or
    /// with `-` if the head was invalid. JSON always contains the time.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::AccessLog;
    ///
    /// // `handle` uses a fixed time.
    /// let log = AccessLog::to(|line| assert!(line.ends_with("\"GET / HTTP/1.1\" 200 6 0.000ms\n")));
    /// let gateway = Gateway::new(|_: &Request| "hello\n").with(log.timed());
    /// gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// ```
    pub fn timed(mut self) -> AccessLog {
        self.is_timed = true;
        self
    }
}

impl Middleware for AccessLog {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        if !matches!(self.form, Form::Common) {
            request.extensions.insert(Named::in_head(&request.head));
        }
        None
    }

    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        let mut line = String::new();
        let written = match self.form {
            Form::Common => write_common(&mut line, request, &response),
            Form::Combined => write_combined(&mut line, request, &response),
            Form::Json => write_json(&mut line, request, &response),
        };
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
        if self.is_timed && !matches!(self.form, Form::Json) {
            write_time(&mut line, request);
        }
        line.push('\n');
        (self.write)(&line);
        response
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog")
            .field("form", &self.form)
            .field("is_timed", &self.is_timed)
            .finish_non_exhaustive()
    }
}
