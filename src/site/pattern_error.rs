//! Errors of invalid patterns and targets.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

/// The reason why a text is not a pattern or not a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PatternError {
    text: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Empty,
    ThreeStars,
    ControlCharacter,
    Backslash,
    NotInPath(char),
    Start,
    OpenHost,
    Dollar,
    Star { wanted: usize, stars: usize },
}

/// Returns the reason why a text is neither a pattern nor a target.
pub(super) fn unfit(text: &str) -> Option<Reason> {
    match text {
        _ if text.contains(char::is_control) => Some(Reason::ControlCharacter),
        _ if text.contains('\\') => Some(Reason::Backslash),
        _ => None,
    }
}

impl PatternError {
    pub(super) fn new(text: &str, reason: Reason) -> PatternError {
        PatternError {
            text: text.to_string(),
            reason,
        }
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match self.reason {
            Reason::Empty => write!(f, "{text:?} is empty: write \"**\" for every path"),
            Reason::ThreeStars => write!(
                f,
                "{text:?} has three stars in a row: write \"*\" for a part of a name, or \"**\" for any number of folders"
            ),
            Reason::ControlCharacter => write!(
                f,
                "{text:?} has a control character, which no path has: leave it out"
            ),
            Reason::Backslash => write!(f, "{text:?} has a backslash: write \"/\""),
            Reason::NotInPath(character) => write!(
                f,
                "{text:?} has {character:?}, but a pattern is compared with the path alone: write \"*\" for a character \
                 of a name, and leave out a query"
            ),
            Reason::Start => write!(
                f,
                "{text:?} is not a valid target: it must begin with a single \"/\", or with a scheme and a host, as in \
                 \"https://host/\""
            ),
            Reason::OpenHost => write!(
                f,
                "{text:?} lets a request choose the host: write out the host, with a \"/\" after it"
            ),
            Reason::Dollar => write!(
                f,
                "{text:?} has a \"$\" without a digit from 1 to 9: write \"$1\" for what the first star matched, or \
                 \"$$\" for a dollar sign"
            ),
            Reason::Star { wanted, stars } => {
                let number: String = match stars {
                    0 => "no star".into(),
                    1 => "only one star".into(),
                    _ => format!("only {stars} stars"),
                };
                write!(
                    f,
                    "{text:?} has \"${wanted}\", but its pattern has {number}: add a star, or use a lower number"
                )
            }
        }
    }
}

impl core::error::Error for PatternError {}
