//! What holds for generated input: the laws, and that other parsers agree.

mod generate;
mod h11;
mod laws;
mod oracles;
