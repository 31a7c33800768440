//! Errors in the options, paths and folders of a site.

#[cfg(feature = "folder")]
use super::folder::error::FolderError;
use super::rules::RuleError;
use crate::values::status::Status;
use alloc::string::String;
use core::fmt;

/// The error of a site that cannot be made: no request can reach a path, an option is invalid, or a folder or a file
/// cannot be read. It names the path and the reason. An I/O error is its [source](core::error::Error::source).
///
/// ```
/// use bytegate::Site;
/// use bytegate::site::SiteOptions;
///
/// let error = Site::new().try_file("/../secret", "").unwrap_err();
/// assert!(error.to_string().starts_with("no request can reach the file \"/../secret\""));
///
/// let error = SiteOptions::new().cache_control("", "no-store").build().unwrap_err();
/// assert!(error.to_string().contains("pattern"));
/// ```
#[derive(Clone, Debug)]
pub struct SiteError {
    pub(super) reason: Reason,
}

#[derive(Clone, Debug)]
pub(super) enum Reason {
    Path(String),
    Header(String),
    Page(String),
    ErrorPage(Status),
    IndexName(String),
    Suffix(String),
    MediaType(String),
    Rule(RuleError),
    #[cfg(feature = "folder")]
    Folder(FolderError),
}

impl SiteError {
    /// Returns the path of the folder or file that cannot be read, or that no request can reach (feature `folder`).
    /// `None` if the error is about an option without a path.
    ///
    /// ```
    /// let error = bytegate::Site::load("no/such/folder").unwrap_err();
    /// assert_eq!(error.path(), Some("no/such/folder".as_ref()));
    /// assert!(error.to_string().starts_with("cannot read \"no/such/folder\": "));
    /// ```
    #[cfg(feature = "folder")]
    #[must_use]
    pub fn path(&self) -> Option<&std::path::Path> {
        match &self.reason {
            Reason::Path(path) | Reason::Header(path) | Reason::Page(path) => Some(path.as_ref()),
            Reason::Folder(error) => Some(error.path()),
            _ => None,
        }
    }
}

#[cfg(feature = "folder")]
impl From<FolderError> for SiteError {
    fn from(error: FolderError) -> SiteError {
        Reason::Folder(error).into()
    }
}

impl From<Reason> for SiteError {
    fn from(reason: Reason) -> SiteError {
        SiteError { reason }
    }
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PATHS: &str = "a path begins with / and has no empty, '.' or '..' segment, no backslash and no control \
                             character";
        match &self.reason {
            Reason::Path(path) => write!(f, "no request can reach the file {path:?}: {PATHS}"),
            Reason::Page(path) => write!(f, "{path:?} is not a valid path for a page: {PATHS}"),
            Reason::ErrorPage(status) => write!(
                f,
                "a site never responds with {status}: it has pages for 404, 405, 412, 416, 501 and 503"
            ),
            Reason::IndexName(name) => write!(
                f,
                "no index can have the name {name:?}: it is the name of a file, without a path, such as index.html"
            ),
            Reason::Suffix(suffix) => write!(
                f,
                "{suffix:?} is not the suffix of a file name: it is given without a dot, such as html"
            ),
            Reason::MediaType(media_type) => write!(
                f,
                "{media_type:?} is not a media type such as text/html, or cannot be sent in a header"
            ),
            Reason::Rule(error) => error.fmt(f),
            Reason::Header(path) => write!(
                f,
                "the media type, Cache-Control or file name of {path:?} cannot be sent in a header"
            ),
            #[cfg(feature = "folder")]
            Reason::Folder(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SiteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.reason {
            #[cfg(feature = "folder")]
            Reason::Folder(error) => error.source(),
            _ => None,
        }
    }
}
