//! What the caller gets to see of a connection that has come to a pause: from here on nothing changes, so that it can be
//! borrowed.

use super::content::Content;
use super::machine::Pause;
use super::{CloseReason, Connection, Ending, Refusal, State, Step};
use crate::message::fields::FieldLines;
use crate::message::head::Head;
use crate::message::request::Request;
use crate::values::error::Fault;

impl Connection {
    pub(super) fn show<'c, 'i: 'c>(&'c mut self, pause: Pause<'i>) -> Step<'c> {
        match pause {
            Pause::Admit(head) => Step::Admit(Head::new(head, self.parser.layout())),
            Pause::Call(request) => {
                let layout = self.parser.layout();
                let (head, content) = request.split_at_checked(layout.end).unwrap_or_default();
                Step::Call(Request {
                    head: Head::new(head, layout),
                    content,
                    trailers: FieldLines::default(),
                    circumstances: &self.circumstances,
                })
            }
            Pause::CallGathered => self.show_gathered(),
            Pause::Refuse(fault, input) => self.show_refusal(fault, input),
            Pause::Read(until) => Step::Read { until },
            Pause::Write(until) => Step::Write { until },
            Pause::Close(reason) => Step::Close(reason),
        }
    }

    fn show_gathered(&mut self) -> Step<'_> {
        let circumstances = &self.circumstances;
        let State::Call(Some(gathered), _) = &mut self.state else {
            return Step::Close(CloseReason::Refused);
        };
        let trailers = gathered.trailers.lines();
        let head = Head::new(&gathered.head, self.parser.layout());
        match &mut gathered.content {
            Content::Streamed(receiver) => Step::Finish(Ending {
                head,
                trailers,
                receiver,
            }),
            Content::Gathered(content) => Step::Call(Request {
                head,
                content,
                trailers,
                circumstances,
            }),
        }
    }

    fn show_refusal<'c, 'i: 'c>(&'c self, fault: Fault, input: &'i [u8]) -> Step<'c> {
        let (method, head) = match &self.state {
            State::Refuse(_, culprit) if !culprit.head.is_empty() => {
                (culprit.method, &culprit.head[..])
            }
            // No further than the fault: what lies behind it has not come yet if the input comes in pieces.
            State::Refuse(_, culprit) => (culprit.method, input.get(..=fault.at).unwrap_or(input)),
            _ => (None, input),
        };
        Step::Refuse(Refusal {
            error: fault.error,
            at: self.offset.saturating_add(fault.at as u64),
            method,
            line: first_line(head),
        })
    }
}

/// The request line as far as it came.
fn first_line(head: &[u8]) -> &[u8] {
    let end = head.iter().position(|octet| matches!(octet, b'\r' | b'\n'));
    head.get(..end.unwrap_or(head.len())).unwrap_or_default()
}
