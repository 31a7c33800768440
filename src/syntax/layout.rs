//! The layout of a head: where its parts are, and the headers that affect framing, routing or persistence.

use super::authority::AuthorityPlace;
use super::byte_class::{Seen, trim, trim_start};
use super::list;
use super::scan::is_token;
use super::span::{OptionalSpan, Span};
use super::target::TargetPlace;
use crate::values::method::Method;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};

/// The positions of everything in a head. The bytes themselves are stored elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) method: Method,
    /// The length of the method, which is the start of the head.
    pub(crate) method_bytes: u8,
    pub(crate) target: Span,
    /// The character classes of the target so far.
    pub(crate) target_seen: Seen,
    /// The parts of the target, once the head has been validated.
    pub(crate) target_place: TargetPlace,
    /// The requested authority, once the head has been validated.
    pub(crate) authority: Option<AuthorityPlace>,
    /// The digit after `HTTP/1.`.
    pub(crate) minor: u8,
    /// All field lines with their line endings, without the empty line.
    pub(crate) fields: Span,
    pub(crate) host: OptionalSpan,
    pub(crate) content_type: OptionalSpan,
    pub(crate) content_length: OptionalSpan,
    pub(crate) transfer_encoding: OptionalSpan,
    pub(crate) expect: Option<Expect>,
    pub(crate) connection: ConnectionOptions,
    /// Whether the head has a precondition or a range. Most requests have neither and need not be searched for them.
    pub(crate) is_conditional: bool,
}

/// The expectations in `Expect` (RFC 9110 section 10.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    Continue,
    /// Something else, or more than one expectation. Contains the position of the value.
    Unknown(Span),
}

/// The relevant connection options in `Connection` (RFC 9110 section 7.6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnectionOptions {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
}

impl Layout {
    /// The layout before anything has been found.
    pub(super) const EMPTY: Layout = {
        const NOWHERE: Span = Span { start: 0, end: 0 };
        Layout {
            method: Method::GET,
            method_bytes: 0,
            target: NOWHERE,
            target_seen: Seen::NOTHING,
            target_place: TargetPlace::NOWHERE,
            authority: None,
            minor: 1,
            fields: NOWHERE,
            host: OptionalSpan::NONE,
            content_type: OptionalSpan::NONE,
            content_length: OptionalSpan::NONE,
            transfer_encoding: OptionalSpan::NONE,
            expect: None,
            connection: ConnectionOptions {
                close: false,
                keep_alive: false,
            },
            is_conditional: false,
        }
    };

    /// Clears the values that the next head may leave unset. Every complete head sets the rest.
    #[inline]
    pub(super) fn restart(&mut self) {
        self.target_seen = Seen::NOTHING;
        self.host = OptionalSpan::NONE;
        self.content_type = OptionalSpan::NONE;
        self.content_length = OptionalSpan::NONE;
        self.transfer_encoding = OptionalSpan::NONE;
        self.expect = None;
        self.connection = ConnectionOptions::default();
        self.is_conditional = false;
    }

    /// Records that the head ends at `end`, after the empty line.
    #[inline]
    pub(super) fn set_end(&mut self, end: usize) {
        self.fields.end = Span::new(0, end - 2).end;
    }

    /// Returns the length of the head, including the empty line.
    #[inline]
    pub(crate) fn end(&self) -> usize {
        self.fields.end as usize + 2
    }

    /// Returns where the method is.
    #[inline]
    pub(crate) fn method_token(&self) -> Span {
        Span {
            start: 0,
            end: u32::from(self.method_bytes),
        }
    }

    /// Records a header that affects framing, routing or persistence. All other headers are only looked up on demand.
    #[inline(always)]
    pub(super) fn record(
        &mut self,
        input: &[u8],
        name: Span,
        value: Span,
    ) -> Result<(), InvalidRequest> {
        // The length and the first letter distinguish most names from the known ones.
        let length = (name.end - name.start) as usize & 31;
        let letter = input.get(name.start as usize).map_or(0, |first| first % 32);
        if FIRST_LETTERS[length] >> letter & 1 == 0 {
            return Ok(());
        }
        // Every request has Host.
        if self.host.get().is_none() && is_token(name.of(input), b"host") {
            self.host = OptionalSpan::some(trimmed(input, value));
            return Ok(());
        }
        self.record_known(input, name, value)
    }

    /// Like [`record`](Layout::record), for a name that may be a known one.
    #[inline(never)]
    pub(super) fn record_known(
        &mut self,
        input: &[u8],
        name: Span,
        value: Span,
    ) -> Result<(), InvalidRequest> {
        let line = name.start as usize;
        let name = name.of(input);
        let (slot, repeated) = match name.len() {
            4 if is_token(name, b"host") => (&mut self.host, ProtocolError::HostRepeated),
            12 if is_token(name, b"content-type") => {
                (&mut self.content_type, ProtocolError::ContentTypeRepeated)
            }
            14 if is_token(name, b"content-length") => {
                (&mut self.content_length, ProtocolError::LengthRepeated)
            }
            17 if is_token(name, b"transfer-encoding") => {
                (&mut self.transfer_encoding, ProtocolError::CodingRepeated)
            }
            6 if is_token(name, b"expect") => {
                self.record_expect(input, value);
                return Ok(());
            }
            10 if is_token(name, b"connection") => {
                self.record_connection(input, value);
                return Ok(());
            }
            _ => {
                self.is_conditional |= is_token(name, b"range") || is_precondition(name);
                return Ok(());
            }
        };
        if slot.get().is_some() {
            return Err(InvalidRequest::new(repeated, line));
        }
        *slot = OptionalSpan::some(trimmed(input, value));
        Ok(())
    }

    fn record_expect(&mut self, input: &[u8], value: Span) {
        let value = trimmed(input, value);
        for expectation in list::elements(value.of(input)) {
            let understood = expectation.eq_ignore_ascii_case(b"100-continue");
            self.expect = Some(match (self.expect, understood) {
                (None, true) => Expect::Continue,
                _ => Expect::Unknown(value),
            });
        }
    }

    /// Records the options `close` and `keep-alive`. All others are ignored, even if they are not tokens, because no
    /// option affects where a request ends.
    fn record_connection(&mut self, input: &[u8], value: Span) {
        // The value that nearly all clients send.
        if value.of(input) == b" keep-alive" {
            self.connection.keep_alive = true;
            return;
        }
        for option in list::elements(value.of(input)) {
            self.connection.close |= option.eq_ignore_ascii_case(b"close");
            self.connection.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }
}

/// The names of the recorded headers.
const KNOWN: [&str; 12] = [
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
    "transfer-encoding",
];

/// For each length, the first letters of the known names of that length, as a bit set. Case is ignored.
static FIRST_LETTERS: [u32; 32] = {
    let (mut letters, mut index) = ([0; 32], 0);
    while index < KNOWN.len() {
        let name = KNOWN[index].as_bytes();
        letters[name.len()] |= 1 << (name[0] % 32);
        index += 1;
    }
    letters
};

/// Returns whether the name is If-Match, If-Range, If-None-Match, If-Modified-Since or If-Unmodified-Since (RFC 9110
/// section 13.1).
fn is_precondition(name: &[u8]) -> bool {
    name.get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"if-"))
}

/// Returns the value without whitespace around it.
#[inline(always)]
fn trimmed(input: &[u8], value: Span) -> Span {
    let bytes = value.of(input);
    // Nearly all clients send one space before the value and none after it.
    if let [b' ', b'!'..=b'~', .., b'!'..=b'~'] | [b' ', b'!'..=b'~'] = bytes {
        return Span {
            start: value.start + 1,
            end: value.end,
        };
    }
    trim_all(input, value)
}

#[inline(never)]
fn trim_all(input: &[u8], value: Span) -> Span {
    let bytes = value.of(input);
    let start = value.end as usize - trim_start(bytes).len();
    Span::new(start, start + trim(bytes).len())
}
