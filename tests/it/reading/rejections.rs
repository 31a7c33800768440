//! Rejections become responses.

use super::*;

#[test]
fn a_rejection_is_a_page_with_its_status_and_detail() {
    for (rejection, status, name) in [
        (Rejection::bad_request("no"), 400, "Bad Request"),
        (Rejection::not_found("no"), 404, "Not Found"),
        (
            Rejection::unprocessable_content("no"),
            422,
            "Unprocessable Content",
        ),
        (Rejection::new(Status::CONFLICT, "no"), 409, "Conflict"),
    ] {
        assert_eq!(
            (rejection.status().code(), rejection.detail()),
            (status, "no")
        );
        assert_eq!(rejection.to_string(), "no");
        let page = told(
            move |_: &Request<'_>| -> Result<String, Rejection> { Err(rejection.clone()) },
            get("/"),
        );
        assert_eq!(page, (status, format!("{status} {name}: no\n")));
    }
}

#[test]
fn a_401_has_a_challenge_and_a_415_lists_the_accepted_types() {
    let response = ask(
        |_: &Request<'_>| Rejection::unauthorized("Basic realm=\"a\"", "log in"),
        get("/"),
    );
    assert_eq!(response.status(), 401);
    assert_eq!(
        response.header("www-authenticate"),
        Some("Basic realm=\"a\"")
    );
    let response = ask(
        |_: &Request<'_>| {
            Rejection::new(Status::UNSUPPORTED_MEDIA_TYPE, "not an image")
                .with_header("Accept", "image/png")
        },
        get("/"),
    );
    assert_eq!(response.status(), 415);
    assert_eq!(response.header("accept"), Some("image/png"));
}

#[test]
fn an_error_of_the_application_can_contain_a_rejection() {
    #[derive(Debug)]
    struct Failure(Box<dyn std::error::Error>);
    impl From<Rejection> for Failure {
        fn from(rejection: Rejection) -> Failure {
            Failure(Box::new(rejection))
        }
    }
    impl From<Failure> for Response {
        fn from(failure: Failure) -> Response {
            Response::text(failure.0.to_string()).with_status(Status::GONE)
        }
    }
    let page = told(
        |request: &Request<'_>| -> Result<String, Failure> {
            Ok(request.parse_query::<u8>("a")?.unwrap_or(0).to_string())
        },
        get("/?a=256"),
    );
    let sentence = "\"a\" in the query is not valid: number too large to fit in target type";
    assert_eq!(page, (410, sentence.to_string()));
}
