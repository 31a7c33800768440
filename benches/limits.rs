//! The cost of each part of a request that a client chooses, at the limit of its size. No part may cost much more than the
//! parser needs for so many bytes: see `instructions --limits`.

use bytegate::middleware::ConditionalGet;
use bytegate::site::{NamedFile, SiteOptions};
use bytegate::wsgi::Environ;
use bytegate::{Gateway, Request, Response, Router, Site, Status};
use std::hint::black_box;
use std::time::Instant;

const USAGE: &str = "options: --names | --bytes NAME | --count NAME TIMES";

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => table(),
        ["--names"] => cases().iter().for_each(|case| println!("{}", case.name)),
        ["--bytes", name] => println!("{}", find(name).request.len()),
        ["--count", name, times] => match times.parse() {
            Ok(times) => find(name).run(times),
            Err(error) => panic!("{times:?} is no number of times: {error}; {USAGE}"),
        },
        _ => panic!("{arguments:?} is not understood; {USAGE}"),
    }
}

fn table() {
    println!("{:16} {:>8} {:>10} {:>10}", "", "bytes", "ns", "ns per KiB");
    for case in cases() {
        case.run(5);
        let times = 100;
        let started = Instant::now();
        case.run(times);
        let one = started.elapsed().as_nanos() / times as u128;
        let bytes = case.request.len();
        let per_kib = one * 1024 / bytes as u128;
        println!("{:16} {bytes:>8} {one:>10} {per_kib:>10}", case.name);
    }
}

struct Case {
    name: &'static str,
    gateway: Gateway,
    request: Vec<u8>,
}

impl Case {
    fn new(
        name: &'static str,
        application: impl bytegate::Application + 'static,
        request: Vec<u8>,
    ) -> Case {
        let gateway = Gateway::new(application).with(ConditionalGet::new());
        Case {
            name,
            gateway,
            request,
        }
    }

    fn run(&self, times: usize) {
        for _ in 0..times {
            let response = self.gateway.handle(black_box(&self.request));
            let head = String::from_utf8_lossy(&response);
            // Otherwise the request would be beyond the limits, and the case would measure nothing.
            assert!(!head.contains("Connection: close"), "{}: {head}", self.name);
        }
    }
}

fn find(name: &str) -> Case {
    let case = cases().into_iter().find(|case| case.name == name);
    case.unwrap_or_else(|| panic!("there is no case {name:?}; {USAGE}"))
}

fn cases() -> Vec<Case> {
    vec![
        Case::new("fields", |_: &Request<'_>| "", repeated("X: a\r\n", 95)),
        Case::new("any-language", language, any_language()),
        Case::new(
            "languages",
            language,
            filled("Accept-Language", "x-y;q=.1,"),
        ),
        Case::new("long-language", language, filled("Accept-Language", "a-")),
        Case::new("any-type", media_type, filled("Accept", "*/*,")),
        Case::new("type-parameters", media_type, filled("Accept", "a/b;c=d;")),
        Case::new("codings", encoded_site(), filled("Accept-Encoding", "a,")),
        Case::new("cookies", cookie, filled("Cookie", "a=b;")),
        Case::new(
            "query",
            query,
            get(&format!("/?{}", "a=%20&".repeat(1300)), ""),
        ),
        Case::new("environ", environ, repeated("X: a\r\n", 95)),
        Case::new("path-and-routes", routes(), get(&"/a".repeat(4000), "")),
        Case::new(
            "path-and-rules",
            rules(),
            get(&format!("/{}", "a".repeat(8000)), ""),
        ),
        Case::new(
            "entity-tags",
            |_: &Request<'_>| "hi",
            filled("If-None-Match", "\"a\","),
        ),
        Case::new("ranges", file, filled("Range", "bytes=0-0,")),
    ]
}

const LANGUAGES: [&str; 8] = ["en", "de", "fr", "es", "it", "pt-BR", "zh-Hans", "ja"];

fn language(request: &Request<'_>) -> String {
    let language = request.accepts_language(&LANGUAGES);
    language.unwrap_or("none").into()
}

/// A request that names all languages, and has many ranges that stand for those that no other range names.
fn any_language() -> Vec<u8> {
    let named = LANGUAGES.map(|language| format!("{language};q=.1,"));
    let ranges = "*,".repeat(7_900);
    repeated(
        &format!("Accept-Language: {}{ranges}\r\n", named.concat()),
        2,
    )
}

fn media_type(request: &Request<'_>) -> String {
    let offers = ["text/html", "text/plain", "application/json", "image/avif"];
    request.accepts(&offers).unwrap_or("none").into()
}

fn cookie(request: &Request<'_>) -> String {
    request.cookie("session").unwrap_or_default().into_owned()
}

fn query(request: &Request<'_>) -> String {
    request.query_value("name").unwrap_or_default().into()
}

fn environ(request: &Request<'_>) -> String {
    Environ::new(request).iter().count().to_string()
}

fn file(request: &Request<'_>) -> Response {
    NamedFile::new("a.txt", "x".repeat(1000)).respond(request)
}

fn encoded_site() -> Site {
    let options = SiteOptions::new().precompressed(true);
    let site = options.build().expect("valid options");
    site.file("/index.html", "hi").file("/index.html.br", "h")
}

/// Twenty routes that each match the beginning of a path.
fn routes() -> Router {
    let routes = (0..20).fold(Router::new(), |router, number| {
        let pattern = format!("/{{a}}/{{b}}/items-{number}");
        router.get(&pattern, |_: &Request<'_>| "")
    });
    routes.fallback(|_: &Request<'_>| "")
}

/// A site with twenty rules for paths.
fn rules() -> Site {
    let options = (0..20).fold(SiteOptions::new(), |options, number| {
        let (pattern, target) = (format!("/old-{number}/**"), format!("/new-{number}/$1"));
        options.redirect(&pattern, &target, Status::FOUND)
    });
    options.build().expect("valid rules")
}

fn get(target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").into()
}

/// A request with a field line that is there so many times.
fn repeated(line: &str, times: usize) -> Vec<u8> {
    get("/index.html", &line.repeat(times))
}

/// A request whose head is almost full of a list, on two lines.
fn filled(name: &str, member: &str) -> Vec<u8> {
    let list = member.repeat(16_000 / member.len());
    repeated(&format!("{name}: {list}\r\n"), 2)
}
