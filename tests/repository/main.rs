//! Checks of the repository: the layers of the source, the documentation, and the messages of the compiler.

mod comparison;
#[cfg(feature = "std")]
mod compile_errors;
mod documentation;
#[cfg(all(unix, feature = "net"))]
mod guide;
mod layers;
mod notices;
mod security;
mod waiting;
