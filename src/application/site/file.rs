//! A file of a site. Its responses are prepared when the site is built.

use crate::message::body::Body;
use crate::message::head::Head;
use crate::message::precondition::{self, Validators, Verdict};
use crate::message::range::{self, Selection};
use crate::message::reply::{PreparedResponse, Reply};
use crate::message::response::Response;
use crate::syntax::date;
use crate::syntax::entity_tag::{EntityTag, opaque_of};
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::status::Status;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::ops::Range;
use core::time::Duration;

/// A file in memory. An unconditional request only needs a lookup and an append.
#[derive(Clone)]
pub(super) struct File {
    media_type: String,
    /// The text between the quotes of the ETag.
    tag: String,
    /// Seconds since the Unix epoch.
    modified: Option<u64>,
    /// The response with the whole file.
    whole: PreparedResponse,
    /// The response to a client whose copy is current. Its fields are the validators.
    not_modified: PreparedResponse,
}

impl File {
    /// Creates a file. Returns `None` if the media type cannot be sent in a field.
    pub(super) fn new(
        media_type: &str,
        content: Bytes,
        modified: Option<Duration>,
    ) -> Option<File> {
        let tag = opaque_of(&content);
        let mut whole = Response::new(Status::OK)
            .with_field("Content-Type", media_type)
            .with_field("X-Content-Type-Options", "nosniff")
            .with_field("Accept-Ranges", "bytes")
            .with_body(content);
        let mut not_modified = Response::new(Status::NOT_MODIFIED);
        for response in [&mut whole, &mut not_modified] {
            response.append_field("ETag", format!("\"{tag}\""));
            if let Some(date) = modified.and_then(date::format) {
                response.append_field("Last-Modified", date);
            }
        }
        Some(File {
            media_type: media_type.into(),
            tag,
            modified: modified.map(|modified| modified.as_secs()),
            whole: PreparedResponse::new(whole).ok()?,
            not_modified: PreparedResponse::new(not_modified).ok()?,
        })
    }

    /// Responds to GET or HEAD.
    #[inline]
    pub(super) fn answer(&self, head: &Head<'_>, now: Now) -> Reply<'_> {
        match head.is_conditional() {
            false => Reply::Prepared(&self.whole),
            true => self.conditional_answer(head, now),
        }
    }

    fn conditional_answer(&self, head: &Head<'_>, now: Now) -> Reply<'_> {
        let (method, fields) = (head.method_ref(), head.fields());
        let response = match precondition::evaluate(method, fields, &self.validators(), now.wall) {
            Verdict::NotModified => return Reply::Prepared(&self.not_modified),
            Verdict::Failed => self.page(Status::PRECONDITION_FAILED),
            Verdict::Proceed => match self.selection(head, now) {
                Selection::Whole => return Reply::Prepared(&self.whole),
                Selection::Unsatisfiable => self
                    .page(Status::RANGE_NOT_SATISFIABLE)
                    .with_field("Content-Range", format!("bytes */{}", self.content().len())),
                Selection::Parts(parts) => match &parts[..] {
                    [only] => self.part(only.clone()),
                    _ => self.parts(&parts),
                },
            },
        };
        response.into()
    }

    /// Returns the file as an error page. Its validators are left out, because they do not belong to the requested
    /// resource.
    pub(super) fn error_page(&self, status: Status) -> Response {
        Response::content(&self.media_type, self.content().clone())
            .with_status(status)
            .with_field("X-Content-Type-Options", "nosniff")
    }

    fn content(&self) -> &Bytes {
        self.whole.content()
    }

    fn without_content(&self, status: Status) -> Response {
        self.not_modified.to_response().with_status(status)
    }

    /// Returns the validators and one line of text.
    fn page(&self, status: Status) -> Response {
        self.without_content(status).with_default_page()
    }

    /// Selects the ranges to send (RFC 9110 section 14.2). Ranges apply only to GET, and a repeated field is ignored.
    fn selection(&self, head: &Head<'_>, now: Now) -> Selection {
        let mut ranges = head.fields().get_all("Range");
        match (head.method(), ranges.next(), ranges.next()) {
            (Method::Get, Some(range), None)
                if precondition::range_applies(head, &self.validators(), now.wall) =>
            {
                range::select(range, self.content().len() as u64)
            }
            _ => Selection::Whole,
        }
    }

    fn part(&self, part: Range<u64>) -> Response {
        self.without_content(Status::PARTIAL_CONTENT)
            .with_field("Content-Type", &self.media_type)
            .with_field("X-Content-Type-Options", "nosniff")
            .with_field("Content-Range", self.content_range(&part))
            .with_body(self.slice(part))
    }

    /// Responds with several parts (RFC 9110 section 14.6), without copying the file.
    fn parts(&self, parts: &[Range<u64>]) -> Response {
        // To end a part early, the content would have to contain its own hash.
        let boundary = format!("bytegate-{}", self.tag);
        let mut blocks: Vec<Bytes> = Vec::new();
        for part in parts {
            let (media_type, content_range) = (&self.media_type, self.content_range(part));
            let head = format!(
                "\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {content_range}\r\n\r\n"
            );
            blocks.push(head.into());
            blocks.push(self.slice(part.clone()));
        }
        blocks.push(format!("\r\n--{boundary}--\r\n").into());
        let length = blocks.iter().map(|block| block.len() as u64).sum();
        self.without_content(Status::PARTIAL_CONTENT)
            .with_field(
                "Content-Type",
                format!("multipart/byteranges; boundary={boundary}"),
            )
            .with_body(Body::fallible_stream(
                Some(length),
                blocks.into_iter().map(Ok),
            ))
    }

    fn content_range(&self, part: &Range<u64>) -> String {
        format!(
            "bytes {}-{}/{}",
            part.start,
            part.end - 1,
            self.content().len()
        )
    }

    fn slice(&self, part: Range<u64>) -> Bytes {
        let position = |at: u64| {
            usize::try_from(at)
                .unwrap_or(usize::MAX)
                .min(self.content().len())
        };
        self.content()
            .slice(position(part.start)..position(part.end))
    }

    fn validators(&self) -> Validators<'_> {
        Validators {
            tag: EntityTag {
                weak: false,
                opaque: self.tag.as_bytes(),
            },
            modified: self.modified,
        }
    }
}
