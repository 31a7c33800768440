//! Escaping of text in HTML.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Display, Write};

/// Escapes text for HTML, as the text of an element or as an attribute value in quotes. The characters `&`, `<`, `>`,
/// `"` and `'` become character references. Text without them is not copied.
///
/// This is not enough inside `<script>` and `<style>`, in attributes without quotes, or for a URL, which may begin
/// with `javascript:`.
///
/// ```
/// use bytegate::escape_html;
///
/// let name = "<b>\"Ada\" & co</b>";
/// let page = format!("<p title=\"{0}\">{0}</p>", escape_html(name));
/// assert!(page.ends_with(">&lt;b&gt;&quot;Ada&quot; &amp; co&lt;/b&gt;</p>"));
/// ```
#[must_use]
pub fn escape_html(text: &str) -> Cow<'_, str> {
    if !text.contains(SPECIAL) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    // Writing to a string cannot fail.
    let _ = Escaping(&mut escaped).write_str(text);
    Cow::Owned(escaped)
}

/// A value that is displayed with the escapes of [`escape_html`].
///
/// ```
/// use bytegate::response::Escaped;
///
/// assert_eq!(format!("<p>{}</p>", Escaped("1 < 2")), "<p>1 &lt; 2</p>");
/// assert_eq!(format!("<p>{}</p>", Escaped(format_args!("{:?}", "a"))), "<p>&quot;a&quot;</p>");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Escaped<T>(pub T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

const SPECIAL: [char; 5] = ['&', '<', '>', '"', '\''];

/// Escapes everything that is written to it.
struct Escaping<W>(W);

impl<W: Write> Write for Escaping<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(SPECIAL) {
            let (plain, special) = rest.split_at(at);
            self.0.write_str(plain)?;
            self.0.write_str(match special.as_bytes().first() {
                Some(b'&') => "&amp;",
                Some(b'<') => "&lt;",
                Some(b'>') => "&gt;",
                Some(b'"') => "&quot;",
                _ => "&#39;",
            })?;
            rest = special.get(1..).unwrap_or_default();
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    /// Replaces the references in one pass, so that `&amp;lt;` is `&lt;`.
    fn unescape(text: &str) -> String {
        let mut parts = text.split('&');
        let mut plain = String::from(parts.next().unwrap());
        for part in parts {
            let (name, rest) = part.split_once(';').unwrap();
            plain.push(match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "#39" => '\'',
                other => panic!("the reference {other:?}"),
            });
            plain.push_str(rest);
        }
        plain
    }

    #[test]
    fn plain_text_is_borrowed() {
        for text in ["", "hello", "\u{e4}\u{20ac} ;#"] {
            assert!(matches!(escape_html(text), Cow::Borrowed(same) if same == text));
        }
    }

    proptest! {
        #[test]
        fn escaped_text_has_no_markup_and_reads_as_before(text in ".*|[&<>\"';a#l t\u{e4}]*") {
            let escaped = escape_html(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            prop_assert_eq!(unescape(&escaped), text.as_str());
            prop_assert_eq!(format!("{}", Escaped(&text)), escaped);
        }
    }
}
