//! Options for building and serving a site.

use super::error::{Reason, SiteError};
use super::paths::{INDEX, is_servable};
use super::rules::{RuleError, Rules};
use crate::headers::header_map::HeaderMap;
use crate::values::media_type;
use crate::values::status::Status;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Which files and folders whose names begin with a dot are served from a folder. The others are treated as if they
/// did not exist.
///
/// A link within the folder is judged by its own name and by the path of its final target: neither `env.txt`, a link to
/// `.env`, nor `repo`, a link to `.git`, is served unless its target is. Targets outside the folder are only subject to
/// [`Symlinks`].
///
/// ```
/// # #[cfg(feature = "folder")] {
/// use bytegate::site::{Dotfiles, SiteOptions};
/// # use std::fs;
/// # let folder = std::env::temp_dir().join(format!("bytegate-dotfiles-{}", std::process::id()));
/// # fs::create_dir_all(folder.join(".well-known"))?;
/// # fs::write(folder.join(".well-known/security.txt"), "Contact: mailto:security@example.org\n")?;
/// # fs::write(folder.join(".env"), "PASSWORD=secret\n")?;
///
/// // The folder contains `.env` and `.well-known/security.txt`.
/// let site = SiteOptions::new().load(&folder)?;
/// assert!(site.contains("/.well-known/security.txt") && !site.contains("/.env"));
///
/// let site = SiteOptions::new().dotfiles(Dotfiles::Refuse).load(&folder)?;
/// assert!(!site.contains("/.well-known/security.txt"));
/// # fs::remove_dir_all(folder)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dotfiles {
    /// None.
    Refuse,
    /// Only `.well-known`, which has a meaning on the web (RFC 8615). This is the default.
    #[default]
    WellKnown,
    /// All of them, including `.git` and `.env`.
    Serve,
}

/// Which symbolic links are followed in a folder. The others are treated as if they did not exist.
///
/// ```
/// # #[cfg(all(feature = "folder", unix))] {
/// use bytegate::site::{SiteOptions, Symlinks};
/// # use std::{fs, os::unix::fs::symlink};
/// # let temporary = std::env::temp_dir().join(format!("bytegate-symlinks-{}", std::process::id()));
/// # let folder = temporary.join("site");
/// # fs::create_dir_all(&folder)?;
/// # fs::write(temporary.join("report.txt"), "all is well\n")?;
/// # symlink("../report.txt", folder.join("report.txt"))?;
///
/// // The folder contains `report.txt`, a link to a file outside of the folder.
/// let site = SiteOptions::new().load(&folder)?;
/// assert!(!site.contains("/report.txt"));
///
/// let site = SiteOptions::new().symlinks(Symlinks::Follow).load(&folder)?;
/// assert!(site.contains("/report.txt"));
/// # fs::remove_dir_all(temporary)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Symlinks {
    /// None.
    Refuse,
    /// Links to anything within the folder that is [not hidden](Dotfiles). This is the default.
    #[default]
    WithinRoot,
    /// All of them, except for links within the folder that lead to [hidden](Dotfiles) names. Anyone who can create a
    /// link in the folder can then publish any file outside of it that the program can read.
    Follow,
}

/// How files whose names end in `.br`, `.zst` or `.gz` are served when they are requested by that name.
///
/// ```
/// use bytegate::testing::Client;
/// use bytegate::site::{EncodedNames, SiteOptions};
///
/// let site = SiteOptions::new()
///     .encoded_names(EncodedNames::AsContent)
///     .build()?
///     .file("/game.wasm.gz", &b"\x1f\x8b"[..]);
/// let response = Client::new(site).get("/game.wasm.gz").send();
/// assert_eq!(response.header("Content-Type"), Some("application/wasm"));
/// assert_eq!(response.header("Content-Encoding"), Some("gzip"));
/// # Ok::<(), bytegate::site::SiteError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EncodedNames {
    /// As compressed files, to be saved unchanged: `data.csv.gz` has the type `application/gzip`. This is the default.
    #[default]
    AsFiles,
    /// As the file they contain, with `Content-Encoding`: `game.wasm.gz` has the type `application/wasm`. Games
    /// exported for the web need this. Clients that cannot decode the coding get the same response.
    AsContent,
}

/// Options for building and serving a site. Every option has a default that suits a plain folder of files.
///
/// Patterns select files by path. `*` stands for any characters but `/`, and `**` for any characters. A pattern that does
/// not begin with `/` matches in every folder, so `*.pdf` selects all PDF files.
///
/// ```
/// use bytegate::{Gateway, Status};
/// use bytegate::site::SiteOptions;
///
/// let site = SiteOptions::new()
///     .cache_control("/assets/**", "public, max-age=31536000, immutable")
///     .redirect("/blog/*", "/posts/$1", Status::MOVED_PERMANENTLY)
///     .single_page("/index.html")
///     .build()?
///     .file("/index.html", "<h1>hi</h1>")
///     .file("/assets/app-1f3d.js", "run()");
///
/// let gateway = Gateway::new(site);
/// let response = gateway.handle(b"GET /blog/hello HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(String::from_utf8_lossy(&response).contains("\r\nLocation: /posts/hello\r\n"));
/// let response = gateway.handle(b"GET /any/page HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n") && response.ends_with(b"<h1>hi</h1>"));
/// # Ok::<(), bytegate::site::SiteError>(())
/// ```
///
/// # Errors
/// The methods that set options never fail. The first invalid pattern, path, name or value is reported when the site is
/// built.
#[derive(Clone, Debug)]
#[must_use = "options have no effect until a site is built from them"]
pub struct SiteOptions {
    pub(super) index: Vec<String>,
    pub(super) listing: bool,
    pub(super) pretty_urls: bool,
    pub(super) single_page: Option<String>,
    pub(super) error_pages: Vec<(Status, String)>,
    pub(super) dotfiles: Dotfiles,
    pub(super) symlinks: Symlinks,
    pub(super) encoded_names: EncodedNames,
    pub(super) precompressed: bool,
    #[cfg(feature = "compression")]
    pub(super) compressed: bool,
    pub(super) charset: bool,
    #[cfg(feature = "folder")]
    pub(super) cache_bytes: u64,
    pub(super) rules: Rules,
    media_types: Vec<(String, String)>,
    error: Option<SiteError>,
}

/// The statuses of responses to paths without a file, and to unsupported methods.
const SITE_ERRORS: [Status; 3] = [
    Status::NOT_FOUND,
    Status::METHOD_NOT_ALLOWED,
    Status::NOT_IMPLEMENTED,
];
/// The statuses of errors about a file.
const FILE_ERRORS: [Status; 3] = [
    Status::PRECONDITION_FAILED,
    Status::RANGE_NOT_SATISFIABLE,
    Status::SERVICE_UNAVAILABLE,
];

impl SiteOptions {
    /// Creates the default options.
    pub fn new() -> SiteOptions {
        SiteOptions {
            index: Vec::from([INDEX.to_string()]),
            listing: false,
            pretty_urls: false,
            single_page: None,
            error_pages: Vec::from([(Status::NOT_FOUND, "/404.html".to_string())]),
            dotfiles: Dotfiles::default(),
            symlinks: Symlinks::default(),
            encoded_names: EncodedNames::default(),
            precompressed: false,
            #[cfg(feature = "compression")]
            compressed: false,
            charset: true,
            #[cfg(feature = "folder")]
            cache_bytes: 64 * 1024 * 1024,
            rules: Rules::default(),
            media_types: Vec::new(),
            error: None,
        }
    }

    /// Sets the names of the files that are served for a directory, in order of preference. The default is
    /// `index.html`. Without a name, directories have no index.
    pub fn index<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> SiteOptions {
        self.index = names.into_iter().map(Into::into).collect();
        let is_name = |name: &String| !name.contains('/') && is_servable(&["/", name].concat());
        match self.index.iter().find(|name| !is_name(name)).cloned() {
            Some(name) => self.fail(Reason::IndexName(name)),
            None => self,
        }
    }

    /// Sets whether directories without an index are shown as a list of their files. The default is `false`: they get a
    /// 404. The list has at most 20,000 entries, and for a large directory it may be up to a second old.
    pub fn listing(mut self, enabled: bool) -> SiteOptions {
        self.listing = enabled;
        self
    }

    /// Sets whether `/about` serves the file `/about.html`, if no file `/about` exists. The default is `false`. Such a
    /// page takes precedence over a directory of the same name. `/about.html` is still served, and `/about/` redirects to
    /// `/about`, unless it is a directory with an index.
    ///
    /// ```
    /// use bytegate::site::SiteOptions;
    ///
    /// let site = SiteOptions::new().pretty_urls(true).build()?.file("/about.html", "<h1>about</h1>");
    /// assert!(site.contains("/about") && site.contains("/about.html") && site.contains("/about/"));
    /// # Ok::<(), bytegate::site::SiteError>(())
    /// ```
    pub fn pretty_urls(mut self, enabled: bool) -> SiteOptions {
        self.pretty_urls = enabled;
        self
    }

    /// Sets the page that is sent with 200 for paths that do not exist, so that an application in the browser can
    /// interpret them. A browser that opens a page gets it for any path: its `Sec-Fetch-Mode` is `navigate`, or its `Accept`
    /// names `text/html`. Requests for scripts, images and data get a 404. If a client sends neither header, as curl does, a
    /// path with the suffix of a file other than HTML gets a 404, such as `/missing.css`. Methods other than GET and HEAD get
    /// a 404. For a page that is sent with 404, see [`error_page`](SiteOptions::error_page).
    pub fn single_page(mut self, path: &str) -> SiteOptions {
        self.single_page = Some(path.to_string());
        self.page(path)
    }

    /// Sets the page for a status with which the site itself responds: 404, 405, 412, 416, 501 or 503. The default is
    /// `/404.html` for 404, if such a file exists. [`ErrorPages`](crate::middleware::ErrorPages) sets the pages of all
    /// other responses.
    pub fn error_page(mut self, status: Status, path: &str) -> SiteOptions {
        if !SITE_ERRORS.contains(&status) && !FILE_ERRORS.contains(&status) {
            return self.fail(Reason::ErrorPage(status));
        }
        self.error_pages.retain(|(other, _)| *other != status);
        self.error_pages.push((status, path.to_string()));
        self.page(path)
    }

    /// Sets which names that begin with a dot are served from a folder.
    pub fn dotfiles(mut self, policy: Dotfiles) -> SiteOptions {
        self.dotfiles = policy;
        self
    }

    /// Sets which symbolic links are followed in a folder.
    pub fn symlinks(mut self, policy: Symlinks) -> SiteOptions {
        self.symlinks = policy;
        self
    }

    /// Sets the media type for a suffix, given without its dot. The case of suffixes is ignored.
    ///
    /// ```
    /// use bytegate::Gateway;
    /// use bytegate::site::SiteOptions;
    ///
    /// let site = SiteOptions::new().media_type("glsl", "text/x-glsl").build()?.file("/a.glsl", "void main() {}");
    /// let response = Gateway::new(site).handle(b"GET /a.glsl HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(String::from_utf8_lossy(&response).contains("\r\nContent-Type: text/x-glsl\r\n"));
    /// # Ok::<(), bytegate::site::SiteError>(())
    /// ```
    pub fn media_type(mut self, suffix: &str, media_type: &str) -> SiteOptions {
        if suffix.is_empty() || suffix.contains(['.', '/']) {
            return self.fail(Reason::Suffix(suffix.to_string()));
        }
        if !media_type.contains('/') || HeaderMap::new().append("Content-Type", media_type).is_err()
        {
            return self.fail(Reason::MediaType(media_type.to_string()));
        }
        let entry = (suffix.to_ascii_lowercase(), media_type.to_string());
        self.media_types.push(entry);
        self
    }

    /// Sets whether text is declared to be UTF-8. The default is `true`. With `false`, the media types that the site
    /// determines have no charset, so that old pages can declare theirs in a `<meta>` element.
    pub fn charset(mut self, enabled: bool) -> SiteOptions {
        self.charset = enabled;
        self
    }

    /// Sets a header in the responses for matching files. It replaces a header of the same name from an earlier rule or
    /// from the site; a value for `Vary` is added. `ETag`, `Last-Modified`, `Accept-Ranges` and `Content-Range` cannot
    /// be set. Errors never have the `Cache-Control` and `Expires` of a file.
    pub fn header(mut self, pattern: &str, name: &str, value: &str) -> SiteOptions {
        let added = self.rules.header(pattern, name, value);
        self.with_rule(added)
    }

    /// Sets `Cache-Control` for matching files (RFC 9111 section 5.2). The default is `no-cache` for an open folder
    /// (`Site::open`), and none for files in memory.
    pub fn cache_control(self, pattern: &str, value: &str) -> SiteOptions {
        self.header(pattern, "Cache-Control", value)
    }

    /// Makes browsers save matching files under their names, instead of showing them (RFC 6266).
    pub fn download(mut self, pattern: &str) -> SiteOptions {
        let added = self.rules.download(pattern);
        self.with_rule(added)
    }

    /// Redirects GET and HEAD for matching paths, even if a file exists. `$1` to `$9` in the target stand for the
    /// captures of the pattern's stars. The query of the request is kept, unless the target has one. The first rule
    /// that matches applies. Rules that redirect endlessly, such as from `/a/*` to `/a/$1`, are an error.
    ///
    /// A target is a path of this server or an absolute URI. Client input can never turn a path into another host.
    pub fn redirect(mut self, pattern: &str, target: &str, status: Status) -> SiteOptions {
        let added = self.rules.redirect(pattern, target, status);
        self.with_rule(added)
    }

    /// Serves the file at another path, or the index of a directory, for matching paths. `$1` to `$9` in the target
    /// stand for the captures of the pattern's stars. The first rule that matches applies, and its target is not
    /// rewritten again.
    pub fn rewrite(mut self, pattern: &str, target: &str) -> SiteOptions {
        let added = self.rules.rewrite(pattern, target);
        self.with_rule(added)
    }

    /// Sets whether a file such as `style.css.br`, `style.css.zst` or `style.css.gz` is sent in place of `style.css` to
    /// clients that accept its coding (RFC 9110 section 12.5.3). The default is `false`. The site does not check that
    /// both files contain the same data. If only the compressed file exists, clients that accept its coding get it with the
    /// headers of `style.css`, and others get a 404.
    pub fn precompressed(mut self, enabled: bool) -> SiteOptions {
        self.precompressed = enabled;
        self
    }

    /// Compresses text files with gzip, for clients that accept it (feature `compression`). Files that do not become
    /// smaller stay as they are.
    ///
    /// Files in memory are compressed when they are added. In an [open](crate::Site::open) folder, files from 1 KiB to 4 MiB are
    /// compressed when they are first requested and after each change, which takes up to about 100 milliseconds. The
    /// compressed form is kept in memory beside the file, and has its own `ETag` and ranges.
    #[cfg(feature = "compression")]
    pub fn compress(mut self) -> SiteOptions {
        self.compressed = true;
        self
    }

    /// Sets how files with a name such as `game.wasm.gz` are served when they are requested by that name.
    pub fn encoded_names(mut self, policy: EncodedNames) -> SiteOptions {
        self.encoded_names = policy;
        self
    }

    /// Sets how many bytes of files an [open](crate::Site::open) folder keeps in memory. The default is 64 MiB. A file that is
    /// larger than half of this is read for each request.
    #[cfg(feature = "folder")]
    pub fn cache_bytes(mut self, bytes: u64) -> SiteOptions {
        self.cache_bytes = bytes;
        self
    }

    /// Returns the options, or the first error in them.
    pub(super) fn checked(self) -> Result<SiteOptions, SiteError> {
        let looping = self.rules.check().map_err(Reason::Rule);
        match (&self.error, looping) {
            (Some(error), _) => Err(error.clone()),
            (None, looping) => {
                looping?;
                Ok(self)
            }
        }
    }

    /// Returns whether errors about files have pages.
    pub(super) fn has_file_error_pages(&self) -> bool {
        let mut pages = self.error_pages.iter();
        pages.any(|(status, _)| FILE_ERRORS.contains(status))
    }

    /// Returns the media type of a path.
    pub(super) fn media_type_of<'a>(&'a self, path: &str) -> Cow<'a, str> {
        let suffix = path
            .rsplit('/')
            .next()
            .and_then(|name| name.rsplit_once('.'));
        let own = suffix.and_then(|(_, suffix)| {
            let mut types = self.media_types.iter().rev();
            types.find(|(own, _)| own.eq_ignore_ascii_case(suffix))
        });
        match own {
            Some((_, media_type)) => media_type.into(),
            None if self.charset => media_type::of(path).into(),
            None => media_type::without_charset(media_type::of(path)).into(),
        }
    }

    fn with_rule(self, rule: Result<(), RuleError>) -> SiteOptions {
        match rule {
            Ok(()) => self,
            Err(error) => self.fail(Reason::Rule(error)),
        }
    }

    /// Checks the path of a page.
    fn page(self, path: &str) -> SiteOptions {
        if is_servable(path) {
            self
        } else {
            self.fail(Reason::Page(path.to_string()))
        }
    }

    fn fail(mut self, reason: Reason) -> SiteOptions {
        self.error.get_or_insert(SiteError { reason });
        self
    }
}

impl Default for SiteOptions {
    fn default() -> SiteOptions {
        SiteOptions::new()
    }
}
