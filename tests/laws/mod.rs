//! The laws that hold for any input whatever: written once, asserted by fixtures, properties and fuzz targets.
#![allow(dead_code, unreachable_pub)]

pub mod exchange;
pub mod gateway;
pub mod model;
pub mod reader;

use bytegate::{
    Application, CloseReason, Config, Connection, Gateway, Now, Request, Response, Step,
};
use std::time::Duration;

/// What a connection did with all its input.
#[derive(Debug, PartialEq, Eq)]
pub struct Transcript {
    pub output: Vec<u8>,
    /// For each final answer, whether it is one to HEAD.
    pub answers: Vec<bool>,
    /// The requests that were whole.
    pub served: Vec<model::Served>,
    /// What was wrong, where, and the line that is shown with it.
    pub refusals: Vec<(bytegate::Error, u64, Vec<u8>)>,
    pub close: CloseReason,
}

/// Feeds `pieces` one after the other, each as soon as the machine asks for more, and then the end.
pub fn drive<'p>(
    application: &dyn Application,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    now: Now,
) -> Transcript {
    let mut connection = Connection::new(Config::default());
    let mut pieces = pieces.into_iter();
    let mut buffer: Vec<u8> = Vec::new();
    let mut transcript = Transcript {
        output: Vec::new(),
        answers: Vec::new(),
        served: Vec::new(),
        refusals: Vec::new(),
        close: CloseReason::Idle,
    };
    loop {
        let mut input = &buffer[..];
        let mut reads = false;
        while !reads {
            let before = input.len();
            let step = connection.step(&mut input, now);
            match step {
                Step::Admit(head) => {
                    let admission = application.admit(&head);
                    let is_head = head.method() == bytegate::Method::Head;
                    if connection.admit(admission).is_some() {
                        transcript.answers.push(is_head);
                    }
                }
                Step::Call(request) => {
                    transcript.served.push(model::Served {
                        method: request.method().to_string(),
                        target: request.head().target_text().to_string(),
                        content: request.content().to_vec(),
                        trailers: request.trailers().iter().count(),
                    });
                    transcript
                        .answers
                        .push(request.method() == bytegate::Method::Head);
                    let response = application.call(&request);
                    connection.respond(response);
                }
                Step::Finish(ending) => {
                    transcript
                        .answers
                        .push(ending.head().method() == bytegate::Method::Head);
                    let response = ending.finish();
                    connection.respond(response);
                }
                Step::Refuse(refusal) => {
                    transcript
                        .answers
                        .push(refusal.method == Some(bytegate::Method::Head));
                    let line = refusal.line.to_vec();
                    transcript.refusals.push((refusal.error, refusal.at, line));
                    let response = refusal.page();
                    connection.respond(response);
                }
                Step::Write { .. } => {
                    assert!(
                        !connection.output().is_empty(),
                        "a write with nothing to write"
                    );
                    connection.output().move_to(&mut transcript.output);
                }
                Step::Read { .. } => reads = true,
                Step::Close(reason) => {
                    transcript.close = reason;
                    return transcript;
                }
            }
            assert!(input.len() <= before, "a step gave input back");
        }
        let used = buffer.len() - input.len();
        buffer.drain(..used);
        match pieces.next() {
            Some(piece) => buffer.extend_from_slice(piece),
            None => connection.end_input(),
        }
    }
}

/// All laws for one input, whole.
pub fn hold_for(gateway: &Gateway, input: &[u8], now: Now) -> Transcript {
    let transcript = drive(gateway, [input], now);

    // The call on bytes is the same machine.
    assert_eq!(
        String::from_utf8_lossy(&gateway.handle_at(input, now)),
        String::from_utf8_lossy(&transcript.output)
    );
    // The first error is the last thing that happens.
    assert!(transcript.refusals.len() <= 1, "{:?}", transcript.refusals);
    for (error, at, _) in &transcript.refusals {
        assert!(*at <= input.len() as u64, "{error:?} at {at}");
    }
    // What comes out is a sequence of valid responses, one for each request and refusal, in order.
    let responses = reader::read_all(&transcript.output, &transcript.answers);
    let closes = responses.iter().position(|response| response.closes);
    if let Some(last) = closes {
        assert_eq!(
            last + 1,
            responses.len(),
            "a response behind the one that closes"
        );
    }
    if let Some((error, ..)) = transcript.refusals.first() {
        let last = responses.last().expect("a refusal has an answer");
        assert_eq!(last.status, error.status().code());
        assert!(last.closes, "a refusal closes");
    }
    transcript
}

/// The law of splits: however the input is cut, the output is the same.
pub fn hold_for_split(gateway: &Gateway, transcript: &Transcript, pieces: &[&[u8]], now: Now) {
    let split = drive(gateway, pieces.iter().copied(), now);
    assert!(
        split == *transcript,
        "cut into {:?}\n{}\ninstead of\n{}",
        pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>(),
        String::from_utf8_lossy(&split.output),
        String::from_utf8_lossy(&transcript.output),
    );
}

/// A moment that never changes, so that answers do not.
pub fn a_moment() -> Now {
    Now {
        monotonic: Duration::from_secs(1),
        wall: None,
    }
}

/// The law of the model: where every request is served, the machine serves what the model serves and refuses what
/// the model refuses.
pub fn hold_for_model(input: &[u8], now: Now) {
    let serve = |_: &Request<'_>| Response::text("served\n");
    let transcript = drive(&serve, [input], now);
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

/// A gateway that serves everything alike.
pub fn plain_gateway() -> Gateway {
    Gateway::new().dynamic("", |_: &Request<'_>| Response::text("served\n"))
}
