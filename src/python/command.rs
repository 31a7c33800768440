//! Commands to the supervisor.

use super::frame::Kind;
use bytes::Bytes;
use std::prelude::rust_2024::*;
use std::process::ExitStatus;
use std::sync::mpsc::Sender;

/// A command to the supervisor, or something that it must know.
pub(super) enum Command {
    /// A worker said something on its control stream.
    Said(u64, Kind, Bytes),
    /// A worker sent bytes that are not a frame.
    Babbles(u64, String),
    /// A process has ended.
    Ended(u64, Option<ExitStatus>),
    /// A worker has had its requests. It serves until there is another one.
    Succeed(u64),
    /// A worker is no longer used. Another one is needed.
    Replace(u64),
    Reload,
    /// Ends all workers. The sender is dropped when all have ended.
    Stop(Sender<()>),
}

/// The kind of an application, and the interpreter that runs it.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) kind: String,
    pub(super) version: String,
    pub(super) interpreter: String,
}
