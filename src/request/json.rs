//! JSON (RFC 8259), received and sent.

use super::request::Request;
use crate::response::rejection::{Rejection, detail, detail_at};
use crate::response::response::{Response, ResponseError};
use alloc::format;
use serde::Serialize;
use serde::de::Deserialize;
use serde_json::error::Category;

/// # JSON
impl<'a> Request<'a> {
    /// Deserializes a JSON body (feature `json`). Text without escapes can be borrowed. A byte order mark is ignored.
    ///
    /// ```
    /// use bytegate::{Gateway, Rejection, Request, Response};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Deserialize, Serialize)]
    /// struct Point {
    ///     x: i32,
    ///     y: i32,
    /// }
    ///
    /// fn mirror(request: &Request) -> Result<Response, Rejection> {
    ///     let Point { x, y } = request.json()?;
    ///     Ok(Response::json(&Point { x: y, y: x }))
    /// }
    ///
    /// let response = Gateway::new(mirror).handle(
    ///     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
    ///       Content-Length: 14\r\n\r\n{\"x\":1, \"y\":2}",
    /// );
    /// assert!(response.ends_with(b"\r\nContent-Length: 13\r\n\r\n{\"x\":2,\"y\":1}"));
    /// ```
    ///
    /// # Errors
    /// - 415 if Content-Type is missing or is neither `application/json` nor a type that ends in `+json` (RFC 6839).
    /// - 400 if the body is not JSON, with the line and the column. Values are nested at most 128 deep.
    /// - 422 if the JSON does not fit the type, with the path to the value.
    pub fn json<T: Deserialize<'a>>(&self) -> Result<T, Rejection> {
        self.check_content_type("application/json", |media_type| {
            media_type == b"application/json" || media_type.ends_with(b"+json")
        })?;
        self.read_json()
    }

    /// Like [`json`](Request::json), but for JSON under another media type, whose name does not say that it is JSON.
    ///
    /// ```
    /// use bytegate::{Request, Status};
    ///
    /// let request = Request::builder("POST", "/reports")
    ///     .header("Content-Type", "application/csp-report")
    ///     .body(r#"{"blocked-uri":"inline"}"#)
    ///     .build()?;
    /// let report: serde_json::Value = request.view().json_of_type("application/csp-report").expect("a report");
    /// assert_eq!(report["blocked-uri"], "inline");
    /// let other = request.view().json_of_type::<serde_json::Value>("application/reports+json");
    /// assert_eq!(other.unwrap_err().status(), Status::UNSUPPORTED_MEDIA_TYPE);
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    ///
    /// # Errors
    /// Fails like [`json`](Request::json), with 415 for every other media type, `application/json` included.
    pub fn json_of_type<T: Deserialize<'a>>(
        &self,
        media_type: &'static str,
    ) -> Result<T, Rejection> {
        self.check_content_type(media_type, |sent| {
            sent.eq_ignore_ascii_case(media_type.as_bytes())
        })?;
        self.read_json()
    }

    fn read_json<T: Deserialize<'a>>(&self) -> Result<T, Rejection> {
        // RFC 8259 section 8.1: a parser may ignore it.
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let text = self.body();
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let value =
            serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
                match error.inner().classify() {
                    Category::Data => {
                        let detail = detail_at(error.path(), error.inner());
                        let reason = format!("the JSON does not match the expected type: {detail}");
                        Rejection::unprocessable_content(reason)
                    }
                    Category::Syntax | Category::Eof | Category::Io => malformed(error.inner()),
                }
            })?;
        deserializer.end().map_err(|error| malformed(&error))?;
        Ok(value)
    }
}

impl Response {
    /// Creates a 200 response with a value as JSON (feature `json`). A value that JSON cannot represent, such as a map
    /// with lists as keys, makes the response fail.
    ///
    /// ```
    /// use bytegate::Response;
    ///
    /// let response = Response::json(&[1, 2]);
    /// assert_eq!(response.headers().get("Content-Type"), Some("application/json"));
    /// assert_eq!(response.body().as_bytes(), Some(&b"[1,2]"[..]));
    /// ```
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Response {
        match serde_json::to_vec(value) {
            Ok(text) => Response::of_type("application/json", text),
            Err(error) => Response::from_error(ResponseError::other(format!(
                "the value cannot be sent as JSON: {error}"
            ))),
        }
    }
}

fn malformed(error: &serde_json::Error) -> Rejection {
    Rejection::bad_request(format!("the body is not JSON: {}", detail(error)))
}
