//! The figures of the comparison with other frameworks match the code they cite.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../src/manual/comparison.md");

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(path).expect("a file of this package")
}

/// The number of lines that are neither empty nor comments.
fn lines(code: &str, comment: &str) -> usize {
    let lines = code.lines().map(str::trim);
    let is_counted = |line: &&str| !line.is_empty() && !line.starts_with(comment);
    lines.filter(is_counted).count()
}

/// The text between two marks.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start:?}"));
    let (part, _) = rest
        .split_once(end)
        .unwrap_or_else(|| panic!("no {end:?} after {start:?}"));
    part
}

/// A row of the table of line counts.
fn figures(work: &str) -> [usize; 3] {
    let row = between(PAGE, &format!("\n| {work} |"), "|\n");
    let figures: Vec<usize> = row
        .split('|')
        .map(|cell| cell.trim().parse().expect("a number"))
        .collect();
    figures.try_into().expect("three numbers")
}

/// Compares a row with the line counts of this crate and of the versions shown on the page. `most` is the promised
/// maximum.
#[track_caller]
fn check(work: &str, ours: usize, most: usize) {
    let axum = between(PAGE, &format!("\n```text\n// axum: {work}\n"), "```");
    let flask = between(PAGE, &format!("\n```text\n# Flask: {work}\n"), "```");
    assert_eq!(
        figures(work),
        [ours, lines(axum, "//"), lines(flask, "#")],
        "{work}"
    );
    assert!(ours <= most, "{work} has {ours} lines");
}

#[test]
fn a_json_api_takes_at_most_35_lines() {
    check("a JSON API", lines(&read("examples/api.rs"), "//"), 35);
}

#[test]
fn a_login_takes_at_most_45_lines_and_its_test_20() {
    check("a log-in", lines(&read("examples/login.rs"), "//"), 45);
    let tests = read("tests/it/examples/mod.rs");
    let body = between(
        &tests,
        "#[test]\nfn a_user_can_log_in_and_out() {\n",
        "\n}\n",
    );
    check("the test of the log-in", lines(body, "//") + 3, 20);
}

/// The lines of the code block in the README that contains a text.
fn in_readme(text: &str) -> usize {
    let readme = read("README.md");
    let blocks = readme.split("\n```").skip(1).step_by(2);
    let mut blocks = blocks.filter(|block| block.starts_with("rust") && block.contains(text));
    let block = blocks
        .next()
        .unwrap_or_else(|| panic!("no block with {text:?}"));
    // The first line names the language.
    lines(block, "//") - 1
}

#[test]
fn the_readme_loops_are_short() {
    assert!(in_readme("ThreadServer::start(") <= 10);
    // Fifteen without the imports.
    assert!(in_readme("session.turn(") <= 20);
}

#[test]
fn two_pages_with_a_form_a_cookie_and_a_snapshot_take_less_than_40_lines() {
    let readme = read("README.md");
    let section = between(&readme, "\n## Test\n", "\n## ");
    let code = between(section, "```rust\n", "```");
    assert!(code.contains("Set-Cookie") && code.contains("form(") && code.contains("exchange()"));
    // The three lines that make it a test.
    check("two pages and their test", lines(code, "//") + 3, 39);
}

#[test]
fn every_example_is_short_and_says_how_to_run_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("the examples") {
        let mut path = entry.expect("an entry").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        // Configuration of other programs is checked by the tests that run them.
        if path.is_dir() && !path.join("main.rs").exists() {
            continue;
        }
        if path.is_dir() {
            for file in fs::read_dir(&path).expect("an example in several files") {
                check_length(&file.expect("an entry").path());
            }
            path.push("main.rs");
        }
        check_length(&path);
        let code = fs::read_to_string(&path).expect("an example");
        let introduction: String = code
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        let command = format!("--example {name}`");
        assert!(
            introduction.contains("cargo run ") && introduction.contains(&command),
            "{name}"
        );
        seen += 1;
    }
    assert!(seen >= 15, "only {seen} examples");
}

#[track_caller]
fn check_length(path: &Path) {
    let count = lines(&fs::read_to_string(path).expect("an example"), "//");
    assert!(count <= 62, "{} has {count} lines", path.display());
}
