//! Mistakes that applications really have: the kit finds each of them, also in an application of many routes.

use bytegate::testing::{
    Client, Contract, Finding, findings, fuzz, fuzz_request, hostile_forms, hostile_requests, probe,
};
use bytegate::{
    Body, Bytes, Gateway, Method, Rejection, Request, Response, Router, Status, escape_html,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// The form may have no field with this name.
fn missing_field(request: &Request<'_>) -> Result<String, Rejection> {
    let form = request.form()?;
    Ok(format!("thank you, {}\n", form.get("name").unwrap()))
}

/// The stream has a byte more than it declares.
fn wrong_length(_: &Request<'_>) -> Response {
    let blocks = ["abc", "def"]
        .into_iter()
        .map(|block| Ok(Bytes::from(block)));
    Response::text(Body::try_from_iterator(Some(5), blocks))
}

/// The words are not escaped.
fn search(request: &Request<'_>) -> Response {
    let words = request.query_value("q").unwrap_or_default();
    Response::html(format!("<p>Nothing found for {words}</p>"))
}

/// The third byte may be in the middle of a character.
fn slice(request: &Request<'_>) -> String {
    let name = request.param("name").unwrap_or_default();
    if name.len() > 3 {
        format!("{}...\n", &name[..3])
    } else {
        name.into()
    }
}

/// The page to go on with may be anywhere.
fn go_on(request: &Request<'_>) -> Response {
    let next = request.query_value("next").unwrap_or_else(|| "/".into());
    Response::see_other(&next)
}

/// The status needs a challenge, and a cookie cannot have every name as its value.
fn log_in(request: &Request<'_>) -> Result<Response, Rejection> {
    let form = request.form()?;
    if form.get("password").is_none() {
        return Ok(Response::from(Status::UNAUTHORIZED));
    }
    let name = form.get("name").unwrap_or_default();
    Ok(Response::see_other("/").with_header("Set-Cookie", format!("user={name}")))
}

#[derive(serde::Deserialize)]
struct Rating {
    stars: u8,
    comment: String,
}

/// The sum may be larger than a byte can hold.
fn rate(request: &Request<'_>) -> Result<String, Rejection> {
    let Rating { stars, comment } = request.json()?;
    Ok(format!("{} {}\n", stars + 100, comment.len()))
}

fn app() -> Router {
    Router::new()
        .post("/thanks", missing_field)
        .get("/report", wrong_length)
        .get("/search", search)
        .get("/users/{name}", slice)
        .get("/go", go_on)
        .post("/login", log_in)
        .put("/rating", rate)
}

/// An application with the same routes and without a mistake.
fn right() -> Router {
    Router::new()
        .post(
            "/thanks",
            |request: &Request<'_>| -> Result<String, Rejection> {
                let form = request.form()?;
                let name = form.get("name");
                let name = name.ok_or(Rejection::unprocessable_content("the form has no name"))?;
                Ok(format!("thank you, {name}\n"))
            },
        )
        .get("/report", |_: &Request<'_>| {
            Response::text(Body::try_from_iterator(
                Some(3),
                [Ok("abc".into())].into_iter(),
            ))
        })
        .get("/search", |request: &Request<'_>| {
            let words = request.query_value("q").unwrap_or_default();
            let words = escape_html(&words);
            Response::html(format!(
                "<p title=\"{words}\">Nothing found for {words}</p>"
            ))
        })
        .get("/users/{name}", |request: &Request<'_>| {
            let name = request.param("name").unwrap_or_default();
            name.chars().take(3).collect::<String>()
        })
        .get("/go", |request: &Request<'_>| {
            let next = request.query_value("next").unwrap_or_default();
            if next.starts_with("/") && !next.contains(['\\', '\r', '\n', '\0']) {
                Response::see_other(&format!("/{}", next.trim_start_matches('/')))
            } else {
                Response::see_other("/")
            }
        })
        .post(
            "/login",
            |request: &Request<'_>| -> Result<Response, Rejection> {
                let name = request.form()?.get("name").unwrap_or_default().len();
                Ok(Response::see_other("/").with_header("Set-Cookie", format!("user={name}")))
            },
        )
        .put(
            "/rating",
            |request: &Request<'_>| -> Result<String, Rejection> {
                let Rating { stars, comment } = request.json()?;
                Ok(format!("{} {}\n", u16::from(stars) + 100, comment.len()))
            },
        )
}

/// The finding for a route whose rule has these words.
fn finding<'f>(found: &'f [Finding], route: &str, rule: &str) -> &'f Finding {
    let mut of_route = found.iter().filter(|finding| finding.route == route);
    let matching = of_route.find(|finding| finding.rule.contains(rule));
    matching.unwrap_or_else(|| panic!("{route}: {rule} is not in {found:#?}"))
}

#[test]
fn one_call_finds_every_mistake_and_says_how_to_reproduce_it() {
    let start = Instant::now();
    let found = findings(app(), &[]);
    println!("{} findings in {:?}", found.len(), start.elapsed());
    let list: Vec<String> = found.iter().map(Finding::to_string).collect();
    println!("{}", list.join("\n"));
    for (route, rule, case) in [
        (
            "POST /thanks",
            "the application panicked: called `Option::unwrap()`",
            "a request without fields",
        ),
        (
            "GET /report",
            "declared 5, the stream gave 6",
            "a request without fields, in the query",
        ),
        (
            "GET /search",
            "the page contains text of the request as HTML",
            "HTML in q",
        ),
        (
            "GET /users/{name}",
            "the application panicked: ",
            "an emoji in the path",
        ),
        (
            "GET /go",
            "the request decides to which host the redirect leads",
            "another host",
        ),
        (
            "POST /login",
            "a 401 response must have WWW-Authenticate",
            "",
        ),
        ("POST /login", "header \"Set-Cookie\"", ""),
        (
            "POST /login",
            "the request adds attributes to a cookie",
            "a cookie attribute",
        ),
        (
            "PUT /rating",
            "the application panicked: attempt to add with overflow",
            "as JSON",
        ),
    ] {
        let finding = finding(&found, route, rule);
        assert!(finding.case.contains(case), "{finding}");
        // The request shows the mistake again.
        let client = Client::new(app());
        let outcome = catch_unwind(AssertUnwindSafe(|| client.send_bytes(&finding.request)));
        assert_eq!(outcome.is_err(), rule.contains("panicked"), "{finding}");
    }
    assert_eq!(found.len(), 11, "{}", list.join("\n"));
}

#[test]
fn nothing_is_found_in_a_right_application() {
    probe(right());
}

#[test]
#[should_panic(expected = "GET /search: the page contains text of the request as HTML")]
fn a_probe_panics_with_the_list() {
    probe(app());
}

/// The message of the first failure that random data finds, the number of runs, and the request.
fn first_failure(gateway: &Gateway, runs: u32) -> Option<(String, u32)> {
    let mut state = 7u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    (1..=runs).find_map(|run| {
        let length = random() % 24;
        let data: Vec<u8> = (0..length).map(|_| random()).collect();
        let panic = catch_unwind(AssertUnwindSafe(|| fuzz(gateway, &data))).err()?;
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or(panic.downcast_ref::<&str>().map(|text| text.to_string()));
        Some((text.unwrap_or_default(), run))
    })
}

#[test]
fn random_data_finds_each_mistake_alone_in_the_whole_application() {
    for (number, words) in [
        "called `Option::unwrap()`",
        "declared 5, the stream gave 6",
        "char boundary",
        "",
        "attempt to add with overflow",
    ]
    .into_iter()
    .enumerate()
    {
        let router = match number {
            0 => right().post("/1", missing_field),
            1 => right().get("/1", wrong_length),
            2 => right().get("/1/{name}", slice),
            3 => right().post("/1", log_in),
            _ => right().put("/1", rate),
        };
        let start = Instant::now();
        let (text, runs) = first_failure(&Gateway::new(router), 20_000).expect(words);
        println!("{words:?}: {runs} runs, {:?}: {text}", start.elapsed());
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(first_failure(&Gateway::new(right()), 2_000), None);
}

#[test]
fn the_corpora_reach_the_handlers() {
    let reached = |method: Method, target: &str, app: Router| {
        let client = Client::new(app);
        let mut failed = Vec::new();
        let requests = hostile_requests(method, target);
        let forms = hostile_forms(method, target, &["name", "password", "stars", "comment"]);
        for request in requests.chain(forms) {
            let output = catch_unwind(AssertUnwindSafe(|| client.send_bytes(&request.bytes)));
            if output.map_or(true, |output| output.starts_with(b"HTTP/1.1 5")) {
                failed.push(request.name.into_owned());
            }
        }
        failed
    };
    let failed = |method, target| reached(method, target, app());
    let thanks = failed(Method::POST, "/thanks");
    assert_eq!(thanks[0], "no content", "{thanks:?}");
    let login = failed(Method::POST, "/login");
    assert!(
        login.contains(&"CR and LF in name".to_string()),
        "{login:?}"
    );
    let rating = failed(Method::PUT, "/rating");
    let limit = "a number of eight bits in stars, as JSON".to_string();
    assert!(rating.contains(&limit), "{rating:?}");
    for (method, target) in [
        (Method::POST, "/thanks"),
        (Method::POST, "/login"),
        (Method::PUT, "/rating"),
        (Method::GET, "/search"),
        (Method::GET, "/users/ada"),
    ] {
        assert_eq!(
            reached(method, target, right()),
            [""; 0],
            "{method} {target}"
        );
    }
}

#[test]
fn requests_without_a_body_get_past_the_checks_of_handlers() {
    let client = Client::new(|request: &Request<'_>| -> Result<Response, Rejection> {
        match request.method() {
            Method::GET => assert!(request.body().is_empty()),
            _ => {
                drop(request.form()?);
            }
        }
        Ok(Response::new(Status::NO_CONTENT))
    });
    for words in [
        "cookies of garbage",
        "an empty bearer token",
        "ranges of garbage",
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let mut requests = hostile_requests(method, "/");
            let request = requests.find(|request| request.name == words).expect(words);
            let output = client.send_bytes(&request.bytes);
            assert!(
                output.starts_with(b"HTTP/1.1 204"),
                "{method} {words}: {}",
                output.escape_ascii()
            );
        }
    }
}

#[test]
fn data_reaches_every_route_of_nested_routers() {
    let show = |request: &Request<'_>| format!("{} {}", request.method(), request.path());
    let inner = Router::new().get("/", show).delete("/{id}/{*rest}", show);
    let host = Router::new().get("/there", show);
    let router = Router::new()
        .get("/a b", show)
        .mount("/inner", inner)
        .host("*.example.com", host)
        .suffix(".py", show)
        .fallback(|_: &Request<'_>| Status::NOT_FOUND);
    let gateway = Gateway::new(router);
    let mut lines = std::collections::BTreeSet::new();
    for first in 0..=255 {
        let request = fuzz_request(
            &gateway,
            &[first, 0, 0x83, b'A', b'd', b'a', 0x83, b'x', b'/', b'y'],
        )
        .expect("a request");
        let output = gateway.handle(&request);
        if output.starts_with(b"HTTP/1.1 200") {
            let text = String::from_utf8_lossy(&output);
            lines.insert(text.rsplit("\r\n").next().unwrap_or_default().to_string());
        }
    }
    for line in [
        "GET /a%20b",
        "GET /inner/",
        "DELETE /inner/Ada/x/y",
        "GET /there",
        "PATCH /Ada.py",
    ] {
        assert!(lines.contains(line), "{line}: {lines:?}");
    }
}

#[test]
fn a_contract_of_a_function_is_an_application() {
    let contract = Contract::report(|violation| panic!("{violation}"));
    let client = Client::new(contract.around(|_: &Request<'_>| "hello\n"));
    assert_eq!(client.get("/").text(), "hello\n");
}
