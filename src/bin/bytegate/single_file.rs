//! A single file as a site.

use crate::Failure;
use crate::options::Options;
use bytegate::site::{Dotfiles, NamedFile, Symlinks};
use bytegate::upload::Admission;
use bytegate::{Application, Rejection, Request, Response, Site, Status};
use std::path::Path;
use unicode_normalization::UnicodeNormalization;

/// Serves one file of a folder at `/` and at its name. Nothing else in the folder can be reached.
#[derive(Debug)]
pub(crate) struct SingleFile {
    site: Site,
    /// The path of the file, in composed characters.
    path: String,
}

impl SingleFile {
    /// Opens a file and picks up its changes, or reads it once with `--memory`.
    ///
    /// # Errors
    /// Returns an error if the file cannot be served or the options do not fit.
    pub(crate) fn open(file: &Path, options: &Options) -> Result<SingleFile, Failure> {
        let folder = match file.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let name = file.file_name().and_then(|name| name.to_str());
        let name =
            name.ok_or_else(|| format!("{file:?} cannot be served: its name is not UTF-8"))?;
        // Its user chose this file, so the rules for hidden files and links do not apply.
        let site = options.site.clone().index([name]).listing(false);
        let site = site.dotfiles(Dotfiles::Serve).symlinks(Symlinks::Follow);
        let path = format!("/{}", name.nfc());
        let site = if options.memory {
            let mut site = site.build()?;
            site.try_file(&path, NamedFile::open(file)?)?;
            site
        } else {
            site.open(folder)?
        };
        Ok(SingleFile { site, path })
    }

    fn has(&self, path: &str) -> bool {
        path == "/" || path.nfc().eq(self.path.chars())
    }
}

impl Application for SingleFile {
    fn call(&self, request: &Request<'_>) -> Response {
        if request.path_info().is_some_and(|path| self.has(path)) {
            let response = self.site.call(request);
            // The folder may have a page for this status, which is not served.
            if response.status() != Status::NOT_FOUND {
                return response;
            }
        }
        let sentence = format!("the only file here is {}", self.path);
        Rejection::new(Status::NOT_FOUND, sentence).into()
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        self.site.admit(request)
    }

    fn routes(&self) -> String {
        format!("{:<8} {}\n", "file", self.path)
    }
}
