//! Runs every fixture: in one piece, byte by byte, and cut in two at every position.

mod laws;

use bytegate::testing::ClientResponse;
use laws::exchange::Exchange;
use laws::gateway::gateway_for;
use laws::{a_moment, hold_for, hold_for_split, reader};

#[test]
fn every_exchange_holds_at_every_split() {
    let bless = std::env::var_os("BLESS").is_some();
    let exchanges = Exchange::all();
    assert!(exchanges.len() > 100, "only {} fixtures", exchanges.len());
    for exchange in exchanges {
        println!("{}/{}", exchange.folder(), exchange.name());
        let gateway = gateway_for(exchange.folder());
        let (input, now) = (&exchange.input[..], a_moment());
        let transcript = hold_for(&gateway, input, now);
        if bless {
            exchange.bless(&transcript.output);
        } else {
            let as_text = |output: &[u8]| output.escape_ascii().to_string().replace("\\n", "\\n\n");
            assert_eq!(
                as_text(&transcript.output),
                as_text(&exchange.output),
                "{}",
                exchange.name()
            );
        }
        let octets: Vec<&[u8]> = input.chunks(1).collect();
        hold_for_split(&gateway, &transcript, &octets, now);
        for cut in 0..=input.len() {
            let (first, second) = input.split_at(cut);
            hold_for_split(&gateway, &transcript, &[first, second], now);
        }
        outcome_matches_name(
            &exchange,
            &reader::read_all(&transcript.output, &transcript.answers),
        );
    }
}

/// Checks that the outcome matches the name of the fixture.
fn outcome_matches_name(exchange: &Exchange, responses: &[ClientResponse]) {
    let name = exchange.name();
    let last = responses.last();
    match name.split('-').next() {
        Some("refuse") => {
            let last = last.expect("a refusal has an answer");
            let status = last.status();
            assert!(status.code() >= 400 && last.closes(), "{name}: {status}");
            let served = responses
                .iter()
                .filter(|response| response.status().code() < 400)
                .count();
            assert!(served + 1 == responses.len(), "{name}: more than one error");
        }
        Some("accept") => {
            assert!(!responses.is_empty(), "{name}: no answer");
            let refused = |response: &ClientResponse| response.status().code() >= 400;
            assert!(!responses.iter().any(refused), "{name}: {responses:?}");
        }
        Some("answer") => {
            let mut errors = responses
                .iter()
                .filter(|response| response.status().code() >= 400);
            let error = errors.next().expect("an error").status().code();
            if let Some((_, status)) = name.rsplit_once("-with-") {
                assert!(
                    status.parse::<u16>().map_or(true, |status| status == error),
                    "{name}: {error}"
                );
            }
        }
        Some("ignore") => assert_eq!(exchange.output, b"", "{name}: expected no answer"),
        _ => panic!("{name}: a name begins with accept, answer, ignore or refuse"),
    }
}

/// `SEEDS=folder cargo test --test conformance seeds` writes the input of every fixture into a folder, as a corpus
/// for the fuzz targets.
#[test]
fn seeds_for_the_fuzz_targets() {
    let exchanges = Exchange::all();
    let names: std::collections::BTreeSet<_> = exchanges
        .iter()
        .map(|exchange| exchange.name().to_string())
        .collect();
    assert_eq!(
        names.len(),
        exchanges.len(),
        "two fixtures have the same name"
    );
    if let Some(folder) = std::env::var_os("SEEDS") {
        std::fs::create_dir_all(&folder).expect("a folder for the seeds");
        for exchange in &exchanges {
            let path = std::path::Path::new(&folder).join(exchange.name());
            std::fs::write(path, &exchange.input).expect("a seed can be written");
        }
    }
}
