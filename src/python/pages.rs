//! The responses that this program makes from the bytes of a worker, or in place of them.

use super::exchange::Broken;
use super::head::ResponseHead;
use super::line::Line;
use super::service::Service;
use crate::body::body::Body;
use crate::files::open_file::Stamp;
use crate::files::stored_file::StoredFile;
use crate::response::response::{Response, ResponseError};
use crate::values::status::Status;
use crate::values::sync::Arc;
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::prelude::rust_2024::*;

/// The time after which a client may try again.
const RETRY_AFTER: &str = "1";

/// Returns a response whose body has arrived.
pub(super) fn whole(head: ResponseHead, body: Bytes) -> Response {
    let length = head.content_length;
    let response = head.into_response();
    match length {
        // A response to HEAD, or one whose status forbids a body: the length that a response to GET would have.
        Some(length) if body.is_empty() && length > 0 => {
            let none = core::iter::empty();
            response.with_body(Body::try_from_iterator(Some(length), none))
        }
        Some(length) if length != body.len() as u64 => Response::from_error(other(
            "the body does not have the length that its Content-Length says",
        )),
        _ => response.with_body(body),
    }
}

/// Returns a response whose body is a part of a file.
pub(super) fn in_file(head: ResponseHead, file: File, position: u64, length: u64) -> Response {
    if head
        .content_length
        .is_some_and(|declared| declared != length)
    {
        return Response::from_error(other(
            "the file has not the length that Content-Length says",
        ));
    }
    match file.metadata() {
        Ok(metadata) if metadata.is_file() && position + length <= metadata.len() => {
            let stored = Arc::new(StoredFile::new(file, Stamp::of(&metadata)));
            let body = Body::stored(&stored, position..position + length);
            head.into_response().with_body(body)
        }
        Ok(_) => Response::from_error(other("the file is shorter than its worker says")),
        Err(error) => Response::from_error(ResponseError::other(format!(
            "the file of the response cannot be read: {error}"
        ))),
    }
}

/// Returns the response for a worker that has ended or broken the protocol.
pub(super) fn lost(service: &Service, line: &Line, broken: &Broken) -> Response {
    let pid = line.worker.pid();
    match broken {
        Broken::Ended(_) => {
            // The supervisor says how it ended.
            Response::explained(
                Status::BAD_GATEWAY,
                "the application's process ended before it responded",
            )
        }
        broken => {
            service.log(&format!(
                "worker {pid} is killed, because it sends what is no response: {broken}"
            ));
            service.replace(&line.worker);
            line.worker.kill();
            Response::explained(
                Status::BAD_GATEWAY,
                "the application's process sent no valid response",
            )
        }
    }
}

pub(super) fn late() -> Response {
    Response::explained(
        Status::GATEWAY_TIMEOUT,
        "the application did not respond in time",
    )
}

pub(super) fn unavailable(reason: &str) -> Response {
    Response::explained(Status::SERVICE_UNAVAILABLE, reason).with_header("Retry-After", RETRY_AFTER)
}

pub(super) fn other(reason: &str) -> ResponseError {
    ResponseError::other(reason)
}

/// Returns the response if the body of a request cannot be stored.
pub(super) fn not_stored(service: &Service, error: &io::Error) -> Response {
    let folder = std::env::temp_dir();
    service.log(&format!("cannot store an upload in {folder:?}: {error}"));
    Response::explained(
        Status::INSUFFICIENT_STORAGE,
        "there is no room for the upload",
    )
}
