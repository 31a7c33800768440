//! A part of a form with files, and limits on such parts.

use crate::headers::headers::Headers;
use crate::response::rejection::{Rejection, detail};
use crate::syntax::content_disposition::extended_value;
use crate::syntax::parameters::{Parameters, split};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::fmt;

/// A part of a form: a value or a file.
///
/// ```
/// use bytegate::Request;
///
/// let request = Request::builder("POST", "/")
///     .header("Content-Type", "multipart/form-data; boundary=x")
///     .body("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nsome text\r\n--x--\r\n")
///     .build()?;
/// let form = request.multipart().expect("a form");
/// let part = form.get("a").expect("a part");
/// assert_eq!((part.name(), part.file_name(), part.content_type()), ("a", None, None));
/// assert_eq!(part.text(), Ok("some text"));
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone)]
pub struct Part<'a> {
    name: Cow<'a, str>,
    file_name: Option<Cow<'a, str>>,
    headers: Headers<'a>,
    bytes: &'a [u8],
}

/// Limits on the parts of a form, in addition to the limit on the whole body, which is
/// [`Limits::body_bytes`](crate::config::Limits::body_bytes) or
/// [`Admission::up_to`](crate::upload::Admission::up_to). A form exactly at a limit is accepted.
///
/// Bytes outside of the parts are skipped: text before the first boundary and after the last one, and padding after
/// boundaries. More than 4096 of them result in 413, regardless of the limits.
///
/// ```
/// use bytegate::request::MultipartLimits;
///
/// let limits = MultipartLimits { parts: 10, ..MultipartLimits::default() };
/// assert_eq!(limits.part_head_bytes, 4096);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultipartLimits {
    /// The number of parts. Exceeding it results in 413.
    pub parts: usize,
    /// The head of one part with all line endings, in bytes. It contains the file name. Exceeding it results in 413.
    pub part_head_bytes: usize,
    /// The body of one part, in bytes. Exceeding it results in 413. By default, only the whole form is limited.
    pub part_bytes: u64,
}

impl Default for MultipartLimits {
    fn default() -> MultipartLimits {
        MultipartLimits {
            parts: 1000,
            part_head_bytes: 4096,
            part_bytes: u64::MAX,
        }
    }
}

impl<'a> Part<'a> {
    /// Parses the head of a part.
    pub(crate) fn parse(head: &'a [u8]) -> Result<Part<'a>, String> {
        let headers = Headers::from_valid(head);
        let mut dispositions = headers.get_all("Content-Disposition");
        let (Some(disposition), None) = (dispositions.next(), dispositions.next()) else {
            return Err("must have one Content-Disposition".into());
        };
        let (kind, parameters) = split(disposition);
        let name = parameters.get_loosely("name").map_err(|_| MALFORMED)?;
        let Some(name) = name.filter(|_| kind.eq_ignore_ascii_case(b"form-data")) else {
            return Err(
                "has no name: its Content-Disposition must be form-data with a name".into(),
            );
        };
        if let Some(coding) = headers.get_bytes("Content-Transfer-Encoding") {
            let harmless = ["7bit", "8bit", "binary"];
            let is_harmless = |name: &&str| coding.eq_ignore_ascii_case(name.as_bytes());
            if !harmless.iter().any(is_harmless) {
                let coding = detail(String::from_utf8_lossy(coding));
                return Err(format!(
                    "is encoded as {coding}, which RFC 7578 does not allow"
                ));
            }
        }
        Ok(Part {
            name: unescape(name).ok_or(NOT_UTF8)?,
            file_name: file_name(parameters)?,
            headers,
            bytes: b"",
        })
    }

    /// Sets the body, which follows the head.
    pub(crate) fn set_bytes(&mut self, bytes: &'a [u8]) {
        self.bytes = bytes;
    }

    /// Returns the name of the form field.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name of the file on the client, if this is a file. It is empty if no file was chosen.
    ///
    /// Browsers send `filename`. If a client also sends a valid `filename*`, which RFC 7578 does not allow but some
    /// libraries send, its text is preferred, because `filename` is then a replacement (RFC 8187). A name that is not
    /// UTF-8 is read as Latin-1.
    ///
    /// The client is free to send any text, such as `../../etc/passwd`. Show it, but never use it as a path. Browsers
    /// write a quote in it as `%22`, which is kept, because they do not encode percent signs.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// Returns the media type that the client states for a file. It is often guessed from the name.
    #[must_use]
    pub fn content_type(&self) -> Option<&'a str> {
        self.headers.get("Content-Type")
    }

    /// Returns the headers of the part.
    #[must_use]
    pub fn headers(&self) -> Headers<'a> {
        self.headers
    }

    /// Returns the body.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the body as text.
    ///
    /// # Errors
    /// Returns a 400 if it is not UTF-8.
    pub fn text(&self) -> Result<&'a str, Rejection> {
        core::str::from_utf8(self.bytes).map_err(|_| {
            let name = detail(&self.name);
            Rejection::bad_request(format!("\"{name}\" in the form is not UTF-8"))
        })
    }
}

const MALFORMED: &str = "has a malformed Content-Disposition";
const NOT_UTF8: &str = "has a name that is not UTF-8";

/// Returns the file name: `filename*`, or else `filename`, as browsers send it.
fn file_name(parameters: Parameters<'_>) -> Result<Option<Cow<'_, str>>, String> {
    let plain = parameters.get_loosely("filename").map_err(|_| MALFORMED)?;
    let extended = parameters.get_loosely("filename*").map_err(|_| MALFORMED)?;
    match (extended.map(extended_value), plain) {
        (Some(Some(name)), _) => Ok(Some(name.into())),
        (_, Some(name)) => Ok(Some(unescape(name).unwrap_or_else(|| latin_1(name).into()))),
        (Some(None), None) => {
            Err("has a filename* that is not UTF-8 in the form of RFC 8187".into())
        }
        (None, None) => Ok(None),
    }
}

/// Reads a text as ISO 8859-1, as old clients write names.
fn latin_1(text: &[u8]) -> String {
    text.iter().copied().map(char::from).collect()
}

/// Removes the backslashes before quotes and before other backslashes, and no others: browsers do not escape them, and
/// old ones send whole paths, such as `C:\new\sea.png`. Returns `None` if the text is not UTF-8.
fn unescape(text: &[u8]) -> Option<Cow<'_, str>> {
    let text = core::str::from_utf8(text).ok()?;
    if !text.contains('\\') {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = characters.next_if(|next| character == '\\' && matches!(next, '"' | '\\'));
        plain.push(escaped.unwrap_or(character));
    }
    Some(Cow::Owned(plain))
}

impl fmt::Debug for Part<'_> {
    /// Omits the body, which may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name)
            .field("file_name", &self.file_name)
            .field("bytes", &format_args!("{} bytes", self.bytes.len()))
            .finish_non_exhaustive()
    }
}
