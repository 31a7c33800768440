//! The manual page, in mdoc(7), from the table of options.

use crate::help::{TITLE, rules, wrapped};
use crate::table::{CommandSpec, GROUPS, NOTES, Part, Spec, Takes};
use std::fmt::Write;

/// The date of the text.
const DATE: &str = "November 29, 2026";
/// The longest line of the source that `mandoc -Tlint` accepts, with room for escapes.
const WIDTH: usize = 64;

const DESCRIPTION: &str = "bytegate serves a folder, a single file, or an application in Python. It can also show how it \
                           parses the bytes of a request. The commands are:";
const EXAMPLES: &[(&str, &str)] = &[
    ("Serve a folder to this machine:", "bytegate public"),
    (
        "Let phones and other machines on the network connect:",
        "bytegate public --bind 0.0.0.0",
    ),
    (
        "Read all options from a file:",
        "bytegate --config site.toml",
    ),
    (
        "Show how a request is parsed:",
        "printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n' | bytegate explain",
    ),
];

/// Returns the manual page.
pub(crate) fn page() -> String {
    let mut page = Page::default();
    let (name, description) = TITLE.split_once(": ").unwrap_or((TITLE, ""));
    page.line(&format!(".Dd {DATE}"));
    page.line(&format!(".Dt {} 1", name.to_uppercase()));
    page.line(".Os");
    page.section("Name");
    page.line(&format!(".Nm {name}"));
    page.line(&format!(".Nd {description}"));
    page.section("Synopsis");
    for command in CommandSpec::all() {
        page.line(".Nm");
        command
            .usage
            .split(' ')
            .for_each(|word| page.argument(word));
    }
    page.section("Description");
    page.paragraph(DESCRIPTION);
    page.list(CommandSpec::all().map(|it| (format!("Cm {}", it.name), it.help.to_string())));
    page.section("Options");
    for group in GROUPS {
        page.line(&format!(".Ss {}", escaped(group.title)));
        page.list(group.options.iter().map(|it| (flag(it), it.description())));
    }
    for (title, parts) in NOTES {
        page.section(title);
        for (i, part) in parts.iter().enumerate() {
            page.part(part, i == 0);
        }
    }
    page.section("Examples");
    for (purpose, command) in EXAMPLES {
        page.paragraph(purpose);
        page.line(&format!(".Dl {}", escaped(command)));
        page.line(".Pp");
    }
    page.text.truncate(page.text.len() - ".Pp\n".len());
    page.text
}

/// Returns the macros that show an option.
fn flag(option: &Spec) -> String {
    let name = |name: &str| format!("Fl {}", name.replace('-', "\\-"));
    let short = option.short.map_or(String::new(), |letter| {
        format!("{} , ", name(&letter.to_string()))
    });
    let long = name(&format!("-{}", option.name));
    let value = match (option.takes, option.value) {
        (_, "") => String::new(),
        (Takes::SwitchOrText, value) => format!(" Ns Op = Ns Ar {value}"),
        (_, value) => format!(" Ar {value}"),
    };
    format!("{short}{long}{value}")
}

/// The source of the page.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    fn section(&mut self, title: &str) {
        self.line(&format!(".Sh {}", title.to_uppercase()));
    }

    /// Writes a word of the usage: a command, or in capitals the kind of an argument.
    fn argument(&mut self, word: &str) {
        let inner = word.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let of_kind = |word: &str| {
            let is_command = word.chars().any(char::is_lowercase);
            format!("{} {word}", if is_command { "Cm" } else { "Ar" })
        };
        match inner {
            Some(word) => self.line(&format!(".Op {}", of_kind(word))),
            None => self.line(&format!(".{}", of_kind(word))),
        }
    }

    /// Writes terms, which are macros, and their descriptions.
    fn list(&mut self, items: impl Iterator<Item = (String, String)>) {
        self.line(".Bl -tag -width Ds");
        for (term, description) in items {
            self.line(&format!(".It {term}"));
            self.paragraph(&description);
        }
        self.line(".El");
    }

    fn part(&mut self, part: &Part, is_first: bool) {
        if !is_first && matches!(part, Part::Text(_) | Part::Rules) {
            self.line(".Pp");
        }
        match part {
            Part::Text(text) => self.paragraph(text),
            Part::Lines(lines) => {
                self.line(".Bd -literal -offset indent");
                lines.lines().for_each(|line| self.line(&escaped(line)));
                self.line(".Ed");
            }
            Part::Terms(terms) => {
                let owned =
                    |(term, meaning): &(&str, &str)| (term.to_string(), meaning.to_string());
                self.list(terms.iter().map(owned));
            }
            Part::Rules => {
                self.paragraph(&rules());
                self.keys();
            }
        }
    }

    /// Writes the keys of a config file, by the values that they take.
    fn keys(&mut self) {
        let mut kinds: Vec<&str> = Vec::new();
        for kind in Spec::settings().map(|it| it.takes.in_config_file()) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        self.line(".Pp");
        self.paragraph("The keys, by the values that they take:");
        self.list(kinds.into_iter().map(|kind| {
            let keys = Spec::settings().filter(|it| it.takes.in_config_file() == kind);
            let keys: Vec<&str> = keys.map(|it| it.name).collect();
            (kind.to_string(), keys.join(", "))
        }));
    }

    /// Writes text, with a new line for each sentence, as mdoc wants it.
    fn paragraph(&mut self, text: &str) {
        for sentence in sentences(text) {
            for line in wrapped(sentence, WIDTH) {
                self.line(&escaped(&line));
            }
        }
    }
}

/// Splits text before each capital that follows the end of a sentence.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(". ") {
        if text[at + 2..].starts_with(char::is_uppercase) {
            sentences.push(&text[start..=at]);
            start = at + 2;
        }
    }
    sentences.push(&text[start..]);
    sentences
}

/// Returns a line in which nothing is a request, an escape or a typographic quote.
fn escaped(line: &str) -> String {
    let escaped = line
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq");
    if line.starts_with('.') {
        format!("\\&{escaped}")
    } else {
        escaped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_and_command_is_an_item() {
        let page = page();
        for option in Spec::all() {
            let item = format!("\n.It {}\n", flag(option));
            assert_eq!(page.matches(&item).count(), 1, "{option:?}");
        }
        for command in CommandSpec::all() {
            assert!(page.contains(&format!("\n.It Cm {}\n", command.name)));
        }
    }

    #[test]
    fn text_has_no_requests_and_no_escapes() {
        let mut page = Page::default();
        page.paragraph(".py is a suffix. The 'A' is a letter, \\ is not: e.g. --a-b");
        assert_eq!(
            page.text,
            "\\&.py is a suffix.\nThe \\(aqA\\(aq is a letter, \\e is not: e.g. \\-\\-a\\-b\n"
        );
    }
}
