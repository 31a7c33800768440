//! A site: its files, its options, and the ways to create it.

use super::error::{Reason, SiteError};
#[cfg(feature = "folder")]
use super::folder::error::Skipped;
#[cfg(feature = "folder")]
use super::folder::shared_listing::Listings;
use super::layer::Layer;
use super::memory::Memory;
use super::named_file::NamedFile;
use super::options::SiteOptions;
use super::paths::is_servable;
use super::spelling;
use crate::values::sync::Arc;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

/// A static site. Its files are in memory or in a folder, and are looked up by their exact path.
///
/// A site can be created in several ways, which can be combined:
///
/// - in code, with [`file`](Site::file);
/// - from files that are part of the program, with [`files`](Site::files), `include_bytes!` or the crate `include_dir`;
/// - from a folder that is read once, with `Site::load` (feature `folder`). No request can reach files outside of it,
///   because the file system is not accessed afterwards;
/// - from a live folder, with `Site::open` (feature `folder`). Changes are picked up within ten milliseconds.
///
/// [`SiteOptions`] change these defaults:
///
/// - `/` and `/docs/` return `/index.html` and `/docs/index.html`. `/docs` redirects to `/docs/` (301).
/// - The suffix determines the media type. Text is UTF-8. `X-Content-Type-Options: nosniff` prevents clients from
///   guessing another type.
/// - GET and HEAD are supported. OPTIONS gets `Allow`, POST, PUT, PATCH and DELETE get a 405 with `Allow`, and other
///   methods get a 501.
/// - Responses carry a strong `ETag`, and `Last-Modified` if that time is known. Preconditions (RFC 9110 section 13) and
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
///     .file("/style.css", "h1 { color: teal }");
/// assert_eq!(site.paths().count(), 3);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Site {
    pub(super) files: Memory,
    /// Other places to look, in this order.
    pub(super) lower: Vec<Layer>,
    /// Whether the site has rules for paths, or pages for errors about files, so that the response is not always the
    /// file at the path.
    pub(super) needs_rules: bool,
    pub(super) options: Arc<SiteOptions>,
    #[cfg(feature = "folder")]
    pub(super) skipped: Vec<Skipped>,
    /// Replaced when a file is added.
    #[cfg(feature = "folder")]
    pub(super) listings: Arc<Listings>,
}

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
    /// The file is text or bytes, whose media type depends on the path, or a [`NamedFile`] with more properties:
    ///
    /// ```
    /// use bytegate::Site;
    /// use bytegate::site::NamedFile;
    /// use std::time::Duration;
    ///
    /// let data = NamedFile::from("{}").media_type("application/json").modified(Duration::from_secs(784_111_777));
    /// let site = Site::new()
    ///     .file("/index.html", "<h1>hi</h1>")
    ///     .file("/data", data)
    ///     .file("/report", NamedFile::new("report.csv", "apple,1\n").attachment("Report 2026.csv"));
    ///
    /// let client = bytegate::testing::Client::new(site);
    /// let response = client.get("/data").send();
    /// assert_eq!(response.header("Content-Type"), Some("application/json"));
    /// assert_eq!(response.header("Last-Modified"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    /// ```
    ///
    /// A file on disk (`NamedFile::open`) is read into memory.
    ///
    /// # Panics
    /// Panics if no request can reach the path, if the file cannot be read, or if a header of the file cannot have its
    /// value. [`try_file`](Site::try_file) returns an error instead.
    #[track_caller]
    pub fn file(mut self, path: &str, file: impl Into<NamedFile>) -> Site {
        if let Err(error) = self.try_file(path, file) {
            panic!("{error}");
        }
        self
    }

    /// Like [`file`](Site::file), but for paths that are only known at run time.
    ///
    /// # Errors
    /// Returns an error if no request can reach the path, if the file cannot be read, or if a header of the file cannot
    /// have its value. The site is unchanged in that case.
    pub fn try_file(&mut self, path: &str, file: impl Into<NamedFile>) -> Result<(), SiteError> {
        self.insert(path, file.into())
    }

    /// Adds many files, usually files that are embedded in the program. Paths may begin with a slash or not.
    ///
    /// ```
    /// use bytegate::Site;
    ///
    /// let site = Site::new().files([
    ///     ("index.html", &include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/site/index.html"))[..]),
    ///     ("about.txt", &b"a site in a program"[..]),
    /// ]);
    /// assert!(site.contains("/about.txt"));
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
    /// assert!(site.contains("/") && site.contains("/index.html"));
    /// ```
    ///
    /// # Panics
    /// Panics for the same reasons as [`file`](Site::file).
    #[track_caller]
    pub fn files<'p, F: Into<NamedFile>>(
        mut self,
        files: impl IntoIterator<Item = (&'p str, F)>,
    ) -> Site {
        for (path, file) in files {
            let path = ["/", path.strip_prefix('/').unwrap_or(path)].concat();
            if let Err(error) = self.try_file(&path, file) {
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
    /// assert!(site.contains("/logo.svg"));
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

    /// Returns the paths of all files in memory, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let lower = self.lower.iter().filter_map(Layer::memory);
        let all = core::iter::once(&self.files).chain(lower);
        let mut paths: Vec<&str> = all.flat_map(Memory::paths).collect();
        paths.sort_unstable();
        paths.dedup();
        paths.into_iter()
    }

    fn insert(&mut self, path: &str, file: NamedFile) -> Result<(), SiteError> {
        // Paths in code may come from file names, which macOS decomposes.
        let composed = spelling::compose(path).filter(|path| is_servable(path));
        let composed = composed.ok_or_else(|| Reason::Path(path.to_string()))?;
        if !self
            .files
            .insert(&file.into_addition(&composed)?, &self.options)
        {
            return Err(Reason::Header(path.to_string()).into());
        }
        #[cfg(feature = "folder")]
        {
            self.listings = Arc::default();
        }
        Ok(())
    }
}

impl SiteOptions {
    /// Creates a site without files.
    ///
    /// # Errors
    /// Returns the first error in the options.
    pub fn build(self) -> Result<Site, SiteError> {
        self.checked().map(Site::with)
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
            assert!(Site::new().try_file(path, "").is_ok(), "{path:?}");
        }
    }
}
