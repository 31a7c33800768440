//! Folders with the files of a site: read once, or live.

pub(super) mod error;
mod live;
mod load;
mod names;
mod root;
mod spellings;
mod tree;

pub(super) use error::Reason;
pub use error::{LoadError, Skipped};
pub(super) use live::LiveFolder;
pub(super) use load::load;
