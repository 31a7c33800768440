//! A file of a site. Its responses are prepared when the site is built.

use super::options::{EncodedNames, SiteOptions};
use crate::body::body::Body;
use crate::body::body_error::BodyError;
#[cfg(feature = "folder")]
use crate::files::stored_blocks::StoredBlocks;
#[cfg(feature = "folder")]
use crate::files::stored_file::StoredFile;
use crate::headers::header_map::HeaderMap;
use crate::message::coding::{self, Choice, Coding};
use crate::message::head::Head;
use crate::message::precondition::{self, Validators, Verdict};
use crate::message::range::{self, Selection};
use crate::response::reply::{PreparedResponse, Reply};
use crate::response::response::Response;
use crate::syntax::date;
use crate::syntax::entity_tag::{EntityTag, opaque_of};
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::status::Status;
#[cfg(feature = "folder")]
use crate::values::sync::Arc;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::ops::Range;
use core::time::Duration;

/// A file. If it is in memory, an unconditional request only needs a lookup and an append.
#[derive(Clone)]
pub(super) struct File {
    /// The media type, and other headers only for responses with a body from the file.
    file_headers: HeaderMap,
    /// The text between the quotes of the ETag. `None` if the file could have the same tag after another change.
    tag: Option<String>,
    modified: Option<Duration>,
    whole: Whole,
    /// The response to a client whose copy is current. Its headers belong to every response about the file.
    not_modified: PreparedResponse,
    /// The default of `Cache-Control`, which rules may replace.
    cache_control: Option<Box<str>>,
    /// The same data, compressed.
    coded: Vec<(Coding, File)>,
}

/// The response with the whole file, or the parts to make it from.
#[derive(Clone)]
enum Whole {
    Prepared(PreparedResponse),
    #[cfg(feature = "folder")]
    Stored(Arc<StoredFile>),
}

/// The data of a file.
#[derive(Debug)]
pub(super) enum FileContent {
    Memory(Bytes),
    #[cfg(feature = "folder")]
    Stored(Arc<StoredFile>),
}

/// How a file is served.
#[derive(Clone, Copy)]
pub(super) struct Representation<'a> {
    /// The path of the file, which determines the headers.
    pub(super) path: &'a str,
    /// The path that determines the media type, without a suffix for a coding.
    pub(super) type_path: &'a str,
    /// The media type, if it differs from the path's type.
    pub(super) media_type: Option<&'a str>,
    pub(super) modified: Option<Duration>,
    /// The coding stated by the name of the file.
    pub(super) own_coding: Option<Coding>,
    /// The coding that was applied to the file.
    pub(super) coding: Option<Coding>,
    /// Whether other codings can be chosen.
    pub(super) varies: bool,
    /// The default `Cache-Control`.
    pub(super) cache_control: Option<&'a str>,
    /// The value of `Content-Disposition`.
    pub(super) disposition: Option<&'a str>,
}

impl<'a> Representation<'a> {
    /// Returns how a file of this name is served.
    pub(super) fn named(path: &'a str, options: &SiteOptions) -> Representation<'a> {
        let (type_path, own_coding) = match (options.encoded_names, Coding::of_suffix(path)) {
            (EncodedNames::AsContent, Some((inner, coding))) => (inner, Some(coding)),
            _ => (path, None),
        };
        Representation {
            path,
            type_path,
            media_type: None,
            modified: None,
            own_coding,
            coding: None,
            varies: false,
            cache_control: None,
            disposition: None,
        }
    }

    /// Creates a file. Returns `None` if the media type is not a valid header value.
    pub(super) fn file(&self, content: FileContent, options: &SiteOptions) -> Option<File> {
        let tag = match &content {
            FileContent::Memory(bytes) => Some(opaque_of(bytes)),
            #[cfg(feature = "folder")]
            FileContent::Stored(file) => file.tag().map(String::from),
        };
        self.tagged(tag, content, options)
    }

    fn tagged(
        &self,
        tag: Option<String>,
        content: FileContent,
        options: &SiteOptions,
    ) -> Option<File> {
        let media_type = match self.media_type {
            Some(media_type) => Cow::Borrowed(media_type),
            None => options.media_type_of(self.type_path),
        };
        let mut whole = Response::new(Status::OK)
            .with_header("Content-Type", media_type.as_bytes())
            .with_header("X-Content-Type-Options", "nosniff")
            .with_header("Accept-Ranges", "bytes");
        let codings = [self.own_coding, self.coding].into_iter().flatten();
        let codings: Vec<&str> = codings.map(Coding::name).collect();
        if !codings.is_empty() {
            // In the order in which they were applied (RFC 9110 section 8.4).
            whole.set_header("Content-Encoding", codings.join(", "));
        }
        if self.varies {
            whole.set_header("Vary", "Accept-Encoding");
        }
        if let Some(value) = self.cache_control {
            whole.set_header("Cache-Control", value);
        }
        if let Some(value) = self.disposition {
            whole.set_header("Content-Disposition", value);
        }
        options.rules.apply(self.path, &mut whole);
        let mut not_modified = Response::new(Status::NOT_MODIFIED);
        let mut file_headers = HeaderMap::new();
        for (name, value) in whole.headers().view() {
            if belongs_to_body(name) {
                file_headers.append(name, value).ok()?;
            } else if !name.eq_ignore_ascii_case("Accept-Ranges") {
                not_modified.append_header(name, value);
            }
        }
        for response in [&mut whole, &mut not_modified] {
            if let Some(tag) = &tag {
                response.append_header("ETag", format!("\"{tag}\""));
            }
            if let Some(date) = self.modified.and_then(date::format) {
                response.append_header("Last-Modified", date);
            }
        }
        let whole = match content {
            FileContent::Memory(bytes) => {
                Whole::Prepared(PreparedResponse::new(whole.with_body(bytes)).ok()?)
            }
            #[cfg(feature = "folder")]
            FileContent::Stored(file) => Whole::Stored(file),
        };
        Some(File {
            file_headers,
            tag,
            modified: self.modified,
            whole,
            not_modified: PreparedResponse::new(not_modified).ok()?,
            cache_control: self.cache_control.map(Box::from),
            coded: Vec::new(),
        })
    }
}

/// Returns whether a header describes the body, and is of no use without it.
fn belongs_to_body(name: &str) -> bool {
    const NAMES: [&str; 4] = [
        "Content-Type",
        "X-Content-Type-Options",
        "Content-Encoding",
        "Content-Disposition",
    ];
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl File {
    /// Adds compressed forms of the same data. This file and its forms must have been created to
    /// [vary](Representation::varies).
    pub(super) fn with_coded(mut self, coded: Vec<(Coding, File)>) -> File {
        self.coded = coded;
        self
    }

    /// Returns the same data as the only form of another file, which is sent in this coding, with the headers of that file.
    pub(super) fn as_form_of(
        &self,
        path: &str,
        coding: Coding,
        options: &SiteOptions,
    ) -> Option<File> {
        let content = match &self.whole {
            Whole::Prepared(whole) => FileContent::Memory(whole.body().clone()),
            #[cfg(feature = "folder")]
            Whole::Stored(file) => FileContent::Stored(file.clone()),
        };
        let form = Representation {
            modified: self.modified,
            coding: Some(coding),
            varies: true,
            cache_control: self.cache_control(),
            ..Representation::named(path, options)
        };
        form.tagged(self.tag.clone(), content, options)
    }

    /// Returns the data, if it is in memory.
    pub(super) fn bytes(&self) -> Option<&Bytes> {
        match &self.whole {
            Whole::Prepared(whole) => Some(whole.body()),
            #[cfg(feature = "folder")]
            Whole::Stored(_) => None,
        }
    }

    /// Returns the default of `Cache-Control`.
    pub(super) fn cache_control(&self) -> Option<&str> {
        self.cache_control.as_deref()
    }

    /// Returns the value of `Content-Disposition`.
    pub(super) fn disposition(&self) -> Option<&str> {
        self.file_headers.view().get("Content-Disposition")
    }

    /// Returns the media type.
    pub(super) fn media_type(&self) -> &str {
        let headers = self.file_headers.view();
        headers.get("Content-Type").unwrap_or_default()
    }

    /// Returns when the file was last modified, as time since the Unix epoch.
    pub(super) fn modified(&self) -> Option<Duration> {
        self.modified
    }

    /// Returns the length in bytes.
    pub(super) fn length(&self) -> u64 {
        match &self.whole {
            Whole::Prepared(whole) => whole.body().len() as u64,
            #[cfg(feature = "folder")]
            Whole::Stored(file) => file.length(),
        }
    }

    /// Returns the length of all data in memory.
    #[cfg(feature = "folder")]
    pub(super) fn length_in_memory(&self) -> u64 {
        let coded = self.coded.iter().map(|(_, file)| file.length_in_memory());
        let own = match &self.whole {
            Whole::Stored(file) if !file.is_in_memory() => 0,
            _ => self.length(),
        };
        own + coded.sum::<u64>()
    }

    /// Responds to GET or HEAD.
    #[inline]
    pub(super) fn respond(&self, head: &Head<'_>, now: Now) -> Reply<'_> {
        match &self.whole {
            Whole::Prepared(whole) if self.coded.is_empty() && !head.is_conditional() => {
                Reply::Prepared(whole)
            }
            _ => self.chosen(head).respond_conditionally(head, now),
        }
    }

    /// Returns the response with the whole file.
    pub(super) fn into_response(self) -> Response {
        self.whole().into_response()
    }

    /// Chooses the form that the client prefers.
    fn chosen(&self, head: &Head<'_>) -> &File {
        let offered: Vec<Coding> = self.coded.iter().map(|(coding, _)| *coding).collect();
        match coding::choose(head.headers(), &offered) {
            Choice::Identity => self,
            Choice::Coding(chosen) => {
                let coded = self.coded.iter().find(|(coding, _)| *coding == chosen);
                coded.map_or(self, |(_, file)| file)
            }
        }
    }

    fn respond_conditionally(&self, head: &Head<'_>, now: Now) -> Reply<'_> {
        let (method, headers) = (head.method(), head.headers());
        let response = match precondition::evaluate(&method, headers, &self.validators(), now.wall)
        {
            Verdict::NotModified => return Reply::Prepared(&self.not_modified),
            Verdict::Failed => self.page(Status::PRECONDITION_FAILED),
            Verdict::Proceed => match self.selection(head, now) {
                Selection::Whole => return self.whole(),
                Selection::Unsatisfiable => self
                    .page(Status::RANGE_NOT_SATISFIABLE)
                    .with_header("Content-Range", format!("bytes */{}", self.length())),
                Selection::Parts(parts) => match &parts[..] {
                    [only] => self.part(only.clone()),
                    parts => match &self.tag {
                        Some(tag) if !self.is_encoded() => self.parts(parts, tag),
                        // The client would have to decode each part separately, or the boundary could be in the file.
                        _ => return self.whole(),
                    },
                },
            },
        };
        response.into()
    }

    /// Returns the file as a page with another status. It has no validators, because they do not belong to the
    /// requested resource, and no caching headers.
    pub(super) fn page_with(&self, status: Status) -> Response {
        let mut response = without_caching(self.without_body(status));
        for name in ["ETag", "Last-Modified"] {
            response.remove_header(name);
        }
        self.with_file_headers(response)
            .with_body(self.body(0..self.length()))
    }

    /// Makes this file the page of an error about another file.
    pub(super) fn as_page_of(&self, mut error: Response) -> Response {
        error.remove_header("Content-Type");
        self.with_file_headers(error)
            .with_body(self.body(0..self.length()))
    }

    fn whole(&self) -> Reply<'_> {
        match &self.whole {
            Whole::Prepared(whole) => Reply::Prepared(whole),
            #[cfg(feature = "folder")]
            Whole::Stored(_) => self
                .with_file_headers(self.without_body(Status::OK))
                .with_header("Accept-Ranges", "bytes")
                .with_body(self.body(0..self.length()))
                .into(),
        }
    }

    fn without_body(&self, status: Status) -> Response {
        self.not_modified.to_response().with_status(status)
    }

    fn with_file_headers(&self, mut response: Response) -> Response {
        for (name, value) in self.file_headers.view() {
            response.append_header(name, value);
        }
        response
    }

    fn is_encoded(&self) -> bool {
        let headers = self.file_headers.view();
        headers.contains("Content-Encoding")
    }

    /// Returns the validators and one line of text.
    fn page(&self, status: Status) -> Response {
        without_caching(self.without_body(status)).with_default_page()
    }

    /// Selects the ranges to send (RFC 9110 section 14.2). Ranges apply only to GET, and a repeated header is ignored.
    fn selection(&self, head: &Head<'_>, now: Now) -> Selection {
        let mut ranges = head.headers().get_all("Range");
        match (head.method(), ranges.next(), ranges.next()) {
            (Method::GET, Some(range), None)
                if precondition::range_applies(head, &self.validators(), now.wall) =>
            {
                range::select(range, self.length())
            }
            _ => Selection::Whole,
        }
    }

    fn part(&self, part: Range<u64>) -> Response {
        self.with_file_headers(self.without_body(Status::PARTIAL_CONTENT))
            .with_header("Content-Range", self.content_range(&part))
            .with_body(self.body(part))
    }

    /// Responds with several parts (RFC 9110 section 14.6), without copying the file.
    fn parts(&self, parts: &[Range<u64>], tag: &str) -> Response {
        // To contain the boundary, a file in memory would have to contain its own hash, and a larger one the time of
        // its last change.
        let boundary = format!("bytegate-{tag}");
        let media_type = self.media_type();
        let mut blocks: Vec<Blocks> = Vec::new();
        let mut length = 0;
        for part in parts {
            let content_range = self.content_range(part);
            let head = format!(
                "\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {content_range}\r\n\r\n"
            );
            length += head.len() as u64 + (part.end - part.start);
            blocks.push(one(head.into()));
            blocks.push(self.blocks(part.clone()));
        }
        let end = format!("\r\n--{boundary}--\r\n");
        length += end.len() as u64;
        blocks.push(one(end.into()));
        self.with_file_headers(self.without_body(Status::PARTIAL_CONTENT))
            .with_header(
                "Content-Type",
                format!("multipart/byteranges; boundary={boundary}"),
            )
            .with_body(Body::try_from_iterator(
                Some(length),
                blocks.into_iter().flatten(),
            ))
    }

    fn content_range(&self, part: &Range<u64>) -> String {
        format!("bytes {}-{}/{}", part.start, part.end - 1, self.length())
    }

    fn body(&self, part: Range<u64>) -> Body {
        match &self.whole {
            Whole::Prepared(whole) => slice(whole.body(), part).into(),
            #[cfg(feature = "folder")]
            Whole::Stored(file) => Body::stored(file, part),
        }
    }

    fn blocks(&self, part: Range<u64>) -> Blocks {
        match &self.whole {
            Whole::Prepared(whole) => one(slice(whole.body(), part)),
            #[cfg(feature = "folder")]
            Whole::Stored(file) => {
                Box::new(StoredBlocks::new(file, part).map(|block| block.map_err(|_| BodyError)))
            }
        }
    }

    fn validators(&self) -> Validators<'_> {
        Validators {
            tag: self.tag.as_ref().map(|tag| EntityTag {
                weak: false,
                opaque: tag.as_bytes(),
            }),
            modified: self.modified.map(|modified| modified.as_secs()),
        }
    }
}

/// Returns a response without the file's caching headers.
fn without_caching(mut response: Response) -> Response {
    for name in ["Cache-Control", "Expires"] {
        response.remove_header(name);
    }
    response
}

type Blocks = Box<dyn Iterator<Item = Result<Bytes, BodyError>> + Send>;

fn one(block: Bytes) -> Blocks {
    Box::new(core::iter::once(Ok(block)))
}

fn slice(content: &Bytes, part: Range<u64>) -> Bytes {
    let position = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(content.len());
    content.slice(position(part.start)..position(part.end))
}
