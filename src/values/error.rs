//! Every way in which a peer can be wrong: one table, from error to status, section and sentence.

use super::status::Status;
use core::fmt;

macro_rules! errors {
    ($($name:ident => $status:ident, $section:literal, $sentence:literal;)*) => {
        /// What is wrong with what a peer sent. The first error of a connection is its last: it is
        /// answered with [`status`](Error::status), and nothing after it is interpreted.
        ///
        /// ```
        /// use bytegate::{Error, Status};
        ///
        /// assert_eq!(Error::HostMissing.status(), Status::BAD_REQUEST);
        /// assert_eq!(Error::HostMissing.section(), "RFC 9112 section 3.2");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Error {
            $(#[doc = concat!($sentence, " (", $section, ").")] $name,)*
        }

        impl Error {
            /// All errors, in the order in which a request can meet them.
            pub const ALL: &'static [Error] = &[$(Error::$name,)*];

            /// The status that answers this error.
            pub const fn status(self) -> Status {
                match self { $(Error::$name => Status::$status,)* }
            }

            /// The section that is broken or that names the status.
            pub const fn section(self) -> &'static str {
                match self { $(Error::$name => $section,)* }
            }

            /// One sentence for people, without a full stop.
            pub const fn sentence(self) -> &'static str {
                match self { $(Error::$name => $sentence,)* }
            }

            /// The name of the variant.
            pub const fn name(self) -> &'static str {
                match self { $(Error::$name => stringify!($name),)* }
            }
        }
    };
}

errors! {
    // Line ends
    BareCr => BAD_REQUEST, "RFC 9112 section 2.2", "a carriage return must be followed by a line feed";
    BareLf => BAD_REQUEST, "RFC 9112 section 2.2", "a line ends with CR LF, not with a line feed alone";
    EmptyLines => BAD_REQUEST, "RFC 9112 section 2.2", "at most ten empty lines may come before a request";

    // Request line
    MethodOctet => BAD_REQUEST, "RFC 9110 section 5.6.2", "the method must be a token followed by one space";
    MethodTooLong => NOT_IMPLEMENTED, "RFC 9112 section 3", "the method is longer than any implemented here";
    TargetOctet => BAD_REQUEST, "RFC 9112 section 3.2", "the target holds an octet that must be percent-encoded";
    TargetMissing => BAD_REQUEST, "RFC 9112 section 3", "the target must follow the method after exactly one space";
    RequestLineTooLong => URI_TOO_LONG, "RFC 9112 section 3", "the request line is longer than allowed here";
    VersionMissing => BAD_REQUEST, "RFC 9112 section 3", "the request line must end with a version";
    VersionMalformed => BAD_REQUEST, "RFC 9112 section 2.3", "the version must be HTTP/, a digit, a point and a digit";
    VersionUnsupported => HTTP_VERSION_NOT_SUPPORTED, "RFC 9110 section 15.6.6", "only HTTP/1.0 and HTTP/1.1 are spoken here";

    // Field section
    FieldLeadingSpace => BAD_REQUEST, "RFC 9112 section 2.2", "no whitespace may stand before the first field";
    FieldFolded => BAD_REQUEST, "RFC 9112 section 5.2", "a field value must not be folded over several lines";
    FieldNameEmpty => BAD_REQUEST, "RFC 9110 section 5.1", "a field must have a name";
    FieldNameSpace => BAD_REQUEST, "RFC 9112 section 5.1", "no whitespace may stand between field name and colon";
    FieldNameOctet => BAD_REQUEST, "RFC 9110 section 5.1", "a field name must be a token";
    FieldColonMissing => BAD_REQUEST, "RFC 9112 section 5", "a field line must have a colon after its name";
    FieldValueOctet => BAD_REQUEST, "RFC 9110 section 5.5", "a field value must not hold control characters";
    FieldLineTooLong => REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585 section 5", "a field line is longer than allowed here";
    TooManyFields => REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585 section 5", "the head has more fields than allowed here";
    HeadTooLong => REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585 section 5", "the head is longer than allowed here";
    ContentTypeRepeated => BAD_REQUEST, "RFC 9110 section 5.3", "a request must not have more than one Content-Type field";

    // Target, once the head is whole
    TargetForm => BAD_REQUEST, "RFC 9112 section 3.2", "the target has no form that this method allows";
    TargetEscape => BAD_REQUEST, "RFC 3986 section 2.1", "in a path, a percent sign must be followed by two hexadecimal digits";
    TargetNul => BAD_REQUEST, "RFC 3986 section 7.3", "an encoded NUL has no meaning in a target";
    TargetAuthority => BAD_REQUEST, "RFC 9110 section 4.2.1", "the authority in the target must be a host and an optional port";
    TargetScheme => MISDIRECTED_REQUEST, "RFC 9110 section 7.4", "the target's scheme is not the one of this connection";
    TunnelRefused => NOT_IMPLEMENTED, "RFC 9110 section 9.3.6", "an origin server opens no tunnels";

    // Host
    HostMissing => BAD_REQUEST, "RFC 9112 section 3.2", "an HTTP/1.1 request must have a Host field";
    HostRepeated => BAD_REQUEST, "RFC 9112 section 3.2", "a request must not have more than one Host field";
    HostMalformed => BAD_REQUEST, "RFC 9112 section 3.2", "Host must be a host and an optional port";
    HostConflict => BAD_REQUEST, "RFC 9112 section 3.2.2", "Host and the authority in the target name different hosts";

    // Framing
    LengthMalformed => BAD_REQUEST, "RFC 9112 section 6.3", "Content-Length must be decimal digits and nothing else";
    LengthRepeated => BAD_REQUEST, "RFC 9112 section 6.3", "a request must not have more than one Content-Length";
    LengthOverflow => BAD_REQUEST, "RFC 9110 section 8.6", "Content-Length is beyond 64 bits";
    CodingMalformed => BAD_REQUEST, "RFC 9112 section 6.1", "Transfer-Encoding must be a list of transfer codings";
    CodingRepeated => BAD_REQUEST, "RFC 9112 section 6.1", "Transfer-Encoding must stand in one field line and name chunked once";
    CodingNotFinal => BAD_REQUEST, "RFC 9112 section 6.3", "chunked must be the last transfer coding";
    CodingUnknown => NOT_IMPLEMENTED, "RFC 9112 section 6.1", "chunked is the only transfer coding understood here";
    CodingWithLength => BAD_REQUEST, "RFC 9112 section 6.3", "Transfer-Encoding and Content-Length must not stand together";
    CodingInHttp10 => BAD_REQUEST, "RFC 9112 section 6.1", "Transfer-Encoding must not stand in an HTTP/1.0 request";
    ExpectationUnknown => EXPECTATION_FAILED, "RFC 9110 section 10.1.1", "100-continue is the only expectation that can be met";

    // Content
    ContentTooLarge => CONTENT_TOO_LARGE, "RFC 9110 section 15.5.14", "the content is larger than allowed here";
    ChunkSize => BAD_REQUEST, "RFC 9112 section 7.1", "a chunk size must be hexadecimal digits, then CR LF or an extension";
    ChunkExtension => BAD_REQUEST, "RFC 9112 section 7.1.1", "a chunk extension must be a name and an optional value";
    ChunkLineTooLong => BAD_REQUEST, "RFC 9112 section 7.1.1", "a chunk-size line is longer than allowed here";
    ChunkExtensionsTooLong => BAD_REQUEST, "RFC 9112 section 7.1.1", "the chunk extensions are longer than allowed here";
    ChunkDataEnd => BAD_REQUEST, "RFC 9112 section 7.1", "chunk data must be followed by CR LF after exactly its size";
    TrailerForbidden => BAD_REQUEST, "RFC 9110 section 6.5.1", "a field for framing, routing or authentication must not be a trailer";
    TrailersTooLong => REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585 section 5", "the trailer section is longer than allowed here";
    TooManyTrailers => REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585 section 5", "there are more trailers than allowed here";

    // Ends and deadlines
    HeadIncomplete => BAD_REQUEST, "RFC 9112 section 8", "the input ended inside a head";
    ContentIncomplete => BAD_REQUEST, "RFC 9112 section 8", "the input ended inside the content";
    HeadTimeout => REQUEST_TIMEOUT, "RFC 9110 section 15.5.9", "the head did not arrive in time";
    ContentTimeout => REQUEST_TIMEOUT, "RFC 9110 section 15.5.9", "the content did not arrive in time";

    // The server's own side
    AnswerTimeout => SERVICE_UNAVAILABLE, "RFC 9110 section 15.6.4", "the answer was not ready in time";
    Unanswered => INTERNAL_SERVER_ERROR, "RFC 9110 section 15.6.1", "the program did not answer the request";
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.sentence(), self.section())
    }
}

impl core::error::Error for Error {}

/// An error and where it stands: the offset, in octets, of the first octet that cannot be right, or of the
/// value that cannot be right as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub error: Error,
    /// Where, from the start of what was parsed.
    pub at: usize,
}

impl Fault {
    pub(crate) const fn new(error: Error, at: usize) -> Fault {
        Fault { error, at }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at octet {}: {}", self.at, self.error)
    }
}

impl core::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_answered_with_an_error_status_and_names_its_section() {
        for error in Error::ALL {
            assert!(error.status().is_error(), "{}", error.name());
            assert!(error.section().starts_with("RFC "), "{}", error.name());
            assert!(!error.sentence().ends_with('.'), "{}", error.name());
        }
    }
}
