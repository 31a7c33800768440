//! A static site, held in memory.

mod file;
#[cfg(feature = "std")]
mod folder;
mod media_type;

#[cfg(feature = "std")]
pub use folder::{LoadError, Skipped};

use super::Application;
use super::upload::Admission;
use crate::message::head::Head;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::syntax::path;
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use file::File;

/// Files in memory, found by their exact path and by nothing else: whatever a request spells, it cannot reach
/// outside the tree, because there is no outside.
///
/// - `/` and `/docs/` are answered with `/index.html` and `/docs/index.html`; `/docs` leads to `/docs/` (301).
/// - The media type goes by the suffix; text is UTF-8. `X-Content-Type-Options: nosniff` keeps it so.
/// - GET and HEAD are answered; OPTIONS with `Allow`; POST, PUT, PATCH and DELETE with 405 and `Allow`; other methods
///   with 501.
/// - Answers carry a strong `ETag`, and `Last-Modified` where that is known. Preconditions (RFC 9110 section 13) and
///   ranges (section 14) are answered; several ranges as multipart/byteranges, unless there are more than eight or
///   they come to more than the file.
/// - What is not there is 404, with the page `/404.html` if the site has one.
///
/// ```
/// use bytegate::Site;
///
/// let site = Site::new()
///     .file("/index.html", "<h1>hi</h1>")
///     .file("/404.html", "<h1>not here</h1>")
///     .file_as("/data", "application/json", "{}");
/// assert_eq!(site.paths().count(), 3);
/// ```
#[derive(Clone, Default)]
pub struct Site {
    /// By decoded path. An index is there twice: under its own path and under its directory's.
    files: BTreeMap<Box<[u8]>, File>,
    #[cfg(feature = "std")]
    skipped: alloc::vec::Vec<Skipped>,
}

/// A path that no request could name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteError {
    path: String,
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no request can name the file {:?}: a path begins with / and has no empty, '.' or '..' segment, \
             no backslash and no control character",
            self.path
        )
    }
}

impl core::error::Error for SiteError {}

pub(crate) const INDEX: &str = "index.html";
const NOT_FOUND_PAGE: &[u8] = b"/404.html";
const ALLOW: &str = "GET, HEAD, OPTIONS";

impl Site {
    /// A site without files.
    pub fn new() -> Site {
        Site::default()
    }

    /// Adds a file, or replaces the one of that path. The path is the decoded one, from the root.
    ///
    /// # Panics
    /// If no request could name that path; [`try_file`](Site::try_file) says so instead.
    #[track_caller]
    pub fn file(self, path: &str, content: impl Into<Bytes>) -> Site {
        self.file_as(path, media_type::of(path), content)
    }

    /// As [`file`](Site::file), with a media type of its own.
    ///
    /// # Panics
    /// If no request could name that path, or the media type cannot stand in a field.
    #[track_caller]
    pub fn file_as(mut self, path: &str, media_type: &str, content: impl Into<Bytes>) -> Site {
        if let Err(error) = self.insert(path, media_type, content.into(), None) {
            panic!("{error}");
        }
        self
    }

    /// As [`file`](Site::file), for paths that are not known when the program is written.
    ///
    /// # Errors
    /// If no request could name that path; the site stays as it was.
    pub fn try_file(&mut self, path: &str, content: impl Into<Bytes>) -> Result<(), SiteError> {
        self.insert(path, media_type::of(path), content.into(), None)
    }

    /// As [`try_file`](Site::try_file), for a file that was last modified so long after the Unix epoch: answers carry
    /// `Last-Modified`, and may be conditional on it.
    ///
    /// # Errors
    /// If no request could name that path; the site stays as it was.
    pub fn try_file_modified(
        &mut self,
        path: &str,
        content: impl Into<Bytes>,
        modified: Duration,
    ) -> Result<(), SiteError> {
        self.insert(path, media_type::of(path), content.into(), Some(modified))
    }

    /// The paths of all files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files
            .keys()
            .filter_map(|path| core::str::from_utf8(path).ok())
            .filter(|path| !path.ends_with('/'))
    }

    fn insert(
        &mut self,
        path: &str,
        media_type: &str,
        content: Bytes,
        modified: Option<Duration>,
    ) -> Result<(), SiteError> {
        let error = || SiteError {
            path: path.to_string(),
        };
        if !is_servable(path) {
            return Err(error());
        }
        let file = File::new(media_type, content, modified).ok_or_else(error)?;
        if let Some(directory) = path
            .strip_suffix(INDEX)
            .filter(|directory| directory.ends_with('/'))
        {
            self.files.insert(directory.as_bytes().into(), file.clone());
        }
        self.files.insert(path.as_bytes().into(), file);
        Ok(())
    }

    /// The answer to a request for a decoded path; `None` for a path that no file can have.
    fn answer(&self, head: &Head<'_>, path: Option<&[u8]>, now: Now) -> Response {
        let file = path.and_then(|path| self.files.get(path));
        match (file, head.method_ref()) {
            (_, Method::Other(_) | Method::Trace | Method::Connect) => {
                Status::NOT_IMPLEMENTED.into()
            }
            (Some(file), Method::Get | Method::Head) => file.answer(head, now),
            (Some(_), Method::Options) => {
                Response::new(Status::NO_CONTENT).with_field("Allow", ALLOW)
            }
            (Some(_), _) => Response::from(Status::METHOD_NOT_ALLOWED).with_field("Allow", ALLOW),
            (None, Method::Get | Method::Head)
                if path.is_some_and(|path| self.is_directory(path)) =>
            {
                redirect_to_directory(head)
            }
            (None, _) => self.not_found(),
        }
    }

    /// Whether a path without its last slash names a directory.
    fn is_directory(&self, path: &[u8]) -> bool {
        self.files.contains_key(&[path, b"/"].concat()[..])
    }

    /// The page for what is not there.
    fn not_found(&self) -> Response {
        match self.files.get(NOT_FOUND_PAGE) {
            Some(page) => page.error_page(Status::NOT_FOUND),
            None => Status::NOT_FOUND.into(),
        }
    }
}

/// Whether a request can name this path, after decoding.
fn is_servable(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    rest.split('/').all(|segment| !segment.is_empty()) && path::is_plain(path)
}

/// The path as the client spelled it names a directory of this site, so it begins with one slash and cannot be
/// taken for another host's.
fn redirect_to_directory(head: &Head<'_>) -> Response {
    let query = head
        .query()
        .map_or(String::new(), |query| alloc::format!("?{query}"));
    Response::from(Status::MOVED_PERMANENTLY)
        .with_field("Location", alloc::format!("{}/{query}", head.path()))
}

impl Application for Site {
    fn call(&self, request: &Request<'_>) -> Response {
        self.answer(&request.head(), request.path_info_bytes(), request.now())
    }

    /// Content is never wanted here: it is read and dropped.
    fn admit(&self, request: &Request<'_>) -> Admission {
        Admission::discard(&request.head(), self.call(request))
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Site({} files)", self.paths().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_no_request_can_name_is_refused() {
        for path in [
            "", "a", "//a", "/a//b", "/a/", "/../a", "/a/..", "/./a", "/a\\b", "/a\nb", "/\0",
        ] {
            let error = Site::new().try_file(path, "").unwrap_err();
            assert!(
                error.to_string().contains("no request can name"),
                "{path:?}"
            );
        }
        for path in ["/a", "/a b", "/%41", "/\u{e4}", "/...", "/c:d"] {
            assert_eq!(Site::new().try_file(path, ""), Ok(()), "{path:?}");
        }
    }
}
