//! Files of the system: opening and reading them, and the memory and descriptors that they take.
//!
//! Code outside of this folder and of `site/folder` opens no file.

// May reach files and clocks.

#[cfg(feature = "server")]
pub(crate) mod file_range;
#[cfg(feature = "folder")]
mod growth;
#[cfg(feature = "folder")]
pub(crate) mod memory_budget;
#[cfg(feature = "folder")]
pub(crate) mod open_file;
#[cfg(feature = "folder")]
pub(crate) mod open_files_limit;
pub(crate) mod rest_of_file;
#[cfg(feature = "server")]
mod socket_buffers;
#[cfg(feature = "folder")]
pub(crate) mod stored_blocks;
#[cfg(feature = "folder")]
pub(crate) mod stored_file;
