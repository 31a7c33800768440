//! Terminals: their colors and their width.

use std::env;

/// Whether output is colored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Color {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Returns whether a stream gets colors.
    pub(crate) fn applies(self, is_terminal: bool) -> bool {
        let variable = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into());
        self.applies_with(is_terminal, variable)
    }

    fn applies_with(self, is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
        let has = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        match self {
            Color::Always => true,
            Color::Never => false,
            // See https://no-color.org.
            Color::Auto if !is_terminal || has("NO_COLOR") => false,
            // Older consoles of Windows print the codes.
            Color::Auto if cfg!(windows) => has("WT_SESSION") || has("TERM"),
            Color::Auto => variable("TERM").is_none_or(|term| term != "dumb"),
        }
    }
}

/// Colors a line of the access log: the status by its class, and everything before the request in gray.
pub(crate) fn colored(line: &str) -> String {
    let parts = line.split_once('"').and_then(|(before, rest)| {
        let (request, end) = rest.split_at_checked(end_of_text(rest)?)?;
        let (status, rest) = end.strip_prefix("\" ")?.split_once(' ')?;
        Some((before, request, status, rest))
    });
    let Some((before, request, status, rest)) = parts else {
        return line.to_string();
    };
    let color = match status.as_bytes() {
        [b'2', ..] => 32,
        [b'3', ..] => 36,
        [b'4', ..] => 33,
        _ => 31,
    };
    format!("\x1b[90m{before}\x1b[0m\"{request}\" \x1b[{color}m{status}\x1b[0m {rest}")
}

/// Returns the place of the quotation mark that ends a text. One inside it comes after a backslash.
fn end_of_text(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.find(|character| {
        let ends = character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        ends
    })
}

/// Returns the number of columns of the terminal that shows standard error, as far as it is known.
pub(crate) fn columns() -> usize {
    const USUAL: usize = 80;
    #[cfg(unix)]
    let told = rustix::termios::tcgetwinsize(std::io::stderr()).map_or(0, |size| size.ws_col);
    #[cfg(not(unix))]
    let told = 0;
    match usize::from(told) {
        // A terminal that was not told its size.
        0 => USUAL,
        columns => columns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_same_text_in_color() {
        for (status, color) in [("200", 32), ("304", 36), ("404", 33), ("500", 31)] {
            let line = format!("::1 - - [d] \"GET /\\\" 1 HTTP/1.1\" {status} 5 0.100ms\n");
            let colored = colored(&line);
            assert_eq!(
                colored,
                format!(
                    "\x1b[90m::1 - - [d] \x1b[0m\"GET /\\\" 1 HTTP/1.1\" \x1b[{color}m{status}\x1b[0m 5 0.100ms\n"
                )
            );
        }
        let combined = "- - - [d] \"GET / HTTP/1.1\" 200 5 \"-\" \"a \\\"b\" 1\"\n";
        let expected = "\x1b[90m- - - [d] \x1b[0m\"GET / HTTP/1.1\" \x1b[32m200\x1b[0m 5 \"-\" \"a \\\"b\" 1\"\n";
        assert_eq!(super::colored(combined), expected);
        assert_eq!(super::colored("no log\n"), "no log\n");
    }

    #[test]
    fn colors_are_for_terminals_unless_the_user_says_otherwise() {
        let none = |_: &str| None;
        let only = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| value.to_string())
        };
        for is_terminal in [true, false] {
            assert!(Color::Always.applies_with(is_terminal, only("NO_COLOR", "1")));
            assert!(!Color::Never.applies_with(is_terminal, none));
            assert!(!Color::Auto.applies_with(is_terminal, only("NO_COLOR", "1")));
            assert!(!Color::Auto.applies_with(is_terminal, only("TERM", "dumb")));
            let empty = only("NO_COLOR", "");
            assert_eq!(
                Color::Auto.applies_with(is_terminal, only("TERM", "xterm")),
                is_terminal
            );
            assert_eq!(
                Color::Auto.applies_with(is_terminal, empty),
                is_terminal && cfg!(unix)
            );
        }
    }
}
