//! Connection errors, in one table that maps each error to a status, a section and a sentence.

use super::status::Status;
use core::fmt;

macro_rules! errors {
    ($($name:ident => $status:ident, $section:literal, $sentence:literal;)*) => {
        /// An error in a peer's input. A connection ends with its first error: it responds with
        /// [`status`](ProtocolError::status) and interprets nothing after it.
        ///
        /// ```
        /// use bytegate::Status;
        /// use bytegate::connection::ProtocolError;
        ///
        /// assert_eq!(ProtocolError::HostMissing.status(), Status::BAD_REQUEST);
        /// assert_eq!(ProtocolError::HostMissing.section(), "RFC 9112 section 3.2");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ProtocolError {
            $(#[doc = concat!($sentence, " (", $section, ").")] $name,)*
        }

        impl ProtocolError {
            /// All errors, in the order in which a request can trigger them.
            pub const ALL: &'static [ProtocolError] = &[$(ProtocolError::$name,)*];

            /// Returns the status sent for this error.
            pub const fn status(self) -> Status {
                match self { $(ProtocolError::$name => Status::$status,)* }
            }

            /// Returns the section that was violated or that defines the status.
            pub const fn section(self) -> &'static str {
                match self { $(ProtocolError::$name => $section,)* }
            }

            /// Returns a human-readable sentence without a full stop.
            pub const fn sentence(self) -> &'static str {
                match self { $(ProtocolError::$name => $sentence,)* }
            }

            /// Returns the name of the variant.
            pub const fn name(self) -> &'static str {
                match self { $(ProtocolError::$name => stringify!($name),)* }
            }
        }
    };
}

errors! {
    // Line endings
    BareCr => BAD_REQUEST, "RFC 9112 section 2.2", "a carriage return must be followed by a line feed";
    BareLf => BAD_REQUEST, "RFC 9112 section 2.2", "a line must end with CR LF, not with a line feed alone";
    EmptyLines => BAD_REQUEST, "RFC 9112 section 2.2", "at most ten empty lines may come before a request";

    // Request line
    MethodByte => BAD_REQUEST, "RFC 9110 section 5.6.2", "the method must be a token followed by one space";
    MethodTooLong => NOT_IMPLEMENTED, "RFC 9112 section 3", "the method is longer than any implemented here";
    TargetByte => BAD_REQUEST, "RFC 9112 section 3.2", "the target contains a byte that must be percent-encoded";
    TargetMissing => BAD_REQUEST, "RFC 9112 section 3", "the target must follow the method after exactly one space";
    RequestLineTooLong => URI_TOO_LONG, "RFC 9112 section 3", "the request line is longer than allowed here";
    VersionMissing => BAD_REQUEST, "RFC 9112 section 3", "the request line must end with a version";
    VersionMalformed => BAD_REQUEST, "RFC 9112 section 2.3", "the version must be HTTP/, a digit, a dot and a digit";
    VersionUnsupported => HTTP_VERSION_NOT_SUPPORTED, "RFC 9110 section 15.6.6", "only HTTP/1.0 and HTTP/1.1 are supported here";

    // Field section
    HeaderLeadingSpace => BAD_REQUEST, "RFC 9112 section 2.2", "whitespace is not allowed before the first header";
    HeaderFolded => BAD_REQUEST, "RFC 9112 section 5.2", "a header value must not be folded over several lines";
    HeaderNameEmpty => BAD_REQUEST, "RFC 9110 section 5.1", "a header must have a name";
    HeaderNameSpace => BAD_REQUEST, "RFC 9112 section 5.1", "whitespace is not allowed between a header name and its colon";
    HeaderNameByte => BAD_REQUEST, "RFC 9110 section 5.1", "a header name must be a token";
    HeaderColonMissing => BAD_REQUEST, "RFC 9112 section 5", "a header line must have a colon after its name";
    HeaderValueByte => BAD_REQUEST, "RFC 9110 section 5.5", "a header value must not contain control characters";
    HeaderLineTooLong => REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585 section 5", "a header line is longer than allowed here";
    TooManyHeaders => REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585 section 5", "the head has more headers than allowed here";
    HeadTooLong => REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585 section 5", "the head is longer than allowed here";
    ContentTypeRepeated => BAD_REQUEST, "RFC 9110 section 5.3", "a request must not have more than one Content-Type header";

    // Target, once the head is complete
    TargetForm => BAD_REQUEST, "RFC 9112 section 3.2", "the form of the target is not allowed with this method";
    TargetEscape => BAD_REQUEST, "RFC 3986 section 2.1", "in a path, a percent sign must be followed by two hexadecimal digits";
    TargetNul => BAD_REQUEST, "RFC 3986 section 7.3", "a target must not contain an encoded NUL";
    TargetAuthority => BAD_REQUEST, "RFC 9110 section 4.2.1", "the authority in the target must be a host and an optional port";
    TargetScheme => MISDIRECTED_REQUEST, "RFC 9110 section 7.4", "the target's scheme is not that of this connection";
    TunnelRefused => NOT_IMPLEMENTED, "RFC 9110 section 9.3.6", "an origin server does not open tunnels";

    // Host
    HostMissing => BAD_REQUEST, "RFC 9112 section 3.2", "an HTTP/1.1 request must have a Host header";
    HostRepeated => BAD_REQUEST, "RFC 9112 section 3.2", "a request must not have more than one Host header";
    HostMalformed => BAD_REQUEST, "RFC 9112 section 3.2", "Host must be a host and an optional port";
    HostConflict => BAD_REQUEST, "RFC 9112 section 3.2.2", "Host and the authority in the target name different hosts";

    // Framing
    LengthMalformed => BAD_REQUEST, "RFC 9112 section 6.3", "Content-Length must be decimal digits and nothing else";
    LengthRepeated => BAD_REQUEST, "RFC 9112 section 6.3", "a request must not have more than one Content-Length";
    LengthOverflow => BAD_REQUEST, "RFC 9110 section 8.6", "Content-Length does not fit in 64 bits";
    CodingMalformed => BAD_REQUEST, "RFC 9112 section 6.1", "Transfer-Encoding must be a list of transfer codings";
    CodingRepeated => BAD_REQUEST, "RFC 9112 section 6.1", "Transfer-Encoding must be one header line that names chunked once";
    CodingNotFinal => BAD_REQUEST, "RFC 9112 section 6.3", "chunked must be the last transfer coding";
    CodingUnknown => NOT_IMPLEMENTED, "RFC 9112 section 6.1", "chunked is the only transfer coding supported here";
    CodingWithLength => BAD_REQUEST, "RFC 9112 section 6.3", "Transfer-Encoding and Content-Length must not be used together";
    CodingInHttp10 => BAD_REQUEST, "RFC 9112 section 6.1", "Transfer-Encoding must not be used in an HTTP/1.0 request";
    ExpectationUnknown => EXPECTATION_FAILED, "RFC 9110 section 10.1.1", "100-continue is the only expectation that can be met";

    // Body
    BodyTooLarge => CONTENT_TOO_LARGE, "RFC 9110 section 15.5.14", "the body is larger than allowed here";
    ChunkSize => BAD_REQUEST, "RFC 9112 section 7.1", "a chunk size must be hexadecimal digits, then CR LF or an extension";
    ChunkExtension => BAD_REQUEST, "RFC 9112 section 7.1.1", "a chunk extension must be a name and an optional value";
    ChunkLineTooLong => BAD_REQUEST, "RFC 9112 section 7.1.1", "a chunk-size line is longer than allowed here";
    ChunkExtensionsTooLong => BAD_REQUEST, "RFC 9112 section 7.1.1", "the chunk extensions are longer than allowed here";
    ChunkDataEnd => BAD_REQUEST, "RFC 9112 section 7.1", "chunk data must be followed by CR LF after exactly its size";
    TrailerForbidden => BAD_REQUEST, "RFC 9110 section 6.5.1", "a field for framing, routing or authentication must not be a trailer";
    TrailersTooLong => REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585 section 5", "the trailer section is longer than allowed here";
    TooManyTrailers => REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585 section 5", "there are more trailers than allowed here";

    // Early ends and deadlines
    HeadIncomplete => BAD_REQUEST, "RFC 9112 section 8", "the input ended inside a head";
    BodyIncomplete => BAD_REQUEST, "RFC 9112 section 8", "the input ended inside the body";
    HeadTimeout => REQUEST_TIMEOUT, "RFC 9110 section 15.5.9", "the head did not arrive in time";
    BodyTimeout => REQUEST_TIMEOUT, "RFC 9110 section 15.5.9", "the body did not arrive in time";

    // Server side
    ResponseTimeout => SERVICE_UNAVAILABLE, "RFC 9110 section 15.6.4", "the response was not ready in time";
    Overloaded => SERVICE_UNAVAILABLE, "RFC 9110 section 15.6.4", "the server has no room for this request for now";
    NoResponse => INTERNAL_SERVER_ERROR, "RFC 9110 section 15.6.1", "the program did not respond to the request";
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.sentence(), self.section())
    }
}

impl core::error::Error for ProtocolError {}

/// An error and its position.
///
/// The position is the offset, in bytes, of the first byte that cannot be valid, or of a value that is invalid as a
/// whole.
///
/// ```
/// use bytegate::Request;
/// use bytegate::connection::ProtocolError;
///
/// let invalid = Request::builder("GET", "/a%zz").build().unwrap_err();
/// assert_eq!((invalid.error, invalid.at), (ProtocolError::TargetEscape, 6));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRequest {
    /// The error.
    pub error: ProtocolError,
    /// The offset from the start of the parsed input.
    pub at: usize,
}

impl InvalidRequest {
    pub(crate) const fn new(error: ProtocolError, at: usize) -> InvalidRequest {
        InvalidRequest { error, at }
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.at, self.error)
    }
}

impl core::error::Error for InvalidRequest {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_an_error_status_and_a_section() {
        for error in ProtocolError::ALL {
            assert!(error.status().is_error(), "{}", error.name());
            assert!(error.section().starts_with("RFC "), "{}", error.name());
            assert!(!error.sentence().ends_with('.'), "{}", error.name());
        }
    }
}
