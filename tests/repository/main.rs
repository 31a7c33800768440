//! Checks of the repository: the layers of the source, what the documentation says, and what the compiler says.

mod comparison;
mod documentation;
mod layers;
mod security;
mod waiting;
