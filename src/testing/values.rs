//! Values that applications often handle badly, and names under which they are sent.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Text with which a reflection is recognized: it opens a tag, and ends an attribute of either quotes.
pub(super) const MARKER: &str = "<bytegate\">'";

/// A host that no application knows.
pub(super) const FOREIGN_HOST: &str = "bytegate.example";

/// What would become an attribute of a cookie.
pub(super) const COOKIE_ATTRIBUTE: &str = "Bytegate=1";

/// Returns text for a field, a query value or a path parameter, with a few words on each.
pub(super) fn odd_texts() -> Vec<(&'static str, String)> {
    let mut texts: Vec<(&'static str, String)> = [
        ("no text", ""),
        ("a space", "Ada L"),
        ("a letter that is not ASCII", "Jos\u{e9}"),
        ("an emoji", "\u{1f600}"),
        ("a quote", "\""),
        ("a NUL", "a\0b"),
        ("a percent sign", "100%"),
        ("HTML", MARKER),
        ("a path out of the folder", "../../etc/passwd"),
        ("CR and LF", "a\r\nX-Bytegate: b"),
        ("a cookie attribute", "a; Bytegate=1"),
        ("another host", "https://bytegate.example/"),
        ("another host without a scheme", "//bytegate.example/"),
        ("another host after a backslash", "/\\bytegate.example/"),
        ("zero", "0"),
        ("a negative number", "-1"),
        ("the largest number of one byte", "255"),
        ("a number of two bytes", "256"),
        ("a number of three bytes", "65536"),
        ("a number of five bytes", "4294967296"),
        (
            "the largest signed number of eight bytes",
            "9223372036854775807",
        ),
        ("a number of nine bytes", "18446744073709551616"),
        ("a number that is none", "NaN"),
    ]
    .map(|(name, text)| (name, text.to_string()))
    .into();
    // Each place at which a fixed number of bytes could cut a character is in one of them.
    texts.push(("letters of two bytes", "\u{e9}".repeat(40)));
    texts.push((
        "letters of two bytes after a short one",
        alloc::format!("a{}", "\u{e9}".repeat(40)),
    ));
    texts.push(("ten kilobytes", "a".repeat(10_000)));
    texts
}

/// JSON values that are not text, with a few words on each.
pub(super) const ODD_JSON: [(&str, &str); 17] = [
    ("null", "null"),
    ("true", "true"),
    ("an empty list", "[]"),
    ("an empty object", "{}"),
    ("zero", "0"),
    ("a negative number", "-1"),
    ("the largest signed number of one byte", "127"),
    ("a number of eight bits", "200"),
    ("the largest number of one byte", "255"),
    ("a number of two bytes", "256"),
    ("the largest number of two bytes", "65535"),
    ("the largest signed number of four bytes", "2147483647"),
    ("the largest number of four bytes", "4294967295"),
    (
        "the largest signed number of eight bytes",
        "9223372036854775807",
    ),
    ("the largest number of eight bytes", "18446744073709551615"),
    ("a fraction", "0.5"),
    ("a number that is too large", "1e999"),
];

/// Names that applications often read.
pub(super) const COMMON_NAMES: [&str; 32] = [
    "name",
    "text",
    "q",
    "query",
    "search",
    "id",
    "page",
    "limit",
    "sort",
    "filter",
    "title",
    "message",
    "comment",
    "user",
    "username",
    "email",
    "password",
    "token",
    "file",
    "path",
    "lang",
    "callback",
    "next",
    "url",
    "to",
    "redirect",
    "redirect_uri",
    "return",
    "return_to",
    "continue",
    "back",
    "error",
];

/// Writes text as a JSON string.
pub(super) fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            control if control < ' ' => json.push_str(&alloc::format!("\\u{:04x}", control as u32)),
            other => json.push(other),
        }
    }
    json.push('"');
    json
}
