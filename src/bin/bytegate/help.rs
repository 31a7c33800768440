//! The text of `bytegate --help`, from the table of options.

use crate::table::{CommandSpec, GROUPS, NOTES, Part, Spec, Takes};
use std::fmt::Write;

/// The first line, which is also the name of the manual page.
pub(crate) const TITLE: &str = "bytegate: HTTP/1.1, bytes in, bytes out";

/// The longest line, which fits into a terminal of the usual width.
const WIDTH: usize = 80;
/// The column of the descriptions of options.
const OPTIONS: usize = 23;
/// The column of the descriptions of commands.
const COMMANDS: usize = 11;

/// Returns the help.
pub(crate) fn help() -> String {
    let mut help = format!("{TITLE}\n\nUsage:\n");
    for command in CommandSpec::all() {
        let _ = writeln!(help, "  bytegate {}", command.usage);
    }
    help.push_str("\nCommands:\n");
    for command in CommandSpec::all() {
        describe(&mut help, command.name, command.help, COMMANDS);
    }
    for group in GROUPS {
        let _ = writeln!(help, "\n{}:", group.title);
        for option in group.options {
            describe(&mut help, &option.usage(), &option.description(), OPTIONS);
        }
    }
    for (title, parts) in NOTES {
        let _ = writeln!(help, "\n{title}:");
        for part in *parts {
            write_part(&mut help, part);
        }
    }
    help
}

fn write_part(help: &mut String, part: &Part) {
    match part {
        Part::Text(text) => paragraph(help, text),
        Part::Lines(lines) => {
            help.push('\n');
            for line in lines.lines() {
                let indent = if line.is_empty() { "" } else { "    " };
                let _ = writeln!(help, "{indent}{line}");
            }
            help.push('\n');
        }
        Part::Terms(terms) => {
            let widest = terms.iter().map(|(term, _)| term.len()).max();
            for (term, meaning) in *terms {
                describe(help, term, meaning, widest.unwrap_or(0) + 4);
            }
        }
        Part::Rules => paragraph(help, &rules()),
    }
}

/// Returns the sentence about the rules that can be tables.
pub(crate) fn rules() -> String {
    let parts = Spec::all().filter_map(|spec| match spec.takes {
        Takes::Rules(parts) => Some(format!("{} ({})", spec.name, parts.join(", "))),
        _ => None,
    });
    let rules: Vec<String> = parts.collect();
    format!(
        "These rules can be tables with these parts: {}.",
        rules.join(", ")
    )
}

fn paragraph(help: &mut String, text: &str) {
    for line in wrapped(text, WIDTH - 2) {
        let _ = writeln!(help, "  {line}");
    }
}

/// Writes a term and, from a column on, its description. A long term has a line for itself.
fn describe(help: &mut String, term: &str, description: &str, column: usize) {
    let mut line = format!("  {term}");
    if line.len() >= column {
        let _ = writeln!(help, "{line}");
        line.clear();
    }
    for text in wrapped(description, WIDTH - column) {
        let _ = writeln!(help, "{line:column$}{text}");
        line.clear();
    }
}

/// Breaks text into lines of at most this width, between words. Short quotations and defaults stay whole.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece_end(rest));
        rest = after.trim_start_matches(' ');
        match lines.last_mut() {
            Some(line) if line.len() + 1 + piece.len() <= width => {
                line.push(' ');
                line.push_str(piece);
            }
            _ => lines.push(piece.to_string()),
        }
    }
    lines
}

/// Returns the end of the first word, or of the short phrase in quotes or brackets that it begins.
fn piece_end(text: &str) -> usize {
    const SHORT: usize = 30;
    let word = text.find(' ').unwrap_or(text.len());
    let close = match text.as_bytes().first() {
        Some(b'\'') => '\'',
        Some(b'[') => ']',
        _ => return word,
    };
    let phrase = text[1..].find(close).map_or(word, |at| at + 1);
    let end = text[phrase..]
        .find(' ')
        .map_or(text.len(), |at| phrase + at);
    if end <= SHORT { end } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits_into_a_terminal() {
        for line in help().lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
            assert_eq!(line.trim_end(), line);
        }
    }

    #[test]
    fn every_option_and_command_is_in_the_help_once() {
        let help = help();
        for option in Spec::all() {
            let line = format!("  {}", option.usage());
            let is_its = |it: &&str| *it == line || it.starts_with(&format!("{line} "));
            assert_eq!(help.lines().filter(is_its).count(), 1, "{option:?}");
        }
        for command in CommandSpec::all() {
            assert!(help.contains(&format!("\n  {} ", command.name)));
        }
    }

    #[test]
    fn words_and_short_phrases_are_never_broken() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("aa bbbbbbb c", 5), ["aa", "bbbbbbb", "c"]);
        assert_eq!(wrapped("a 'b c', d", 5), ["a", "'b c',", "d"]);
        assert_eq!(wrapped("a [b c] d", 7), ["a [b c]", "d"]);
        assert_eq!(wrapped("'a b", 3), ["'a", "b"]);
        let long = format!("[{}b]", "aaaa ".repeat(6));
        assert_eq!(wrapped(&long, 10).len(), 4);
    }
}
