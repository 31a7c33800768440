//! Whole connections of valid and nearly valid requests, cut anywhere. There are as many responses as the model says, in
//! the same order, and all laws hold. This finds faults between requests: pairing, draining, persistence.
#![no_main]

#[path = "../../tests/it/laws/mod.rs"]
#[allow(dead_code)]
mod laws;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Case {
    requests: Vec<Request>,
    cuts: Vec<u16>,
}

#[derive(Arbitrary, Debug)]
struct Request {
    method: Method,
    target: Target,
    old: bool,
    expect: bool,
    connection: Connection,
    body: Body,
    damage: Option<Damage>,
}

#[derive(Arbitrary, Debug)]
enum Method {
    Get,
    Head,
    Post,
    Options,
    Unknown,
}

#[derive(Arbitrary, Debug)]
enum Target {
    File,
    Missing,
    Directory,
    Echo,
    Stream,
    Upload,
    Refuse,
    Empty,
    Interim,
    Bad,
    Absolute,
    Unwise,
    Redirect,
    Form,
}

#[derive(Arbitrary, Debug)]
enum Connection {
    Unsaid,
    Close,
    KeepAlive,
    Odd,
}

#[derive(Arbitrary, Debug)]
enum Body {
    None,
    Length(ThreeBytes),
    Chunked {
        chunks: Vec<ThreeBytes>,
        extension: bool,
        trailer: bool,
    },
    /// A body that looks like a request.
    Disguised {
        chunked: bool,
    },
    Both(ThreeBytes),
}

/// Only three bytes, so that the cases stay small.
#[derive(Arbitrary, Debug)]
struct ThreeBytes([u8; 3]);

/// One byte inserted, changed or removed, or the request cut short.
#[derive(Arbitrary, Debug)]
struct Damage {
    at: u16,
    byte: u8,
    kind: Kind,
}

#[derive(Arbitrary, Debug)]
enum Kind {
    Insert,
    Replace,
    Remove,
    CutShort,
}

const DISGUISED: &[u8] = b"GET /smuggled.py HTTP/1.1\r\nHost: x\r\n\r\n";

impl Request {
    fn write(&self, to: &mut Vec<u8>) {
        let start = to.len();
        let method = match self.method {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Options => "OPTIONS",
            Method::Unknown => "BREW",
        };
        let target = match self.target {
            Target::File => "/a.txt",
            Target::Missing => "/nope",
            Target::Directory => "/docs",
            Target::Echo => "/echo.py?q",
            Target::Stream => "/stream.py",
            Target::Upload => "/upload.py",
            Target::Refuse => "/refuse.py",
            Target::Empty => "/empty.py",
            Target::Interim => "/interim.py",
            Target::Bad => "/bad.py",
            Target::Absolute => "http://x/echo.py",
            Target::Unwise => "/a[1]{|}^`.py?\\&50%",
            Target::Redirect => "/redirect.py?to=/a%20[b]%5C%ff",
            Target::Form => "/form.py",
        };
        let version = if self.old { "HTTP/1.0" } else { "HTTP/1.1" };
        let mut head = format!("{method} {target} {version}\r\nHost: x\r\n");
        match self.connection {
            Connection::Unsaid => {}
            Connection::Close => head += "Connection: close\r\n",
            Connection::KeepAlive => head += "Connection: keep-alive\r\n",
            Connection::Odd => head += "Connection: timeout=5, close;,\r\nExpect: ,\r\n",
        }
        if self.expect {
            head += "Expect: 100-continue\r\n";
        }
        let mut body = Vec::new();
        match &self.body {
            Body::None => {}
            Body::Length(bytes) => {
                head += "Content-Length: 3\r\n";
                body.extend_from_slice(&bytes.0);
            }
            Body::Chunked {
                chunks,
                extension,
                trailer,
            } => {
                head += "Transfer-Encoding: chunked\r\n";
                for chunk in chunks {
                    body.extend_from_slice(if *extension {
                        b"3;a=\"b\"\r\n"
                    } else {
                        b"3\r\n"
                    });
                    body.extend_from_slice(&chunk.0);
                    body.extend_from_slice(b"\r\n");
                }
                body.extend_from_slice(if *trailer {
                    b"0\r\nX: y\r\nVary: x\r\n\r\n"
                } else {
                    b"0\r\n\r\n"
                });
            }
            Body::Disguised { chunked: false } => {
                head += &format!("Content-Length: {}\r\n", DISGUISED.len());
                body.extend_from_slice(DISGUISED);
            }
            Body::Disguised { chunked: true } => {
                head += "Transfer-Encoding: chunked\r\n";
                body.extend_from_slice(format!("{:x}\r\n", DISGUISED.len()).as_bytes());
                body.extend_from_slice(DISGUISED);
                body.extend_from_slice(b"\r\n0\r\n\r\n");
            }
            Body::Both(bytes) => {
                head += "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n";
                body.extend_from_slice(&bytes.0);
            }
        }
        to.extend_from_slice(head.as_bytes());
        to.extend_from_slice(b"\r\n");
        to.extend_from_slice(&body);
        if let Some(damage) = &self.damage {
            let at = start + usize::from(damage.at) % (to.len() - start);
            match damage.kind {
                Kind::Insert => to.insert(at, damage.byte),
                Kind::Replace => to[at] = damage.byte,
                Kind::Remove => drop(to.remove(at)),
                Kind::CutShort => to.truncate(at),
            }
        }
    }
}

fuzz_target!(|case: Case| {
    let mut input = Vec::new();
    for request in case.requests.iter().take(8) {
        request.write(&mut input);
    }
    let (gateway, now) = (laws::gateway::gateway(), laws::a_moment());
    let transcript = laws::hold_for(&gateway, &input, now);
    let mut cuts: Vec<usize> = case
        .cuts
        .iter()
        .map(|&cut| usize::from(cut) % (input.len() + 1))
        .collect();
    cuts.extend([0, input.len()]);
    cuts.sort_unstable();
    let pieces: Vec<&[u8]> = cuts
        .windows(2)
        .map(|pair| &input[pair[0]..pair[1]])
        .collect();
    laws::hold_for_split(&gateway, &transcript, &pieces, now);
    laws::hold_for_model(&input, now);
});
