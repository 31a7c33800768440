//! Problem details, and errors as values.

use super::*;

#[derive(Debug)]
enum AppError {
    UnknownUser(String),
    BadForm(Rejection),
    OutOfCredit { balance: u32 },
}

impl From<Rejection> for AppError {
    fn from(error: Rejection) -> AppError {
        AppError::BadForm(error)
    }
}

/// The one place where errors become responses.
impl From<AppError> for Response {
    fn from(error: AppError) -> Response {
        match error {
            AppError::UnknownUser(name) => {
                Rejection::new(Status::NOT_FOUND, format!("nobody is called {name:?}")).into()
            }
            AppError::BadForm(error) => error.into(),
            AppError::OutOfCredit { balance } => Problem::new(Status::FORBIDDEN)
                .with_type("/problems/credit")
                .with_detail(&format!("the balance is {balance}"))
                .into(),
        }
    }
}

fn pay(request: &Request<'_>) -> Result<String, AppError> {
    let form = request.form()?;
    match form.get("user").as_deref() {
        Some("ada") => Ok("paid\n".to_string()),
        Some("bob") => Err(AppError::OutOfCredit { balance: 30 }),
        other => Err(AppError::UnknownUser(other.unwrap_or_default().to_string())),
    }
}

#[test]
fn application_errors_become_responses_in_one_place() {
    let post = |body: &str| {
        let length = body.len();
        let media_type = "application/x-www-form-urlencoded";
        let headers = format!("Content-Type: {media_type}\r\nContent-Length: {length}\r\n");
        let mut input = request("POST", "/", &headers);
        input.extend_from_slice(body.as_bytes());
        sent_by(pay, &input)
    };
    let paid = post("user=ada");
    assert_eq!((paid.status().code(), paid.text()), (200, "paid\n"));
    let unknown = post("user=eve");
    assert_eq!(
        (unknown.status().code(), unknown.text()),
        (404, "404 Not Found: nobody is called \"eve\"\n")
    );
    let bad = post("user=%FF");
    assert_eq!(
        (bad.status().code(), bad.text()),
        (400, "400 Bad Request: the form is not UTF-8\n")
    );
    let poor = post("user=bob");
    assert_eq!(poor.status(), 403);
    assert_eq!(
        poor.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(
        poor.text(),
        r#"{"status":403,"type":"/problems/credit","title":"Forbidden","detail":"the balance is 30"}"#
    );
}

#[test]
fn an_error_in_a_handler_is_a_500_that_is_reported_with_its_source() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let reported = errors.clone();
    let handler = |request: &Request<'_>| -> Result<Response, Rejection> {
        match request.path() {
            "/file" => Ok(std::fs::read("/missing/file")?.into()),
            "/boxed" => Err(Box::<dyn std::error::Error + Send + Sync>::from("a secret"))?,
            "/request" => Err(Request::builder("GET", "/a%zz").build().unwrap_err())?,
            "/problem" => Err(Problem::from(Rejection::internal("a secret")))?,
            _ => Err(Rejection::new(Status::BAD_GATEWAY, "try again").with_source("a secret")),
        }
    };
    let gateway = Gateway::new(handler)
        .with(pages())
        .on_error(move |error: &ResponseError, _| {
            reported.lock().expect("a list").push(error.to_string());
        });
    let page = |path: &str| {
        let response = response_of(&gateway, &request("GET", path, ""));
        (response.status().code(), response.text().to_string())
    };
    let internal = "GET 500 Internal Server Error <->".to_string();
    assert_eq!(page("/file"), (500, internal.clone()));
    assert_eq!(page("/boxed"), (500, internal));
    let (status, text) = page("/request");
    assert!(status == 400 && text.contains("at byte 6: "), "{text}");
    let problem = r#"{"status":500,"title":"Internal Server Error"}"#;
    assert_eq!(page("/problem"), (500, problem.to_string()));
    assert_eq!(
        page("/"),
        (502, "GET 502 Bad Gateway <try again>".to_string())
    );
    let errors = errors.lock().expect("a list");
    assert!(errors[0].contains("No such file"), "{errors:?}");
    assert_eq!(errors[1..], ["a secret", "a secret", "try again: a secret"]);
}
