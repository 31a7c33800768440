//! A panic in an application must end one request, not the server.

use super::options::Options;
use crate::message::admission::{Admission, Receiver};
use crate::message::body::{Broken, Content};
use crate::message::fields::FieldLines;
use crate::message::response::{Response, ResponseError};
use bytes::Bytes;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::prelude::rust_2024::*;

/// Runs a part of an application; its last words, if it panics. What it may have left half done is its own: nothing of
/// it is looked at again.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| words(&*payload))
}

/// The response of an application, or that it panicked. A stream in it is guarded too.
pub(super) fn guarded_response(options: &Options, run: impl FnOnce() -> Response) -> Response {
    let mut response = guarded(run).unwrap_or_else(panicked);
    if let Content::Stream { blocks, .. } = &mut response.body.content {
        let inner = core::mem::replace(blocks, Box::new(core::iter::empty()));
        *blocks = Box::new(GuardedBlocks {
            blocks: Some(inner),
            options: options.clone(),
        });
    }
    response
}

/// The admission of an application, or that it panicked. A receiver in it is guarded too.
pub(super) fn guarded_admission(run: impl FnOnce() -> Admission) -> Admission {
    match guarded(run) {
        Ok(Admission::Stream(receiver)) => Admission::Stream(Box::new(GuardedReceiver {
            limit: receiver.limit(),
            receiver: Ok(receiver),
        })),
        Ok(other) => other,
        Err(words) => Admission::Refuse(panicked(words)),
    }
}

fn panicked(words: String) -> Response {
    Response::failed(ResponseError::Panicked(words))
}

struct GuardedBlocks {
    /// None behind a panic.
    blocks: Option<Box<dyn Iterator<Item = Result<Bytes, Broken>> + Send>>,
    options: Options,
}

impl Iterator for GuardedBlocks {
    type Item = Result<Bytes, Broken>;

    fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        let blocks = self.blocks.as_mut()?;
        guarded(|| blocks.next()).unwrap_or_else(|words| {
            self.blocks = None;
            self.options
                .report(&ResponseError::Panicked(words).to_string());
            Some(Err(Broken))
        })
    }
}

struct GuardedReceiver {
    limit: u64,
    receiver: Result<Box<dyn Receiver>, String>,
}

impl Receiver for GuardedReceiver {
    fn data(&mut self, part: &[u8]) {
        if let Ok(receiver) = &mut self.receiver {
            if let Err(words) = guarded(|| receiver.data(part)) {
                self.receiver = Err(words);
            }
        }
    }

    fn finish(self: Box<Self>, trailers: FieldLines<'_>) -> Response {
        match self.receiver {
            Err(words) => panicked(words),
            Ok(receiver) => guarded(|| receiver.finish(trailers)).unwrap_or_else(panicked),
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
