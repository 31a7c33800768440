//! Generators of input that is nearly HTTP.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Valid and broken pieces of HTTP; any sequence of them is nearly a valid connection.
pub(crate) const FRAGMENTS: &[&[u8]] = &[
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"OPTIONS ",
    b"get ",
    b"/",
    b"/a.txt",
    b"/echo.py",
    b"/upload.py",
    b"/stream.py",
    b"*",
    b"http://x/",
    b"?q",
    b"%2e",
    b"%00",
    b"%",
    b"/a[1].txt",
    b"{|}^`",
    b"\\",
    b"?50%",
    b"?\"<>",
    b"\xc3\xa9",
    b"\xe2\x82\xac",
    b"\xc2\x9b",
    b"\xe2",
    b"%u20AC",
    b"PURGE ",
    b"..",
    b" ",
    b"\t",
    b" HTTP/1.1\r\n",
    b" HTTP/1.0\r\n",
    b" HTTP/2.0\r\n",
    b"HTTP/1.1",
    b"\r\n",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b"Host: x\r\n",
    b"Host: y\r\n",
    b"Host:",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: ",
    b"5",
    b"+5",
    b"hello",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"0\r\n",
    b"5;a=\"b\"\r\n",
    b";",
    b"\"",
    b"X: y\r\n",
    b": ",
    b":",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Expect: 100-continue\r\n",
    b"Expect: x\r\n",
    b"Expect: ,\r\n",
    b"Expect: , 100-continue,\r\n",
    b"Connection: keep-alive, timeout=5\r\n",
    b"Connection: close;\r\n",
    b"Content-Type: text/plain\r\n",
    b"0\r\nVary: a\r\n\r\n",
    b"\0",
    b"\x7f",
    b"\xff",
    b"a",
    b"GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /echo.py HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /echo.py HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
];

pub(crate) fn near_http() -> impl Strategy<Value = Vec<u8>> {
    vec(select(FRAGMENTS), 0..24).prop_map(|fragments| fragments.concat())
}

/// Valid requests with one byte changed, removed or inserted.
pub(crate) fn damaged_http() -> impl Strategy<Value = Vec<u8>> {
    let whole = vec(
        select(&FRAGMENTS[FRAGMENTS.len() - 3..FRAGMENTS.len() - 1]),
        1..4,
    );
    (whole, any::<Index>(), any::<u8>(), 0..3u8).prop_map(|(whole, at, byte, kind)| {
        let mut bytes = whole.concat();
        let at = at.index(bytes.len());
        match kind {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => drop(bytes.remove(at)),
        }
        bytes
    })
}

pub(crate) fn cut<'i>(input: &'i [u8], cuts: &[Index]) -> Vec<&'i [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
    places.extend([0, input.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|pair| &input[pair[0]..pair[1]])
        .collect()
}
