//! Static sites, for serving files: from memory, from a folder that is read once, or from a live folder.
//!
//! ```
//! use bytegate::{Gateway, Site};
//!
//! let site = Site::new().file("/index.html", "<h1>hi</h1>").file("/style.css", "h1 { color: teal }");
//! let client = bytegate::testing::Client::new(site);
//! assert_eq!(client.get("/").text(), "<h1>hi</h1>");
//! assert_eq!(client.get("/style.css").send().header("Content-Type"), Some("text/css; charset=utf-8"));
//! ```

mod answer;
mod error;
mod file;
mod files;
#[cfg(feature = "folder")]
mod folder;
#[cfg(feature = "folder")]
mod from_folder;
mod layer;
mod listing;
#[cfg(feature = "folder")]
mod listing_cache;
mod memory;
mod named_file;
mod options;
mod pattern;
mod pattern_error;
mod rules;
pub(crate) mod spelling;
mod template;

pub use error::SiteError;
#[cfg(feature = "folder")]
pub use folder::{LoadError, Skipped};
pub use named_file::NamedFile;
pub use options::{Dotfiles, EncodedNames, SiteOptions, Symlinks};

use crate::application::Application;
use crate::request::request::Request;
use crate::response::reply::Reply;
use crate::response::response::Response;
use crate::syntax::path;
use crate::upload::admission::Admission;
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::sync::Arc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use answer::Place;
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use error::Reason;
use layer::Layer;
#[cfg(feature = "folder")]
use listing_cache::ListingCache;
use memory::{Addition, Memory};

/// A static site. Its files are in memory or in a folder, and are looked up by their exact path.
///
/// A site can be made in several ways, which can be combined:
///
/// - in code, with [`file`](Site::file);
/// - from files that are part of the program, with [`files`](Site::files), `include_bytes!` or the crate `include_dir`;
/// - from a folder that is read once, with `Site::load` (feature `folder`). No request can reach outside of it, because
///   the file system is not accessed afterwards;
/// - from a live folder, with `Site::open` (feature `folder`). Changes are picked up within ten milliseconds.
///
/// [`SiteOptions`] change these defaults:
///
/// - `/` and `/docs/` return `/index.html` and `/docs/index.html`. `/docs` redirects to `/docs/` (301).
/// - The suffix determines the media type. Text is UTF-8. `X-Content-Type-Options: nosniff` prevents clients from
///   guessing another type.
/// - GET and HEAD are supported. OPTIONS gets `Allow`, POST, PUT, PATCH and DELETE get a 405 with `Allow`, and other
///   methods get a 501.
/// - Responses carry a strong `ETag`, and `Last-Modified` if it is known. Preconditions (RFC 9110 section 13) and
///   ranges (section 14) are supported. Several ranges are sent as multipart/byteranges, unless more than
///   eight are requested or they add up to more than the file.
/// - A missing path gets a 404, with the page `/404.html` if the site has one.
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
#[derive(Clone)]
pub struct Site {
    files: Memory,
    /// Other places to look, in this order.
    lower: Vec<Layer>,
    /// Whether the site has rules for paths, or pages for errors about files, so that the response is not always the
    /// file at the path.
    needs_rules: bool,
    options: Arc<SiteOptions>,
    #[cfg(feature = "folder")]
    skipped: Vec<Skipped>,
    /// Replaced when a file is added.
    #[cfg(feature = "folder")]
    listings: Arc<ListingCache>,
}

pub(crate) const INDEX: &str = "index.html";

impl Site {
    /// Creates a site without files.
    pub fn new() -> Site {
        Site::with(SiteOptions::new())
    }

    fn with(options: SiteOptions) -> Site {
        Site {
            files: Memory::default(),
            lower: Vec::new(),
            needs_rules: options.rules.change_paths() || options.has_file_error_pages(),
            options: Arc::new(options),
            #[cfg(feature = "folder")]
            skipped: Vec::new(),
            #[cfg(feature = "folder")]
            listings: Arc::default(),
        }
    }

    /// Adds a file, or replaces the one with the same path. The path is decoded and begins at the root.
    ///
    /// # Panics
    /// Panics if no request can reach the path. [`try_file`](Site::try_file) returns an error instead.
    #[track_caller]
    pub fn file(mut self, path: &str, content: impl Into<Bytes>) -> Site {
        if let Err(error) = self.try_file(path, content) {
            panic!("{error}");
        }
        self
    }

    /// Like [`file`](Site::file), but with an explicit media type.
    ///
    /// # Panics
    /// Panics if no request can reach the path, or if the media type is not a valid header value.
    #[track_caller]
    pub fn file_as(mut self, path: &str, media_type: &str, content: impl Into<Bytes>) -> Site {
        if let Err(error) = self.insert(path, Some(media_type), content.into(), None) {
            panic!("{error}");
        }
        self
    }

    /// Like [`file`](Site::file), but for paths that are only known at run time.
    ///
    /// # Errors
    /// Returns an error if no request can reach the path. The site is unchanged in that case.
    pub fn try_file(&mut self, path: &str, content: impl Into<Bytes>) -> Result<(), SiteError> {
        self.insert(path, None, content.into(), None)
    }

    /// Like [`try_file`](Site::try_file), but with the time of the last modification, given as time since the Unix
    /// epoch. Responses carry `Last-Modified`, and requests may be conditional on it.
    ///
    /// # Errors
    /// Returns an error if no request can reach the path. The site is unchanged in that case.
    pub fn try_file_modified(
        &mut self,
        path: &str,
        content: impl Into<Bytes>,
        modified: Duration,
    ) -> Result<(), SiteError> {
        self.insert(path, None, content.into(), Some(modified))
    }

    /// Adds many files, usually from the program itself. Paths are given with or without a slash at their beginning.
    ///
    /// ```
    /// use bytegate::Site;
    ///
    /// let site = Site::new().files([
    ///     ("index.html", &include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/site/index.html"))[..]),
    ///     ("about.txt", &b"a site in a program"[..]),
    /// ]);
    /// assert!(site.has("/about.txt"));
    /// ```
    ///
    /// The crate `include_dir` embeds a whole folder:
    ///
    /// ```
    /// use bytegate::Site;
    /// use include_dir::{Dir, include_dir};
    ///
    /// static FOLDER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/site");
    ///
    /// fn files(folder: &'static Dir<'static>) -> Vec<(&'static str, &'static [u8])> {
    ///     let own = folder.files().filter_map(|file| Some((file.path().to_str()?, file.contents())));
    ///     own.chain(folder.dirs().flat_map(files)).collect()
    /// }
    ///
    /// let site = Site::new().files(files(&FOLDER));
    /// assert!(site.has("/") && site.has("/index.html"));
    /// ```
    ///
    /// # Panics
    /// Panics if no request can reach one of the paths.
    #[track_caller]
    pub fn files<'p, C: Into<Bytes>>(
        mut self,
        files: impl IntoIterator<Item = (&'p str, C)>,
    ) -> Site {
        for (path, content) in files {
            let path = ["/", path.strip_prefix('/').unwrap_or(path)].concat();
            if let Err(error) = self.try_file(&path, content) {
                panic!("{error}");
            }
        }
        self
    }

    /// Layers this site over another one: files missing from this site are looked up in the other one. The options of
    /// this site apply to directories, pages and paths, and each file keeps the headers of the site that it was added
    /// to.
    ///
    /// ```
    /// use bytegate::Site;
    ///
    /// let theme = Site::new().file("/style.css", "body {}").file("/logo.svg", "<svg/>");
    /// let site = Site::new().file("/style.css", "body { color: navy }").over(theme);
    /// assert!(site.has("/logo.svg"));
    /// ```
    pub fn over(mut self, lower: Site) -> Site {
        if self.lower.is_empty() {
            self.files.merge(lower.files, &self.options)
        } else {
            self.lower.push(Layer::Memory(lower.files))
        }
        self.lower.extend(lower.lower);
        #[cfg(feature = "folder")]
        {
            self.skipped.extend(lower.skipped);
            self.listings = Arc::default();
        }
        self
    }

    /// Returns whether this site responds to GET for a decoded path with anything but a 404: with a file, a directory
    /// listing, or a redirect. The page of a [single-page application](SiteOptions::single_page) does not count.
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

    /// Like [`has`](Site::has), but for any method. Redirects and lists are only for GET and HEAD: other methods may be
    /// meant for an application at the same path.
    pub(crate) fn answers(&self, method: &Method, path: &[u8]) -> bool {
        let path = core::str::from_utf8(path).ok();
        let Some(path) = path.and_then(spelling::compose) else {
            return false;
        };
        let is_read = matches!(method, Method::Get | Method::Head);
        if is_read && self.options.rules.redirects(&path) {
            return true;
        }
        match self.place(&path, Now::default()).1 {
            Some(Place::File(_)) => true,
            Some(Place::Directory | Place::Listing) => is_read,
            None => false,
        }
    }

    /// Returns the paths of all files in memory, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let lower = self.lower.iter().filter_map(Layer::memory);
        let all = core::iter::once(&self.files).chain(lower);
        let mut paths: Vec<&str> = all.flat_map(Memory::paths).collect();
        paths.sort_unstable();
        paths.dedup();
        paths.into_iter()
    }

    fn insert(
        &mut self,
        path: &str,
        media_type: Option<&str>,
        content: Bytes,
        modified: Option<Duration>,
    ) -> Result<(), SiteError> {
        // Paths in code may come from file names, which macOS decomposes.
        #[cfg(feature = "folder")]
        {
            self.listings = Arc::default();
        }
        let composed = spelling::compose(path).filter(|path| is_servable(path));
        let is_added = composed.is_some_and(|path| {
            let added = Addition {
                path: &path,
                media_type,
                content,
                modified,
            };
            self.files.insert(&added, &self.options)
        });
        if is_added {
            Ok(())
        } else {
            Err(Reason::Path(path.to_string()).into())
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

    /// Discards the body, because a site never uses it.
    fn admit(&self, request: &Request<'_>) -> Admission {
        Admission::discard(&request.head(), self.call(request))
    }

    /// Counts the files in memory. A site may have many.
    fn routes(&self) -> String {
        let count = self.paths().count();
        let plural = if count == 1 { "" } else { "s" };
        let files = alloc::format!("{:<8} {count} file{plural}\n", "files");
        let folder = alloc::format!("{:<8} as it is at each request\n", "folder");
        let folders = self.lower.iter().filter(|layer| layer.is_live()).count();
        match (count, folders) {
            (_, 0) => files,
            (0, _) => folder.repeat(folders),
            _ => [files, folder.repeat(folders)].concat(),
        }
    }
}

impl Default for Site {
    fn default() -> Site {
        Site::new()
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
                error.to_string().contains("no request can reach"),
                "{path:?}"
            );
        }
        for path in ["/a", "/a b", "/%41", "/\u{e4}", "/...", "/c:d"] {
            assert_eq!(Site::new().try_file(path, ""), Ok(()), "{path:?}");
        }
    }
}
