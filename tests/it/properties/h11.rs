//! Python's h11 as an oracle.

use crate::laws::model::Served;
use crate::laws::oracle::{Opinion, Oracle};
use bytegate::connection::ProtocolError;
use std::io::Write;
use std::process::{Command, Stdio};

pub(crate) const H11: Oracle = Oracle {
    name: "h11",
    reads_body: true,
    laxer: &[
        (
            ProtocolError::BareLf,
            "it takes a line feed alone in heads, as RFC 9112 section 2.2 lets it",
        ),
        (
            ProtocolError::BareCr,
            "it accepts any bytes in chunk extensions",
        ),
        (
            ProtocolError::ChunkExtension,
            "it accepts any bytes in chunk extensions, and spaces after a size",
        ),
        (
            ProtocolError::HeaderFolded,
            "it unfolds obs-fold, as RFC 9112 section 5.2 lets it",
        ),
        (
            ProtocolError::HeaderValueByte,
            "it keeps control characters, as RFC 9110 section 5.5 lets it",
        ),
        (
            ProtocolError::LengthMalformed,
            "it takes a list of equal lengths, as RFC 9112 section 6.3 lets it",
        ),
        (
            ProtocolError::LengthRepeated,
            "it takes equal lengths twice, as RFC 9112 section 6.3 lets it",
        ),
        (
            ProtocolError::CodingInHttp10,
            "it reads chunked in HTTP/1.0; RFC 9112 section 6.1 calls that faulty framing",
        ),
        (
            ProtocolError::CodingWithLength,
            "it lets Transfer-Encoding win and closes, as RFC 9112 section 6.3 lets it",
        ),
        (
            ProtocolError::VersionUnsupported,
            "it reads any version as its own",
        ),
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
            "it leaves CONNECT to its user",
        ),
        (ProtocolError::HostConflict, "it does not look into targets"),
        (ProtocolError::HostMalformed, "it only counts Host"),
        (
            ProtocolError::ContentTypeRepeated,
            "it leaves all but the fields of framing to its user",
        ),
        (
            ProtocolError::ExpectationUnknown,
            "it leaves 417 to its user",
        ),
        (
            ProtocolError::TrailerForbidden,
            "it leaves trailers to its user",
        ),
        (
            ProtocolError::MethodTooLong,
            "its only limit is the size of a head",
        ),
        (
            ProtocolError::RequestLineTooLong,
            "its only limit is the size of a head",
        ),
        (
            ProtocolError::HeaderLineTooLong,
            "its only limit is the size of a head",
        ),
        (ProtocolError::HeadTooLong, "its limit is larger"),
        (
            ProtocolError::TooManyHeaders,
            "its only limit is the size of a head",
        ),
        (ProtocolError::ChunkLineTooLong, "its limit is larger"),
        (
            ProtocolError::ChunkExtensionsTooLong,
            "it has no such limit",
        ),
        (ProtocolError::BodyTooLarge, "it has no such limit"),
        (
            ProtocolError::TooManyTrailers,
            "its only limit is the size of a head",
        ),
        (
            ProtocolError::TrailersTooLong,
            "its only limit is the size of a head",
        ),
    ],
    stricter: &[
        (
            "waits for more",
            "it does not keep HTTP/1.0 connections alive",
        ),
        (
            "Only Transfer-Encoding: chunked",
            "RFC 9110 section 5.6.1.2 asks for empty list elements to be skipped",
        ),
        (
            "bad Content-Length",
            "RFC 9110 section 8.6 allows leading zeros",
        ),
        (
            "illegal chunk header",
            "RFC 9112 section 7.1.1 has whitespace around the parts of an extension",
        ),
        (
            "illegal request line",
            "clients send text in UTF-8 in queries as it is",
        ),
        (
            "no request line received",
            "RFC 9112 section 2.2 asks for one empty line before a request to be skipped",
        ),
    ],
};

/// The opinions on all inputs; `None` if Python or h11 is not installed.
pub(crate) fn opinions<'i>(inputs: impl Iterator<Item = &'i [u8]>) -> Option<Vec<Opinion>> {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/properties/h11_opinions.py"
    );
    let found = Command::new("python3")
        .args(["-c", "import h11"])
        .stderr(Stdio::null())
        .status();
    if !found.is_ok_and(|status| status.success()) {
        return None;
    }
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let lines: String = inputs.map(|input| to_hex(input) + "\n").collect();
    let mut stdin = python.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = python.wait_with_output().expect("python3 ends");
    writer.join().expect("a thread").expect("python3 reads");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    Some(text.lines().map(read).collect())
}

/// Reads a line of JSON from the script: always lists of hexadecimal strings, then a complaint.
fn read(line: &str) -> Opinion {
    let (served, complaint) = line.split_once("\"complaint\": ").expect("a complaint");
    let strings: Vec<&str> = served.split('"').skip(3).step_by(2).collect();
    let served = strings.chunks_exact(3).map(|parts| Served {
        method: text(parts[0]),
        target: text(parts[1]),
        body: from_hex(parts[2]),
        trailers: 0,
    });
    Opinion {
        served: served.collect(),
        complaint: match complaint.trim_end_matches('}') {
            "null" => None,
            words => Some(words.trim_matches('"').to_string()),
        },
    }
}

fn text(hex: &str) -> String {
    String::from_utf8_lossy(&from_hex(hex)).into_owned()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| {
        u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits")
    };
    digits.map(byte).collect()
}
