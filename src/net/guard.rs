//! A panic in an application must end one request, not the server.

use crate::message::admission::{Admission, Receiver};
use crate::message::fields::FieldLines;
use crate::message::response::{Response, ResponseError};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::prelude::rust_2024::*;

/// Runs a part of an application; its panic in words, if it panics. What it may have left half done is its
/// own: nothing of it is looked at again.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| words(&*payload))
}

/// The response for a panic.
pub(super) fn panicked(words: &str) -> Response {
    Response::failed(ResponseError::Other(format!(
        "the application panicked: {words}"
    )))
}

/// An admission whose receiver is guarded too.
pub(super) fn guard_admission(admission: Admission) -> Admission {
    match admission {
        Admission::Stream(receiver) => Admission::Stream(Box::new(Guarded {
            limit: receiver.limit(),
            receiver: Ok(receiver),
        })),
        other => other,
    }
}

struct Guarded {
    limit: u64,
    receiver: Result<Box<dyn Receiver>, String>,
}

impl Receiver for Guarded {
    fn data(&mut self, part: &[u8]) {
        if let Ok(receiver) = &mut self.receiver {
            if let Err(words) = guarded(|| receiver.data(part)) {
                self.receiver = Err(words);
            }
        }
    }

    fn finish(self: Box<Self>, trailers: FieldLines<'_>) -> Response {
        match self.receiver {
            Err(words) => panicked(&words),
            Ok(receiver) => {
                guarded(|| receiver.finish(trailers)).unwrap_or_else(|words| panicked(&words))
            }
        }
    }

    fn limit(&self) -> u64 {
        self.limit
    }
}

fn words(payload: &(dyn Any + Send)) -> String {
    match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(words), _) => (*words).to_string(),
        (_, Some(words)) => words.clone(),
        (None, None) => "without a message".to_string(),
    }
}
