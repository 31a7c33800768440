//! Folders with the files of a site: read once, or live. Opens files and reads the clock of the system.

// May reach files and clocks.

mod current_root;
pub(super) mod error;
pub(super) mod failure;
mod from_folder;
mod listing_cache;
pub(super) mod live;
mod load;
mod names;
mod root;
pub(super) mod shared_listing;
mod spellings;
mod tree;

pub use error::Skipped;
