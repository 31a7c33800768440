//! Parameters after a value, as in `text/html; charset=utf-8` (RFC 9110 section 5.6.6).

use super::byte_class::{TOKEN, trim, trim_start};

/// The parameters after a value, in order. Empty ones are skipped, as the grammar allows. The iterator ends after the
/// first malformed one, because it is unclear where the next one begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters<'a> {
    rest: &'a [u8],
}

/// `parameter-name "=" parameter-value`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameter<'a> {
    pub(crate) name: &'a [u8],
    /// The token, or the text between the quotes, with its backslashes kept as sent.
    pub(crate) value: &'a [u8],
}

/// The error for a malformed parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Splits a value from its parameters.
pub(crate) fn split(text: &[u8]) -> (&[u8], Parameters<'_>) {
    let end = text.iter().position(|&byte| byte == b';');
    let (value, rest) = text.split_at(end.unwrap_or(text.len()));
    (trim(value), Parameters { rest })
}

/// Returns the parameters of a text that has no value before them (RFC 7239 section 4).
pub(crate) fn pairs(text: &[u8]) -> impl Iterator<Item = Result<Parameter<'_>, Malformed>> {
    let (first, rest) = match take(text) {
        _ if text.starts_with(b";") => (None, text),
        Some((first, rest)) => (Some(Ok(first)), rest),
        None => (Some(Err(Malformed)), &[][..]),
    };
    first.into_iter().chain(Parameters { rest })
}

impl<'a> Parameters<'a> {
    /// Returns the value of the first parameter with the given name, ignoring case, or an error if a parameter is
    /// malformed.
    pub(crate) fn get(self, name: &str) -> Result<Option<&'a [u8]>, Malformed> {
        let mut found = None;
        for parameter in self {
            let parameter = parameter?;
            if parameter.name.eq_ignore_ascii_case(name.as_bytes()) {
                found = found.or(Some(parameter.value));
            }
        }
        Ok(found)
    }

    /// Like [`get`](Parameters::get), but also understands values as programs write them that ignore the grammar: without
    /// quotes, up to the next semicolon, and with a backslash before the closing quote, which is not escaped by it.
    pub(crate) fn get_loosely(self, name: &str) -> Result<Option<&'a [u8]>, Malformed> {
        let (mut rest, mut found) = (trim_start(self.rest), None);
        while let Some(after) = rest.strip_prefix(b";") {
            rest = trim_start(after);
            if !matches!(rest.first(), None | Some(b';')) {
                let (parameter, after) = take_loosely(rest).ok_or(Malformed)?;
                if parameter.name.eq_ignore_ascii_case(name.as_bytes()) {
                    found = found.or(Some(parameter.value));
                }
                rest = trim_start(after);
            }
        }
        if rest.is_empty() {
            Ok(found)
        } else {
            Err(Malformed)
        }
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<Parameter<'a>, Malformed>;

    fn next(&mut self) -> Option<Result<Parameter<'a>, Malformed>> {
        let mut rest = trim_start(core::mem::take(&mut self.rest));
        while let Some(after) = rest.strip_prefix(b";") {
            rest = trim_start(after);
            if !matches!(rest.first(), None | Some(b';')) {
                let taken = take(rest);
                self.rest = taken.map_or(&[], |(_, rest)| rest);
                return Some(taken.map(|(parameter, _)| parameter).ok_or(Malformed));
            }
        }
        (!rest.is_empty()).then_some(Err(Malformed))
    }
}

/// Splits off the parameter at the start of the text. Returns the parameter and the rest.
fn take(text: &[u8]) -> Option<(Parameter<'_>, &[u8])> {
    let (name, rest) = text.split_at(TOKEN.skip(text, 0));
    let rest = rest.strip_prefix(b"=")?;
    let (value, rest) = match rest.strip_prefix(b"\"") {
        Some(quoted) => {
            let (value, rest) = quoted.split_at(quoted_length(quoted));
            (value, rest.strip_prefix(b"\"")?)
        }
        None => match TOKEN.skip(rest, 0) {
            0 => return None,
            length => rest.split_at(length),
        },
    };
    (!name.is_empty()).then_some((Parameter { name, value }, rest))
}

/// Splits off the parameter at the start of the text, which ends at a semicolon or at the end of the text.
fn take_loosely(text: &[u8]) -> Option<(Parameter<'_>, &[u8])> {
    let is_over = |rest: &[u8]| matches!(trim_start(rest).first(), None | Some(b';'));
    if let Some((parameter, rest)) = take(text).filter(|(_, rest)| is_over(rest)) {
        return Some((parameter, rest));
    }
    let (name, rest) = text.split_at(TOKEN.skip(text, 0));
    let rest = rest.strip_prefix(b"=")?;
    let (value, rest) = match rest.strip_prefix(b"\"") {
        Some(quoted) => {
            let end = quoted.iter().position(|&byte| byte == b'"')?;
            let (value, rest) = quoted.split_at(end);
            (value, rest.get(1..).unwrap_or_default())
        }
        None => {
            let end = rest.iter().position(|byte| b";\"".contains(byte));
            let (value, rest) = rest.split_at(end.unwrap_or(rest.len()));
            (trim(value), rest)
        }
    };
    let is_whole = !name.is_empty() && !value.is_empty() && is_over(rest);
    is_whole.then_some((Parameter { name, value }, rest))
}

/// Returns the number of bytes before the closing quote, or the whole length without one (RFC 9110 section 5.6.4).
pub(crate) fn quoted_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;
    use alloc::{format, vec};

    fn shown(text: &str) -> Vec<String> {
        let (value, parameters) = split(text.as_bytes());
        let mut shown = vec![String::from_utf8_lossy(value).into_owned()];
        shown.extend(parameters.map(|parameter| match parameter {
            Ok(Parameter { name, value }) => format!(
                "{} is {}",
                String::from_utf8_lossy(name),
                String::from_utf8_lossy(value)
            ),
            Err(Malformed) => "malformed".into(),
        }));
        shown
    }

    #[test]
    fn values_are_also_read_as_programs_write_them() {
        for (text, expected) in [
            ("a; b=f(1).txt", Ok(Some("f(1).txt"))),
            ("a; b=----=_Part_1_2.3 ; c=d", Ok(Some("----=_Part_1_2.3"))),
            ("a; b=two words", Ok(Some("two words"))),
            ("a; b=\"c\\\"", Ok(Some("c\\"))),
            ("a; b=\"c\\\"; d=\"e\"", Ok(Some("c\\"))),
            ("a; b=\"c\\\"d\"; e=f", Ok(Some("c\\\"d"))),
            ("a; b=\"\"", Ok(Some(""))),
            ("a; c=d;", Ok(None)),
            ("a; b=", Err(Malformed)),
            ("a; b=\"c", Err(Malformed)),
            ("a; b=\"c\"d", Err(Malformed)),
            ("a; b=c\"d\"", Err(Malformed)),
            ("a; =c", Err(Malformed)),
            ("a; b c", Err(Malformed)),
        ] {
            let (_, parameters) = split(text.as_bytes());
            let expected = expected.map(|value| value.map(str::as_bytes));
            assert_eq!(parameters.get_loosely("b"), expected, "{text}");
        }
    }

    #[test]
    fn tokens_and_quoted_strings_are_values() {
        assert_eq!(shown("text/html"), ["text/html"]);
        assert_eq!(
            shown("a ; b=c\t;D=\"e;f, \\\"g\";; h=\"\" ;"),
            ["a", "b is c", "D is e;f, \\\"g", "h is "]
        );
        assert_eq!(shown("; a=\"\\\\\""), ["", "a is \\\\"]);
    }

    #[test]
    fn nothing_after_a_malformed_parameter_is_read() {
        for text in [
            "a; b",
            "a; b=",
            "a; =c",
            "a; b =c",
            "a; b= c",
            "a; b=\"c",
            "a; b=\"\\\"",
            "a; b=c d",
            "a; b=\"c\"d",
            "a; \u{e4}=c",
        ] {
            let shown = shown(&format!("{text}; x=y"));
            assert_eq!(
                shown.last().map(|last| &**last),
                Some("malformed"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_is_found_in_any_case_unless_something_is_malformed() {
        let get = |text: &'static str| split(text.as_bytes()).1.get("boundary");
        assert_eq!(get("a; x=y; Boundary=b; boundary=c"), Ok(Some(&b"b"[..])));
        assert_eq!(get("a; x=boundary"), Ok(None));
        assert_eq!(get("a; boundary=b; x"), Err(Malformed));
    }
}
