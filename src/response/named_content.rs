//! Responses with a file name.

use super::response::Response;
use crate::body::body::Body;
use crate::syntax::content_disposition;
use crate::values::media_type;

impl Response {
    /// Creates a 200 response with a file that the client saves under the given name, instead of showing it.
    ///
    /// The suffix of the name determines the media type, and `X-Content-Type-Options: nosniff` prevents clients from
    /// guessing another. `Content-Disposition` carries the name (RFC 6266), also in UTF-8 if it is not plain ASCII
    /// (RFC 8187). Control characters, `/` and `\` in the name are replaced by `_`, so any name can be sent.
    ///
    /// ```
    /// use bytegate::Response;
    ///
    /// let response = Response::attachment("Preise in \u{20ac}.csv", "apple,1\n");
    /// let headers = response.headers();
    /// assert_eq!(headers.get("Content-Type"), Some("text/csv; charset=utf-8"));
    /// assert_eq!(
    ///     headers.get("Content-Disposition"),
    ///     Some("attachment; filename=\"Preise in _.csv\"; filename*=UTF-8''Preise%20in%20%E2%82%AC.csv")
    /// );
    /// ```
    pub fn attachment(file_name: &str, body: impl Into<Body>) -> Response {
        Response::of_type(media_type::of(file_name), body)
            .with_header("X-Content-Type-Options", "nosniff")
            .with_header(
                "Content-Disposition",
                content_disposition::value("attachment", file_name),
            )
    }

    /// Sets the name under which the client saves the body, if the user asks for it, and returns the response. The
    /// client shows the body as usual. The name is sent as in [`attachment`](Response::attachment).
    ///
    /// ```
    /// use bytegate::Response;
    ///
    /// let response = Response::of_type("application/pdf", "%PDF-1.7").with_inline_file_name("bill.pdf");
    /// assert_eq!(
    ///     response.headers().get("Content-Disposition"),
    ///     Some("inline; filename=\"bill.pdf\"")
    /// );
    /// ```
    pub fn with_inline_file_name(self, file_name: &str) -> Response {
        self.with_header(
            "Content-Disposition",
            content_disposition::value("inline", file_name),
        )
    }
}
