//! Any data as requests to an application that reads paths, queries, cookies, forms, JSON and files, as its users would
//! write it: no panic, and valid responses only. Forms with files have the same outcome in memory and while they arrive.
#![no_main]

use bytegate::middleware::{
    BasicAuth, ConditionalGet, Cors, CrossOriginProtection, ErrorPages, SetHeaders, with_middleware,
};
use bytegate::request::{MultipartLimits, Part};
use bytegate::routing::TrailingSlash;
use bytegate::testing::{Client, Contract, fuzz};
use bytegate::upload::{Admission, PartReceiver};
use bytegate::with_body_limit;
use bytegate::{
    Application, Gateway, Rejection, Request, Response, Router, Site, Status, escape_html,
};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static GATEWAY: LazyLock<Gateway> = LazyLock::new(gateway);
static IN_MEMORY: LazyLock<Gateway> = LazyLock::new(|| Files(false).into());
static WHILE_IT_ARRIVES: LazyLock<Gateway> = LazyLock::new(|| Files(true).into());

fuzz_target!(|data: &[u8]| {
    fuzz(&GATEWAY, data);
    // Whole or in chunks, with the rest of the data as a form with files.
    let (choice, body) = data.split_first().unwrap_or((&0, &[]));
    let boundary = body.iter().skip(2).take(70);
    let boundary: Vec<u8> = boundary
        .copied()
        .take_while(u8::is_ascii_alphanumeric)
        .collect();
    let boundary = String::from_utf8_lossy(&boundary).into_owned();
    let outcome = |gateway: &Gateway| {
        let client = Client::new(gateway.clone());
        let media_type = format!("multipart/form-data; boundary=\"{boundary}\"");
        let request = client.post("/").content_type(&media_type);
        let response = match choice % 2 {
            0 => request.body(body.to_vec()),
            _ => request.chunks(body.chunks(1 + usize::from(*choice)).map(<[u8]>::to_vec)),
        };
        let response = response.send();
        (response.status(), response.body().to_vec())
    };
    assert_eq!(outcome(&IN_MEMORY), outcome(&WHILE_IT_ARRIVES));
});

fn gateway() -> Gateway {
    let admin = Router::new().get("/", page).any("/{*rest}", echo);
    let router = Router::new()
        .get("/", page)
        .post("/l", log_in)
        .get("/n/{id}", note)
        .put("/n/{id}", with_body_limit(200, add))
        .post("/j", any_json)
        .post("/f", with_body_limit(1000, Files(true)))
        .put("/f", Files(false))
        .suffix(".x", echo)
        .mount(
            "/a",
            with_middleware(BasicAuth::new("a", |name, _| name == "a"), admin),
        )
        .files(
            Site::new()
                .file("/s/index.html", "static")
                .file("/s.css", ""),
        )
        .trailing_slash(TrailingSlash::Redirect)
        .fallback(accepted);
    Gateway::new(router)
        .with(Contract::new())
        .with(ConditionalGet::new())
        .with(CrossOriginProtection::new().trusted_origins(["https://a.example"]))
        .with(Cors::origins(["https://a.example"]))
        .with(SetHeaders::security())
        .with(ErrorPages::problem_details())
}

fn page(request: &Request<'_>) -> Result<Response, Rejection> {
    let name = request
        .query_value("name")
        .or_else(|| request.cookie("s").map(Into::into));
    let page: u64 = request.parse_query("p")?.unwrap_or(1);
    let hello = format!("<p>{page} {}</p>\n", escape_html(&name.unwrap_or_default()));
    Ok(Response::html(hello))
}

fn log_in(request: &Request<'_>) -> Result<Response, Rejection> {
    let form = request.form()?;
    if form.get("p").as_deref() != Some("w") {
        return Err(Rejection::new(Status::FORBIDDEN, "the password is wrong"));
    }
    let name = hex(&form.get("n").unwrap_or_default());
    let to = request.query_value("to").unwrap_or_default();
    // To a page of this site, and without control characters, which no Location can hold.
    let to = to
        .trim_start_matches(['/', '\\'])
        .replace(char::is_control, "");
    let response = Response::see_other(&format!("/{to}"));
    Ok(response.with_cookie(request.session_cookie("s", name)))
}

/// Encodes a value so that a cookie can hold it.
fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn note(request: &Request<'_>) -> Result<Response, Rejection> {
    let id: u8 = request.parse_param("id")?;
    let name = format!("{}.txt", request.query_value("as").unwrap_or_default());
    Ok(Response::text(format!("{id}\n")).with_attachment(&name))
}

fn add(request: &Request<'_>) -> Result<Response, Rejection> {
    let note: BTreeMap<String, Vec<Option<i64>>> = request.json()?;
    let id = request.param("id").unwrap_or_default();
    let created = Response::json(&note).with_status(Status::CREATED);
    Ok(created.with_header("Location", format!("/n/{}", hex(id))))
}

fn any_json(request: &Request<'_>) -> Result<Response, Rejection> {
    let value: serde_json::Value = request.json()?;
    Ok(Response::json(&value))
}

fn echo(request: &Request<'_>) -> Vec<u8> {
    request.body().to_vec()
}

fn accepted(request: &Request<'_>) -> Result<Response, Rejection> {
    let cookies = request.cookies().count();
    let language = request.accepts_language(&["de", "en"]);
    let media_type = request.accepts(&["text/plain", "text/html"]);
    let media_type =
        media_type.ok_or_else(|| Rejection::new(Status::NOT_ACCEPTABLE, "text or HTML"))?;
    let text = format!("{cookies} {language:?} {:?}", request.bearer_token());
    Ok(Response::of_type(media_type, text))
}

/// Shows the files of a form, as they arrive or once they are there.
struct Files(bool);

#[derive(Default, PartialEq, Debug)]
struct Shown(Vec<(String, Vec<u8>)>);

const LIMITS: MultipartLimits = MultipartLimits {
    parts: 4,
    part_head_bytes: 90,
    part_bytes: 20,
};

impl Application for Files {
    fn call(&self, request: &Request<'_>) -> Response {
        let form = match request.multipart_with(LIMITS) {
            Ok(form) => form,
            Err(rejection) => return rejection.into(),
        };
        let parts = form.iter();
        let shown = parts.map(|part| (part.name().to_string(), part.bytes().to_vec()));
        Box::new(Shown(shown.collect())).finish()
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        if self.0 {
            Admission::multipart_with(request, LIMITS, Shown::default())
        } else {
            Admission::buffer()
        }
    }
}

impl PartReceiver for Shown {
    fn part(&mut self, part: &Part<'_>) -> Result<(), Response> {
        self.0.push((part.name().to_string(), Vec::new()));
        Ok(())
    }

    fn data(&mut self, block: &[u8]) -> Result<(), Response> {
        let (_, body) = self.0.last_mut().expect("a part");
        body.extend_from_slice(block);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Response {
        Response::text(format!("{:?}", self.0))
    }
}
