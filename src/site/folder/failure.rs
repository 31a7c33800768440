//! A folder or a file that cannot be read now.

use super::error::FolderError;
use crate::response::response::{Response, ResponseError};
use crate::values::status::Status;
use crate::values::sync::Arc;
use alloc::string::ToString;
use std::sync::atomic::{AtomicBool, Ordering};

/// The reason why a file cannot be looked up now.
pub(in crate::site) struct Failure {
    error: FolderError,
    /// Whether the folder has already reported a failure. Shared with the folder, which resets it when it recovers.
    is_reported: Arc<AtomicBool>,
}

impl Failure {
    pub(super) fn new(error: FolderError, is_reported: Arc<AtomicBool>) -> Failure {
        Failure { error, is_reported }
    }

    /// Returns the response. Only the first one of an outage reports the error.
    pub(in crate::site) fn response(&self) -> Response {
        let mut response = Response::from(Status::SERVICE_UNAVAILABLE);
        if !self.is_reported.swap(true, Ordering::Relaxed) {
            response.note(Some(ResponseError::other(self.error.to_string())));
        }
        response
    }
}
