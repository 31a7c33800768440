//! TLS: any bytes of the wire, and handshakes in which one byte is changed.
#![no_main]

#[path = "../../tests/it/tls/laws.rs"]
#[allow(dead_code)]
mod laws;

use bytegate::tls::Tls;
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

#[derive(Debug, arbitrary::Arbitrary)]
enum Input<'i> {
    Wire {
        bytes: &'i [u8],
        cut: u16,
    },
    Changed {
        is_old: bool,
        place: u16,
        change: u8,
    },
}

fuzz_target!(|input: Input<'_>| {
    static TLS: OnceLock<Tls> = OnceLock::new();
    let tls = TLS.get_or_init(laws::tls);
    match input {
        Input::Wire { bytes, cut } => {
            laws::any_bytes_end_in_the_same_way(tls, bytes, cut.into());
        }
        Input::Changed {
            is_old,
            place,
            change,
        } => {
            let version = laws::VERSIONS[usize::from(!is_old)];
            laws::a_changed_byte_adds_nothing(tls, version, usize::from(place) % 1024, change);
        }
    }
});
