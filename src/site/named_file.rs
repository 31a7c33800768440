//! A file as the response of an application, or of a site.

use super::error::SiteError;
use super::file::{FileContent, Representation};
#[cfg(feature = "folder")]
use super::folder::error::FolderError;
use super::memory::Addition;
use super::options::SiteOptions;
#[cfg(feature = "folder")]
use crate::files::open_file::open_regular;
#[cfg(feature = "folder")]
use crate::files::stored_file::StoredFile;
use crate::request::request::Request;
use crate::response::response::Response;
use crate::syntax::content_disposition;
use crate::values::method::Method;
use crate::values::status::Status;
#[cfg(feature = "folder")]
use crate::values::sync::Arc;
use alloc::string::String;
use bytes::Bytes;
use core::time::Duration;
#[cfg(feature = "folder")]
use std::{io, path::Path, prelude::rust_2024::*};

/// A file sent by an application, as a [`Site`](crate::Site) sends it: with a media type, `ETag` and `Last-Modified`,
/// 304 for clients whose copy is current, and ranges, so that downloads can be resumed.
///
/// The suffix of the name determines the media type. `Cache-Control: no-cache` makes clients check their copies before
/// each use. A file on disk is read while it is sent, and never held in memory as a whole.
///
/// [`Site::file`](crate::Site::file) adds such a file to a site. There, bytes and text are a file too: its path
/// determines the media type.
///
/// ```
/// use bytegate::{Gateway, Request, Response, Router};
/// use bytegate::site::NamedFile;
///
/// fn report(request: &Request) -> Response {
///     NamedFile::new("report.csv", "apple,1\n")
///         .attachment("Report 2026.csv")
///         .cache_control("private, max-age=60")
///         .respond(request)
/// }
///
/// let gateway = Gateway::new(Router::new().get("/report", report));
/// let response = gateway.handle(b"GET /report HTTP/1.1\r\nHost: x\r\nRange: bytes=0-4\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 206 Partial Content\r\n"));
/// assert!(response.ends_with(b"\r\n\r\napple"));
/// ```
#[derive(Debug)]
#[doc(alias = "send_file")]
#[must_use]
pub struct NamedFile {
    name: String,
    content: FileContent,
    media_type: Option<String>,
    modified: Option<Duration>,
    cache_control: Option<String>,
    attachment: Option<String>,
}

impl<C: Into<Bytes>> From<C> for NamedFile {
    /// Creates a file without a name.
    fn from(content: C) -> NamedFile {
        NamedFile::new("", content)
    }
}

impl NamedFile {
    /// Creates a file from bytes in memory. Its `ETag` is a hash, which is computed for each response. Only the suffix
    /// of the name is used, and only for the media type.
    pub fn new(name: &str, content: impl Into<Bytes>) -> NamedFile {
        NamedFile::of(name, FileContent::Memory(content.into()))
    }

    /// Opens a file on disk (feature `folder`). Its `ETag` is made from its size, modification time and number (inode).
    /// A file that was changed within the last 12 milliseconds has neither `ETag` nor `Last-Modified`, because another
    /// change could have the same.
    ///
    /// A file that grows while it is sent, such as a log, is sent with the length it had when it was opened. After any
    /// other change, the connection is cut off, so that the client sees that the body is incomplete. A program that
    /// replaces files instead of writing into them avoids that.
    ///
    /// Never build the path from client input: `..` or an absolute path would lead out of any folder.
    /// [`Site::open`](crate::Site::open) serves a folder safely.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Response, Status};
    /// use bytegate::site::NamedFile;
    ///
    /// fn page(request: &Request) -> Result<Response, Status> {
    ///     let file = NamedFile::open("fixtures/site/index.html").map_err(|_| Status::NOT_FOUND)?;
    ///     Ok(file.respond(request))
    /// }
    ///
    /// let response = Gateway::new(page).handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(String::from_utf8_lossy(&response).contains("\r\nContent-Type: text/html; charset=utf-8\r\n"));
    /// ```
    ///
    /// # Errors
    /// Returns an error if the file cannot be opened, or is a folder, a pipe or a device.
    #[cfg(feature = "folder")]
    pub fn open(path: impl AsRef<Path>) -> io::Result<NamedFile> {
        let path = path.as_ref();
        let (file, stamp) = open_regular(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let modified = stamp.is_settled().then(|| stamp.modified());
        let content = FileContent::Stored(Arc::new(StoredFile::new(file, stamp)));
        Ok(NamedFile {
            modified,
            ..NamedFile::of(&name, content)
        })
    }

    fn of(name: &str, content: FileContent) -> NamedFile {
        NamedFile {
            name: name.into(),
            content,
            media_type: None,
            modified: None,
            cache_control: None,
            attachment: None,
        }
    }

    /// Sets the media type. The default depends on the suffix of the name, and for a file without a name on the path in
    /// the site.
    pub fn media_type(mut self, media_type: &str) -> NamedFile {
        self.media_type = Some(media_type.into());
        self
    }

    /// Sets `Cache-Control`. The default of a response is `no-cache`, and a file in a site has none. Files for one user
    /// only should be `private`.
    pub fn cache_control(mut self, value: &str) -> NamedFile {
        self.cache_control = Some(value.into());
        self
    }

    /// Sets `Last-Modified`, as time since the Unix epoch. By default, a file on disk has its modification time.
    pub fn modified(mut self, modified: Duration) -> NamedFile {
        self.modified = Some(modified);
        self
    }

    /// Lets the client save the file under this name, instead of showing it. Any name can be sent: see
    /// [`Response::with_attachment`].
    pub fn attachment(mut self, file_name: &str) -> NamedFile {
        self.attachment = Some(file_name.into());
        self
    }

    /// Creates the response: 200, 206 for ranges, 304 if the client's copy is current, 412 if a precondition fails, or
    /// 416 if no range is satisfiable. Methods other than GET and HEAD get the whole file, because their preconditions
    /// and ranges do not concern this file. A value that no header can have makes the response fail.
    pub fn respond(self, request: &Request<'_>) -> Response {
        let disposition = self.disposition();
        let cache_control = self.cache_control.as_deref().unwrap_or("no-cache");
        let representation = Representation {
            media_type: self.media_type.as_deref(),
            modified: self.modified,
            own_coding: None,
            type_path: &self.name,
            cache_control: Some(cache_control),
            disposition: disposition.as_deref(),
            ..Representation::named(&self.name, &SiteOptions::new())
        };
        let Some(file) = representation.file(self.content, &SiteOptions::new()) else {
            return Response::new(Status::OK)
                .with_header("Content-Type", self.media_type.unwrap_or_default())
                .with_header("Cache-Control", cache_control);
        };
        let head = request.head();
        match head.method() {
            Method::GET | Method::HEAD => file.respond(&head, request.now()).into_response(),
            _ => file.into_response(),
        }
    }

    /// Takes the file apart, to add it to a site at a path. A file on disk is read.
    pub(super) fn into_addition(self, path: &str) -> Result<Addition<'_>, SiteError> {
        let disposition = self.disposition();
        #[cfg_attr(not(feature = "folder"), allow(clippy::infallible_destructuring_match))]
        let content = match self.content {
            FileContent::Memory(content) => content,
            #[cfg(feature = "folder")]
            FileContent::Stored(file) => file
                .read()
                .map_err(|error| FolderError::io(self.name.as_ref(), error))?,
        };
        Ok(Addition {
            type_path: match &*self.name {
                "" => path.into(),
                _ => self.name.into(),
            },
            media_type: self.media_type,
            modified: self.modified,
            cache_control: self.cache_control,
            disposition,
            ..Addition::new(path, content)
        })
    }

    /// Returns the value of `Content-Disposition`.
    fn disposition(&self) -> Option<String> {
        let name = self.attachment.as_deref()?;
        Some(content_disposition::value("attachment", name))
    }
}
