//! Responses that a client saves as a file.

use super::response::Response;
use crate::syntax::content_disposition;

impl Response {
    /// Has the client save the body under the given name, instead of showing it, and returns the response.
    ///
    /// `Content-Disposition` carries the name (RFC 6266), also in UTF-8 if it is not plain ASCII (RFC 8187). Control
    /// characters, `/` and `\` in the name are replaced by `_`, so any name can be sent. `X-Content-Type-Options:
    /// nosniff` prevents clients from guessing another media type. [`NamedFile`](crate::site::NamedFile) derives the
    /// media type from the name.
    ///
    /// ```
    /// use bytegate::Response;
    ///
    /// let response = Response::of_type("text/csv", "apple,1\n").with_attachment("Preise in \u{20ac}.csv");
    /// assert_eq!(
    ///     response.headers().get("Content-Disposition"),
    ///     Some("attachment; filename=\"Preise in _.csv\"; filename*=UTF-8''Preise%20in%20%E2%82%AC.csv")
    /// );
    /// ```
    pub fn with_attachment(self, file_name: &str) -> Response {
        self.with_header("X-Content-Type-Options", "nosniff")
            .with_header(
                "Content-Disposition",
                content_disposition::value("attachment", file_name),
            )
    }
}
