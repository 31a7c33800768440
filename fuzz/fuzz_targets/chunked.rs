//! Any bytes as a chunked body: the decoder accepts and refuses what the model does, however the input is cut.
#![no_main]

#[path = "../../tests/it/laws/mod.rs"]
#[allow(dead_code)]
mod laws;

use libfuzzer_sys::fuzz_target;

const HEAD: &[u8] = b"POST /echo.py HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

fuzz_target!(|input: (u8, &[u8])| {
    let (size, body) = input;
    let input = [HEAD, body].concat();
    let (gateway, now) = (laws::plain_gateway(), laws::a_moment());
    laws::hold_for_model(&input, now);
    let transcript = laws::hold_for(&gateway, &input, now);
    let pieces: Vec<&[u8]> = input.chunks(usize::from(size).max(1)).collect();
    laws::hold_for_split(&gateway, &transcript, &pieces, now);
});
