//! Any bytes as a whole connection to a site with all kinds of applications: all laws hold.
#![no_main]

#[path = "../../src/bin/bytegate/demo/mod.rs"]
mod demo;
#[path = "../../tests/it/laws/mod.rs"]
#[allow(dead_code)]
mod laws;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    laws::hold_for(&laws::gateway::gateway(), input, laws::a_moment());
    let demo = demo::gateway();
    laws::hold_for(&demo, input, bytegate::Now::at_unix(784_111_777));
});
