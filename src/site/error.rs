//! Errors in the options and paths of a site.

use super::rules::RuleError;
use crate::values::status::Status;
use alloc::string::String;
use core::fmt;

/// The error for a path that no request can reach, or for an invalid option of a site.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteError {
    pub(super) reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Path(String),
    Page(String),
    ErrorPage(Status),
    IndexName(String),
    Suffix(String),
    MediaType(String),
    Rule(RuleError),
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
                "{media_type:?} is not a media type such as text/html, or cannot be sent in a field"
            ),
            Reason::Rule(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SiteError {}
