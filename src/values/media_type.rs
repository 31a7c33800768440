//! Media types by file suffix (RFC 9110 section 8.3). Text is UTF-8. XML has no charset here, because each document
//! declares its own encoding, which a charset would override (RFC 7303 section 3). Files with an unknown suffix are
//! treated as plain bytes.

/// Returns the media type for a path, with a charset if there is one. The case of the suffix is ignored.
pub(crate) fn of(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    let suffix = match name.rsplit_once('.') {
        Some((_, suffix)) => suffix,
        None => return OCTETS,
    };
    TABLE
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(suffix))
        .map_or(OCTETS, |(_, media_type)| media_type)
}

const OCTETS: &str = "application/octet-stream";

/// Suffixes and their media types, grouped by kind.
const TABLE: [(&str, &str); 85] = [
    // Text
    ("html", "text/html; charset=utf-8"),
    ("htm", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("cjs", "text/javascript; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
    ("text", "text/plain; charset=utf-8"),
    ("log", "text/plain; charset=utf-8"),
    ("md", "text/markdown; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("tsv", "text/tab-separated-values; charset=utf-8"),
    ("xml", "text/xml"),
    ("vtt", "text/vtt; charset=utf-8"),
    ("ics", "text/calendar; charset=utf-8"),
    ("vcf", "text/vcard; charset=utf-8"),
    ("c", "text/plain; charset=utf-8"),
    ("h", "text/plain; charset=utf-8"),
    ("py", "text/plain; charset=utf-8"),
    ("rs", "text/plain; charset=utf-8"),
    ("sh", "text/plain; charset=utf-8"),
    ("toml", "text/plain; charset=utf-8"),
    ("yaml", "text/plain; charset=utf-8"),
    ("yml", "text/plain; charset=utf-8"),
    // Structured text
    ("json", "application/json"),
    ("map", "application/json"),
    ("geojson", "application/geo+json"),
    ("jsonld", "application/ld+json"),
    ("webmanifest", "application/manifest+json"),
    ("xsl", "application/xslt+xml"),
    ("xslt", "application/xslt+xml"),
    ("mathml", "application/mathml+xml"),
    ("gpx", "application/gpx+xml"),
    ("kml", "application/vnd.google-earth.kml+xml"),
    ("xhtml", "application/xhtml+xml"),
    ("atom", "application/atom+xml"),
    ("rss", "application/rss+xml"),
    // Images
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("svg", "image/svg+xml"),
    ("ico", "image/x-icon"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("apng", "image/apng"),
    ("bmp", "image/bmp"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("jxl", "image/jxl"),
    // Fonts
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("ttf", "font/ttf"),
    ("otf", "font/otf"),
    ("ttc", "font/collection"),
    ("eot", "application/vnd.ms-fontobject"),
    // Audio and video
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mov", "video/quicktime"),
    ("ogv", "video/ogg"),
    ("webm", "video/webm"),
    ("mkv", "video/x-matroska"),
    // Programs and archives
    ("wasm", "application/wasm"),
    ("pdf", "application/pdf"),
    ("epub", "application/epub+zip"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("tar", "application/x-tar"),
    ("bz2", "application/x-bzip2"),
    ("xz", "application/x-xz"),
    ("zst", "application/zstd"),
    ("7z", "application/x-7z-compressed"),
    ("rtf", "application/rtf"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_suffix_decides_regardless_of_case() {
        assert_eq!(of("/index.html"), "text/html; charset=utf-8");
        assert_eq!(of("/A.PNG"), "image/png");
        assert_eq!(of("/a.tar.gz"), "application/gzip");
        assert_eq!(of("/a.html/b"), OCTETS);
        assert_eq!(of("/unknown.zzz"), OCTETS);
        assert_eq!(of("/none"), OCTETS);
    }

    #[test]
    fn xml_declares_its_own_encoding() {
        for path in [
            "/a.xml", "/a.svg", "/a.xhtml", "/a.atom", "/a.rss", "/a.xsl",
        ] {
            assert!(of(path).ends_with("xml"), "{path}: {}", of(path));
        }
        assert_eq!(of("/a.cjs"), "text/javascript; charset=utf-8");
    }

    #[test]
    fn suffixes_are_unique() {
        for (index, (suffix, _)) in TABLE.iter().enumerate() {
            assert!(
                TABLE[..index].iter().all(|(other, _)| other != suffix),
                "{suffix}"
            );
        }
    }
}
