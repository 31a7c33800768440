//! The tree of files below an open folder, and the links in it.

use alloc::vec::Vec;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// An open folder. Paths are relative to it.
pub(super) struct Tree {
    folder: Dir,
    identity: Identity,
    /// The path of the folder when it was opened, without links.
    place: PathBuf,
}

impl Tree {
    pub(super) fn open(folder: &Path) -> io::Result<Tree> {
        // Another folder may take its place between the two looks at its path.
        const MOST_TRIES: usize = 8;
        for _ in 0..MOST_TRIES {
            let tree = Tree::open_at_once(folder)?;
            if tree.is_in_place().unwrap_or(false) {
                return Ok(tree);
            }
        }
        Err(io::Error::other("it is replaced too often"))
    }

    fn open_at_once(folder: &Path) -> io::Result<Tree> {
        let opened = Dir::open_ambient_dir(folder, ambient_authority())?;
        // The system may open a folder but then find nothing in it, for lack of permission.
        match opened.symlink_metadata(crate::site::paths::INDEX) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Err(error),
            _ => {}
        }
        Ok(Tree {
            identity: Identity::of_open(&opened)?,
            folder: opened,
            place: folder.canonicalize()?,
        })
    }

    /// Returns whether this folder is the one at a path, and whether it is still where it was when it was opened.
    pub(super) fn is_at(&self, path: &Path) -> io::Result<bool> {
        let is_there = path == self.place || Identity::of(&path.metadata()?) == self.identity;
        Ok(is_there && self.is_in_place()?)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        Ok(Identity::of(&self.place.symlink_metadata()?) == self.identity)
    }

    /// Returns the path of the folder when it was opened, without links.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// Opens the entry at a path. Returns `None` if a link is on the way.
    pub(super) fn open_without_links(&self, path: &Path) -> io::Result<Option<File>> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
            use rustix::io::Errno;
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            match openat2(&self.folder, or_dot(path), flags, Mode::empty(), resolve) {
                Ok(file) => return Ok(Some(file.into())),
                Err(Errno::LOOP) => return Ok(None),
                // The system is old, or forbids this call.
                Err(Errno::NOSYS | Errno::PERM) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if self.has_link(path) {
            Ok(None)
        } else {
            self.open_beneath(path).map(Some)
        }
    }

    /// Opens the entry at a path. The system follows no link out of the folder.
    fn open_beneath(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true);
        // A pipe without a writer must not block.
        #[cfg(unix)]
        cap_std::fs::OpenOptionsExt::custom_flags(&mut options, NONBLOCK);
        self.folder
            .open_with(or_dot(path), &options)
            .map(cap_std::fs::File::into_std)
    }

    /// Returns the path of an entry without links.
    ///
    /// # Errors
    /// Returns an error if the entry is outside of the folder, or if the path has too many links.
    pub(super) fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        // The same limit as in Linux.
        const MOST_LINKS: usize = 40;
        let mut waiting = Vec::new();
        wait_for(path, &mut waiting);
        let (mut resolved, mut links) = (PathBuf::new(), 0);
        while let Some(name) = waiting.pop() {
            if name == ".." {
                if !resolved.pop() {
                    return Err(ErrorKind::PermissionDenied.into());
                }
                continue;
            }
            resolved.push(&name);
            // Any other failure shows when the path is opened.
            let Ok(target) = self.folder.read_link_contents(&resolved) else {
                continue;
            };
            links += 1;
            if links > MOST_LINKS {
                return Err(ErrorKind::NotFound.into());
            }
            match target.is_absolute() {
                // It may lead to a place within the folder.
                true => {
                    let place = target.canonicalize()?;
                    let within = place.strip_prefix(&self.place);
                    resolved = within
                        .map_err(|_| ErrorKind::PermissionDenied)?
                        .to_path_buf();
                }
                false => {
                    resolved.pop();
                    wait_for(&target, &mut waiting);
                }
            }
        }
        Ok(resolved)
    }

    /// Opens a folder, even through links.
    pub(super) fn open_folder(&self, path: &Path) -> io::Result<Dir> {
        self.folder.open_dir(or_dot(path))
    }

    /// Opens a folder, following all links.
    pub(super) fn open_folder_anywhere(&self, path: &Path) -> io::Result<Dir> {
        Dir::open_ambient_dir(self.place.join(path), ambient_authority())
    }

    /// Returns whether a path contains a link.
    pub(super) fn has_link(&self, path: &Path) -> bool {
        let mut ancestors = path.ancestors().filter(|it| !it.as_os_str().is_empty());
        ancestors.any(|it| {
            let metadata = self.folder.symlink_metadata(it);
            metadata.is_ok_and(|metadata| metadata.is_symlink())
        })
    }
}

/// The numbers by which the system knows a folder. No other folder has them while this one is open.
#[cfg(unix)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    number: u64,
}

#[cfg(unix)]
impl Identity {
    fn of(folder: &fs::Metadata) -> Identity {
        use std::os::unix::fs::MetadataExt;
        Identity {
            device: folder.dev(),
            number: folder.ino(),
        }
    }

    fn of_open(folder: &Dir) -> io::Result<Identity> {
        use cap_std::fs::MetadataExt;
        let folder = folder.dir_metadata()?;
        Ok(Identity {
            device: folder.dev(),
            number: folder.ino(),
        })
    }
}

/// When a folder was created. The standard library gives no better identity on this system.
#[cfg(not(unix))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(Option<std::time::SystemTime>);

#[cfg(not(unix))]
impl Identity {
    fn of(folder: &fs::Metadata) -> Identity {
        Identity(folder.created().ok())
    }

    fn of_open(folder: &Dir) -> io::Result<Identity> {
        let created = folder.dir_metadata()?.created();
        Ok(Identity(created.ok().map(|time| time.into_std())))
    }
}

/// Adds the names of a path to the names to look up. The first one comes last.
fn wait_for(path: &Path, waiting: &mut Vec<OsString>) {
    waiting.extend(path.components().rev().filter_map(|part| match part {
        Component::Normal(_) | Component::ParentDir => Some(part.as_os_str().into()),
        _ => None,
    }));
}

#[cfg(unix)]
const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

/// Opens the entry at a path, anywhere.
pub(super) fn open_anywhere(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, NONBLOCK);
    options.open(path)
}

/// Returns a path, or `.` for an empty one.
fn or_dot(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}
