//! Checks of the repository: the layers of the source, what the documentation says, and what the compiler says.

mod comparison;
#[cfg(feature = "std")]
mod compile_errors;
mod documentation;
#[cfg(all(unix, feature = "net"))]
mod guide;
mod layers;
mod security;
mod waiting;
