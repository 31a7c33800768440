//! The default page of a status: one line of plain text, which an application can replace with its own.

use super::page::Page;
use super::response::Response;
use crate::values::protocol_error::ProtocolError;
use crate::values::status::Status;
use alloc::format;
use core::fmt::Display;

/// The seconds after which a client may try again if there was no room for its request.
const RETRY_AFTER: &str = "5";

impl Response {
    /// Creates the default page of a status: a line of plain text with the status and a sentence.
    ///
    /// The middleware [`ErrorPages`](crate::middleware::ErrorPages) can replace this page, like the pages that the
    /// server generates, so an application decides on the form of its error pages in one place.
    pub(crate) fn explained(status: Status, sentence: impl Display) -> Response {
        let mut response = Response::text(format!("{status}: {sentence}\n")).with_status(status);
        response.page = Page::Default;
        response
    }

    /// Creates the default page for input that an application never sees, or whose response is missing.
    pub(crate) fn refused(error: ProtocolError, sentence: impl Display) -> Response {
        let mut response = Response::explained(error.status(), sentence);
        response.page = Page::Explains(error);
        if error == ProtocolError::Overloaded {
            response.set_header("Retry-After", RETRY_AFTER);
        }
        response
    }

    /// Replaces the body with the default page of the status.
    pub(crate) fn with_default_page(self) -> Response {
        let page = format!("{}\n", self.status);
        let mut response = self
            .with_header("Content-Type", "text/plain; charset=utf-8")
            .with_body(page);
        response.page = Page::Default;
        response
    }

    /// Returns whether the default page of an error is sent.
    pub(crate) fn is_default_error_page(&self) -> bool {
        self.has_failed() || self.page != Page::Own && self.status.is_error()
    }

    /// Returns the sentence of the default page that is sent, if it says more than the status.
    pub(crate) fn sentence(&self) -> Option<&str> {
        let is_sent = self.page != Page::Own && !self.has_failed();
        let line = self.body.as_bytes().filter(|_| is_sent)?;
        // No reason phrase contains a colon.
        let (_, sentence) = core::str::from_utf8(line).ok()?.split_once(": ")?;
        sentence.strip_suffix('\n')
    }

    /// Returns the protocol error that the default page explains, if it does.
    pub(crate) fn protocol_error(&self) -> Option<ProtocolError> {
        match self.page {
            Page::Explains(error) if !self.has_failed() => Some(error),
            _ => None,
        }
    }
}

impl From<Status> for Response {
    /// Creates the default page of a status: a line of plain text that names it. A status that forbids a body gets
    /// none.
    fn from(status: Status) -> Response {
        if status.forbids_body() || status == Status::RESET_CONTENT {
            return Response::new(Status::OK).with_status(status);
        }
        let mut response = Response::text(format!("{status}\n")).with_status(status);
        response.page = Page::Default;
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_is_returned_unchanged() {
        for sentence in ["a", "a: b", "", "two\nlines\n"] {
            let response = Response::explained(Status::BAD_REQUEST, sentence);
            assert_eq!(response.sentence(), Some(sentence));
        }
        let unregistered = Status::new(799).unwrap();
        let response = Response::explained(unregistered, "a");
        assert_eq!(response.sentence(), Some("a"));
        assert_eq!(Response::from(Status::NOT_FOUND).sentence(), None);
    }

    #[test]
    fn an_application_body_is_never_a_default_page() {
        let page = || Response::explained(Status::NOT_FOUND, "a");
        assert!(page().is_default_error_page());
        assert!(page().with_header("Allow", "GET").is_default_error_page());
        let mapped = {
            let mut response = page();
            response.map_body(|body| body);
            response
        };
        let own = Response::text("404 Not Found: a\n").with_status(Status::NOT_FOUND);
        for response in [page().with_body("404 Not Found: a\n"), mapped, own] {
            assert!(!response.is_default_error_page());
            assert_eq!(response.sentence(), None);
        }
        assert!(!Response::from(Status::OK).is_default_error_page());
    }

    #[test]
    fn a_response_that_has_failed_sends_a_default_page_without_its_sentence() {
        let response = Response::explained(Status::NOT_FOUND, "a").with_header("b c", "d");
        assert!(response.is_default_error_page());
        assert_eq!(response.sentence(), None);
        assert!(Response::new(Status::CONTINUE).is_default_error_page());
        let page = Response::text("e").with_status(Status::NOT_FOUND);
        let mut response = response;
        response.replace_invalid();
        assert!(response.is_default_error_page());
        let mut replaced = page.in_place_of(response);
        assert!(!replaced.is_default_error_page());
        replaced.set_status(Status::OK);
        assert_eq!(replaced.sent_status(), Status::INTERNAL_SERVER_ERROR);
        assert!(replaced.take_error().is_some());
        assert_eq!(replaced.status(), Status::INTERNAL_SERVER_ERROR);
        assert_eq!(replaced.body().as_bytes(), Some(&b"e"[..]));
    }
}
