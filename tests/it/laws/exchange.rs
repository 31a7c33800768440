//! Exchanges stored in files: the input, the output, and the rule they show.
//!
//! ```text
//! # RFC 9112 section 5.1
//! # No whitespace is allowed between the header name and the colon.
//!
//! > GET / HTTP/1.1\r\n
//! > Host : x\r\n
//! > \r\n
//!
//! < HTTP/1.1 400 Bad Request\r\n
//! ```
//!
//! Lines that begin with `> ` are input, those with `< ` are output, and line ends are written as escapes. The escapes
//! are Rust's (`\r`, `\n`, `\t`, `\\`, `\"`, `\'`, `\xHH`), and `\{text*N}` is a text repeated N times.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) struct Exchange {
    pub(crate) path: PathBuf,
    /// The section of the standard, from the first comment line.
    pub(crate) section: String,
    /// The rule, from the other comment lines.
    pub(crate) rule: String,
    pub(crate) input: Vec<u8>,
    pub(crate) output: Vec<u8>,
    preamble: String,
}

impl Exchange {
    /// All exchanges below `fixtures/exchanges`, in the order of their paths.
    pub(crate) fn all() -> Vec<Exchange> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/exchanges");
        let mut paths = Vec::new();
        for folder in fs::read_dir(root).expect("the folder of fixtures") {
            for file in
                fs::read_dir(folder.expect("an entry").path()).expect("a folder of fixtures")
            {
                paths.push(file.expect("an entry").path());
            }
        }
        paths.sort();
        paths.into_iter().map(Exchange::read).collect()
    }

    /// The name of the file, such as `refuse-bare-cr-in-a-value`.
    pub(crate) fn name(&self) -> &str {
        self.path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name in UTF-8")
    }

    /// The name of its folder, such as `fields`.
    pub(crate) fn folder(&self) -> &str {
        let folder = self.path.parent().and_then(Path::file_name);
        folder
            .and_then(|name| name.to_str())
            .expect("a name in UTF-8")
    }

    fn read(path: PathBuf) -> Exchange {
        let text = fs::read_to_string(&path).expect("a fixture in UTF-8");
        let with = |mark: &str| -> String {
            text.lines()
                .filter_map(|line| line.strip_prefix(mark))
                .collect()
        };
        let mut comments = text.lines().filter_map(|line| line.strip_prefix("# "));
        let preamble = text.lines().take_while(|line| !line.starts_with('<'));
        Exchange {
            section: comments.next().expect("a section").to_string(),
            rule: comments.collect::<Vec<_>>().join(" "),
            input: unescape(&with("> ")),
            output: unescape(&with("< ")),
            preamble: preamble
                .collect::<Vec<_>>()
                .join("\n")
                .trim_end()
                .to_string(),
            path,
        }
    }

    /// Rewrites the file with this output.
    pub(crate) fn bless(&self, output: &[u8]) {
        let mut text = format!("{}\n\n", self.preamble);
        for line in output.split_inclusive(|&byte| byte == b'\n') {
            text += &format!(
                "< {}\n",
                line.escape_ascii()
                    .to_string()
                    .replace("\\\"", "\"")
                    .replace("\\'", "'")
            );
        }
        fs::write(&self.path, text).expect("a fixture can be written");
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        rest = match escaped.strip_prefix('{') {
            None => {
                let length = if escaped.starts_with('x') { 3 } else { 1 };
                let (escape, rest) = escaped.split_at(length);
                bytes.push(match escape {
                    "r" => b'\r',
                    "n" => b'\n',
                    "t" => b'\t',
                    "0" => 0,
                    "\\" | "\"" | "'" => escape.as_bytes()[0],
                    hex => u8::from_str_radix(&hex[1..], 16).expect("an escape"),
                });
                rest
            }
            Some(repeated) => {
                let (repeated, rest) = repeated.split_once('}').expect("the end of a repetition");
                let (text, count) = repeated.rsplit_once('*').expect("a count");
                let unit = unescape(text);
                bytes.extend(unit.repeat(count.parse().expect("a count")));
                rest
            }
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}
