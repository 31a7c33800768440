//! The laws that hold for any input: written once, checked by fixtures, properties and fuzz targets.

pub(crate) mod exchange;
pub(crate) mod gateway;
pub(crate) mod model;
pub(crate) mod oracle;
pub(crate) mod proxy;
pub(crate) mod reader;

use bytegate::connection::{CloseReason, Message, Refusal, ResponseSummary};
use bytegate::gateway::{FrontEnd, Wait};
use bytegate::request::{ConnectionInfo, Head};
use bytegate::{Gateway, Method, Now, Request, Response};
use std::time::Duration;

/// The outcome of a connection for its whole input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Transcript {
    pub(crate) output: Vec<u8>,
    /// For each final response, the method of its request, or GET if the method is unknown.
    pub(crate) responses: Vec<Method>,
    /// The requests that were complete.
    pub(crate) served: Vec<model::Served>,
    /// Each error, with its position and its line.
    pub(crate) refusals: Vec<(bytegate::connection::ProtocolError, u64, Vec<u8>)>,
    pub(crate) close: CloseReason,
}

/// Records the events of a session.
struct Notes {
    now: Now,
    /// The request method of the next response.
    method: Method,
    transcript: Transcript,
}

impl FrontEnd for Notes {
    fn now(&mut self) -> Now {
        self.now
    }

    fn on_head(&mut self, head: &Head<'_>, _: u64) {
        self.method = head.method();
    }

    fn on_request(&mut self, request: &Message<'_>, _: u64) {
        self.transcript.served.push(model::Served {
            method: request.head.method().to_string(),
            target: request.head.target_text().to_string(),
            body: request.body.to_vec(),
            trailers: request.trailers.iter().count(),
        });
    }

    fn on_refusal(&mut self, refusal: &Refusal<'_>) {
        self.method = refusal.method.unwrap_or(Method::GET);
        let line = refusal.line.to_vec();
        let refusal = (refusal.error, refusal.at, line);
        self.transcript.refusals.push(refusal);
    }

    fn on_response(&mut self, _: &ResponseSummary) {
        self.transcript.responses.push(self.method);
    }
}

/// Feeds `pieces` one by one, each when the session asks for more input, and then ends the input.
pub(crate) fn drive<'p>(
    gateway: &Gateway,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    now: Now,
) -> Transcript {
    let mut session = gateway.session(ConnectionInfo::default());
    let mut pieces = pieces.into_iter();
    let mut buffer: Vec<u8> = Vec::new();
    let mut notes = Notes {
        now,
        method: Method::GET,
        transcript: Transcript {
            output: Vec::new(),
            responses: Vec::new(),
            served: Vec::new(),
            refusals: Vec::new(),
            close: CloseReason::Idle,
        },
    };
    loop {
        let mut input = &buffer[..];
        let wait = session.turn(&mut input, &mut notes);
        assert!(input.len() <= buffer.len(), "a turn gave input back");
        let used = buffer.len() - input.len();
        buffer.drain(..used);
        match wait {
            Wait::Write { .. } => {
                assert!(
                    !session.output().is_empty(),
                    "asked to write without output"
                );
                session.output().move_to(&mut notes.transcript.output);
            }
            Wait::Read { .. } => match pieces.next() {
                Some(piece) => buffer.extend_from_slice(piece),
                None => session.end_input(),
            },
            Wait::Pending { .. } => panic!("no answer here comes later"),
            Wait::Yield => {}
            Wait::Close(reason) => {
                notes.transcript.close = reason;
                return notes.transcript;
            }
        }
    }
}

/// Checks all laws for one input in one piece.
pub(crate) fn hold_for(gateway: &Gateway, input: &[u8], now: Now) -> Transcript {
    let transcript = drive(gateway, [input], now);

    // `handle_at` gives the same output.
    assert_eq!(
        String::from_utf8_lossy(&gateway.handle_at(input, now)),
        String::from_utf8_lossy(&transcript.output)
    );
    // The first error is the last thing that happens.
    assert!(transcript.refusals.len() <= 1, "{:?}", transcript.refusals);
    for (error, at, _) in &transcript.refusals {
        assert!(*at <= input.len() as u64, "{error:?} at {at}");
    }
    // The output is a sequence of valid responses, one for each request or refusal, in order.
    let responses = reader::read_all(&transcript.output, &transcript.responses);
    let closes = responses.iter().position(|response| response.closes());
    if let Some(last) = closes {
        assert_eq!(
            last + 1,
            responses.len(),
            "a response after the one that closes"
        );
    }
    if let Some((error, ..)) = transcript.refusals.first() {
        let last = responses.last().expect("a refusal has an answer");
        assert_eq!(last.status(), error.status());
        assert!(last.closes(), "a refusal closes");
    }
    transcript
}

/// The split law: however the input is cut, the output is the same.
pub(crate) fn hold_for_split(
    gateway: &Gateway,
    transcript: &Transcript,
    pieces: &[&[u8]],
    now: Now,
) {
    let split = drive(gateway, pieces.iter().copied(), now);
    assert!(
        split == *transcript,
        "cut into {:?}\n{}\ninstead of\n{}",
        pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>(),
        String::from_utf8_lossy(&split.output),
        String::from_utf8_lossy(&transcript.output),
    );
}

/// A fixed time, so that responses do not change.
pub(crate) fn a_moment() -> Now {
    Now {
        monotonic: Duration::from_secs(1),
        wall: None,
    }
}

/// The model law: with a gateway that responds to every request, a connection serves and refuses exactly the same
/// requests as the model.
pub(crate) fn hold_for_model(input: &[u8], now: Now) {
    let transcript = drive(&plain_gateway(), [input], now);
    let (served, refused) = model::connection(input);
    assert_eq!(transcript.served, served, "{}", input.escape_ascii());
    assert_eq!(
        !transcript.refusals.is_empty(),
        refused,
        "{:?} {}",
        transcript.refusals,
        input.escape_ascii()
    );
}

/// A gateway that sends the same response to every request.
pub(crate) fn plain_gateway() -> Gateway {
    Gateway::new(|_: &Request<'_>| Response::text("served\n"))
}
