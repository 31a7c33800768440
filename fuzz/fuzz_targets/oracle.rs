//! Any bytes: httparse and http-net read what we serve as we do, except for the known differences.
#![no_main]

#[path = "../../tests/it/laws/mod.rs"]
#[allow(dead_code)]
mod laws;

use laws::oracle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    oracle::compare(&oracle::HTTPARSE, input, &oracle::httparse(input));
    oracle::compare(&oracle::HTTP_NET, input, &oracle::http_net(input));
});
