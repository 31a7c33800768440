//! Any bytes, cut anywhere: the output is the same.
#![no_main]

#[path = "../../tests/it/laws/mod.rs"]
#[allow(dead_code)]
mod laws;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, &[u8])| {
    let (sizes, input) = input;
    let (gateway, now) = (laws::gateway::gateway(), laws::a_moment());
    let transcript = laws::hold_for(&gateway, input, now);
    let mut pieces = Vec::new();
    let mut rest = input;
    for size in sizes {
        let (piece, after) = rest.split_at(usize::from(size).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    laws::hold_for_split(&gateway, &transcript, &pieces, now);
});
