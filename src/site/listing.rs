//! The page that lists a directory.

use crate::body::body::Body;
use crate::response::html::Escaped;
use crate::response::response::Response;
use crate::syntax::date::Civil;
use crate::syntax::path;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt::{self, Display, Write};
use core::time::Duration;

/// An entry of a directory.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The decoded name: one segment of a path. It might not be UTF-8.
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
    /// The time of the last change, since the Unix epoch.
    pub(super) modified: Option<Duration>,
}

/// A file with its size, or a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File { bytes: u64 },
    Directory,
}

/// Only the style is allowed: the page may list names chosen by anyone, so it runs no scripts.
const SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; \
                               form-action 'none'";

const STYLE: &str = include_str!("listing.css");

/// Returns the response with a page.
pub(super) fn response(page: impl Into<Body>) -> Response {
    Response::html(page)
        .with_header("Content-Security-Policy", SECURITY_POLICY)
        .with_header("X-Content-Type-Options", "nosniff")
        .with_header("Cache-Control", "no-cache")
}

/// Writes the page of a directory up to its first row. Its path is decoded and ends with a slash.
///
/// All links are relative, so that they work below a prefix that a proxy removes.
pub(super) fn write_start(html: &mut String, path: &[u8], order: Order, sum: &Sum) {
    // Writing to a string cannot fail.
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Index of {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>Index of {}</h1>\n",
        Name(path),
        Crumbs(path),
    );
    if !sum.has_table(path) {
        return;
    }
    html.push_str("<table>\n<thead>\n<tr>");
    for column in [Column::Name, Column::Size, Column::Time] {
        order.write_head(column, html);
    }
    html.push_str("</tr>\n</thead>\n<tbody>\n");
    if path != b"/" {
        html.push_str(
            "<tr><td><a class=\"folder\" href=\"../\">../</a></td><td></td><td></td></tr>\n",
        );
    }
}

/// Writes the end of the page, after its last row. If the list is not complete, the page says so.
pub(super) fn write_end(html: &mut String, path: &[u8], sum: &Sum, is_complete: bool) {
    if sum.has_table(path) {
        html.push_str("</tbody>\n</table>\n");
    }
    let Sum {
        folders,
        files,
        bytes,
    } = *sum;
    if sum.is_empty() && is_complete {
        html.push_str("<p>This folder is empty.</p>\n");
    } else {
        let _ = writeln!(
            html,
            "<p>{folders} folder{}, {files} file{}, {}</p>",
            plural(folders),
            plural(files),
            Size(bytes)
        );
    }
    if !is_complete {
        html.push_str("<p>This list is not complete: some entries could not be listed.</p>\n");
    }
    html.push_str("</body>\n</html>\n");
}

/// The number of entries, and the size of the files.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    folders: u64,
    files: u64,
    bytes: u64,
}

impl Sum {
    fn is_empty(&self) -> bool {
        self.folders == 0 && self.files == 0
    }

    /// Returns whether the page has a table: the way back is also a row.
    fn has_table(&self, path: &[u8]) -> bool {
        !self.is_empty() || path != b"/"
    }

    /// Counts an entry.
    pub(super) fn add(&mut self, entry: &Entry) {
        match entry.bytes() {
            Some(bytes) => {
                self.files += 1;
                self.bytes = self.bytes.saturating_add(bytes);
            }
            None => self.folders += 1,
        }
    }
}

impl Entry {
    fn bytes(&self) -> Option<u64> {
        match self.kind {
            Kind::File { bytes } => Some(bytes),
            Kind::Directory => None,
        }
    }

    /// Writes a row of the page.
    pub(super) fn write_row(&self, html: &mut String) {
        let name = Name(&self.name);
        let link = Link(&self.name);
        let _ = match self.kind {
            Kind::File { bytes } => write!(
                html,
                "<tr><td><a href=\"{link}\"><bdi>{name}</bdi></a></td>\
                 <td class=\"size\"><data value=\"{bytes}\" title=\"{bytes} byte{}\">{}</data></td>",
                plural(bytes),
                Size(bytes)
            ),
            Kind::Directory => write!(
                html,
                "<tr><td><a class=\"folder\" href=\"{link}/\"><bdi>{name}</bdi>/</a></td><td></td>"
            ),
        };
        match self.modified.and_then(Civil::from_unix) {
            None => html.push_str("<td></td></tr>\n"),
            Some(time) => {
                let date = format!("{:04}-{:02}-{:02}", time.year, time.month, time.day);
                let minute = format!("{:02}:{:02}", time.hour, time.minute);
                let _ = writeln!(
                    html,
                    "<td><time datetime=\"{date}T{minute}:{:02}Z\">{date}<span> {minute}</span></time></td></tr>",
                    time.second
                );
            }
        }
    }
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The order of the entries, which the column headings set in the query. Directories always come first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    column: Column,
    is_descending: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Size,
    Time,
}

impl Column {
    /// Returns the name in a query, the title and the order of the first click: large and new entries first.
    fn head(self) -> (&'static str, &'static str, bool) {
        match self {
            Column::Name => ("name", "Name", false),
            Column::Size => ("size", "Size", true),
            Column::Time => ("time", "Modified<span> (UTC)</span>", true),
        }
    }
}

impl Order {
    /// Reads `sort=size&order=desc`. The rest of a query is ignored.
    pub(super) fn from_query(query: &str) -> Order {
        let value = |wanted: &str| {
            let mut parameters = query.split('&').filter_map(|pair| pair.split_once('='));
            parameters
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value)
        };
        Order {
            column: match value("sort") {
                Some("size") => Column::Size,
                Some("time") => Column::Time,
                _ => Column::Name,
            },
            is_descending: value("order") == Some("desc"),
        }
    }

    /// Compares entries. Only entries of the same kind and name are equal.
    pub(super) fn compare(self, one: &Entry, other: &Entry) -> Ordering {
        let by_kind = |entry: &Entry| entry.kind != Kind::Directory;
        let by_column = match self.column {
            Column::Name => compare_names(&one.name, &other.name),
            Column::Size => one.bytes().cmp(&other.bytes()),
            Column::Time => one.modified.cmp(&other.modified),
        };
        let by_column = if self.is_descending {
            by_column.reverse()
        } else {
            by_column
        };
        let by_kind = by_kind(one).cmp(&by_kind(other));
        by_kind
            .then(by_column)
            .then_with(|| compare_names(&one.name, &other.name))
    }

    /// Writes a column heading, with a link that sorts by the column, or reverses the order.
    fn write_head(self, column: Column, html: &mut String) {
        let (name, title, starts_descending) = column.head();
        let is_current = self.column == column;
        let class = if column == Column::Size {
            " class=\"size\""
        } else {
            ""
        };
        let state = match (is_current, self.is_descending) {
            (false, _) => "",
            (true, false) => " aria-sort=\"ascending\"",
            (true, true) => " aria-sort=\"descending\"",
        };
        let descends = if is_current {
            !self.is_descending
        } else {
            starts_descending
        };
        let order = if descends { "desc" } else { "asc" };
        let _ = write!(
            html,
            "<th scope=\"col\"{class}{state}><a href=\"?sort={name}&amp;order={order}\">{title}</a></th>"
        );
    }
}

/// Compares names as people do: numbers by their value, and ASCII letters regardless of case. Equal names are compared
/// by their bytes.
fn compare_names(one: &[u8], other: &[u8]) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let ordering = match (left, right) {
            ([], []) => return one.cmp(other),
            ([first, ..], [second, ..]) if first.is_ascii_digit() && second.is_ascii_digit() => {
                let (number, rest) = split_number(left);
                let (other_number, other_rest) = split_number(right);
                (left, right) = (rest, other_rest);
                // Without leading zeros, a longer number is a larger one.
                let by_length = number.len().cmp(&other_number.len());
                by_length.then_with(|| number.cmp(other_number))
            }
            ([first, rest @ ..], [second, other_rest @ ..]) => {
                (left, right) = (rest, other_rest);
                first.to_ascii_lowercase().cmp(&second.to_ascii_lowercase())
            }
            (left, right) => left.len().cmp(&right.len()),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}

/// Splits off the digits at the start, without leading zeros.
fn split_number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    (digits.get(zeros..).unwrap_or_default(), rest)
}

/// A decoded name or path, for people to read. U+FFFD replaces bytes that cannot be shown.
struct Name<'a>(&'a [u8]);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for (place, text) in chunk.valid().split(is_unfit).enumerate() {
                if place > 0 {
                    f.write_char(char::REPLACEMENT_CHARACTER)?;
                }
                write!(f, "{}", Escaped(text))?;
            }
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

/// Returns whether a character is a control character, which HTML does not allow, or one that changes the direction of
/// the text after it, so that `exe.jpg` could be shown for a name that ends with `gpj.exe`.
fn is_unfit(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A relative reference to a name (RFC 3986 section 4.2).
struct Link<'a>(&'a [u8]);

impl Display for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Text before a colon would be a scheme.
        if self.0.contains(&b':') {
            f.write_str("./")?;
        }
        write!(f, "{}", Escaped(path::encode(self.0)))
    }
}

/// A path whose directories are links, except for the last.
struct Crumbs<'a>(&'a [u8]);

impl Display for Crumbs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.split_inclusive(|&byte| byte == b'/');
        let depth = names.clone().count();
        for (place, name) in names.enumerate() {
            let name = Name(name);
            match depth - 1 - place {
                0 => write!(f, "<bdi>{name}</bdi>")?,
                ups => {
                    f.write_str("<a href=\"")?;
                    (0..ups).try_for_each(|_| f.write_str("../"))?;
                    write!(f, "\"><bdi>{name}</bdi></a>")?;
                }
            }
        }
        Ok(())
    }
}

/// A number of bytes with a unit, and one digit after the point.
struct Size(u64);

impl Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1000 {
            return write!(f, "{} B", self.0);
        }
        let mut unit = 1000;
        let mut names = ["kB", "MB", "GB", "TB", "PB", "EB"].iter();
        loop {
            let name = names.next().copied().unwrap_or_default();
            let tenths = (u128::from(self.0) * 10 + unit / 2) / unit;
            if tenths < 10_000 || name == "EB" {
                return write!(f, "{}.{} {name}", tenths / 10, tenths % 10);
            }
            unit *= 1000;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;
    use percent_encoding::percent_decode_str;
    use proptest::collection::vec as list;
    use proptest::prelude::*;

    fn file(name: impl AsRef<[u8]>, bytes: u64, modified: u64) -> Entry {
        Entry {
            name: name.as_ref().into(),
            kind: Kind::File { bytes },
            modified: Some(Duration::from_secs(modified)),
        }
    }

    fn directory(name: impl AsRef<[u8]>) -> Entry {
        Entry {
            name: name.as_ref().into(),
            kind: Kind::Directory,
            modified: None,
        }
    }

    fn html(path: &[u8], entries: Vec<Entry>, query: Option<&str>) -> String {
        page(
            path,
            entries,
            Order::from_query(query.unwrap_or_default()),
            true,
        )
    }

    fn page(path: &[u8], mut entries: Vec<Entry>, order: Order, is_complete: bool) -> String {
        entries.sort_by(|one, other| order.compare(one, other));
        let (mut html, mut sum) = (String::new(), Sum::default());
        entries.iter().for_each(|entry| sum.add(entry));
        write_start(&mut html, path, order, &sum);
        for entry in &entries {
            entry.write_row(&mut html);
        }
        write_end(&mut html, path, &sum, is_complete);
        html
    }

    /// Returns the values of an attribute, with character references replaced.
    fn attributes(html: &str, name: &str) -> Vec<String> {
        let start = format!(" {name}=\"");
        let parts = html.split(&start);
        let values = parts.skip(1).filter_map(|part| part.split('"').next());
        values.map(unescaped).collect()
    }

    fn unescaped(text: &str) -> String {
        let text = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"");
        text.replace("&#39;", "'").replace("&amp;", "&")
    }

    /// Returns the names in the order of the page.
    fn order(entries: &[Entry], query: &str) -> Vec<String> {
        let html = html(b"/", entries.to_vec(), Some(query));
        let links = attributes(&html, "href");
        links
            .into_iter()
            .filter(|link| !link.starts_with('?'))
            .collect()
    }

    /// Returns the target of a link, from a directory with the given path (RFC 3986 section 5.2).
    fn followed(base: &[u8], link: &str) -> Vec<u8> {
        assert!(
            !link.starts_with('/') && !link.contains(['?', '#']),
            "{link:?}"
        );
        let first = link.split('/').next().unwrap_or_default();
        assert!(!first.contains(':'), "{link:?} has a scheme");
        let mut segments: Vec<Vec<u8>> = base.split(|&byte| byte == b'/').map(Vec::from).collect();
        segments.pop();
        for segment in link.split('/') {
            match segment {
                ".." => {
                    segments.pop();
                }
                "." => {}
                segment => segments.push(percent_decode_str(segment).collect()),
            }
        }
        segments.join(&b'/')
    }

    #[test]
    fn the_page_of_a_directory() {
        let entries = vec![
            file("b<i>\"&'.html", 1_234_567, 784_111_777),
            file("a 10.txt", 999, 1_700_000_000),
            file("A 9.txt", 1_000, 0),
            directory("sub"),
            file("c:d?e#f%.txt", 0, 1_700_000_000),
            Entry {
                modified: None,
                ..file(b"\xff\n ", 1, 0)
            },
        ];
        let response = response(page(
            b"/docs & more/<b>/",
            entries,
            Order::from_query("sort=size&order=desc"),
            false,
        ));
        let head: Vec<String> = response
            .headers()
            .view()
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value)))
            .collect();
        let html = String::from_utf8_lossy(response.body().as_bytes().expect("a page"));
        let html = html.replace(STYLE, "(the style)\n");
        insta::assert_snapshot!(format!("{}\n{html}", head.concat()), @r#"
        Content-Type: text/html; charset=utf-8
        Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'
        X-Content-Type-Options: nosniff
        Cache-Control: no-cache

        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Index of /docs &amp; more/&lt;b&gt;/</title>
        <style>
        (the style)
        </style>
        </head>
        <body>
        <h1>Index of <a href="../../"><bdi>/</bdi></a><a href="../"><bdi>docs &amp; more/</bdi></a><bdi>&lt;b&gt;/</bdi></h1>
        <table>
        <thead>
        <tr><th scope="col"><a href="?sort=name&amp;order=asc">Name</a></th><th scope="col" class="size" aria-sort="descending"><a href="?sort=size&amp;order=asc">Size</a></th><th scope="col"><a href="?sort=time&amp;order=desc">Modified<span> (UTC)</span></a></th></tr>
        </thead>
        <tbody>
        <tr><td><a class="folder" href="../">../</a></td><td></td><td></td></tr>
        <tr><td><a class="folder" href="sub/"><bdi>sub</bdi>/</a></td><td></td><td></td></tr>
        <tr><td><a href="b%3Ci%3E%22&amp;&#39;.html"><bdi>b&lt;i&gt;&quot;&amp;&#39;.html</bdi></a></td><td class="size"><data value="1234567" title="1234567 bytes">1.2 MB</data></td><td><time datetime="1994-11-06T08:49:37Z">1994-11-06<span> 08:49</span></time></td></tr>
        <tr><td><a href="A%209.txt"><bdi>A 9.txt</bdi></a></td><td class="size"><data value="1000" title="1000 bytes">1.0 kB</data></td><td><time datetime="1970-01-01T00:00:00Z">1970-01-01<span> 00:00</span></time></td></tr>
        <tr><td><a href="a%2010.txt"><bdi>a 10.txt</bdi></a></td><td class="size"><data value="999" title="999 bytes">999 B</data></td><td><time datetime="2023-11-14T22:13:20Z">2023-11-14<span> 22:13</span></time></td></tr>
        <tr><td><a href="%FF%0A%20"><bdi>�� </bdi></a></td><td class="size"><data value="1" title="1 byte">1 B</data></td><td></td></tr>
        <tr><td><a href="./c:d%3Fe%23f%25.txt"><bdi>c:d?e#f%.txt</bdi></a></td><td class="size"><data value="0" title="0 bytes">0 B</data></td><td><time datetime="2023-11-14T22:13:20Z">2023-11-14<span> 22:13</span></time></td></tr>
        </tbody>
        </table>
        <p>1 folder, 5 files, 1.2 MB</p>
        <p>This list is not complete: some entries could not be listed.</p>
        </body>
        </html>
        "#);
    }

    #[test]
    fn an_empty_directory_has_only_the_way_back() {
        let body = |path| {
            let html = html(path, vec![], None);
            let (_, body) = html.split_once("</h1>\n").expect("a heading");
            body.to_string()
        };
        assert_eq!(
            body(b"/"),
            "<p>This folder is empty.</p>\n</body>\n</html>\n"
        );
        let below = body(b"/a/");
        assert_eq!(
            attributes(&below, "href").last().map(|link| &**link),
            Some("../")
        );
        assert!(below.ends_with("</table>\n<p>This folder is empty.</p>\n</body>\n</html>\n"));
        let unknown = page(b"/", vec![], Order::from_query(""), false);
        assert!(!unknown.contains("empty.") && unknown.contains("This list is not complete"));
    }

    #[test]
    fn directories_come_first_and_numbers_are_compared_by_value() {
        let entries = [
            file("b10", 5, 9),
            file("B2", 7, 8),
            directory("z"),
            file("b02", 6, 7),
            directory("y"),
            Entry {
                modified: None,
                ..file("a", 5, 0)
            },
        ];
        for (query, expected) in [
            ("", ["y/", "z/", "a", "B2", "b02", "b10"]),
            ("sort=size", ["y/", "z/", "a", "b10", "b02", "B2"]),
            (
                "sort=size&order=desc",
                ["y/", "z/", "B2", "b02", "a", "b10"],
            ),
            (
                "order=desc&sort=time",
                ["y/", "z/", "b10", "B2", "b02", "a"],
            ),
            ("sort=time&order=asc", ["y/", "z/", "a", "b02", "B2", "b10"]),
            (
                "sort=name&order=desc",
                ["z/", "y/", "b10", "b02", "B2", "a"],
            ),
            (
                "sort=x&order=y&z&=&sort=size",
                ["y/", "z/", "a", "B2", "b02", "b10"],
            ),
        ] {
            assert_eq!(order(&entries, query), expected, "{query}");
        }
    }

    #[test]
    fn a_column_heading_reverses_the_order() {
        for (query, expected) in [
            (
                None,
                [
                    "?sort=name&order=desc",
                    "?sort=size&order=desc",
                    "?sort=time&order=desc",
                ],
            ),
            (
                Some("sort=size&order=desc"),
                [
                    "?sort=name&order=asc",
                    "?sort=size&order=asc",
                    "?sort=time&order=desc",
                ],
            ),
        ] {
            let page = html(b"/", vec![directory("a")], query);
            let (head, _) = page.split_once("<tbody>").expect("a table");
            assert_eq!(attributes(head, "href"), expected);
        }
    }

    #[test]
    fn sizes_are_rounded_to_one_digit() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_049, "1.0 kB"),
            (1_050, "1.1 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (1_234_567, "1.2 MB"),
            (5_000_000_000, "5.0 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(Size(bytes).to_string(), text);
        }
    }

    #[test]
    fn crumbs_link_to_the_parent_directories() {
        let links = |path: &'static [u8]| attributes(&Crumbs(path).to_string(), "href");
        assert_eq!(links(b"/"), [""; 0]);
        assert_eq!(links(b"/a/"), ["../"]);
        assert_eq!(links(b"/a/b/"), ["../../", "../"]);
        assert_eq!(followed(b"/a/b/", "../../"), b"/");
        assert_eq!(followed(b"/a/b/", "../"), b"/a/");
    }

    fn name() -> impl Strategy<Value = Vec<u8>> {
        let text =
            "[ -.0-~\u{e4}\u{202e}\u{1f600}\n\t]{1,12}|[<>&\"':?#%+. \\\\]{1,6}|[a0-2B]{1,5}";
        let name = prop_oneof![
            text.prop_map(String::into_bytes),
            list(
                any::<u8>().prop_filter("a slash", |byte| *byte != b'/'),
                1..8
            ),
        ];
        name.prop_filter("dots", |name| name != b"." && name != b"..")
    }

    proptest! {
        #[test]
        fn following_a_link_yields_the_name(
            names in list((name(), any::<bool>()), 0..6),
            path in list(name(), 0..3),
        ) {
            let path = [&b"/"[..], &path.iter().flat_map(|name| [&name[..], b"/"]).collect::<Vec<_>>().concat()].concat();
            let entries: Vec<Entry> = names
                .iter()
                .map(|(name, is_directory)| if *is_directory { directory(name) } else { file(name, 0, 0) })
                .collect();
            let html = html(&path, entries, None);
            let table = html.split_once("<tbody>").map_or("", |(_, table)| table);
            let links = attributes(table, "href").into_iter().filter(|link| link != "../");
            let mut found: Vec<Vec<u8>> = links.map(|link| followed(&path, &link)).collect();
            let mut expected: Vec<Vec<u8>> = names
                .iter()
                .map(|(name, is_directory)| [&path[..], &name[..], if *is_directory { b"/" } else { b"" }].concat())
                .collect();
            found.sort();
            expected.sort();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_name_is_never_markup(names in list(name(), 1..4), path in name(), query in ".{0,20}") {
            let path = [b"/", &path[..], b"/"].concat();
            let entries: Vec<Entry> = names.iter().map(|name| file(name, 1, 0)).collect();
            let plain: Vec<Entry> = names.iter().map(|_| file("a", 1, 0)).collect();
            let (html, plain) = (html(&path, entries, Some(&query)), html(b"/a/", plain, Some(&query)));
            for character in ['<', '>', '"', '\''] {
                prop_assert_eq!(html.matches(character).count(), plain.matches(character).count());
            }
            let is_unfit = |character| character != '\n' && is_unfit(character);
            prop_assert!(!html.contains(is_unfit));
            prop_assert_eq!(html.lines().count(), plain.lines().count());
        }

        #[test]
        fn names_are_totally_ordered(names in list(name(), 3)) {
            let [a, b, c] = [&names[0], &names[1], &names[2]];
            prop_assert_eq!(compare_names(a, b), compare_names(b, a).reverse());
            prop_assert_eq!(compare_names(a, b).is_eq(), a == b);
            if compare_names(a, b).is_le() && compare_names(b, c).is_le() {
                prop_assert!(compare_names(a, c).is_le());
            }
        }
    }
}
