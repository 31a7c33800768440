//! Static sites held in memory.

mod file;
mod files;
#[cfg(feature = "std")]
mod folder;

#[cfg(feature = "std")]
pub use folder::{LoadError, Skipped};

use super::Application;
use super::upload::Admission;
use crate::message::head::Head;
use crate::message::reply::Reply;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::syntax::path;
use crate::values::media_type;
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::status::Status;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use file::File;
use files::Files;

/// A static site. Its files are held in memory and looked up by their exact path. No request can reach outside the
/// tree, because the file system is not accessed.
///
/// - `/` and `/docs/` return `/index.html` and `/docs/index.html`. `/docs` redirects to `/docs/` (301).
/// - The suffix determines the media type. Text is UTF-8. `X-Content-Type-Options: nosniff` prevents clients from
///   guessing another type.
/// - GET and HEAD are supported. OPTIONS is answered with `Allow`, POST, PUT, PATCH and DELETE with 405 and `Allow`,
///   and other methods with 501.
/// - Responses carry a strong `ETag`, and `Last-Modified` if it is known. Preconditions (RFC 9110 section 13) and
///   ranges (section 14) are supported. Several ranges are sent as multipart/byteranges, unless there are more than
///   eight or they add up to more than the file.
/// - A missing path is answered with 404, and with the page `/404.html` if the site has one.
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
    files: Files,
    #[cfg(feature = "std")]
    skipped: alloc::vec::Vec<Skipped>,
}

/// The error for a path that no request can name.
///
/// ```
/// let error = bytegate::Site::new().try_file("/../secret", "").unwrap_err();
/// assert!(error.to_string().starts_with("no request can name the file \"/../secret\""));
/// ```
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
    /// Creates a site without files.
    pub fn new() -> Site {
        Site::default()
    }

    /// Adds a file, or replaces the one with the same path. The path is decoded and begins at the root.
    ///
    /// # Panics
    /// Panics if no request can name the path. [`try_file`](Site::try_file) returns an error instead.
    #[track_caller]
    pub fn file(self, path: &str, content: impl Into<Bytes>) -> Site {
        self.file_as(path, media_type::of(path), content)
    }

    /// Like [`file`](Site::file), but with an explicit media type.
    ///
    /// # Panics
    /// Panics if no request can name the path, or if the media type cannot be sent in a field.
    #[track_caller]
    pub fn file_as(mut self, path: &str, media_type: &str, content: impl Into<Bytes>) -> Site {
        if let Err(error) = self.insert(path, media_type, content.into(), None) {
            panic!("{error}");
        }
        self
    }

    /// Like [`file`](Site::file), but for paths that are only known at run time.
    ///
    /// # Errors
    /// Returns an error if no request can name the path. The site is unchanged in that case.
    pub fn try_file(&mut self, path: &str, content: impl Into<Bytes>) -> Result<(), SiteError> {
        self.insert(path, media_type::of(path), content.into(), None)
    }

    /// Like [`try_file`](Site::try_file), but with the time of the last modification, given as time since the Unix
    /// epoch. Responses carry `Last-Modified`, and requests may be conditional on it.
    ///
    /// # Errors
    /// Returns an error if no request can name the path. The site is unchanged in that case.
    pub fn try_file_modified(
        &mut self,
        path: &str,
        content: impl Into<Bytes>,
        modified: Duration,
    ) -> Result<(), SiteError> {
        self.insert(path, media_type::of(path), content.into(), Some(modified))
    }

    /// Returns whether this site answers GET for a decoded path with something other than a 404: with a file, or with
    /// a redirect to a directory.
    ///
    /// ```
    /// use bytegate::Site;
    ///
    /// let site = Site::new().file("/docs/index.html", "<h1>docs</h1>");
    /// assert!(site.has("/docs/index.html") && site.has("/docs/") && site.has("/docs"));
    /// assert!(!site.has("/") && !site.has("/doc"));
    /// ```
    pub fn has(&self, path: &str) -> bool {
        self.answers(&Method::Get, path.as_bytes())
    }

    /// Like [`has`](Site::has), but for any method. Only GET and HEAD are redirected.
    pub(crate) fn answers(&self, method: &Method, path: &[u8]) -> bool {
        let is_read = matches!(method, Method::Get | Method::Head);
        self.files.contains_key(path) || is_read && self.is_directory(path)
    }

    /// Returns the paths of all files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let paths = self.files.keys();
        let mut paths: Vec<&str> = paths
            .filter_map(|path| core::str::from_utf8(path).ok())
            .filter(|path| !path.ends_with('/'))
            .collect();
        paths.sort_unstable();
        paths.into_iter()
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

    /// Responds to a request for a decoded path, which is `None` if no file can have that path.
    #[inline]
    fn answer(&self, head: &Head<'_>, path: Option<&[u8]>, now: Now) -> Reply<'_> {
        let file = path.and_then(|path| self.files.get(path));
        match (file, head.method_ref()) {
            (Some(file), Method::Get | Method::Head) => file.answer(head, now),
            _ => self.other_answer(head, path, file.is_some()).into(),
        }
    }

    /// Responds to other methods, and where there is no file.
    #[inline(never)]
    fn other_answer(&self, head: &Head<'_>, path: Option<&[u8]>, is_file: bool) -> Response {
        match (is_file, head.method_ref()) {
            (_, Method::Other(_) | Method::Trace | Method::Connect) => {
                Status::NOT_IMPLEMENTED.into()
            }
            (true, Method::Options) => Response::new(Status::NO_CONTENT).with_field("Allow", ALLOW),
            (true, _) => Response::from(Status::METHOD_NOT_ALLOWED).with_field("Allow", ALLOW),
            (false, Method::Get | Method::Head)
                if path.is_some_and(|path| self.is_directory(path)) =>
            {
                redirect_to_directory(head)
            }
            (false, _) => self.not_found(),
        }
    }

    /// Returns whether a path without its last slash is a directory.
    fn is_directory(&self, path: &[u8]) -> bool {
        self.files.contains_key(&[path, b"/"].concat()[..])
    }

    /// Returns the page for a missing path.
    fn not_found(&self) -> Response {
        match self.files.get(NOT_FOUND_PAGE) {
            Some(page) => page.error_page(Status::NOT_FOUND),
            None => Status::NOT_FOUND.into(),
        }
    }
}

/// Returns whether a request can name this path, after decoding.
fn is_servable(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    rest.split('/').all(|segment| !segment.is_empty()) && path::is_plain(path)
}

/// Redirects to a directory. The path, as the client sent it, names a directory of this site. It therefore begins
/// with a single slash and cannot be mistaken for another host.
fn redirect_to_directory(head: &Head<'_>) -> Response {
    let query = head
        .query()
        .map_or(String::new(), |query| alloc::format!("?{query}"));
    Response::from(Status::MOVED_PERMANENTLY)
        .with_field("Location", alloc::format!("{}/{query}", head.path()))
}

impl Application for Site {
    fn call(&self, request: &Request<'_>) -> Response {
        self.reply(request).into_response()
    }

    fn reply<'a>(&'a self, request: &Request<'_>) -> Reply<'a> {
        self.answer(
            &request.message.head,
            request.path_info_bytes(),
            request.now(),
        )
    }

    /// Discards all content, because a site never uses it.
    fn admit(&self, request: &Request<'_>) -> Admission {
        Admission::discard(&request.head(), self.call(request))
    }

    /// Counts the files, of which there may be many.
    fn routes(&self) -> String {
        let count = self.paths().count();
        let plural = if count == 1 { "" } else { "s" };
        alloc::format!("{:<8} {count} file{plural}\n", "files")
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
    fn unreachable_paths_are_rejected() {
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
