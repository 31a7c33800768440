//! The gateways for fixtures and fuzz targets: a small site, and applications that report their requests.

use bytegate::headers::Headers;
use bytegate::site::{NamedFile, SiteOptions};
use bytegate::upload::{Admission, Receiver};
use bytegate::{Application, Body, Gateway, Request, Response, Router, Site, Status};
use std::borrow::Cow;
use std::time::Duration;

/// The gateway for the fixtures of a folder.
pub(crate) fn gateway_for(folder: &str) -> Gateway {
    match folder {
        "applications" => Gateway::new(EveryPath),
        "site-options" => Gateway::new(site_with_options()),
        _ => gateway(),
    }
}

pub(crate) fn gateway() -> Gateway {
    let mut site = Site::new()
        .file("/index.html", "<h1>home</h1>\n")
        .file("/404.html", "<h1>not here</h1>\n")
        .file("/a.txt", "0123456789")
        .file("/a b.txt", "blank\n")
        .file("/a[1].txt", "brackets\n")
        .file("/d[1]/index.html", "<h1>brackets</h1>\n")
        .file("/empty.txt", "")
        .file("/feed.xml", "<feed/>\n")
        .file("/module.cjs", "exports.a = 1\n")
        .file("/docs/index.html", "<h1>docs</h1>\n");
    // Sun, 06 Nov 1994 08:49:37 GMT
    let modified = Duration::from_secs(784_111_777);
    let dated = site.try_file("/dated.txt", NamedFile::from("dated\n").modified(modified));
    dated.expect("a path that can be named");
    let router = Router::new()
        .fallback(site)
        .suffix(".py", Echo)
        .suffix("/stream.py", |_: &Request<'_>| {
            Response::text(Body::from_iterator(["one ", "", "two"].into_iter()))
        })
        .suffix("/empty.py", |_: &Request<'_>| {
            Response::new(Status::NO_CONTENT)
        })
        .suffix("/reset.py", |_: &Request<'_>| Status::RESET_CONTENT)
        .suffix("/interim.py", |_: &Request<'_>| {
            Response::new(Status::CONTINUE)
        })
        .suffix("/guarded/index.html", |_: &Request<'_>| "guarded\n")
        .suffix("/bad.py", |_: &Request<'_>| {
            Response::text("x").with_header("X", "a\r\nSet-Cookie: b")
        })
        .suffix("/redirect.py", |request: &Request<'_>| {
            let to = request.query_pairs().find(|(name, _)| name == "to");
            Response::see_other(&to.unwrap_or_default().1)
        })
        .suffix("/query.py", |request: &Request<'_>| {
            lines(request.query_pairs())
        })
        .suffix("/form.py", |request: &Request<'_>| {
            request.form().map(lines)
        })
        .suffix("/upload.py", Upload)
        .suffix("/refuse.py", RefuseBody);
    Gateway::new(router)
}

/// A site with most of the options that a site in memory can have.
fn site_with_options() -> Site {
    SiteOptions::new()
        .listing(true)
        .precompressed(true)
        .pretty_urls(true)
        .single_page("/app.html")
        .error_page(Status::METHOD_NOT_ALLOWED, "/405.html")
        .media_type("shader", "text/x-shader")
        .cache_control("/assets/**", "public, max-age=31536000, immutable")
        .download("*.pdf")
        .redirect("/old/**", "/$1", Status::PERMANENT_REDIRECT)
        .redirect("/away/*", "https://example.com/$1", Status::FOUND)
        .rewrite("/pretty/*", "/$1.html")
        .build()
        .expect("valid options")
        .file("/app.html", "<h1>app</h1>\n")
        .file("/about.html", "<h1>about</h1>\n")
        .file("/about/index.html", "<h1>more</h1>\n")
        .file("/404.html", "<h1>not here</h1>\n")
        .file("/405.html", "<h1>not so</h1>\n")
        .file("/style.css", "0123456789")
        .file("/style.css.br", "brotli")
        .file("/style.css.gz", "gzipped")
        .file("/plain.css", "plain")
        .file("/a.shader", "void main() {}\n")
        .file("/assets/app-1f3d.js", "run()\n")
        .file("/list/\u{e4} 1.pdf", "%PDF\n")
}

/// The pairs of a query or a form, one per line.
fn lines<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> String {
    pairs
        .map(|(name, value)| format!("{name} = {value}\n"))
        .collect()
}

/// Responds with the method and the path, raw and decoded.
struct EveryPath;

impl Application for EveryPath {
    fn call(&self, request: &Request<'_>) -> Response {
        let decoded = match request.decoded_path() {
            Some(path) => format!("decoded {path}"),
            None => "not decoded".to_string(),
        };
        let body = request.body().escape_ascii();
        Response::text(format!(
            "{} {}, {decoded}, body {body}\n",
            request.method(),
            request.path()
        ))
    }
}

/// Responds with the request that it received.
struct Echo;

impl Application for Echo {
    fn call(&self, request: &Request<'_>) -> Response {
        let mut text = format!("{} {}\n", request.method(), request.path());
        if let Some(query) = request.query() {
            text += &format!("query {query}\n");
        }
        if !request.body().is_empty() {
            text += &format!("content {}\n", request.body().escape_ascii());
        }
        for (name, value) in request.trailers() {
            text += &format!("trailer {name}: {}\n", value.escape_ascii());
        }
        Response::text(text)
    }
}

/// Receives a body block by block.
struct Upload;

impl Application for Upload {
    fn call(&self, _: &Request<'_>) -> Response {
        Response::text("no content\n")
    }

    fn admit(&self, _: &Request<'_>) -> Admission {
        Admission::stream(Sum::default()).up_to(4 << 20)
    }
}

#[derive(Default)]
struct Sum {
    bytes: u64,
    sum: u64,
}

impl Receiver for Sum {
    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        assert!(!part.is_empty());
        self.bytes += part.len() as u64;
        self.sum += part.iter().map(|&byte| u64::from(byte)).sum::<u64>();
        Ok(())
    }

    fn finish(self: Box<Self>, trailers: Headers<'_>) -> Response {
        let count = trailers.iter().count();
        Response::text(format!(
            "{} bytes, sum {}, {count} trailers\n",
            self.bytes, self.sum
        ))
    }
}

struct RefuseBody;

impl Application for RefuseBody {
    fn call(&self, _: &Request<'_>) -> Response {
        Response::text("no content\n")
    }

    fn admit(&self, _: &Request<'_>) -> Admission {
        Admission::refuse(Status::FORBIDDEN)
    }
}
