//! Parameters of routes, and queries.

use super::*;

fn double(request: &Request<'_>) -> Result<String, Rejection> {
    Ok(format!("{}", request.parse_param::<u8>("n")? * 2))
}

#[test]
fn a_parameter_that_does_not_parse_is_not_found() {
    let router = || Router::new().get("/a/{n}", double);
    assert_eq!(told(router(), get("/a/7")), (200, "14".to_string()));
    assert_eq!(told(router(), get("/a/%37")), (200, "14".to_string()));
    let (status, page) = told(router(), get("/a/x%1b%0ay"));
    assert_eq!((status, &*page), (404, "404 Not Found\n"));
    let (status, page) = told(router(), get("/a/-1"));
    let sentence = "404 Not Found: \"n\" in the path is not valid: invalid digit found in string\n";
    assert_eq!((status, &*page), (404, sentence));
}

#[test]
fn a_parameter_that_the_route_lacks_is_a_500_whose_reason_is_logged() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let log = errors.clone();
    let gateway = Gateway::new(Router::new().get("/a/{m}", double)).on_error(
        move |error: &ResponseError, _| {
            log.lock().expect("a list").push(error.to_string());
        },
    );
    let output = gateway.handle(get("/a/7").as_bytes());
    let response = support::read_one(&output);
    assert_eq!(response.status(), 500);
    assert!(!response.body().windows(5).any(|bytes| bytes == b"route"));
    let reason = "the route has no parameter \"n\"";
    assert_eq!(*errors.lock().expect("a list"), [reason]);
}

#[test]
fn an_owned_request_parses_its_parameters_too() {
    let router = Router::new().get("/a/{n}", |request: &Request<'_>| {
        let number = request.into_owned().parse_param::<u8>("n");
        number.map(|number| number.to_string())
    });
    assert_eq!(told(router, get("/a/9")), (200, "9".to_string()));
}

#[test]
fn the_first_value_of_a_name_in_the_query_counts() {
    let request = Request::builder("GET", "/?a=1&b=x+%26&a=2&c&=d").build();
    {
        let request = request.expect("a request");
        let request = &request.view();
        assert_eq!(request.query_value("a").as_deref(), Some("1"));
        assert_eq!(request.query_value("b").as_deref(), Some("x &"));
        assert_eq!(request.query_value("c").as_deref(), Some(""));
        assert_eq!(request.query_value("").as_deref(), Some("d"));
        assert_eq!(request.query_value("d"), None);
        assert_eq!(request.parse_query::<u8>("a"), Ok(Some(1)));
        assert_eq!(request.parse_query::<u8>("d"), Ok(None));
        let rejection = request.parse_query::<u8>("c").unwrap_err();
        assert_eq!(rejection.status(), Status::BAD_REQUEST);
    }
}

#[test]
fn a_reason_that_repeats_the_client_is_one_short_line() {
    #[derive(Debug)]
    struct Echo;
    impl std::str::FromStr for Echo {
        type Err = String;
        fn from_str(text: &str) -> Result<Echo, String> {
            Err(format!("{text} is not it"))
        }
    }
    let application = |request: &Request<'_>| -> Result<&str, Rejection> {
        request.parse_query::<Echo>("a")?;
        Ok("")
    };
    let (status, page) = told(application, get("/?a=x%0D%0Ay%1B"));
    let sentence = "\"a\" in the query is not valid: x\\r\\ny\\u{1b} is not it";
    assert_eq!(
        (status, page),
        (400, format!("400 Bad Request: {sentence}\n"))
    );
    let page = "400 Bad Request: \"a\" in the query is not UTF-8\n";
    for query in ["a=%FF", "b=1&&a=x%C3&a=y", "a=%ED%A0%80"] {
        let told = told(application, get(&format!("/?{query}")));
        assert_eq!(told, (400, page.to_string()), "{query}");
    }
    let other = told(
        |request: &Request<'_>| -> Result<String, Rejection> {
            Ok(format!("{:?}", request.parse_query::<String>("a")?))
        },
        get("/?b=%FF&&a=+%C3%A4&a=%FF"),
    );
    assert_eq!(other, (200, "Some(\" \u{e4}\")".to_string()));
    let (_, page) = told(application, get(&format!("/?a={}", "x".repeat(5000))));
    assert!(page.ends_with("xxx...\n") && page.len() < 300, "{page}");
}
