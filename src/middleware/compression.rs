//! Compression of bodies in memory with gzip (RFC 9110 section 8.4.1.3).

use super::list_headers::{add_vary, has_directive};
use super::middleware::Middleware;
use super::request_info::RequestInfo;
use super::request_parts::RequestParts;
use crate::headers::headers::Headers;
use crate::message::coding::{ACCEPT_ENCODING, Choice, Coding, choose};
use crate::response::response::Response;
use crate::syntax::byte_class::trim;
use crate::values::status::Status;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use flate2::write::GzEncoder;
use std::io::{self, Write};

/// The sizes of the bodies that are compressed by default. Below 1 KiB, a packet is hardly filled. Above 4 MiB,
/// compressing would delay other clients by more than about 100 milliseconds.
const SIZES: RangeInclusive<usize> = 1024..=4 * 1024 * 1024;

/// Headers that state a digest of the body. Compressing would make them wrong.
const DIGESTS: [&str; 4] = ["Content-Digest", "Content-MD5", "Digest", "Repr-Digest"];

/// Middleware that compresses bodies with gzip for clients that accept it (feature `compression`).
///
/// A body is compressed if it is in memory, has between 1 KiB and 4 MiB, and has a media type that usually becomes smaller,
/// such as text, JSON and SVG. `Vary` then lists `Accept-Encoding`, even in the response to a client that does not accept
/// gzip. An `ETag` becomes weak, because the bytes are no longer the same, and `Accept-Ranges` is removed.
///
/// The middleware leaves alone: streams, which would take 300 KiB of memory each; partial bodies; bodies that are already
/// encoded or that would grow; responses with a digest; and responses with `Cache-Control: no-transform`. Use
/// `no-transform` for pages that contain both a secret and input from the client, since the length of a compressed body reveals
/// whether the two have something in common (the BREACH attack).
///
/// The same body is always compressed to the same bytes. HEAD gets the same headers as GET.
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::middleware::Compression;
///
/// let gateway = Gateway::new(|_: &Request| "hello ".repeat(1000)).with(Compression::new());
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br, gzip;q=0.8\r\n\r\n");
/// assert!(String::from_utf8_lossy(&response).contains("\r\nContent-Encoding: gzip\r\n") && response.len() < 300);
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "gzip")]
#[must_use]
pub struct Compression {
    sizes: RangeInclusive<usize>,
}

/// Marks a request whose client accepts gzip.
#[derive(Clone, Debug)]
struct AcceptsGzip {
    /// `If-None-Match`: the tags of the responses that the client has. Empty if there is none.
    held: Vec<u8>,
}

impl Compression {
    /// Creates the middleware.
    pub fn new() -> Compression {
        Compression { sizes: SIZES }
    }

    /// Sets the sizes of the bodies that are compressed, in bytes.
    ///
    /// ```
    /// use bytegate::middleware::Compression;
    ///
    /// let compression = Compression::new().sizes(256..=64 * 1024);
    /// ```
    pub fn sizes(mut self, sizes: RangeInclusive<usize>) -> Compression {
        self.sizes = sizes;
        self
    }

    /// Returns the body, if it would be compressed for a client that accepts gzip.
    fn compressible<'r>(&self, response: &'r Response) -> Option<&'r [u8]> {
        let body = response.body().as_bytes()?;
        let headers = response.headers().view();
        let has = |name: &str| headers.get_bytes(name).is_some();
        let status = response.sent_status();
        let is_meant = self.sizes.contains(&body.len())
            && headers.get_bytes("Content-Type").is_some_and(gains)
            && status != Status::PARTIAL_CONTENT
            && !status.forbids_body()
            && !has("Content-Encoding")
            && !has("Content-Range")
            && !DIGESTS.iter().any(|name| has(name))
            && !has_directive(response, "no-transform");
        is_meant.then_some(body)
    }
}

impl Default for Compression {
    fn default() -> Compression {
        Compression::new()
    }
}

impl Middleware for Compression {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        if accepts_gzip(request.head.headers()) {
            let held = request.head.headers().get_bytes("If-None-Match");
            let held = held.unwrap_or_default().to_vec();
            request.extensions.insert(AcceptsGzip { held });
        }
        None
    }

    fn after(&self, request: &RequestInfo<'_>, mut response: Response) -> Response {
        let accepted = request.extensions.get::<AcceptsGzip>();
        let accepts_gzip = accepted.is_some();
        if response.sent_status() == Status::NOT_MODIFIED {
            // It has the headers of the response that it stands for (RFC 9110 section 15.4.5). A client that accepts gzip
            // and has a strong tag has it from a response that does not gain from compression.
            let is_plain = accepted.is_some_and(|accepted| holds_only_strong(accepted, &response));
            if !is_plain {
                add_vary(&mut response, ACCEPT_ENCODING);
            }
            if accepts_gzip && !is_plain {
                weaken_tag(&mut response);
            }
            return response;
        }
        let Some(body) = self.compressible(&response) else {
            return response;
        };
        let compressed = match accepts_gzip {
            // Writing to memory cannot fail.
            true => gzip(body, flate2::Compression::default()).ok(),
            false => None,
        };
        let gain = compressed.filter(|compressed| compressed.len() < body.len());
        add_vary(&mut response, ACCEPT_ENCODING);
        match gain {
            None => response,
            Some(compressed) => {
                weaken_tag(&mut response);
                response.remove_header("Accept-Ranges");
                response.set_header("Content-Encoding", Coding::Gzip.name());
                response.with_body(compressed)
            }
        }
    }
}

/// Compresses a body.
pub(crate) fn gzip(body: &[u8], level: flate2::Compression) -> io::Result<Vec<u8>> {
    let output = Vec::with_capacity(body.len() / 4);
    let mut encoder = GzEncoder::new(output, level);
    encoder.write_all(body)?;
    encoder.finish()
}

/// Returns whether a client has a response with the strong form of a tag, and none with its weak form.
fn holds_only_strong(client: &AcceptsGzip, response: &Response) -> bool {
    let tag = response.headers().view().get_bytes("ETag");
    tag.is_some_and(|tag| {
        let starts: Vec<usize> = client
            .held
            .windows(tag.len().max(1))
            .enumerate()
            .filter_map(|(start, held)| (held == tag).then_some(start))
            .collect();
        let is_weak = |start: &usize| client.held[..*start].ends_with(b"W/");
        tag.starts_with(b"\"") && !starts.is_empty() && !starts.iter().any(is_weak)
    })
}

/// Marks the entity tag as weak (RFC 9110 section 8.8.1).
fn weaken_tag(response: &mut Response) {
    let tag = response.headers().view().get_bytes("ETag");
    if let Some(strong) = tag.filter(|tag| tag.starts_with(b"\"")) {
        let weak = [b"W/", strong].concat();
        response.set_header("ETag", weak);
    }
}

/// Returns whether bodies of a media type usually get smaller.
pub(crate) fn gains(media_type: &[u8]) -> bool {
    let essence = media_type.split(|&byte| byte == b';').next();
    let essence = String::from_utf8_lossy(trim(essence.unwrap_or_default())).to_ascii_lowercase();
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    let has_text_suffix = subtype
        .rsplit_once('+')
        .is_some_and(|(_, suffix)| matches!(suffix, "json" | "xml" | "text" | "yaml"));
    has_text_suffix
        || match kind {
            "text" => true,
            "application" => matches!(
                subtype,
                "json"
                    | "javascript"
                    | "xml"
                    | "wasm"
                    | "yaml"
                    | "rtf"
                    | "x-ndjson"
                    | "jsonl"
                    | "graphql"
            ),
            "font" => matches!(subtype, "ttf" | "otf" | "collection"),
            "image" => matches!(subtype, "bmp" | "x-icon" | "vnd.microsoft.icon"),
            _ => false,
        }
}

/// Returns whether the client accepts gzip, and prefers it at least as much as no coding.
fn accepts_gzip(headers: Headers<'_>) -> bool {
    choose(headers, &[Coding::Gzip]) == Choice::Coding(Coding::Gzip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_gains_from_compression() {
        for media_type in [
            "text/html; charset=utf-8",
            "TEXT/CSS",
            "application/json",
            "application/ld+json",
            "image/svg+xml",
            "application/wasm",
        ] {
            assert!(gains(media_type.as_bytes()), "{media_type}");
        }
        for media_type in [
            "image/png",
            "font/woff2",
            "application/zip",
            "application/octet-stream",
            "video/mp4",
            "text",
            "",
        ] {
            assert!(!gains(media_type.as_bytes()), "{media_type}");
        }
    }
}
