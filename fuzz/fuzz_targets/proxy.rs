//! Any bytes as a PROXY header: the result does not depend on how they arrive.
#![no_main]

#[path = "../../tests/it/laws/mod.rs"]
#[allow(dead_code)]
mod laws;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = laws::proxy::hold_for_proxy_header(input);
    // The fuzzer does not find these beginnings by itself.
    for start in [
        &b"PROXY TCP4 "[..],
        b"PROXY TCP6 ",
        b"\r\n\r\n\0\r\nQUIT\n\x21",
    ] {
        let _ = laws::proxy::hold_for_proxy_header(&[start, input].concat());
    }
});
