//! Converts a pause into the step returned to the caller. The connection no longer changes here, so the step can borrow
//! from it.

use super::machine::Pause;
use super::state::State;
use super::{CloseReason, Connection, Refusal, Step};
use crate::config::config::Config;
use crate::headers::headers::Headers;
use crate::message::head::Head;
use crate::request::request::Message;
use crate::values::protocol_error::InvalidRequest;
use core::borrow::Borrow;

impl<C: Borrow<Config>> Connection<C> {
    pub(super) fn show<'c, 'i: 'c>(&'c self, pause: Pause<'i>) -> Step<'c> {
        match pause {
            Pause::Admit(head) => match self.parser.layout() {
                Some(layout) => Step::Admit(Head::new(head, layout)),
                None => Step::Close(CloseReason::Refused),
            },
            Pause::Data(part) => Step::Data(part),
            Pause::Call(request) => self.show_call(request),
            Pause::CallGathered => self.show_gathered(),
            Pause::Refuse(fault, input) => self.show_refusal(fault, input),
            Pause::Pending(until) => Step::Pending { until },
            Pause::SendBody => Step::SendBody,
            Pause::Read(until) => Step::Read { until },
            Pause::Write(until) => Step::Write { until },
            Pause::Close(reason) => Step::Close(reason),
        }
    }

    /// Like [`show`](Connection::show), but pending output goes first, so that the peer receives each block promptly.
    #[inline(never)]
    pub(super) fn show_in_order<'c, 'i: 'c>(&'c mut self, pause: Pause<'i>) -> Step<'c> {
        let waits = matches!(pause, Pause::Read(_) | Pause::Pending(_) | Pause::Close(_));
        let pause = if waits && !self.output.is_empty() {
            self.write()
        } else {
            pause
        };
        self.show(pause)
    }

    /// Shows a request in one piece.
    #[inline(always)]
    pub(super) fn show_call<'c, 'i: 'c>(&'c self, request: &'i [u8]) -> Step<'c> {
        let Some(layout) = self.parser.layout() else {
            return Step::Close(CloseReason::Refused);
        };
        let (head, body) = request.split_at_checked(layout.end()).unwrap_or_default();
        Step::Request(Message {
            head: Head::new(head, layout),
            body,
            trailers: Headers::default(),
        })
    }

    fn show_gathered(&self) -> Step<'_> {
        let (State::Call(Some(gathered), _), Some(layout)) = (&self.state, self.parser.layout())
        else {
            return Step::Close(CloseReason::Refused);
        };
        Step::Request(Message {
            head: Head::new(&gathered.head, layout),
            body: gathered.body.as_deref().unwrap_or_default(),
            trailers: gathered.trailers.view(),
        })
    }

    fn show_refusal<'c, 'i: 'c>(&'c self, fault: InvalidRequest, input: &'i [u8]) -> Step<'c> {
        let (method, head) = match &self.state {
            State::Refuse(_, rejected) if !rejected.head.is_empty() => {
                (rejected.method, &rejected.head[..])
            }
            // Stop at the error. If the input arrives in pieces, the rest may not have arrived yet, and the result must
            // not depend on that.
            State::Refuse(_, rejected) => {
                (rejected.method, input.get(..=fault.at).unwrap_or(input))
            }
            _ => (None, input),
        };
        Step::Refuse(Refusal {
            error: fault.error,
            at: self.offset.saturating_add(fault.at as u64),
            method,
            line: first_line(head),
            body_limit: None,
        })
    }
}

/// Returns the request line, as far as it was received.
fn first_line(head: &[u8]) -> &[u8] {
    let end = head.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    head.get(..end.unwrap_or(head.len())).unwrap_or_default()
}
