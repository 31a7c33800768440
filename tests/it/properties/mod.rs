//! Generated input: the laws hold, and other parsers agree.

mod generate;
mod h11;
mod laws;
mod oracles;
