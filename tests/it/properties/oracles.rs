//! Other parsers must read the requests we serve as we do. Every difference is listed with a reason.

use super::generate::{damaged_http, near_http};
use crate::laws::exchange::Exchange;
use crate::laws::oracle::{HTTP_NET, HTTPARSE, compare, http_net, httparse};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn ask(input: &[u8]) {
    compare(&HTTPARSE, input, &httparse(input));
    compare(&HTTP_NET, input, &http_net(input));
}

#[test]
fn parsers_agree_on_every_fixture() {
    for exchange in Exchange::all() {
        println!("{}", exchange.name());
        ask(&exchange.input);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn parsers_agree_on_near_http(input in near_http()) {
        ask(&input);
    }

    #[test]
    fn parsers_agree_on_damaged_requests(input in damaged_http()) {
        ask(&input);
    }
}

/// Python's h11, if it is installed: an opinion on framing that is independent of every Rust crate.
#[test]
fn h11_agrees_on_every_fixture() {
    let Some(opinions) =
        super::h11::opinions(Exchange::all().iter().map(|exchange| &exchange.input[..]))
    else {
        println!("skipped: python3 with h11 is not here (pip install h11)");
        return;
    };
    for (exchange, opinion) in Exchange::all().iter().zip(opinions) {
        println!("{}", exchange.name());
        compare(&super::h11::H11, &exchange.input, &opinion);
    }
}

#[test]
fn h11_agrees_on_near_http() {
    let mut runner = TestRunner::deterministic();
    let mut inputs: Vec<Vec<u8>> = Vec::new();
    for _ in 0..1500 {
        inputs.push(
            near_http()
                .new_tree(&mut runner)
                .expect("an input")
                .current(),
        );
        inputs.push(
            damaged_http()
                .new_tree(&mut runner)
                .expect("an input")
                .current(),
        );
    }
    let Some(opinions) = super::h11::opinions(inputs.iter().map(|input| &input[..])) else {
        println!("skipped: python3 with h11 is not here (pip install h11)");
        return;
    };
    for (input, opinion) in inputs.iter().zip(opinions) {
        compare(&super::h11::H11, input, &opinion);
    }
}
