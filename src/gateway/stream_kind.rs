//! The kinds of streamed bodies.

use crate::response::response::Response;
#[cfg(feature = "server")]
use bytes::Bytes;

/// The kind of a streamed body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum StreamKind {
    /// Any body but a stream of events.
    #[default]
    Plain,
    /// A stream of events with a content coding.
    EncodedEvents,
    /// A stream of events.
    Events {
        /// Whether the next byte starts a line, so that a comment can be sent.
        #[cfg(feature = "server")]
        at_line_start: bool,
    },
}

impl StreamKind {
    /// Returns the kind of the body of a response. A stream of events has no length.
    pub(super) fn of(response: &Response) -> StreamKind {
        let headers = response.headers();
        let is_endless = response.body.length().is_none();
        if !is_endless || headers.get("Content-Type") != Some("text/event-stream") {
            StreamKind::Plain
        } else if headers.get("Content-Encoding").is_some() {
            StreamKind::EncodedEvents
        } else {
            StreamKind::Events {
                #[cfg(feature = "server")]
                at_line_start: true,
            }
        }
    }

    /// Returns whether the body ends when the server stops: its client reconnects.
    pub(super) fn ends_at_stop(self) -> bool {
        self != StreamKind::Plain
    }

    /// Returns whether a comment can be sent now.
    #[cfg(feature = "server")]
    pub(super) fn takes_comments(self) -> bool {
        matches!(
            self,
            StreamKind::Events {
                at_line_start: true
            }
        )
    }

    /// Notes that a block was sent.
    #[cfg(feature = "server")]
    pub(super) fn sent(&mut self, block: &Bytes) {
        if let (StreamKind::Events { at_line_start }, Some(last)) = (self, block.last()) {
            *at_line_start = *last == b'\n';
        }
    }
}
