//! Fuzzing an application: sends any data, as is and as a request for a route, and checks that nothing panics and that
//! responses are valid.
//!
//! `cargo run --release --example fuzz` tries random data until it finds the mistake in `discount`. With cargo-fuzz, which
//! is guided by coverage, the whole target is one line:
//!
//! ```text
//! fuzz_target!(|data: &[u8]| bytegate::testing::fuzz(gateway(), data));
//! ```

use bytegate::testing::{fuzz, fuzz_request};
use bytegate::{Gateway, Rejection, Request, Router};
use std::hash::{BuildHasher, RandomState};
use std::panic::catch_unwind;
use std::sync::LazyLock;

/// Divides by a parameter, which may be zero.
fn discount(request: &Request) -> Result<String, Rejection> {
    let parts: u8 = request.parse_param("parts")?;
    Ok(format!("{} cents each\n", 1000 / u16::from(parts)))
}

/// The application, created once.
pub(crate) fn gateway() -> &'static Gateway {
    static GATEWAY: LazyLock<Gateway> =
        LazyLock::new(|| Gateway::new(Router::new().any("/{parts}", discount)));
    &GATEWAY
}

/// Tries random data until one makes the application fail. Returns the data.
pub(crate) fn find(mut random: impl FnMut() -> u64, attempts: usize) -> Option<Vec<u8>> {
    (0..attempts).find_map(|_| {
        let data: Vec<u8> = (0..random() % 8).map(|_| random() as u8).collect();
        catch_unwind(|| fuzz(gateway(), &data))
            .is_err()
            .then_some(data)
    })
}

fn main() {
    let state = RandomState::new();
    let mut count = 0_u64;
    let random = || {
        count += 1;
        state.hash_one(count)
    };
    match find(random, 10_000_000) {
        Some(data) => {
            let request = fuzz_request(gateway(), &data).unwrap_or(data);
            println!("found: {}", request.escape_ascii());
        }
        None => println!("nothing found"),
    }
}
