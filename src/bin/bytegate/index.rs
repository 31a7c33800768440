//! A folder without an index page: whether its files are listed, and the page that says how to list them.

use crate::Failure;
use crate::options::Options;
use bytegate::middleware::RequestInfo;
use bytegate::response::Escaped;
use bytegate::{Middleware, Response, Status};
use std::fs;

/// Whether the files of a folder without an index page are listed.
#[derive(Clone, Copy)]
pub(crate) struct Listing {
    pub(crate) is_shown: bool,
    reason: Reason,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The user said so.
    Option,
    /// Paths without a file belong to an application in the browser.
    SinglePage,
    /// Only this machine can connect, or others can.
    Reach,
}

impl Listing {
    pub(crate) fn of(options: &Options) -> Listing {
        let (is_shown, reason) = match options.listing {
            Some(is_shown) => (is_shown, Reason::Option),
            None if options.has_single_page() => (false, Reason::SinglePage),
            None => (options.is_private(), Reason::Reach),
        };
        Listing { is_shown, reason }
    }

    /// Returns the line about a folder that has no index page when the program starts, and the middleware that explains
    /// it to others.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be read.
    pub(crate) fn explain(
        self,
        options: &Options,
    ) -> Result<(Option<String>, Option<NoIndex>), Failure> {
        let names = options.index_names();
        let missing = match self.missing(options, &names)? {
            Some(missing) => missing,
            None => return Ok((None, None)),
        };
        let (consequence, page) = match (self.reason, self.is_shown) {
            (Reason::SinglePage, _) | (Reason::Option, true) => return Ok((None, None)),
            (Reason::Option, false) => ("/ is not found, because listings are turned off", None),
            (Reason::Reach, true) => (
                "/ lists the files, for this machine only (--no-listing turns that off)",
                None,
            ),
            (Reason::Reach, false) => (
                "/ is not found; --listing shows the files to all who can connect",
                Some(NoIndex::new(options, &names)),
            ),
        };
        Ok((Some(format!("{missing}: {consequence}")), page))
    }

    /// Names the missing index page, unless the folder has an index page.
    fn missing(self, options: &Options, names: &str) -> Result<Option<String>, Failure> {
        let Some(folder) = options.folder.as_ref().filter(|folder| !folder.is_file()) else {
            return Ok(None);
        };
        let site = options.site.clone().listing(false).open(folder)?;
        if site.contains("/") {
            return Ok(None);
        }
        let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
        Ok(Some(if is_empty {
            "the folder is empty".to_string()
        } else {
            format!("no {names}")
        }))
    }
}

/// Middleware that makes the plain 404 page of a folder's root a page that helps.
#[derive(Debug)]
pub(crate) struct NoIndex {
    /// The path of the root.
    root: String,
    page: String,
}

const STYLE: &str = include_str!("no_index.css");
/// The body of a 404 without a page.
const PLAIN: &[u8] = b"404 Not Found\n";

impl NoIndex {
    fn new(options: &Options, names: &str) -> NoIndex {
        let names = Escaped(names);
        NoIndex {
            root: format!("{}/", options.base),
            page: format!(
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
                 <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
                 <title>No index page</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
                 <p class=\"status\">404 Not Found</p>\n<h1>This folder has no index page</h1>\n\
                 <p>Its files are served, but they are not listed. If you know the path of a file, add it to the \
                 address.</p>\n\
                 <p>Is this your folder? Add <code>{names}</code> to it, or start <code>bytegate</code> with \
                 <code>--listing</code> to show its files to all who can connect.</p>\n\
                 </main>\n</body>\n</html>\n"
            ),
        }
    }
}

impl Middleware for NoIndex {
    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        let target = request.line.split(|octet| *octet == b' ').nth(1);
        let path = target.and_then(|target| target.split(|octet| *octet == b'?').next());
        let is_meant = response.status() == Status::NOT_FOUND
            && path == Some(self.root.as_bytes())
            && response.body().as_bytes() == Some(PLAIN);
        if is_meant {
            Response::html(self.page.clone())
                .with_status(Status::NOT_FOUND)
                .with_header(
                    "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
                )
                .with_header("X-Content-Type-Options", "nosniff")
        } else {
            response
        }
    }
}
