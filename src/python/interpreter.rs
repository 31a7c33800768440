//! Finding the interpreter.

use std::env;
use std::path::{Path, PathBuf};
use std::prelude::rust_2024::*;

/// Returns the interpreter for a folder: the one of the active virtual environment, or of one in the folder, or
/// `python3`.
pub(super) fn find(folder: &Path) -> PathBuf {
    let active = env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let candidates = active.into_iter().chain([folder.join(".venv")]);
    let mut found = candidates
        .map(|environment| environment.join("bin/python"))
        .filter(|path| path.is_file());
    found.next().unwrap_or_else(|| PathBuf::from("python3"))
}
