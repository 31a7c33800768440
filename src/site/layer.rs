//! A source of a site's files: memory or a folder.

use super::file::File;
#[cfg(feature = "folder")]
use super::folder::failure::Failure;
#[cfg(feature = "folder")]
use super::folder::live::LiveFolder;
use super::memory::Memory;
use super::unfinished_listing::Source;
use crate::message::head::Head;
use crate::response::reply::Reply;
use crate::response::response::Response;
use crate::values::now::Now;
use crate::values::status::Status;
#[cfg(feature = "folder")]
use crate::values::sync::Arc;

/// A source of a site's files.
#[derive(Clone)]
pub(super) enum Layer {
    Memory(Memory),
    #[cfg(feature = "folder")]
    Folder(Arc<LiveFolder>),
}

/// A file that was found.
pub(super) enum Found<'a> {
    Borrowed(&'a File),
    #[cfg(feature = "folder")]
    Shared(Arc<File>),
    /// A file may exist, but the system fails.
    #[cfg(feature = "folder")]
    Failed(Failure),
}

impl Layer {
    /// Returns the files, if they are in memory.
    pub(super) fn memory(&self) -> Option<&Memory> {
        match self {
            Layer::Memory(memory) => Some(memory),
            #[cfg(feature = "folder")]
            Layer::Folder(_) => None,
        }
    }

    /// Returns the file at a path.
    #[cfg_attr(not(feature = "folder"), expect(unused_variables))]
    pub(super) fn find(&self, path: &str, now: Now) -> Option<Found<'_>> {
        match self {
            Layer::Memory(memory) => memory.find(path).map(Found::Borrowed),
            #[cfg(feature = "folder")]
            Layer::Folder(folder) => match folder.find(path, now) {
                Ok(found) => found.map(Found::Shared),
                Err(failure) => Some(Found::Failed(failure)),
            },
        }
    }

    /// Returns whether a path, which ends with a slash, is a directory.
    pub(super) fn is_directory(&self, path: &str) -> bool {
        match self {
            Layer::Memory(memory) => memory.is_directory(path),
            #[cfg(feature = "folder")]
            Layer::Folder(folder) => folder.is_directory(path),
        }
    }

    /// Returns whether this is a folder, which may change.
    pub(super) fn is_live(&self) -> bool {
        !matches!(self, Layer::Memory(_))
    }

    /// Returns where to read the entries of a directory, whose path ends with a slash. Files in memory may have a name twice.
    pub(super) fn entries(&self, path: &str) -> Source {
        match self {
            Layer::Memory(memory) => Source::Memory(memory.entries(path).into_iter()),
            #[cfg(feature = "folder")]
            Layer::Folder(folder) => Source::Folder(folder.entries(path)),
        }
    }
}

impl<'a> Found<'a> {
    /// Returns the file, unless the system fails.
    pub(super) fn file(&self) -> Option<&File> {
        match self {
            Found::Borrowed(file) => Some(file),
            #[cfg(feature = "folder")]
            Found::Shared(file) => Some(file),
            #[cfg(feature = "folder")]
            Found::Failed(_) => None,
        }
    }

    /// Responds to GET or HEAD.
    pub(super) fn respond(&self, head: &Head<'_>, now: Now) -> Reply<'a> {
        match self {
            Found::Borrowed(file) => file.respond(head, now),
            #[cfg(feature = "folder")]
            Found::Shared(file) => file.respond(head, now).into_owned(),
            #[cfg(feature = "folder")]
            Found::Failed(failure) => failure.response().into(),
        }
    }

    /// Makes a file the page of an error about another file.
    pub(super) fn as_page_of(&self, error: Response) -> Response {
        match self {
            Found::Borrowed(file) => file.as_page_of(error),
            #[cfg(feature = "folder")]
            Found::Shared(file) => file.as_page_of(error),
            #[cfg(feature = "folder")]
            Found::Failed(_) => error,
        }
    }

    /// Returns the file as a page with another status.
    pub(super) fn page_with(&self, status: Status) -> Response {
        match self {
            Found::Borrowed(file) => file.page_with(status),
            #[cfg(feature = "folder")]
            Found::Shared(file) => file.page_with(status),
            #[cfg(feature = "folder")]
            Found::Failed(_) => status.into(),
        }
    }
}
