//! The machine of the exchanges on one stream: bytes and descriptors in, events out. It does no I/O.

use super::frame::{Decoder, ENDS, FREE, Frame, FrameError, Kind, LAST, split_head, text};
use alloc::string::String;
use bytes::Bytes;
use core::fmt;

/// The state of a stream between this program and one thread of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The worker waits for a request.
    Free,
    /// A request was sent.
    Asked,
    /// The head of the response has come, and nothing of the body.
    Begun,
    /// A part of the body has come.
    Body,
    /// The response is complete, and the application is closing it.
    Closing,
    /// Like `Closing`, and the next request was sent.
    AskedAhead,
    /// The worker broke the protocol, or its stream has ended.
    Broken,
}

/// An event on a stream. `D` is a descriptor.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<D> {
    /// The head of the response, in the form in which the worker sent it, and the first block of its body.
    Head {
        head: Bytes,
        body: Bytes,
        is_whole: bool,
    },
    /// A block of the body.
    Data(Bytes),
    /// A part of a file, which is the whole body.
    File { file: D, position: u64, length: u64 },
    /// The body is complete and the worker is free, unless a request was sent ahead.
    End,
    /// The application failed. The worker is free, or ends its process.
    Failed { reason: String, ends: bool },
    /// The worker has closed an earlier response, and begins with the request that was sent ahead.
    Closed,
}

/// The reason why a stream cannot be used any longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    Frame(FrameError),
    /// A frame that does not belong here.
    Unexpected(State, Kind),
    /// The payload of a frame does not have the form of its kind.
    Payload(Kind),
    /// A file without its descriptor.
    NoDescriptor,
    /// A descriptor without a frame that needs it.
    UnusedDescriptor,
    /// The stream has ended.
    Ended(State),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Frame(error) => error.fmt(f),
            Broken::Unexpected(state, kind) => write!(f, "{kind:?} does not follow {state:?}"),
            Broken::Payload(kind) => write!(f, "the payload does not have the form of {kind:?}"),
            Broken::NoDescriptor => f.write_str("a file has no descriptor"),
            Broken::UnusedDescriptor => f.write_str("a descriptor belongs to no file"),
            Broken::Ended(state) => write!(f, "the stream ended at {state:?}"),
        }
    }
}

/// The machine of one stream.
#[derive(Debug)]
pub(super) struct Exchange<D> {
    state: State,
    decoder: Decoder,
    descriptor: Option<D>,
}

impl<D> Exchange<D> {
    pub(super) fn new() -> Exchange<D> {
        Exchange {
            state: State::Free,
            decoder: Decoder::default(),
            descriptor: None,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Records that a request is sent. Returns `false` if none can be sent now.
    pub(super) fn ask(&mut self) -> bool {
        self.state = match self.state {
            State::Free => State::Asked,
            State::Closing => State::AskedAhead,
            _ => return false,
        };
        true
    }

    /// Takes bytes that have arrived.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.decoder.push(bytes);
    }

    /// Returns how many bytes the next frame lacks, if that is known.
    pub(super) fn lacks(&self) -> usize {
        self.decoder.lacks()
    }

    /// Takes a descriptor that has arrived with the bytes.
    ///
    /// # Errors
    /// Returns an error if the one before it was not used.
    pub(super) fn push_descriptor(&mut self, descriptor: D) -> Result<(), Broken> {
        match self.descriptor.replace(descriptor) {
            Some(_) => Err(self.break_off(Broken::UnusedDescriptor)),
            None => Ok(()),
        }
    }

    /// Ends the input. Returns the state in which it ended.
    pub(super) fn end_input(&mut self) -> Broken {
        let state = self.state;
        self.break_off(Broken::Ended(state))
    }

    /// Returns the next event, or `None` until more has arrived.
    ///
    /// # Errors
    /// Returns the rule that the worker broke. After that, nothing is understood any longer.
    pub(super) fn next(&mut self) -> Result<Option<Event<D>>, Broken> {
        if self.state == State::Broken {
            return Err(Broken::Ended(State::Broken));
        }
        let frame = match self.decoder.next() {
            Ok(frame) => frame,
            Err(error) => return Err(self.break_off(Broken::Frame(error))),
        };
        let Some(frame) = frame else {
            return if self.descriptor.is_some() && self.decoder.is_empty() {
                Err(self.break_off(Broken::UnusedDescriptor))
            } else {
                Ok(None)
            };
        };
        match self.advance(frame) {
            Ok((state, event)) => {
                self.state = state;
                Ok(Some(event))
            }
            Err(broken) => Err(self.break_off(broken)),
        }
    }

    fn break_off(&mut self, broken: Broken) -> Broken {
        self.state = State::Broken;
        self.descriptor = None;
        broken
    }

    /// Returns the next state and the event. This is the table of the protocol.
    fn advance(&mut self, frame: Frame) -> Result<(State, Event<D>), Broken> {
        let Frame {
            kind,
            flags,
            payload,
        } = frame;
        Ok(match (self.state, kind) {
            (State::Asked, Kind::Head) => {
                let state = match (flags & LAST != 0, flags & FREE != 0) {
                    (true, true) => State::Free,
                    (true, false) => State::Closing,
                    (false, false) => State::Begun,
                    (false, true) => return Err(Broken::Payload(kind)),
                };
                let (head, body) = split_head(&payload).ok_or(Broken::Payload(kind))?;
                let state = match state {
                    State::Begun if !body.is_empty() => State::Body,
                    state => state,
                };
                let event = Event::Head {
                    head,
                    body,
                    is_whole: flags & LAST != 0,
                };
                (state, event)
            }
            (State::Begun | State::Body, Kind::Data) => (State::Body, Event::Data(payload)),
            (State::Begun, Kind::File) => {
                let (position, length) = numbers(&payload).ok_or(Broken::Payload(kind))?;
                let file = self.descriptor.take().ok_or(Broken::NoDescriptor)?;
                let event = Event::File {
                    file,
                    position,
                    length,
                };
                (State::Closing, event)
            }
            (State::Begun | State::Body | State::Closing, Kind::End) => (State::Free, Event::End),
            (State::AskedAhead, Kind::End | Kind::Error) => (State::Asked, Event::Closed),
            (State::Asked | State::Begun | State::Body | State::Closing, Kind::Error) => {
                let event = Event::Failed {
                    reason: text(&payload),
                    ends: flags & ENDS != 0,
                };
                (State::Free, event)
            }
            (state, kind) => return Err(Broken::Unexpected(state, kind)),
        })
    }
}

fn numbers(payload: &[u8]) -> Option<(u64, u64)> {
    let (position, length) = payload.split_first_chunk::<8>()?;
    let length: [u8; 8] = length.try_into().ok()?;
    let (position, length) = (u64::from_le_bytes(*position), u64::from_le_bytes(length));
    position.checked_add(length)?;
    Some((position, length))
}

/// Lets a worker send any bytes, for a fuzzer: the machine never panics, and its events do not depend on how the bytes
/// are split. The first byte says where a descriptor comes, the second where the bytes are cut.
///
/// ```
/// bytegate::python::fuzz(b"\xff\x03\x06\0\0\0\0\0\0\0");
/// ```
#[doc(hidden)]
pub fn fuzz(input: &[u8]) {
    let [descriptor_at, cut, bytes @ ..] = input else {
        return;
    };
    let (descriptor_at, cut) = (usize::from(*descriptor_at), usize::from(*cut));
    let run = |cuts: &[usize]| {
        let mut exchange = Exchange::new();
        let mut events = alloc::vec::Vec::new();
        let mut start = 0;
        exchange.ask();
        for end in cuts.iter().copied().chain([bytes.len()]) {
            if (start..end).contains(&descriptor_at) && exchange.push_descriptor(()).is_err() {
                break;
            }
            exchange.push(&bytes[start..end]);
            start = end;
            loop {
                match exchange.next() {
                    Ok(Some(event)) => events.push(Ok(event)),
                    Ok(None) => break,
                    Err(broken) => {
                        events.push(Err(broken));
                        return events;
                    }
                }
                // A request is sent as soon as one can be.
                exchange.ask();
            }
        }
        events
    };
    let whole = run(&[]);
    // A descriptor that comes later than its frame is missing there, so only those without one are compared.
    if descriptor_at >= bytes.len() {
        assert_eq!(run(&[cut.min(bytes.len())]), whole);
        let each: alloc::vec::Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(run(&each), whole);
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::encode;
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    const HEAD: &[u8] = b"\x02\0\0\0OKbody";
    const EMPTY_HEAD: &[u8] = b"\x02\0\0\0OK";
    const PART: &[u8] = &[3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0];

    /// Brings a stream into a state.
    fn at(state: State) -> Exchange<u32> {
        let mut exchange = Exchange::new();
        let steps: &[(Kind, u8, &[u8])] = match state {
            State::Free | State::Asked => &[],
            State::Begun => &[(Kind::Head, 0, EMPTY_HEAD)],
            State::Body => &[(Kind::Head, 0, HEAD)],
            State::Closing | State::AskedAhead => &[(Kind::Head, LAST, HEAD)],
            State::Broken => &[(Kind::Abort, 0, b"")],
        };
        if state != State::Free {
            assert!(exchange.ask());
        }
        for (kind, flags, payload) in steps {
            let _ = feed(&mut exchange, *kind, *flags, payload);
        }
        if state == State::AskedAhead {
            assert!(exchange.ask());
        }
        assert_eq!(exchange.state(), state);
        exchange
    }

    fn feed(
        exchange: &mut Exchange<u32>,
        kind: Kind,
        flags: u8,
        payload: &[u8],
    ) -> Result<Option<Event<u32>>, Broken> {
        let mut bytes = Vec::new();
        encode(kind, flags, &[payload], &mut bytes);
        exchange.push(&bytes);
        exchange.next()
    }

    const STATES: [State; 7] = [
        State::Free,
        State::Asked,
        State::Begun,
        State::Body,
        State::Closing,
        State::AskedAhead,
        State::Broken,
    ];

    type Row = (Kind, u8, &'static [u8], [Option<State>; 7]);

    /// Each row is a frame, and the state that follows each of [`STATES`]; `None` if the frame breaks the stream.
    #[test]
    fn the_table_of_states() {
        use State::{Asked, Begun, Body, Closing, Free};
        let table: [Row; 8] = [
            (
                Kind::Head,
                0,
                EMPTY_HEAD,
                [None, Some(Begun), None, None, None, None, None],
            ),
            (
                Kind::Head,
                0,
                HEAD,
                [None, Some(Body), None, None, None, None, None],
            ),
            (
                Kind::Head,
                LAST,
                HEAD,
                [None, Some(Closing), None, None, None, None, None],
            ),
            (
                Kind::Head,
                LAST | FREE,
                HEAD,
                [None, Some(Free), None, None, None, None, None],
            ),
            (
                Kind::Data,
                0,
                b"x",
                [None, None, Some(Body), Some(Body), None, None, None],
            ),
            (
                Kind::File,
                0,
                PART,
                [None, None, Some(Closing), None, None, None, None],
            ),
            (
                Kind::End,
                0,
                b"",
                [
                    None,
                    None,
                    Some(Free),
                    Some(Free),
                    Some(Free),
                    Some(Asked),
                    None,
                ],
            ),
            (
                Kind::Error,
                0,
                b"why",
                [
                    None,
                    Some(Free),
                    Some(Free),
                    Some(Free),
                    Some(Free),
                    Some(Asked),
                    None,
                ],
            ),
        ];
        for (kind, flags, payload, after) in table {
            for (state, expected) in STATES.into_iter().zip(after) {
                let mut exchange = at(state);
                if kind == Kind::File && state != State::Broken {
                    exchange.push_descriptor(7).unwrap();
                }
                let event = feed(&mut exchange, kind, flags, payload);
                let expected = expected.unwrap_or(State::Broken);
                assert_eq!(
                    exchange.state(),
                    expected,
                    "{kind:?} after {state:?}: {event:?}"
                );
                assert_eq!(event.is_err(), expected == State::Broken);
            }
        }
        for kind in [
            Kind::Request,
            Kind::Abort,
            Kind::Setup,
            Kind::Thread,
            Kind::Ready,
        ] {
            for state in STATES {
                assert!(
                    feed(&mut at(state), kind, 0, b"").is_err(),
                    "{kind:?} after {state:?}"
                );
            }
        }
    }

    #[test]
    fn a_request_can_be_sent_when_the_worker_is_free_or_closing() {
        for state in STATES {
            let may = matches!(state, State::Free | State::Closing);
            assert_eq!(at(state).ask(), may, "{state:?}");
        }
    }

    #[test]
    fn what_a_worker_may_not_send_is_named() {
        let error = |exchange: &mut Exchange<u32>, kind, flags, payload: &[u8]| {
            feed(exchange, kind, flags, payload).unwrap_err()
        };
        assert_eq!(
            error(&mut at(State::Body), Kind::Head, 0, HEAD),
            Broken::Unexpected(State::Body, Kind::Head)
        );
        assert_eq!(
            error(&mut at(State::Asked), Kind::Head, FREE, HEAD),
            Broken::Payload(Kind::Head)
        );
        assert_eq!(
            error(&mut at(State::Asked), Kind::Head, 0, b"\x09\0\0\0"),
            Broken::Payload(Kind::Head)
        );
        assert_eq!(
            error(&mut at(State::Begun), Kind::File, 0, PART),
            Broken::NoDescriptor
        );
        for wrong in [
            &PART[..15],
            &[&PART[..8], &[255; 8]].concat(),
            &[PART, b"x"].concat(),
        ] {
            let mut exchange = at(State::Begun);
            exchange.push_descriptor(1).unwrap();
            assert_eq!(
                error(&mut exchange, Kind::File, 0, wrong),
                Broken::Payload(Kind::File)
            );
        }
        let mut exchange = at(State::Asked);
        exchange.push_descriptor(1).unwrap();
        assert_eq!(exchange.push_descriptor(2), Err(Broken::UnusedDescriptor));
        let mut exchange = at(State::Begun);
        exchange.push_descriptor(1).unwrap();
        assert!(matches!(
            feed(&mut exchange, Kind::End, 0, b""),
            Ok(Some(Event::End))
        ));
        assert_eq!(exchange.next(), Err(Broken::UnusedDescriptor));
    }

    #[test]
    fn the_end_of_a_stream_says_where_it_came() {
        for state in STATES {
            let mut exchange = at(state);
            assert_eq!(exchange.end_input(), Broken::Ended(state));
            assert_eq!(exchange.next(), Err(Broken::Ended(State::Broken)));
            assert!(!Broken::Ended(state).to_string().is_empty());
        }
    }

    #[test]
    fn a_whole_exchange_has_its_events_in_order() {
        let mut exchange = at(State::Asked);
        let mut bytes = Vec::new();
        encode(Kind::Head, 0, &[EMPTY_HEAD], &mut bytes);
        encode(Kind::Data, 0, &[b"one"], &mut bytes);
        encode(Kind::Error, 0, &[b"ValueError"], &mut bytes);
        let mut events = Vec::new();
        for byte in bytes {
            exchange.push(&[byte]);
            events.extend(exchange.next().unwrap());
        }
        let head = Event::Head {
            head: "OK".into(),
            body: Bytes::new(),
            is_whole: false,
        };
        let failed = Event::Failed {
            reason: "ValueError".into(),
            ends: false,
        };
        assert_eq!(events, vec![head, Event::Data("one".into()), failed]);
    }

    proptest! {
        #[test]
        fn a_hostile_worker_causes_no_panic(
            bytes in prop::collection::vec(prop_oneof![6 => 0..8u8, 1 => any::<u8>()], 0..80),
        ) {
            fuzz(&bytes);
        }
    }
}
