//! Media types of files (RFC 9110 section 8.3).
//!
//! The types are registered with IANA, or else taken from mime-db and mime_guess, with these decisions:
//!
//! - Text is UTF-8. XML and SGML have no charset here, because each document declares its own encoding, which a charset
//!   would override (RFC 7303 section 3).
//! - Source code and settings are plain text, so that every browser shows them.
//! - `.ts` is a video segment, `video/mp2t`, as registered. Some players insist on that type. The cost is small:
//!   browsers download TypeScript instead of showing it, and run it under no type. No browser plays videos named
//!   `.mts`, so that suffix is TypeScript, and plain text like `.cts` and `.tsx`.
//! - A file without a suffix is plain text if it has a name such as `LICENSE` or `.gitignore`.
//! - All other files are plain bytes.

use core::cmp::Ordering;

/// Returns the media type for a path, with a charset if it has one. The case of the suffix is ignored.
pub(crate) fn of(path: &str) -> &'static str {
    of_bytes(path.as_bytes())
}

/// Like [`of`], for a path that may not be UTF-8.
pub(crate) fn of_bytes(path: &[u8]) -> &'static str {
    let name = path.rsplit(|&byte| byte == b'/').next();
    let name = name.unwrap_or_default();
    let dot = name.iter().rposition(|&byte| byte == b'.');
    let suffix = dot.and_then(|dot| name.get(dot + 1..));
    match suffix.and_then(of_suffix) {
        Some(media_type) => media_type,
        None if is_text_by_name(name) => "text/plain; charset=utf-8",
        None => BYTES,
    }
}

/// The media type of unknown files.
pub(crate) const BYTES: &str = "application/octet-stream";

/// Returns a media type without the charset at its end, so that a client looks for one in the body. Other parameters
/// are kept.
pub(crate) fn without_charset(media_type: &str) -> &str {
    match media_type.rsplit_once(';') {
        Some((before, parameter)) => match parameter.trim_start().split_once('=') {
            Some((name, _)) if name.eq_ignore_ascii_case("charset") => before.trim_end(),
            _ => media_type,
        },
        None => media_type,
    }
}

/// Lines with a suffix in lower case, a tab and a media type, sorted by suffix.
const TABLE: &str = include_str!("media_types.txt");

/// Searches the table by bisection.
fn of_suffix(suffix: &[u8]) -> Option<&'static str> {
    let mut rest = TABLE;
    loop {
        let (line, before, after) = middle(rest)?;
        let (known, media_type) = line.split_once('\t')?;
        rest = match compare_ignoring_case(suffix, known) {
            Ordering::Less => before,
            Ordering::Equal => return Some(media_type),
            Ordering::Greater => after,
        };
    }
}

/// Splits lines into the middle one, the lines before it and the lines after it. Returns `None` without lines.
fn middle(lines: &'static str) -> Option<(&'static str, &'static str, &'static str)> {
    let (before, _) = lines.as_bytes().split_at(lines.len() / 2);
    let newline = before.iter().rposition(|&byte| byte == b'\n');
    let (before, rest) = lines.split_at(newline.map_or(0, |newline| newline + 1));
    let (line, after) = rest.split_once('\n')?;
    Some((line, before, after))
}

/// Names of text files, in lower case and sorted. A name can continue after a dot or a hyphen, as in `LICENSE-MIT`.
const TEXT: [&str; 78] = [
    ".babelrc",
    ".bash_profile",
    ".bashrc",
    ".browserslistrc",
    ".dockerignore",
    ".editorconfig",
    ".env",
    ".eslintignore",
    ".eslintrc",
    ".gitattributes",
    ".gitignore",
    ".gitkeep",
    ".gitmodules",
    ".hgignore",
    ".htaccess",
    ".mailmap",
    ".node",
    ".nojekyll",
    ".npmignore",
    ".npmrc",
    ".nvmrc",
    ".prettierignore",
    ".prettierrc",
    ".profile",
    ".python",
    ".ruby",
    ".stylelintrc",
    ".tool",
    ".vimrc",
    ".zshrc",
    "_headers",
    "_redirects",
    "authors",
    "build",
    "changelog",
    "changes",
    "cname",
    "code_of_conduct",
    "codeowners",
    "containerfile",
    "contributing",
    "contributors",
    "copying",
    "copyright",
    "credits",
    "dockerfile",
    "gemfile",
    "gnumakefile",
    "history",
    "humans",
    "install",
    "jenkinsfile",
    "justfile",
    "licence",
    "license",
    "maintainers",
    "makefile",
    "md5sums",
    "news",
    "notice",
    "owners",
    "patents",
    "pipfile",
    "podfile",
    "procfile",
    "rakefile",
    "readme",
    "robots",
    "security",
    "sha1sums",
    "sha256sums",
    "sha512sums",
    "thanks",
    "todo",
    "unlicense",
    "vagrantfile",
    "version",
    "workspace",
];

/// Returns whether a name without a known suffix belongs to a text file.
fn is_text_by_name(name: &[u8]) -> bool {
    // A dot at the start belongs to the name.
    let mut rest = name.iter().skip(1);
    let end = rest.position(|byte| matches!(byte, b'.' | b'-'));
    let start = end.and_then(|end| name.get(..=end)).unwrap_or(name);
    TEXT.binary_search_by(|known| compare_ignoring_case(start, known).reverse())
        .is_ok()
}

/// Compares a name in any case with one in lower case.
fn compare_ignoring_case(name: &[u8], known: &str) -> Ordering {
    let name = name.iter().map(u8::to_ascii_lowercase);
    name.cmp(known.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::method::is_tchar;
    use alloc::format;
    use alloc::string::String;

    const OCTETS: &str = "application/octet-stream";
    const PLAIN: &str = "text/plain; charset=utf-8";

    fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
        let lines = TABLE.lines();
        lines.map(|line| line.split_once('\t').expect("a suffix and a type"))
    }

    fn essence(media_type: &str) -> &str {
        media_type.split(';').next().unwrap_or_default()
    }

    #[test]
    fn the_last_suffix_decides_regardless_of_case() {
        for (path, media_type) in [
            ("/index.html", "text/html; charset=utf-8"),
            ("/A.PNG", "image/png"),
            ("/a.tar.gz", "application/gzip"),
            ("/a.html/b", OCTETS),
            ("/unknown.zzz", OCTETS),
            ("/a.", OCTETS),
            ("/none", OCTETS),
            ("/html", OCTETS),
            ("", OCTETS),
            ("a.7z", "application/x-7z-compressed"),
            ("/a.js", "text/javascript; charset=utf-8"),
            ("/a.cjs", "text/javascript; charset=utf-8"),
            ("/segment.ts", "video/mp2t"),
            ("/a.tsx", PLAIN),
            ("/a.mts", PLAIN),
            ("/main.PY", PLAIN),
        ] {
            assert_eq!(of(path), media_type, "{path}");
        }
        assert_eq!(of_bytes(b"/\xff.css"), "text/css; charset=utf-8");
        assert_eq!(of_bytes(b"/a.\xff"), OCTETS);
    }

    #[test]
    fn a_known_name_without_a_suffix_is_text() {
        for path in [
            "/LICENSE",
            "/license-mit",
            "/COPYING.LESSER",
            "/a.b/Makefile",
            "/Dockerfile.dev",
            "/README",
            "/.gitignore",
            "/.env.local",
            "/CNAME",
            "/.nojekyll",
            "/SHA256SUMS",
            "/.python-version",
        ] {
            assert_eq!(of(path), PLAIN, "{path}");
        }
        for path in [
            "/LICENSES",
            "/README.bin",
            "/a-readme",
            "/.DS_Store",
            "/gitignore",
            "/-",
            "/.",
            "/..",
        ] {
            assert_eq!(of(path), OCTETS, "{path}");
        }
        assert_eq!(of("/README.md"), "text/markdown; charset=utf-8");
        assert!(TEXT.is_sorted_by(|name, next| name < next));
        for name in TEXT {
            assert_eq!(of(&name.to_ascii_uppercase()), PLAIN, "{name}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_each_line_is_found() {
        let mut last = "";
        for (suffix, media_type) in table() {
            assert!(last < suffix, "{suffix}");
            last = suffix;
            let is_plain = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
            };
            assert!(
                !suffix.is_empty() && suffix.bytes().all(is_plain),
                "{suffix}"
            );
            let (kind, subtype) = essence(media_type).split_once('/').expect(media_type);
            for name in [kind, subtype] {
                assert!(
                    !name.is_empty() && name.bytes().all(is_tchar),
                    "{media_type}"
                );
                assert_eq!(name, name.to_ascii_lowercase());
            }
            let kinds =
                "application audio chemical font image message model text video x-conference";
            assert!(is_listed(&[kinds], kind), "{media_type}");
            assert_eq!(of(&format!("/a.{suffix}")), media_type);
            assert_eq!(
                of(&format!("/A.{}", suffix.to_ascii_uppercase())),
                media_type
            );
        }
        assert!(TABLE.ends_with('\n') && !TABLE.contains('\r'));
        assert!(table().count() > 1_500);
    }

    #[test]
    fn text_is_utf_8_unless_its_format_declares_an_encoding() {
        const DECLARE: [&str; 5] = [
            "text/sgml",
            "text/vnd.wap.wml",
            "text/x-opml",
            "text/x-suse-ymp",
            "text/xml",
        ];
        for (suffix, media_type) in table() {
            let is_text =
                media_type.starts_with("text/") && !DECLARE.contains(&essence(media_type));
            let parameter = media_type.split_once(';').map(|(_, parameter)| parameter);
            assert_eq!(parameter, is_text.then_some(" charset=utf-8"), "{suffix}");
        }
    }

    #[test]
    fn a_charset_can_be_left_out() {
        for (media_type, without) in [
            ("text/html; charset=utf-8", "text/html"),
            ("text/html;Charset=\"x\"", "text/html"),
            (
                "text/plain; format=flowed ; charset=x",
                "text/plain; format=flowed",
            ),
            (
                "text/plain; charset=x; format=flowed",
                "text/plain; charset=x; format=flowed",
            ),
            ("image/png", "image/png"),
            ("image/png;", "image/png;"),
        ] {
            assert_eq!(without_charset(media_type), without);
        }
    }

    /// Suffixes of mime_guess that are left out.
    const LEFT_OUT: [&str; 3] = [
        // Pages that a browser could run, or that only their server understands.
        "asa asax ascx ashx asmx aspx hdml htt hxt master qht qhtm sct skin",
        // Several formats have this suffix, and none is much more common on the web.
        "art cd dif feature group i mac mix mod raw scr srf user x xdr",
        // Used by a single program long ago.
        "323 anx contact dlm iqy mfp odh odl pko pnz rat rct rf rqy sor sst uls",
    ];

    /// Suffixes whose types differ from the ones in mime_guess. If mime_guess has plain bytes, any other type is better.
    const DECIDED: [&str; 3] = [
        // Registered with IANA, or used by mime-db and browsers, where mime_guess has an older or a made-up name.
        "avifs cdf class dll dtd dwf dwg dxf emf evy fdf flr jpgm m2t m2ts m3u8 m4a m4b m4p m4v man me mid midi mjs mkd mmf \
         mml ms obj otf pct pic ra rar rmi roff skp spl sql step stl stp t tgz tr ts vcf vcs wmf woff wrl wrz x3db x3dv \
         xaf xfdf xlf xof",
        // The suffix has several formats: this one is more common on the web, or the registered one.
        "adp cer cod manifest map mpf nsc pls pml rmp rpm sub svc wsc",
        // Documents in a registered XML language have its type, and other XML documents have the type of XML.
        "wsdl xsd xsf xsl xslt",
    ];

    fn is_listed(lists: &[&str], suffix: &str) -> bool {
        let mut names = lists.iter().flat_map(|list| list.split_whitespace());
        names.any(|name| name == suffix)
    }

    #[test]
    fn mime_guess_agrees_or_the_difference_is_listed() {
        let suffixes = mime_guess::get_extensions("*", "*").expect("all suffixes");
        assert!(suffixes.len() > 1_300);
        let mut differences = String::new();
        for suffix in suffixes {
            let theirs = mime_guess::from_ext(suffix);
            let agrees = |ours: &str| {
                let mut theirs = theirs.iter_raw();
                theirs.any(|theirs| theirs.eq_ignore_ascii_case(essence(ours)))
            };
            // Only the last suffix counts, so none contains a dot.
            let is_left_out = suffix.contains('.') || is_listed(&LEFT_OUT, suffix);
            let is_fine = match of_suffix(suffix.as_bytes()) {
                None => is_left_out,
                Some(_) if is_left_out => false,
                Some(PLAIN) => !is_listed(&DECIDED, suffix),
                Some(ours) => {
                    let agrees = agrees(ours) || theirs.first_raw() == Some(OCTETS);
                    agrees != is_listed(&DECIDED, suffix)
                }
            };
            if !is_fine {
                differences += &format!(
                    "{suffix}: {:?} and {theirs:?}\n",
                    of_suffix(suffix.as_bytes())
                );
            }
        }
        assert_eq!(differences, "");
    }

    #[test]
    fn the_most_common_suffixes_of_the_web_have_the_types_that_browsers_need() {
        for (suffixes, media_type) in [
            ("html htm", "text/html; charset=utf-8"),
            ("js mjs cjs", "text/javascript; charset=utf-8"),
            ("json map", "application/json"),
            ("svg", "image/svg+xml"),
            ("wasm", "application/wasm"),
            ("jpg jpeg jfif", "image/jpeg"),
            ("ico cur", "image/x-icon"),
            ("woff2", "font/woff2"),
            ("webmanifest", "application/manifest+json"),
            ("m3u8", "application/vnd.apple.mpegurl"),
            ("mpd", "application/dash+xml"),
            ("vtt", "text/vtt; charset=utf-8"),
            ("glb", "model/gltf-binary"),
            ("csv", "text/csv; charset=utf-8"),
            ("xml", "text/xml"),
            ("xhtml xht", "application/xhtml+xml"),
            ("py rs toml yaml yml sh c h", PLAIN),
        ] {
            for suffix in suffixes.split(' ') {
                assert_eq!(of_suffix(suffix.as_bytes()), Some(media_type), "{suffix}");
            }
        }
    }
}
