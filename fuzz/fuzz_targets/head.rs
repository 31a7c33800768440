//! Any bytes as the head of a request: the parser serves and refuses what the model does.
#![no_main]

#[path = "../../tests/it/laws/mod.rs"]
#[allow(dead_code)]
mod laws;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // A nearly complete head reaches more code than one that the fuzzer has to find byte by byte.
    let completed = [input, b"\r\nHost: x\r\n\r\n"].concat();
    laws::hold_for_model(input, laws::a_moment());
    laws::hold_for_model(&completed, laws::a_moment());
});
