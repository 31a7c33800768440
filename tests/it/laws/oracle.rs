//! Other parsers as oracles. They must read every request that we serve in the same way. If they serve a request that
//! we refuse, or refuse one that we serve, the difference must be listed here with a reason.

use crate::laws::model::Served;
use crate::laws::{a_moment, drive, plain_gateway};
use bytegate::config::Config;
use bytegate::connection::{Connection, ProtocolError, Step};
use bytegate::request::Scheme;
use core::cmp::Ordering;

/// How a parser reads a connection.
#[derive(Debug, Default)]
pub(crate) struct Opinion {
    pub(crate) served: Vec<Served>,
    /// Its error message, if it refuses the next request.
    pub(crate) complaint: Option<String>,
}

/// Another parser, and its known differences from ours.
#[derive(Clone, Copy)]
pub(crate) struct Oracle {
    pub(crate) name: &'static str,
    /// Whether it reads bodies and all requests; otherwise it reads only the first head.
    pub(crate) reads_body: bool,
    /// Our errors in cases that it accepts, and why we refuse them.
    pub(crate) laxer: &'static [(ProtocolError, &'static str)],
    /// Its errors in cases that we accept, and why we accept them.
    pub(crate) stricter: &'static [(&'static str, &'static str)],
}

/// How another opinion differs from ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// It serves a request that we refuse with this error.
    Laxer(ProtocolError),
    /// It refuses, with this complaint, a request that we serve.
    Stricter(String),
}

/// The first difference between our opinion and another one. Panics if both serve a request but read it differently.
pub(crate) fn difference(oracle: &Oracle, input: &[u8], theirs: &Opinion) -> Option<Difference> {
    let (served, refusal) = if oracle.reads_body {
        all_requests(input)
    } else {
        first_head(input)
    };
    for (our, their) in served.iter().zip(&theirs.served) {
        let alike =
            (&our.method, &our.target, &our.body) == (&their.method, &their.target, &their.body);
        let (name, input) = (oracle.name, input.escape_ascii());
        assert!(
            alike,
            "{name} reads a different request\nours {our:?}\ntheirs {their:?}\n{input}"
        );
    }
    match theirs.served.len().cmp(&served.len()) {
        Ordering::Equal => None,
        Ordering::Greater => {
            let error = refusal
                .unwrap_or_else(|| panic!("{} serves more: {}", oracle.name, input.escape_ascii()));
            Some(Difference::Laxer(error))
        }
        Ordering::Less => {
            let complaint = theirs.complaint.clone();
            Some(Difference::Stricter(
                complaint.unwrap_or_else(|| "(waits for more)".to_string()),
            ))
        }
    }
}

fn all_requests(input: &[u8]) -> (Vec<Served>, Option<ProtocolError>) {
    let transcript = drive(&plain_gateway(), [input], a_moment());
    (
        transcript.served,
        transcript.refusals.first().map(|(error, ..)| *error),
    )
}

fn first_head(input: &[u8]) -> (Vec<Served>, Option<ProtocolError>) {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut rest = input;
    let head = match connection.step(&mut rest, a_moment()) {
        Step::Request(message) => message.head,
        Step::Admit(head) => head,
        Step::Refuse(refusal) => return (Vec::new(), Some(refusal.error)),
        _ => return (Vec::new(), None),
    };
    let served = Served {
        method: head.method().to_string(),
        target: head.target_text().to_string(),
        body: Vec::new(),
        trailers: 0,
    };
    (vec![served], None)
}

/// Compares our opinion with another one; every difference must be known.
pub(crate) fn compare(oracle: &Oracle, input: &[u8], theirs: &Opinion) {
    let known = match difference(oracle, input, theirs) {
        None => return,
        Some(Difference::Laxer(error)) => {
            let mut known = oracle.laxer.iter();
            (
                known.any(|(known, _)| *known == error),
                format!("serves what we refuse with {error:?}"),
            )
        }
        Some(Difference::Stricter(complaint)) => {
            let mut known = oracle.stricter.iter();
            (
                known.any(|(known, _)| complaint.contains(known)),
                format!("refuses what we serve: {complaint}"),
            )
        }
    };
    assert!(
        known.0,
        "{} {}\n{}",
        oracle.name,
        known.1,
        input.escape_ascii()
    );
}

pub(crate) const HTTP_NET: Oracle = Oracle {
    name: "http-net",
    reads_body: true,
    laxer: &[
        (
            ProtocolError::CodingRepeated,
            "RFC 9110 section 5.3 makes one list of two lines; a proxy that reads only one of them sees another request",
        ),
        (ProtocolError::ChunkExtensionsTooLong, "our limit is lower"),
        (ProtocolError::ChunkLineTooLong, "our limit is lower"),
        (
            ProtocolError::BodyTooLarge,
            "our limit is checked at the first digit that passes it",
        ),
        (ProtocolError::TooManyTrailers, "our limit is lower"),
        (ProtocolError::TrailersTooLong, "our limit is lower"),
        (ProtocolError::MethodTooLong, "our limit is lower"),
        (
            ProtocolError::TargetScheme,
            "it leaves schemes to its user; RFC 9110 section 7.4 asks for a refusal",
        ),
        (
            ProtocolError::TunnelRefused,
            "it leaves CONNECT to its user",
        ),
        (
            ProtocolError::ExpectationUnknown,
            "it leaves 417 to its user",
        ),
        (
            ProtocolError::EmptyLines,
            "it skips any number of empty lines; RFC 9112 section 2.2 asks for one, and ten are enough",
        ),
        (
            ProtocolError::ContentTypeRepeated,
            "it leaves all but the fields of framing to its user",
        ),
        (
            ProtocolError::HostConflict,
            "two names for one host are how caches are poisoned",
        ),
        (
            ProtocolError::HostMalformed,
            "RFC 9110 section 4.2.1: an http URI has a host, so an empty Host names none; RFC 3986 section 3.2.2: an IP literal of an unknown version is an error",
        ),
        (
            ProtocolError::TargetAuthority,
            "RFC 3986 section 3.2.3: a port that is no port",
        ),
        (
            ProtocolError::TargetNul,
            "an encoded NUL cuts names short in other programs",
        ),
        (
            ProtocolError::TrailerForbidden,
            "RFC 9110 section 6.5.1: no framing, routing or authentication after the content",
        ),
    ],
    stricter: &[
        ("FieldLineTooLong", "its limit counts the line end"),
        ("StartLineTooLong", "its limit counts the line end"),
        ("HeadersTooLarge", "its limit is lower by the request line"),
        (
            "InvalidChunkSize",
            "RFC 9112 section 7.1 allows any number of leading zeros; we take what fits our line limit",
        ),
        (
            "InvalidTarget",
            "clients send ^ ` { | } [ ] \" < > and UTF-8 in queries as they are",
        ),
    ],
};

/// Asks http-net's server connection.
pub(crate) fn http_net(input: &[u8]) -> Opinion {
    let mut connection = http_net::ServerConn::new();
    let mut opinion = Opinion::default();
    let mut rest = input;
    let mut output = Vec::new();
    let mut current: Option<Served> = None;
    loop {
        match connection.poll() {
            Ok(http_net::ServerEvent::Request(head)) => {
                current = Some(Served {
                    method: head.method_str().to_string(),
                    target: head.target().to_string(),
                    body: Vec::new(),
                    trailers: 0,
                });
            }
            Ok(http_net::ServerEvent::Body(part)) => {
                if let Some(current) = &mut current {
                    current.body.extend_from_slice(part);
                }
            }
            Ok(http_net::ServerEvent::RequestEnd) => {
                opinion.served.extend(current.take());
                // Not 2xx, which would turn CONNECT into a tunnel.
                let response = http_net::Response::text(404, "not here");
                if let Err(error) = connection.respond(&response, &mut output) {
                    opinion.complaint = Some(format!("respond: {error:?}"));
                    return opinion;
                }
            }
            Ok(http_net::ServerEvent::NeedInput) => match connection.feed(rest) {
                0 if rest.is_empty() => return opinion,
                0 => {
                    opinion.complaint = Some("its buffer is full".to_string());
                    return opinion;
                }
                count => rest = &rest[count..],
            },
            Ok(http_net::ServerEvent::Closed | http_net::ServerEvent::Upgraded) => return opinion,
            Ok(_) => {}
            Err(error) => {
                opinion.complaint = Some(format!("{error:?}"));
                return opinion;
            }
        }
    }
}

pub(crate) const HTTPARSE: Oracle = Oracle {
    name: "httparse",
    reads_body: false,
    laxer: &[
        (
            ProtocolError::BareLf,
            "RFC 9112 section 2.2 lets a recipient take a line feed alone; it is how requests are smuggled",
        ),
        (
            ProtocolError::EmptyLines,
            "it skips any number of empty lines; RFC 9112 section 2.2 asks for one, and ten are enough",
        ),
        (ProtocolError::MethodTooLong, "it has no limits"),
        (ProtocolError::RequestLineTooLong, "it has no limits"),
        (ProtocolError::HeaderLineTooLong, "it has no limits"),
        (ProtocolError::HeadTooLong, "it has no limits"),
        (ProtocolError::TooManyHeaders, "its limit is its caller's"),
        (
            ProtocolError::TargetByte,
            "it accepts bytes that no URI has",
        ),
        (ProtocolError::TargetForm, "it does not look into targets"),
        (ProtocolError::TargetEscape, "it does not look into targets"),
        (ProtocolError::TargetNul, "it does not look into targets"),
        (
            ProtocolError::TargetAuthority,
            "it does not look into targets",
        ),
        (ProtocolError::TargetScheme, "it does not look into targets"),
        (
            ProtocolError::TunnelRefused,
            "it does not look into methods",
        ),
        (ProtocolError::HostMissing, "it does not look into fields"),
        (ProtocolError::HostRepeated, "it does not look into fields"),
        (ProtocolError::HostMalformed, "it does not look into fields"),
        (ProtocolError::HostConflict, "it does not look into fields"),
        (
            ProtocolError::LengthMalformed,
            "it does not look into fields",
        ),
        (
            ProtocolError::LengthRepeated,
            "it does not look into fields",
        ),
        (
            ProtocolError::LengthOverflow,
            "it does not look into fields",
        ),
        (
            ProtocolError::CodingMalformed,
            "it does not look into fields",
        ),
        (
            ProtocolError::CodingRepeated,
            "it does not look into fields",
        ),
        (
            ProtocolError::CodingNotFinal,
            "it does not look into fields",
        ),
        (ProtocolError::CodingUnknown, "it does not look into fields"),
        (
            ProtocolError::CodingWithLength,
            "it does not look into fields",
        ),
        (
            ProtocolError::CodingInHttp10,
            "it does not look into fields",
        ),
        (
            ProtocolError::ContentTypeRepeated,
            "it leaves all but the fields of framing to its user",
        ),
        (
            ProtocolError::ExpectationUnknown,
            "it does not look into fields",
        ),
    ],
    stricter: &[(
        "Version",
        "RFC 9110 section 6.2: a higher minor version is read as 1.1",
    )],
};

/// Asks httparse for the first head.
pub(crate) fn httparse(input: &[u8]) -> Opinion {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(input) {
        Ok(httparse::Status::Complete(length)) => {
            headers_agree(input, length, request.headers);
            Opinion {
                served: vec![Served {
                    method: request.method.unwrap_or_default().to_string(),
                    target: request.path.unwrap_or_default().to_string(),
                    body: Vec::new(),
                    trailers: 0,
                }],
                complaint: None,
            }
        }
        Ok(httparse::Status::Partial) => Opinion::default(),
        Err(error) => Opinion {
            served: Vec::new(),
            complaint: Some(format!("{error:?}")),
        },
    }
}

/// Where both accept a head, they must find the same headers in it.
fn headers_agree(input: &[u8], length: usize, theirs: &[httparse::Header<'_>]) {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut rest = input;
    let head = match connection.step(&mut rest, a_moment()) {
        Step::Request(message) => message.head,
        Step::Admit(head) => head,
        _ => return,
    };
    let ours: Vec<(&str, &[u8])> = head.headers().iter().collect();
    let theirs: Vec<_> = theirs
        .iter()
        .map(|header| (header.name, header.value))
        .collect();
    assert_eq!(ours, theirs, "{}", input[..length].escape_ascii());
}
