//! Names of files and folders that may be served.

use crate::site::options::Dotfiles;
use crate::site::spelling::compose;
use crate::syntax::path;
use std::ffi::OsStr;
use std::path::Path;

/// Returns the name of an entry of a folder, or the reason why it is not served.
pub(super) fn servable(name: &OsStr, dotfiles: Dotfiles) -> Result<&str, &'static str> {
    match name.to_str() {
        None => Err("its name is not UTF-8"),
        Some(name) if is_hidden(name, dotfiles) => Err("its name begins with a dot"),
        Some(name) if !path::is_plain(name) || is_special(name) => {
            Err("its name has a backslash, a control character or a special meaning")
        }
        Some(name) if compose(name).is_none() => {
            Err("its name has a character that stands for one of ASCII")
        }
        Some(name) => Ok(name),
    }
}

/// Returns whether all names in a request path may be served. Paths begin with a slash, and may end with one. Two
/// slashes in a row are not one: a redirect to such a path could lead to another host.
pub(super) fn are_servable(path: &str, dotfiles: Dotfiles) -> bool {
    let names = path.strip_prefix('/').unwrap_or(path);
    let names = names.strip_suffix('/').unwrap_or(names);
    let is_servable = |name| servable(OsStr::new(name), dotfiles).is_ok();
    path == "/"
        || names
            .split('/')
            .all(|name| !name.is_empty() && is_servable(name))
}

/// Returns whether a path without links has a name that is not served because it begins with a dot.
pub(super) fn has_hidden(path: &Path, dotfiles: Dotfiles) -> bool {
    path.iter()
        .any(|name| is_hidden(&name.to_string_lossy(), dotfiles))
}

fn is_hidden(name: &str, dotfiles: Dotfiles) -> bool {
    name.starts_with('.')
        && match dotfiles {
            Dotfiles::Refuse => true,
            Dotfiles::WellKnown => name != ".well-known",
            Dotfiles::Serve => false,
        }
}

/// Returns whether Windows gives a name a special meaning: a stream of a file, a device, the file without the dots and
/// spaces at the end of the name, or a file with a long name, for which `GIT~1` is a short one.
fn is_special(name: &str) -> bool {
    const DEVICES: [&str; 8] = [
        "CON", "PRN", "AUX", "NUL", "COM", "LPT", "CONIN$", "CONOUT$",
    ];
    if !cfg!(windows) {
        return false;
    }
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.trim_end_matches(|digit: char| digit.is_numeric());
    let is_device = DEVICES
        .iter()
        .any(|device| device.eq_ignore_ascii_case(stem));
    let mut after_tildes = name.split('~').skip(1);
    let is_short = after_tildes.any(|text| text.starts_with(|digit: char| digit.is_ascii_digit()));
    is_device || is_short || name.contains(':') || name.ends_with(['.', ' '])
}
