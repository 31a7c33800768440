//! Checks that the conformance statement in the documentation matches the fixtures.

mod laws;

use laws::exchange::Exchange;
use laws::gateway::gateway_for;
use laws::{a_moment, drive, reader};
use std::fmt::Write;
use std::path::Path;

const INTRODUCTION: &str = "\
The rules of HTTP/1.1 for origin servers, and how this crate meets them. Rows that begin with \"Deviation\" say where it does
not.

Each row is a fixture: an exchange in a file of the same name below `fixtures/exchanges`, with the bytes in and the bytes out,
that is run whole, byte by byte and at every cut in two. A name that begins with `refuse` promises an error and a close; one with
`answer`, an error on a connection that stays open where it may; one with `accept`, that nothing is refused.

Where the standard leaves a choice, ambiguous input is refused, so that a proxy and this server always agree where a request
ends. Unambiguous input that today's clients send is accepted, even where an older grammar forbids it.

This page is made from the fixtures; `BLESS=1 cargo test --test statement` regenerates it.
";

/// The chapters of the page, in order, with their headings.
const CHAPTERS: [(&str, &str); 19] = [
    ("request-line", "Request line"),
    ("request-target", "Request target"),
    ("paths", "Paths"),
    ("fields", "Field lines"),
    ("host", "Host"),
    ("content-length", "Content-Length"),
    ("transfer-encoding", "Transfer-Encoding"),
    ("chunked", "Chunked content"),
    ("connection", "Persistence, pipelining, upgrades"),
    ("expect", "Expectations"),
    ("methods", "Methods"),
    ("applications", "Applications that own every path"),
    ("responses", "Responses"),
    ("site", "Static site"),
    ("site-options", "Static site with options"),
    ("preconditions", "Preconditions"),
    ("ranges", "Ranges"),
    ("limits", "Limits"),
    ("cases", "Vulnerabilities found in other servers"),
];

#[test]
fn the_conformance_statement_matches_the_fixtures() {
    let exchanges = Exchange::all();
    let mut page = INTRODUCTION.to_string();
    let mut rows = 0;
    for (folder, heading) in CHAPTERS {
        let chapter: Vec<_> = exchanges
            .iter()
            .filter(|exchange| exchange.folder() == folder)
            .collect();
        assert!(!chapter.is_empty(), "no fixture in {folder}");
        let columns = "| rule | source | answer | fixture |\n|---|---|---|---|";
        writeln!(page, "\n# {heading}\n\n{columns}").expect("a string");
        for exchange in chapter {
            let rule = exchange
                .rule
                .replace('|', "\\|")
                .replace('*', "\\*")
                .replace('<', "&lt;");
            let (source, answer, name) = (&exchange.section, answer(exchange), exchange.name());
            writeln!(page, "| {rule} | {source} | {answer} | `{folder}/{name}` |")
                .expect("a string");
            rows += 1;
        }
    }
    assert_eq!(rows, exchanges.len(), "a folder of fixtures has no chapter");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/manual/conformance.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).expect("src/manual/conformance.md");
    assert!(
        written == page,
        "src/manual/conformance.md is out of date, run BLESS=1 cargo test --test statement"
    );
}

/// The responses of a fixture, such as `200, 400, close`.
fn answer(exchange: &Exchange) -> String {
    let transcript = drive(
        &gateway_for(exchange.folder()),
        [&exchange.input[..]],
        a_moment(),
    );
    let responses = reader::read_all(&transcript.output, &transcript.answers);
    let mut words: Vec<String> = responses
        .iter()
        .map(|response| response.status().code().to_string())
        .collect();
    if transcript.output.starts_with(b"HTTP/1.1 100 ") {
        words.insert(0, "100".to_string());
    }
    if responses.last().is_some_and(|response| response.closes()) {
        words.push("close".to_string());
    }
    match words.is_empty() {
        true => "none".to_string(),
        false => words.join(", "),
    }
}
