//! Failed responses, and the pages sent in their place.

use super::response::{Exception, Response, ResponseError};
use crate::values::status::Status;
use alloc::boxed::Box;

impl Response {
    /// Creates a failed response. A 500 is sent in its place.
    pub fn from_error(error: ResponseError) -> Response {
        Response {
            exception: Some(Box::new(Exception::Error(error))),
            ..Response::new(Status::INTERNAL_SERVER_ERROR)
        }
    }

    /// Returns the first error, if any.
    pub fn error(&self) -> Option<&ResponseError> {
        match self.exception.as_deref() {
            Some(Exception::Error(error) | Exception::Replaced(error)) => Some(error),
            Some(Exception::Noted(_) | Exception::Deferred(_)) | None => None,
        }
    }

    /// Returns the status that is sent, which is 500 for an invalid response.
    pub fn sent_status(&self) -> Status {
        match self.error() {
            Some(_) => Status::INTERNAL_SERVER_ERROR,
            None => self.status,
        }
    }

    /// Returns whether the default page of a 500 is sent instead of this response.
    pub(crate) fn has_failed(&self) -> bool {
        match self.exception.as_deref() {
            Some(Exception::Error(_)) => true,
            Some(Exception::Replaced(_) | Exception::Deferred(_)) => false,
            Some(Exception::Noted(_)) | None => self.status.is_informational(),
        }
    }

    /// Replaces a response that has failed with the default page of a 500. Its error is kept, to be reported. Headers
    /// that middleware sets afterwards are sent with the page.
    pub(crate) fn replace_invalid(&mut self) {
        self.check();
        if let Some(Exception::Error(_)) = self.exception.as_deref() {
            if let Some(exception) = self.exception.take() {
                let error = self.replace(*exception);
                self.exception = Some(Box::new(Exception::Replaced(*error)));
            }
        }
    }

    /// Returns this page with the error of the response that it replaces. If the page cannot be sent itself, returns
    /// that response.
    pub(crate) fn in_place_of(mut self, mut replaced: Response) -> Response {
        match replaced.exception.take() {
            None => self,
            Some(exception) => {
                let is_sendable =
                    matches!(self.exception.as_deref(), None | Some(Exception::Noted(_)))
                        && !self.has_failed();
                let sent = if is_sendable {
                    &mut self
                } else {
                    &mut replaced
                };
                sent.exception = Some(exception);
                if is_sendable { self } else { replaced }
            }
        }
    }

    /// Takes the error out of a response that has failed, and leaves the page that is sent in its place.
    #[inline]
    pub(crate) fn take_error(&mut self) -> Option<Box<ResponseError>> {
        self.check();
        let exception = self.exception.take()?;
        Some(self.replace(*exception))
    }

    #[cold]
    fn replace(&mut self, exception: Exception) -> Box<ResponseError> {
        let error = match exception {
            Exception::Replaced(error) => {
                self.status = Status::INTERNAL_SERVER_ERROR;
                return Box::new(error);
            }
            Exception::Noted(error) => return Box::new(error),
            Exception::Error(error) => error,
            Exception::Deferred(_) => ResponseError::Pending,
        };
        *self = Status::INTERNAL_SERVER_ERROR.into();
        Box::new(error)
    }

    /// Fails the response if its status is not final.
    pub(crate) fn check(&mut self) {
        if self.status.is_informational() {
            self.fail(ResponseError::InterimStatus(self.status));
        }
    }

    /// Records an error that is reported, although the response is sent as it is.
    pub(crate) fn note(&mut self, error: Option<ResponseError>) {
        if let (None, Some(error)) = (&self.exception, error) {
            self.exception = Some(Box::new(Exception::Noted(error)));
        }
    }

    /// Records an error. Only the first one is kept. A deferred response is no longer awaited.
    #[cold]
    pub(crate) fn fail(&mut self, error: ResponseError) {
        if let None | Some(Exception::Noted(_) | Exception::Deferred(_)) = self.exception.as_deref()
        {
            self.exception = Some(Box::new(Exception::Error(error)));
        }
    }
}
