//! Static sites, which serve files: from memory, from a folder that is read once, or from a live folder.
//!
//! ```
//! use bytegate::{Gateway, Site};
//!
//! let site = Site::new().file("/index.html", "<h1>hi</h1>").file("/style.css", "h1 { color: teal }");
//! let client = bytegate::testing::Client::new(site);
//! assert_eq!(client.get("/").text(), "<h1>hi</h1>");
//! assert_eq!(client.get("/style.css").send().header("Content-Type"), Some("text/css; charset=utf-8"));
//! ```

mod error;
mod file;
mod files;
#[cfg(feature = "folder")]
mod folder;
mod layer;
mod listing;
mod lookup;
mod memory;
mod named_file;
mod navigation;
mod options;
pub(crate) mod paths;
mod pattern;
mod pattern_error;
mod respond;
mod rules;
#[allow(clippy::module_inception, reason = "each name has a file of its name")]
pub(crate) mod site;
pub(crate) mod spelling;
mod template;
mod unfinished_listing;

pub use error::SiteError;
#[cfg(feature = "folder")]
pub use folder::Skipped;
pub use named_file::NamedFile;
pub use options::{Dotfiles, EncodedNames, SiteOptions, Symlinks};
pub use site::Site;
