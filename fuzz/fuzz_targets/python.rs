//! Any bytes from a worker of Python: the machine never panics, and its events do not depend on how the bytes are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| bytegate::python::fuzz(input));
