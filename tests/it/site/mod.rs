//! Sites: from folders, with rules for paths, and files as responses.

#[cfg(feature = "folder")]
mod folder;
mod named_file;
mod prefixes;
#[cfg(feature = "folder")]
mod spellings;
#[cfg(feature = "folder")]
mod traversal;

#[cfg(all(unix, feature = "folder"))]
impl crate::temporary::Folder {
    fn link(&self, path: &str, target: impl AsRef<std::path::Path>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::os::unix::fs::symlink(target, path).expect("a link");
    }
}
