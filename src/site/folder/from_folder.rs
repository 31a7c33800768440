//! Sites from folders.

use super::error::{FolderError, Skipped};
use super::live::LiveFolder;
use super::load::load;
use crate::site::error::SiteError;
use crate::site::layer::Layer;
use crate::site::options::SiteOptions;
use crate::site::site::Site;
use crate::values::sync::Arc;
use alloc::vec::Vec;
use std::path::Path;

impl Site {
    /// Reads all files below `folder` into memory (feature `folder`). Later changes are not seen.
    ///
    /// Files that cannot be served are left out, and listed by [`skipped`](Site::skipped): names that begin with a dot,
    /// except `.well-known`; links that lead out of the folder or nowhere; anything that is neither a file nor a
    /// folder, or cannot be read; names that are not UTF-8, or that contain a backslash or control characters; and
    /// everything beyond 100,000 files or 1 GiB. [`open`](Site::open) has no such limits. Links between folders stay
    /// links: each folder is read once.
    ///
    /// Each file has one path, in composed characters (Unicode NFC), even if its name is decomposed, as on macOS (NFD).
    /// A path in another spelling is redirected to that path. Names with a character that stands for an ASCII
    /// character, such as U+212A for `K`, are left out.
    ///
    /// Do not load a folder that untrusted users can write to. If a file is replaced by a symbolic link between the check
    /// and the read, the target of the link is read, even outside the folder. [`open`](Site::open) does not have this gap.
    ///
    /// # Errors
    /// Returns an error if `folder` is not a folder, or cannot be read at all.
    ///
    /// ```
    /// let site = bytegate::Site::load("fixtures/site")?;
    /// assert!(site.paths().any(|path| path == "/index.html"));
    /// # Ok::<(), bytegate::site::SiteError>(())
    /// ```
    pub fn load(folder: impl AsRef<Path>) -> Result<Site, SiteError> {
        SiteOptions::new().load(folder)
    }

    /// Serves a folder live (feature `folder`). Files that are changed, added or removed are picked up within ten
    /// milliseconds.
    ///
    /// Files of up to 4 MiB are cached in memory, up to a [limit](SiteOptions::cache_bytes), and read again when they
    /// change. Larger ones are read while they are sent, and so are small ones while slow clients hold twice the limit.
    ///
    /// A file that grows, such as a log, is sent with the length that it had when it was opened. A small file is sent
    /// as it was at one moment. If a larger one is truncated, or changed otherwise while it is sent, the response is
    /// cut off, so that the client sees that it is incomplete. A file that is replaced or removed is sent to its end,
    /// unchanged.
    ///
    /// Programs should replace files instead of writing into them. A file that is being written is sent as it is when
    /// it is opened: a mixture of old and new data. If a larger file grows while it is also changed before its old end,
    /// samples of the sent data decide whether the response is cut off.
    ///
    /// File systems record modification times in steps, most of them of some milliseconds. A file that was changed
    /// within the last 12 milliseconds (2 seconds if the system keeps whole seconds) has no `Last-Modified`, and no
    /// `ETag` unless it is a hash of the file, because another change could have the same. The file is served at once,
    /// without waiting.
    ///
    /// The folder itself may be replaced: removed and made anew, renamed away for another one, or reached through a link
    /// that is turned. The files of the folder that is at the path now are served. While there is none, paths that need
    /// it get a 503, and the first of these responses is reported to [`Gateway::on_error`](crate::Gateway::on_error).
    ///
    /// No request leaves the folder. The operating system resolves paths below it, if it supports that (`openat2` on
    /// Linux). Otherwise paths are resolved one component at a time, so that concurrent renames and links have no
    /// effect. The target of a link is found first, and then opened without links. Without `openat2`, a link that is
    /// created between the two steps is followed, but only within the folder. With
    /// [`Symlinks::Follow`](crate::site::Symlinks::Follow), links lead anywhere.
    ///
    /// Each file has one path, in composed characters (Unicode NFC), even if its name is decomposed, as on macOS (NFD).
    /// A path in another spelling is redirected to that path, so that all rules apply to it. Decomposed names are found
    /// if their folder has no more than 4,096 entries. They are remembered, and read again when the folder changes.
    ///
    /// On a file system that ignores case, as on Windows and macOS, every such form of a name finds the file, while
    /// routes, mounts and rules compare paths exactly. Do not protect a part of a folder by its path there: open the
    /// folders of the protected part as a separate site.
    ///
    /// `ETag` is a hash of small files, and made from the size, time and number (inode) of larger ones. `Cache-Control:
    /// no-cache` makes clients check their copies before each use.
    ///
    /// Files are read on the thread that serves the connection. If the folder is on a slow disk or a network,
    /// `net::blocking` moves this to other threads.
    ///
    /// # Errors
    /// Returns an error if `folder` is not a folder, or cannot be opened.
    ///
    /// ```
    /// use bytegate::{Gateway, Site};
    ///
    /// let gateway = Gateway::new(Site::open("fixtures/site")?);
    /// let response = gateway.handle(b"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n"));
    /// # Ok::<(), bytegate::site::SiteError>(())
    /// ```
    pub fn open(folder: impl AsRef<Path>) -> Result<Site, SiteError> {
        SiteOptions::new().open(folder)
    }

    /// Returns the files and folders that [`load`](Site::load) left out.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Reports each file or folder in an [open](Site::open) folder that this site does not serve, with the reason. This
    /// reads all folders, but no files. Links to folders are not followed.
    ///
    /// ```
    /// let site = bytegate::Site::open("fixtures/site")?;
    /// site.survey(|skipped| eprintln!("{skipped}"));
    /// # Ok::<(), bytegate::site::SiteError>(())
    /// ```
    pub fn survey(&self, mut report: impl FnMut(Skipped)) {
        for layer in &self.lower {
            if let Layer::Folder(folder) = layer {
                folder.survey(&mut report);
            }
        }
    }
}

impl SiteOptions {
    /// Reads all files below `folder` into memory, as [`Site::load`] does (feature `folder`).
    ///
    /// # Errors
    /// Returns the first error in the options, or an error if `folder` is not a folder or cannot be read at all.
    pub fn load(self, folder: impl AsRef<Path>) -> Result<Site, SiteError> {
        let folder = folder.as_ref();
        let mut site = self.build()?;
        let skipped = load(folder, &mut site.files, &site.options)?;
        site.skipped = skipped;
        Ok(site)
    }

    /// Serves a folder live, as [`Site::open`] does (feature `folder`).
    ///
    /// # Errors
    /// Returns the first error in the options, or an error if `folder` is not a folder or cannot be opened.
    pub fn open(self, folder: impl AsRef<Path>) -> Result<Site, SiteError> {
        let folder = folder.as_ref();
        let mut site = self.build()?;
        let live = LiveFolder::open(folder, site.options.clone())
            .map_err(|error| FolderError::io(folder, error))?;
        site.lower = Vec::from([Layer::Folder(Arc::new(live))]);
        Ok(site)
    }
}
