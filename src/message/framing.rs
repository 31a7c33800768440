//! Decisions about an exchange, made once from the request head. Later code uses these decisions and never re-reads the
//! headers.

use super::head::{Head, Version};
use crate::syntax::byte_class::TOKEN;
use crate::syntax::layout::Expect;
use crate::syntax::length;
use crate::syntax::list;
use crate::syntax::span::Span;
use crate::values::method::Method;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};

/// The decisions about one request and its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decisions {
    pub(crate) version: Version,
    /// The response is sent without a body.
    pub(crate) is_head: bool,
    pub(crate) framing: Framing,
    /// The client waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
    /// The client allows the connection to stay open.
    pub(crate) persists: bool,
}

/// How a request body is delimited (RFC 9112 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    None,
    Length(u64),
    Chunked,
}

impl Decisions {
    #[inline(always)]
    pub(crate) fn of(head: &Head<'_>) -> Result<Decisions, InvalidRequest> {
        let framing = framing(head)?;
        Ok(Decisions {
            version: head.version(),
            is_head: head.method() == Method::HEAD,
            framing,
            expects_continue: expects_continue(head, framing)?,
            persists: persists(head),
        })
    }

    /// Returns the decisions for a refused request, where at most the method is known. The version is unknown, so the
    /// response has to work for both.
    pub(crate) fn of_refused(method: Option<Method>) -> Decisions {
        Decisions {
            version: Version::Http10,
            is_head: method == Some(Method::HEAD),
            framing: Framing::None,
            expects_continue: false,
            persists: false,
        }
    }
}

/// Determines the framing, following the steps of RFC 9112 section 6.3 in order. Anything ambiguous is an error,
/// because a proxy in front of the server may have interpreted it differently.
#[inline(always)]
fn framing(head: &Head<'_>) -> Result<Framing, InvalidRequest> {
    let layout = head.layout();
    let fault = |error, span: Span| InvalidRequest::new(error, span.start as usize);
    match (layout.transfer_encoding.get(), layout.content_length.get()) {
        (Some(coding), _) if head.version() == Version::Http10 => {
            Err(fault(ProtocolError::CodingInHttp10, coding))
        }
        (Some(coding), Some(_)) => Err(fault(ProtocolError::CodingWithLength, coding)),
        (Some(coding), None) => match codings(coding.of(head.bytes())) {
            Ok(()) => Ok(Framing::Chunked),
            Err(error) => Err(fault(error, coding)),
        },
        (None, Some(span)) => match length::parse(span.of(head.bytes())) {
            Ok(0) => Ok(Framing::None),
            Ok(length) => Ok(Framing::Length(length)),
            Err(error) => Err(fault(error, span)),
        },
        (None, None) => Ok(Framing::None),
    }
}

/// Checks that the list of transfer codings is `chunked` and nothing else.
fn codings(value: &[u8]) -> Result<(), ProtocolError> {
    let (mut all, mut chunked, mut last_is_chunked) = (0, 0, false);
    for coding in list::elements(value) {
        if !TOKEN.all(coding) {
            return Err(ProtocolError::CodingMalformed);
        }
        last_is_chunked = coding.eq_ignore_ascii_case(b"chunked");
        chunked += usize::from(last_is_chunked);
        all += 1;
    }
    match (chunked, all) {
        (_, 0) => Err(ProtocolError::CodingMalformed),
        (0, _) => Err(ProtocolError::CodingUnknown),
        (1, 1) => Ok(()),
        (1, _) if last_is_chunked => Err(ProtocolError::CodingUnknown),
        (1, _) => Err(ProtocolError::CodingNotFinal),
        (_, _) => Err(ProtocolError::CodingRepeated),
    }
}

/// Returns whether the client expects `100 Continue` (RFC 9110 section 10.1.1). A request without a body never does.
#[inline(always)]
fn expects_continue(head: &Head<'_>, framing: Framing) -> Result<bool, InvalidRequest> {
    match (head.version(), head.layout().expect) {
        (Version::Http10, _) | (_, None) => Ok(false),
        (Version::Http11, Some(Expect::Continue)) => Ok(framing != Framing::None),
        (Version::Http11, Some(Expect::Unknown(span))) => Err(InvalidRequest::new(
            ProtocolError::ExpectationUnknown,
            span.start as usize,
        )),
    }
}

/// Returns whether the client keeps the connection open (RFC 9112 section 9.3). `close` overrides everything else.
#[inline(always)]
fn persists(head: &Head<'_>) -> bool {
    let options = head.layout().connection;
    match head.version() {
        _ if options.close => false,
        Version::Http11 => true,
        Version::Http10 => options.keep_alive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunked_is_the_only_accepted_coding() {
        for value in ["chunked", "Chunked", " chunked\t", ", chunked ,"] {
            assert_eq!(codings(value.as_bytes()), Ok(()), "{value:?}");
        }
        for (value, error) in [
            ("", ProtocolError::CodingMalformed),
            (",", ProtocolError::CodingMalformed),
            ("chunked;q=1", ProtocolError::CodingMalformed),
            ("\"chunked\"", ProtocolError::CodingMalformed),
            ("chunked x", ProtocolError::CodingMalformed),
            ("\u{b}chunked", ProtocolError::CodingMalformed),
            ("chunked\u{a0}", ProtocolError::CodingMalformed),
            ("gzip", ProtocolError::CodingUnknown),
            ("xchunked", ProtocolError::CodingUnknown),
            ("identity", ProtocolError::CodingUnknown),
            ("gzip, chunked", ProtocolError::CodingUnknown),
            ("chunked, gzip", ProtocolError::CodingNotFinal),
            ("chunked, chunked", ProtocolError::CodingRepeated),
            ("chunked, gzip, chunked", ProtocolError::CodingRepeated),
        ] {
            assert_eq!(codings(value.as_bytes()), Err(error), "{value:?}");
        }
    }
}
