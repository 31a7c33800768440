//! The page on security states the limits that the code has.

use bytegate::config::{Limits, Pace, Timeouts};
use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../src/manual/security.md");

/// The default in the row whose first cell begins with a text.
#[track_caller]
fn default_of(row: &str) -> &'static str {
    let table = PAGE.split("\n## ").find(|part| part.starts_with("Limits"));
    let mut rows = table.expect("a section").lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?, cells.next()?))
    });
    let found = rows.find(|(limit, _)| limit.trim_start_matches(['`', '[']).starts_with(row));
    let (_, default) =
        found.unwrap_or_else(|| panic!("src/manual/security.md has no row for {row}"));
    default
}

/// The default that the documentation of a field states.
#[track_caller]
fn documented(source: &'static str, name: &str, field: &str) -> &'static str {
    let fields = source.split_once(&format!("pub struct {name} {{"));
    let docs = fields.and_then(|(_, it)| it.split_once(&format!("    pub {field}: ")));
    let stated = docs.and_then(|(it, _)| it.rsplit_once("/// Default: "));
    let (_, stated) = stated.unwrap_or_else(|| panic!("{name}::{field} states no default"));
    stated
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
}

/// Checks that each field of a value states its default, whatever fields it gets.
fn check_documentation(
    source: &'static str,
    name: &str,
    debug: &str,
    is_same: impl Fn(&str, &str, &str) -> bool,
) {
    check_each(name, debug, is_same, |field| {
        documented(source, name, field)
    });
}

/// Checks that each field of a value has a row, whatever fields it gets.
fn check_fields(name: &str, debug: &str, is_same: impl Fn(&str, &str, &str) -> bool) {
    check_each(name, debug, is_same, |field| {
        default_of(&format!("{name}::{field}`"))
    });
}

fn check_each(
    name: &str,
    debug: &str,
    is_same: impl Fn(&str, &str, &str) -> bool,
    stated: impl Fn(&str) -> &'static str,
) {
    let mut count = 0;
    for line in debug.lines() {
        // The fields of inner values are indented further.
        let Some((field, value)) = line.strip_prefix("    ").and_then(|it| it.split_once(": "))
        else {
            continue;
        };
        if field.starts_with(' ') {
            continue;
        }
        let stated = stated(field);
        let value = value.trim_end_matches(',');
        assert!(
            is_same(field, value, stated),
            "{name}::{field} is {value}, and {stated} is stated"
        );
        count += 1;
    }
    assert!(count > 2, "{debug}");
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn bytes(number: u64) -> String {
    match number {
        number if number % (1 << 30) == 0 => format!("{} GiB", number >> 30),
        number if number % (1 << 20) == 0 => format!("{} MiB", number >> 20),
        number if number % (1 << 10) == 0 => format!("{} KiB", number >> 10),
        number => format!("{} bytes", grouped(number)),
    }
}

/// A number as it is stated: of bytes, if the name says so.
fn shown(field: &str, value: &str) -> String {
    let number = value.parse().expect("a number");
    if field.ends_with("_bytes") {
        bytes(number)
    } else {
        grouped(number)
    }
}

#[test]
fn the_limits_of_requests_and_connections_are_those_of_the_code() {
    let debug = format!("{:#?}", Limits::default());
    let is_same = |field: &str, value: &str, stated: &str| shown(field, value) == stated;
    check_fields("Limits", &debug, is_same);
    let source = include_str!("../../src/config/limits.rs");
    check_documentation(source, "Limits", &debug, is_same);
}

#[test]
fn the_timeouts_are_those_of_the_code() {
    let timeouts = Timeouts::default();
    let is_same = |field: &str, value: &str, stated: &str| {
        let pace = match field {
            "body" => timeouts.body,
            "write" => timeouts.write,
            "bytes_per_second" => return value == stated,
            _ => return value.replace('s', " s") == stated,
        };
        let rate = format!(
            "{} bytes a second after {} s, no gap over {} s",
            pace.bytes_per_second,
            pace.grace.as_secs(),
            pace.gap.as_secs()
        );
        rate == stated
    };
    let debug = format!("{timeouts:#?}");
    check_fields("Timeouts", &debug, is_same);
    let source = include_str!("../../src/config/timeouts.rs");
    check_documentation(source, "Timeouts", &debug, is_same);
    let debug = format!("{:#?}", Pace::default());
    check_documentation(source, "Pace", &debug, is_same);
}

#[cfg(feature = "server")]
#[test]
fn the_options_of_a_server_are_those_of_the_code() {
    let options = bytegate::net::Options::default();
    let all = format!("{options:#?}");
    // These are no limits.
    let others = ["drain_delay", "readiness", "scheme", "proxy_protocol", ".."];
    let is_limit = |line: &&str| !others.iter().any(|name| line.contains(name));
    let limits: Vec<&str> = all.lines().filter(is_limit).collect();
    check_fields(
        "net::Options",
        &limits.join("\n"),
        |field, value, stated| match field {
            // Depend on the machine.
            "max_connections" => stated.starts_with("10,000, or half of the open-file limit"),
            "connections_per_address" => stated.starts_with("2,500, or a quarter"),
            "threads" => stated == "the number of processors",
            _ if value.ends_with('s') => value.replace('s', " s") == stated,
            _ => shown(field, value) == stated,
        },
    );
}

#[test]
fn the_limits_of_forms_with_files_are_those_of_the_code() {
    let debug = format!("{:#?}", bytegate::request::MultipartLimits::default());
    check_fields("MultipartLimits", &debug, |field, value, stated| {
        let none = stated.starts_with("none") && value == u64::MAX.to_string();
        none || shown(field, value) == stated
    });
}

/// The value of a constant: a product of numbers, or a power of two.
#[track_caller]
fn constant(path: &str, name: &str) -> u64 {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path);
    let code = fs::read_to_string(file).expect("a file of this crate");
    let (_, rest) = code.split_once(&format!("const {name}: ")).expect(name);
    let (_, value) = rest.split_once(" = ").expect(name);
    let (value, _) = value.split_once(';').expect(name);
    let number = |text: &str| text.trim().replace('_', "").parse::<u64>().expect(name);
    match value.split_once("<<") {
        Some((one, places)) => number(one) << number(places),
        None => value.split('*').map(number).product(),
    }
}

#[test]
fn the_other_limits_are_those_of_the_code() {
    for (row, path, name) in [
        ("the bytes of a method", "values/method.rs", "METHOD_BYTES"),
        ("empty lines", "syntax/request_line.rs", "EMPTY_LINES"),
        (
            "calls of `net::blocking` that run",
            "net/blocking.rs",
            "RUNNING",
        ),
        (
            "calls of `net::blocking` that wait",
            "net/blocking.rs",
            "WAITING",
        ),
        ("members of `Accept`", "message/preferences.rs", "MEMBERS"),
        ("ranges of one request", "message/range.rs", "RANGES"),
        ("Form::MAX_PAIRS", "request/form.rs", "MAX_PAIRS"),
        (
            "a form that is received",
            "upload/part_receiver.rs",
            "FORM_BYTES",
        ),
        (
            "characters of the client's text",
            "response/rejection.rs",
            "DETAIL_CHARACTERS",
        ),
        (
            "bytes of these, for each client",
            "body/channel.rs",
            "QUEUED_BYTES",
        ),
        (
            "clients that `RateLimit`",
            "middleware/rate_limit.rs",
            "CLIENTS",
        ),
        (
            "bytes of a `X-Request-Id`",
            "middleware/set_request_id.rs",
            "TAKEN_BYTES",
        ),
        (
            "bytes of a value in the access log",
            "middleware/logged_headers.rs",
            "VALUE_BYTES",
        ),
        (
            "files that are read into memory",
            "site/folder/load.rs",
            "FILES",
        ),
        ("bytes of these files", "site/folder/load.rs", "BYTES"),
        ("names in a listing", "site/folder/live.rs", "LISTED"),
    ] {
        let value = constant(path, name);
        let stated = default_of(row);
        let stated = stated
            .split_once(", or ")
            .map_or(stated, |(stated, _)| stated);
        assert!(
            [grouped(value), bytes(value)].contains(&stated.to_string()),
            "{name} is {value}, and src/manual/security.md says {stated}"
        );
    }
}

#[test]
fn the_memory_of_a_site_is_that_of_the_code() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/site/options.rs");
    let code = fs::read_to_string(file).expect("a file of this crate");
    assert!(code.contains("cache_bytes: 64 * 1024 * 1024,"));
    assert_eq!(default_of("SiteOptions::cache_bytes"), bytes(64 << 20));
}

#[test]
fn each_advisory_that_is_explained_is_named_next_to_the_dependency() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    let manifest = manifest.expect("the manifest");
    let advisories = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| RUSTSEC-"));
    let mut count = 0;
    for row in advisories {
        let (number, _) = row.split_once(' ').expect("a number");
        assert!(manifest.contains(&format!("RUSTSEC-{number}")), "{number}");
        count += 1;
    }
    assert!(count > 0);
}
