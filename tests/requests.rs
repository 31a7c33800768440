//! Requests as an application reads them, and the responses if they cannot be read.

mod laws;

use bytegate::request::ConnectionInfo;
use bytegate::response::ResponseError;
use bytegate::testing::ClientResponse;
use bytegate::{
    Application, Gateway, Now, Rejection, Request, Response, Router, Status, with_body_limit,
};
use laws::reader;
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

const FORM: &str = "application/x-www-form-urlencoded";

fn ask(application: impl Application + 'static, input: impl AsRef<[u8]>) -> ClientResponse {
    let output = Gateway::new(application).handle(input.as_ref());
    reader::read_one(&output)
}

/// The status and the page.
fn told(application: impl Application + 'static, input: impl AsRef<[u8]>) -> (u16, String) {
    let response = ask(application, input);
    let text = response.text().to_string();
    (response.status().code(), text)
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")
}

fn get_with(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n")
}

fn post(media_type: &str, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        content.len()
    );
    [head.as_bytes(), content].concat()
}

/// Calls `look` with a request that has the given headers.
fn with_fields<T>(fields: &[(&str, &str)], look: impl FnOnce(&Request<'_>) -> T) -> T {
    let builder = Request::builder("GET", "/");
    let builder = fields.iter().fold(builder, |builder, (name, value)| {
        builder.header(name, value)
    });
    look(&builder.build().expect("a request").view())
}

mod rejections {
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
}

mod parameters_and_queries {
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
        let sentence =
            "404 Not Found: \"n\" in the path is not valid: invalid digit found in string\n";
        assert_eq!((status, &*page), (404, sentence));
    }

    #[test]
    fn a_parameter_that_the_route_lacks_is_a_500_whose_reason_is_logged() {
        let errors = Arc::new(Mutex::new(Vec::new()));
        let log = errors.clone();
        let gateway = Gateway::new(Router::new().get("/a/{m}", double)).on_error(
            move |error: &ResponseError, _: &ConnectionInfo| {
                log.lock().expect("a list").push(error.to_string());
            },
        );
        let output = gateway.handle(get("/a/7").as_bytes());
        let response = reader::read_one(&output);
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
}

mod forms {
    use super::*;

    fn names(request: &Request<'_>) -> Result<String, Rejection> {
        Ok(request.form()?.map(|(name, _)| name).collect())
    }

    #[test]
    fn a_form_needs_its_content_type() {
        for media_type in [
            FORM,
            "APPLICATION/x-www-form-urlencoded",
            "application/x-www-form-urlencoded ;x",
        ] {
            let page = told(names, post(media_type, "a=1&b=2"));
            assert_eq!(page, (200, "ab".to_string()), "{media_type}");
        }
        for media_type in ["", ";", "text/plain", "application/x-www-form-urlencoded2"] {
            let response = ask(names, post(media_type, "a=1&b=2"));
            assert_eq!(response.status(), 415, "{media_type}");
            assert_eq!(response.header("accept"), Some(FORM), "{media_type}");
        }
        let (status, page) = told(names, post("application/json", "{}"));
        let sentence = format!("the content is application/json, and not {FORM}");
        assert_eq!(
            (status, page),
            (415, format!("415 Unsupported Media Type: {sentence}\n"))
        );
        let untyped = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=1";
        let sentence = format!("the content has no Content-Type, and must be {FORM}");
        for input in [untyped.into(), post("", "a=1")] {
            let page = format!("415 Unsupported Media Type: {sentence}\n");
            assert_eq!(told(names, input), (415, page));
        }
    }

    #[test]
    fn a_request_without_body_and_type_has_an_empty_form() {
        assert_eq!(told(names, get("/?a=1")), (200, String::new()));
        assert_eq!(told(names, post(FORM, "")), (200, String::new()));
        assert_eq!(told(names, post("text/plain", "")).0, 415);
    }

    #[test]
    fn a_form_with_more_pairs_than_the_limit_is_refused() {
        let count = |request: &Request<'_>| -> Result<String, Rejection> {
            Ok(format!("{}", request.form()?.count()))
        };
        assert_eq!(
            told(count, post(FORM, "a=1&".repeat(1000))),
            (200, "1000".to_string())
        );
        assert_eq!(
            told(count, post(FORM, "&".repeat(5000))),
            (200, "0".to_string())
        );
        let (status, page) = told(count, post(FORM, "a=1&".repeat(1001)));
        let sentence = "413 Content Too Large: the form has more than 1000 fields\n";
        assert_eq!((status, &*page), (413, sentence));
        // Not even its encoding is checked.
        assert_eq!(told(count, post(FORM, "%ff&".repeat(200_000))).0, 413);
        let million = post(FORM, "a=1&".repeat(1_000_000));
        assert_eq!(told(count, &million).0, 413);
        let large = with_body_limit(1 << 24, count);
        assert_eq!(told(large, million), (413, sentence.to_string()));
        let one = |request: &Request<'_>| request.form_with(1).map(|_| "");
        assert_eq!(
            (told(one, post(FORM, "a")).0, told(one, post(FORM, "a&b")).0),
            (200, 413)
        );
    }

    #[test]
    fn a_form_that_is_not_utf_8_is_refused() {
        for content in [&b"a=%ff"[..], b"\xff=a", b"a=%c3&%a4"] {
            let page = told(names, post(FORM, content));
            assert_eq!(
                page,
                (400, "400 Bad Request: the form is not UTF-8\n".to_string())
            );
        }
    }
}

mod cookies {
    use super::*;

    #[test]
    fn all_cookies_of_all_headers_are_read_in_order() {
        for (fields, expected) in [
            (&[][..], &[][..]),
            (&[("Cookie", "")], &[]),
            (&[("Cookie", "a=1")], &[("a", "1")]),
            (
                &[("Cookie", "a=1; b=2;c=3 ;\td=4;;e=")],
                &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "")],
            ),
            (
                &[("Cookie", "a=1"), ("X", "b=2"), ("cookie", "c=3; a=4")],
                &[("a", "1"), ("c", "3"), ("a", "4")],
            ),
            (
                &[("Cookie", "a=b=c; d=\"e f\"; g=h,i")],
                &[("a", "b=c"), ("d", "\"e f\""), ("g", "h,i")],
            ),
            (
                &[("Cookie", "nothing; =empty; A=1; a=%41")],
                &[("A", "1"), ("a", "%41")],
            ),
        ] {
            with_fields(fields, |request| {
                assert_eq!(
                    request.cookies().collect::<Vec<_>>(),
                    expected,
                    "{fields:?}"
                );
            });
        }
        let request = Request::builder("GET", "/").header("Cookie", b"a=\xff; b=\xc3\xa4; c=1");
        {
            let request = request.build().expect("a request");
            let request = &request.view();
            assert_eq!(
                request.cookies().collect::<Vec<_>>(),
                [("b", "\u{e4}"), ("c", "1")]
            );
        }
    }

    #[test]
    fn malformed_cookies_are_ignored() {
        let show = |request: &Request<'_>| {
            let cookies: Vec<_> = request.cookies().collect();
            format!("{cookies:?} {:?}", request.cookie("a"))
        };
        for (garbage, page) in [
            (b"\xff\xfe=\x80".repeat(3000), "[] None"),
            (b";".repeat(9000), "[] None"),
            (b"=;".repeat(5000), "[] None"),
            (b"a".repeat(9000), "[] None"),
            (b" \t ; ,\"\\\xc3;".repeat(1000), "[] None"),
            (b"\xff=1; a=2; =3".to_vec(), "[(\"a\", \"2\")] Some(\"2\")"),
        ] {
            let field = [&b"Cookie: "[..], &garbage, b"\r\n"].concat();
            let input = [&b"GET / HTTP/1.1\r\nHost: x\r\n"[..], &field, b"\r\n"].concat();
            assert_eq!(told(show, input), (200, page.to_string()));
        }
        for count in [1, 5] {
            let field = format!("Cookie: {}\r\n", "a=1;".repeat(20_000 / 4 / count));
            let status = told(show, get_with(&field.repeat(2 * count))).0;
            assert_eq!(status, 431, "{count}");
        }
    }

    #[test]
    fn the_first_cookie_of_a_name_counts_and_the_case_matters() {
        with_fields(&[("Cookie", "A=0; a=1; a=2")], |request| {
            assert_eq!(request.cookie("a"), Some("1".into()));
            assert_eq!(request.cookie("A"), Some("0".into()));
            assert_eq!(request.cookie("b"), None);
        });
    }
}

mod negotiation {
    use super::*;

    fn accepts<'m>(accept: &str, offers: &[&'m str]) -> Option<&'m str> {
        with_fields(&[("Accept", accept)], |request| request.accepts(offers))
    }

    #[test]
    fn without_accept_the_first_offer_is_chosen() {
        with_fields(&[], |request| {
            assert_eq!(request.accepts(&["a/b", "c/d"]), Some("a/b"));
            assert_eq!(request.accepts(&[]), None);
            assert_eq!(request.accepts_language(&["de", "en"]), Some("de"));
            assert_eq!(request.accepts_language(&[]), None);
        });
        for accept in ["", ",", "a/b;q=2", ";;"] {
            assert_eq!(accepts(accept, &["a/b", "c/d"]), Some("a/b"), "{accept}");
        }
    }

    #[test]
    fn the_offer_with_the_greatest_weight_is_chosen() {
        let offers = ["text/html", "application/json", "text/plain"];
        for (accept, expected) in [
            ("*/*", Some("text/html")),
            ("application/json", Some("application/json")),
            (
                "APPLICATION/JSON;Q=0.5, text/*;q=0.1",
                Some("application/json"),
            ),
            ("text/plain, text/html", Some("text/html")),
            ("text/plain, text/html;q=0.9", Some("text/plain")),
            ("text/*, text/html;q=0", Some("text/plain")),
            ("*/*, text/*;q=0.5", Some("application/json")),
            ("image/png, */*;q=0", None),
            ("image/png", None),
            ("text/htm", None),
            ("text/html/x", None),
            ("tex/*", None),
            (
                "text/html, image/gif, *; q=.2, */*; q=.2",
                Some("text/html"),
            ),
            ("image/gif, *; q=.2", Some("text/html")),
            // The value that a browser sends.
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
                Some("text/html"),
            ),
            // A member that is malformed does not spoil the others.
            (
                "text/plain;q=high, application/json;q=0.1",
                Some("application/json"),
            ),
        ] {
            assert_eq!(accepts(accept, &offers), expected, "{accept}");
        }
        let lines = [("Accept", "text/html;q=0.1"), ("Accept", "text/plain")];
        with_fields(&lines, |request| {
            assert_eq!(request.accepts(&offers), Some("text/plain"))
        });
    }

    #[test]
    fn parameters_make_a_media_range_more_specific() {
        // The example of RFC 9110 section 12.5.1.
        let accept = "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, \
                      text/plain;format=fixed;q=0.4, */*;q=0.5";
        for (better, worse) in [
            ("text/plain;format=flowed", "text/plain"),
            ("text/plain", "image/jpeg"),
            ("image/jpeg", "text/plain;format=fixed"),
            ("text/plain;format=fixed", "text/html"),
        ] {
            assert_eq!(accepts(accept, &[worse, better]), Some(better), "{worse}");
        }
        assert_eq!(
            accepts("a/b;c=\"d,e\"", &["a/b", "a/b; C=\"D,E\""]),
            Some("a/b; C=\"D,E\"")
        );
    }

    #[test]
    fn languages_are_looked_up() {
        for (accept, offers, expected) in [
            ("de", &["en", "de"][..], Some("de")),
            ("DE-ch", &["en", "de-CH"], Some("de-CH")),
            ("de-CH-1996", &["en", "de", "de-CH"], Some("de-CH")),
            ("zh-Hant-CN-x-private1", &["zh", "zh-Hant"], Some("zh-Hant")),
            ("zh-x-private1", &["zh-x", "zh"], Some("zh")),
            ("en", &["de", "en-GB", "en-US"], Some("en-GB")),
            ("en", &["en-GB", "en"], Some("en")),
            ("e", &["en"], None),
            ("de-CH", &["de-DE", "fr"], None),
            ("fr;q=0.5, de-CH", &["fr", "de"], Some("de")),
            ("fr, de;q=0.9", &["de", "fr"], Some("fr")),
            ("en, *", &["de", "fr"], Some("de")),
            ("*;q=0.5, de;q=0.3", &["de", "fr"], Some("fr")),
            ("*, de;q=0", &["de", "de-CH", "fr"], Some("fr")),
            ("de, de-CH;q=0", &["de-CH"], None),
            ("fr;q=0", &["fr", "de"], None),
            ("ja", &["en"], None),
        ] {
            let chosen = with_fields(&[("Accept-Language", accept)], |request| {
                request.accepts_language(offers)
            });
            assert_eq!(chosen, expected, "{accept} of {offers:?}");
        }
    }

    #[test]
    fn only_the_first_hundred_members_of_a_weighted_list_are_read() {
        for (before, chosen) in [(99, Some("de")), (100, None)] {
            let list = format!("{}de", "x,".repeat(before));
            let language = with_fields(&[("Accept-Language", &list)], |request| {
                request.accepts_language(&["en", "de"])
            });
            assert_eq!(language, chosen, "{before}");
            let list = format!("{}a/b", "x/y,".repeat(before));
            let media_type = accepts(&list, &["c/d", "a/b"]);
            assert_eq!(media_type, chosen.map(|_| "a/b"), "{before}");
        }
    }

    #[test]
    fn repeated_wildcards_for_languages_change_nothing() {
        for (accept, offers, expected) in [
            ("*,*,*", &["en", "de"][..], Some("en")),
            ("*,*;q=0.5,en;q=0.1", &["en", "de"], Some("de")),
            ("*,*,en;q=0.2,de;q=0.1", &["de", "en"], Some("en")),
            ("*,*,en;q=0,de;q=0", &["de", "en"], None),
        ] {
            let chosen = with_fields(&[("Accept-Language", accept)], |request| {
                request.accepts_language(offers)
            });
            assert_eq!(chosen, expected, "{accept} of {offers:?}");
        }
    }

    /// The weight of a media type by the words of RFC 9110 section 12.5.1, without parameters.
    fn model(ranges: &[(String, u16)], offers: &[&'static str]) -> Option<&'static str> {
        let weight = |offer: &str| {
            let (kind, _) = offer.split_once('/').expect("a media type");
            for pattern in [offer, &format!("{kind}/*"), "*/*"] {
                let same = ranges.iter().filter(|(range, _)| range == pattern);
                if let Some(weight) = same.map(|(_, weight)| *weight).max() {
                    return weight;
                }
            }
            0
        };
        let best = offers.iter().map(|offer| weight(offer)).max()?;
        let mut fitting = offers
            .iter()
            .filter(|offer| weight(offer) == best && best > 0);
        fitting.next().copied()
    }

    proptest! {
        #[test]
        fn the_choice_matches_the_model(
            ranges in prop::collection::vec(
                (prop::sample::select(vec!["a/b", "a/c", "d/b", "a/*", "d/*", "*/*"]), 0..=10_u16),
                1..6,
            ),
            offers in prop::sample::subsequence(vec!["a/b", "d/b", "a/c", "e/f"], 0..=4).prop_shuffle(),
        ) {
            let ranges: Vec<(String, u16)> = ranges
                .into_iter()
                .map(|(range, weight)| (range.to_string(), weight))
                .collect();
            let members = ranges.iter().map(|(range, weight)| match weight {
                10 => range.clone(),
                weight => format!("{range};q=0.{weight}"),
            });
            let accept = members.collect::<Vec<_>>().join(", ");
            prop_assert_eq!(accepts(&accept, &offers), model(&ranges, &offers), "{}", accept);
        }

        #[test]
        fn no_header_value_causes_a_panic(value in "[ -~]{0,60}|([a*/;,=\"\\\\q01. -]){0,40}") {
            let fields = ["Accept", "Accept-Language", "Cookie", "Authorization", "Content-Type"];
            let fields = fields.map(|name| (name, &*value));
            with_fields(&fields, |request| {
                let offers = ["a/a", "*/*", "a", "", "a-a"];
                prop_assert!(request.accepts(&offers).is_none_or(|chosen| offers.contains(&chosen)));
                prop_assert!(request.accepts_language(&offers).is_none_or(|chosen| offers.contains(&chosen)));
                prop_assert!(request.cookies().all(|(name, _)| !name.is_empty()));
                prop_assert!(request.basic_auth().is_none_or(|auth| !auth.user().contains(':')));
                prop_assert!(request.bearer_token().is_none_or(|token| !token.contains(' ')));
                prop_assert!(request.form().is_err());
                Ok(())
            })?;
        }
    }
}

mod credentials {
    use super::*;

    fn basic(value: &str) -> Option<(String, String)> {
        with_fields(&[("Authorization", value)], |request| {
            let auth = request.basic_auth()?;
            Some((auth.user().to_string(), auth.password().to_string()))
        })
    }

    #[test]
    fn a_name_and_a_password_are_decoded() {
        for (value, user, password) in [
            (
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
                "Aladdin",
                "open sesame",
            ),
            // The example of RFC 7617 section 2.1.
            ("bASIC  dGVzdDoxMjPCow==", "test", "123\u{a3}"),
            ("Basic Og==", "", ""),
            ("Basic YTpiOmM=", "a", "b:c"),
        ] {
            assert_eq!(
                basic(value),
                Some((user.into(), password.into())),
                "{value}"
            );
        }
    }

    #[test]
    fn malformed_credentials_are_none() {
        for value in [
            "",
            "Basic",
            "Basic ",
            "BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "Basic QWxhZGRpbg==",     // no colon
            "Basic QWxhZGRpbjpv!GVu", // not base64
            "Basic YTpi/w==",         // not UTF-8
            "Basic YTpiCg==",         // a line feed
            "Basic YTpi, Basic YTpi",
            "Bearer YTpi",
        ] {
            assert_eq!(basic(value), None, "{value}");
        }
        let twice = [
            ("Authorization", "Basic YTpi"),
            ("Authorization", "Basic YTpj"),
        ];
        with_fields(&twice, |request| assert_eq!(request.basic_auth(), None));
        with_fields(&[], |request| assert_eq!(request.basic_auth(), None));
    }

    #[test]
    fn debug_output_does_not_show_the_password() {
        with_fields(&[("Authorization", "Basic YWRhOmxvdmVsYWNl")], |request| {
            let auth = request.basic_auth().expect("credentials");
            assert_eq!((auth.user(), auth.password()), ("ada", "lovelace"));
            assert_eq!(
                format!("{auth:?}"),
                "BasicCredentials { user: \"ada\", .. }"
            );
        });
    }

    #[test]
    fn a_bearer_token_has_only_valid_characters() {
        for (value, token) in [
            ("Bearer abc.DEF-1_2~3+4/5==", Some("abc.DEF-1_2~3+4/5==")),
            ("bearer  a", Some("a")),
            ("Bearer", None),
            ("Bearer ", None),
            ("Bearer ==", None),
            ("Bearer a=b", None),
            ("Bearer a b", None),
            ("Bearer a,b", None),
            ("Bearer \u{e4}", None),
            ("Basic YTpi", None),
        ] {
            with_fields(&[("Authorization", value)], |request| {
                assert_eq!(request.bearer_token(), token, "{value}");
            });
        }
    }

    #[test]
    fn a_guarded_page_asks_for_credentials() {
        let guarded = |request: &Request<'_>| match request.basic_auth() {
            Some(auth) if (auth.user(), auth.password()) == ("ada", "lovelace") => Ok("in\n"),
            _ => Err(Rejection::unauthorized("Basic realm=\"a\"", "who are you?")),
        };
        assert_eq!(told(guarded, get("/")).0, 401);
        let login = get_with("Authorization: Basic YWRhOmxvdmVsYWNl\r\n");
        assert_eq!(told(guarded, login), (200, "in\n".to_string()));
    }
}

#[cfg(feature = "serde")]
mod typed {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Order {
        item: String,
        count: u8,
        #[serde(default)]
        tag: Vec<String>,
        note: Option<String>,
    }

    fn order(request: &Request<'_>) -> Result<String, Rejection> {
        let order: Order = match request.path() {
            "/query" => request.query_as()?,
            "/owned" => request.into_owned().form_as()?,
            _ => request.form_as()?,
        };
        Ok(format!("{order:?}"))
    }

    #[test]
    fn a_form_fills_in_a_type() {
        let shown = r#"Order { item: "green tea", count: 2, tag: ["a", "b"], note: Some("") }"#;
        let pairs = "item=green+tea&count=2&tag=a&tag=b&note=&other=1";
        assert_eq!(told(order, post(FORM, pairs)), (200, shown.to_string()));
        let query = get(&format!("/query?{pairs}"));
        assert_eq!(told(order, query), (200, shown.to_string()));
        let owned = String::from_utf8(post(FORM, pairs)).expect("text");
        let owned = owned.replacen("POST /", "POST /owned", 1);
        assert_eq!(told(order, owned), (200, shown.to_string()));
    }

    #[test]
    fn a_form_that_does_not_fit_is_a_422_that_names_the_field() {
        for (pairs, detail) in [
            ("item=a", "missing field `count`"),
            (
                "item=a&count=300",
                "count: number too large to fit in target type",
            ),
            (
                "item=a&count=",
                "count: cannot parse integer from empty string",
            ),
            ("item=a&count=1&count=2", "count: "),
        ] {
            let (status, page) = told(order, post(FORM, pairs));
            let start = format!(
                "422 Unprocessable Content: the form does not match the expected type: {detail}"
            );
            assert_eq!(status, 422, "{pairs}");
            assert!(page.starts_with(&start), "{pairs}: {page}");
            let (status, page) = told(order, get(&format!("/query?{pairs}")));
            let start =
                format!("400 Bad Request: the query does not match the expected type: {detail}");
            assert_eq!(status, 400, "{pairs}");
            assert!(page.starts_with(&start), "{pairs}: {page}");
        }
    }

    #[test]
    fn a_query_that_is_not_utf_8_is_refused_like_a_form() {
        for (pairs, name) in [
            ("item=%FF&count=1", "item"),
            ("item=a&count=1&other=%C3", "other"),
            ("item=a&count=1&%FF=1", "\u{fffd}"),
        ] {
            let page = format!("400 Bad Request: \"{name}\" in the query is not UTF-8\n");
            let query = get(&format!("/query?{pairs}"));
            assert_eq!(told(order, query), (400, page), "{pairs}");
            assert_eq!(told(order, post(FORM, pairs)).0, 400, "{pairs}");
        }
    }

    #[test]
    fn a_form_of_another_type_is_not_filled_in() {
        assert_eq!(told(order, post("text/plain", "item=a&count=1")).0, 415);
        assert_eq!(told(order, post(FORM, "item=%ff&count=1")).0, 400);
        assert_eq!(told(order, post(FORM, "a&".repeat(1001))).0, 413);
    }
}

#[cfg(feature = "json")]
mod json {
    use super::*;
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize, Serialize)]
    struct Line<'a> {
        name: &'a str,
        count: u8,
    }

    fn lines(request: &Request<'_>) -> Result<Response, Rejection> {
        let order: BTreeMap<&str, Vec<Line<'_>>> = request.json()?;
        Ok(Response::json(&order))
    }

    const JSON: &str = "application/json";

    #[test]
    fn json_is_read_and_written() {
        for media_type in [
            JSON,
            "Application/JSON; charset=utf-8",
            "application/problem+json",
        ] {
            let content = r#"{ "lines": [ {"count": 2, "name": "tea", "more": null} ] }"#;
            let response = ask(lines, post(media_type, content));
            assert_eq!(response.status(), 200, "{media_type}");
            assert_eq!(response.header("content-type"), Some(JSON));
            assert_eq!(response.body(), br#"{"lines":[{"name":"tea","count":2}]}"#);
        }
    }

    #[test]
    fn a_body_of_another_type_is_not_read_as_json() {
        for media_type in ["", "text/json", "text/plain", "application/jsonp", FORM] {
            let response = ask(lines, post(media_type, "{}"));
            assert_eq!(response.status(), 415, "{media_type}");
            assert_eq!(response.header("accept"), Some(JSON));
        }
    }

    #[test]
    fn a_syntax_error_is_a_400_with_its_position() {
        for (content, detail) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{\n  \"a\": [,]}", "expected value at line 2 column 9"),
            ("{} x", "trailing characters at line 1 column 4"),
            (
                "{\"lines\": [",
                "EOF while parsing a list at line 1 column 11",
            ),
        ] {
            let page = told(lines, post(JSON, content));
            let expected = format!("400 Bad Request: the content is not JSON: {detail}\n");
            assert_eq!(page, (400, expected), "{content}");
        }
        assert_eq!(told(lines, post(JSON, b"{\"\xff\": []}")).0, 400);
    }

    #[test]
    fn wrong_data_is_a_422_with_its_path() {
        let content = r#"{"lines": [{"name": "a", "count": 1}, {"name": "b", "count": "2"}]}"#;
        let (status, page) = told(lines, post(JSON, content));
        assert_eq!(status, 422);
        let start = "422 Unprocessable Content: the JSON does not match the expected type: lines[1].count: invalid type: string \"2\"";
        assert!(page.starts_with(start), "{page}");
        let long = format!(
            "{{\"lines\": [{{\"name\": \"a\", \"count\": \"{}\"}}]}}",
            "x".repeat(9000)
        );
        assert!(told(lines, post(JSON, long)).1.len() < 400);
    }

    #[test]
    fn nesting_is_bounded() {
        #[derive(Deserialize)]
        struct Nested(#[allow(dead_code)] Vec<Nested>);
        let depth = |request: &Request<'_>| request.json::<Nested>().map(|_| "read");
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(told(depth, post(JSON, nested(100))).0, 200);
        let (status, page) = told(depth, post(JSON, nested(100_000)));
        assert_eq!(status, 400);
        assert!(
            page.contains("recursion limit exceeded at line 1 column 128"),
            "{page}"
        );
        let deep = post(JSON, "[".repeat(10_000_000));
        assert_eq!(told(depth, &deep).0, 413);
        assert_eq!(told(with_body_limit(1 << 24, depth), deep), (400, page));
    }

    #[cfg(feature = "std")]
    #[test]
    fn an_owned_request_reads_json_later() {
        let application = |request: &Request<'_>| {
            let request = request.into_owned();
            Response::from_future(async move {
                request.json::<Vec<u8>>().map(|list| Response::json(&list))
            })
        };
        assert_eq!(
            told(application, post(JSON, "[1, 2]")),
            (200, "[1,2]".to_string())
        );
    }

    #[test]
    fn a_value_that_json_cannot_represent_makes_the_response_fail() {
        let response = Response::json(&BTreeMap::from([(vec![1], 2)]));
        let error = response.error().expect("an error").to_string();
        assert_eq!(
            error,
            "the value cannot be sent as JSON: key must be a string"
        );
    }
}

#[cfg(feature = "cookies")]
mod set_cookies {
    use super::*;
    use bytegate::cookie::{Cookie, SameSite, time::Duration};
    use bytegate::request::Scheme;

    fn sent(response: &Response) -> Option<&str> {
        response.headers().view().get("Set-Cookie")
    }

    #[test]
    fn a_session_cookie_is_safe_by_default() {
        for (scheme, expected) in [
            (Scheme::Http, "s=1; HttpOnly; SameSite=Lax; Path=/"),
            (Scheme::Https, "s=1; HttpOnly; SameSite=Lax; Secure; Path=/"),
        ] {
            let request = Request::builder("GET", "/").scheme(scheme).build();
            let request = request.expect("a request");
            let response = Response::text("").with_cookie(request.session_cookie("s", "1"));
            assert_eq!(sent(&response), Some(expected));
        }
    }

    #[test]
    fn several_cookies_are_several_headers() {
        let response = Response::text("").with_cookie(("a", "1")).with_cookie(
            Cookie::build(("b", "2"))
                .same_site(SameSite::Strict)
                .max_age(Duration::HOUR),
        );
        let lines: Vec<&[u8]> = response.headers().view().get_all("set-cookie").collect();
        assert_eq!(lines, [&b"a=1"[..], b"b=2; SameSite=Strict; Max-Age=3600"]);
    }

    #[test]
    fn a_cookie_that_would_be_misread_makes_the_response_fail() {
        for (name, value) in [("", "1"), ("a b", "1"), ("a=b", "1"), ("a;b", "1")] {
            let response = Response::text("").with_cookie((name, value));
            let error = response.error().expect("an error").to_string();
            assert!(
                error.starts_with(&format!("cookie {name:?}: the ")),
                "{error}"
            );
            assert_eq!(sent(&response), None);
        }
        for cookie in [
            Cookie::build(("a", "1")).path("/; Secure"),
            Cookie::build(("a", "1")).domain("x;y"),
            Cookie::build(("a", "1")).path("/\r\n"),
        ] {
            assert!(Response::text("").with_cookie(cookie).error().is_some());
        }
    }

    #[test]
    fn any_value_is_sent_as_cookie_octets_and_read_back() {
        for (value, expected) in [
            ("Ada Lovelace", "Ada%20Lovelace"),
            ("Jos\u{e9}", "Jos%C3%A9"),
            ("1; Domain=com", "1%3B%20Domain=com"),
            ("\"1,2\\\"", "%221%2C2%5C%22"),
            ("50%", "50%25"),
            ("%41", "%2541"),
            ("1\r\nX: y\0\u{7f}", "1%0D%0AX:%20y%00%7F"),
            ("a=b+c", "a=b+c"),
        ] {
            let response = Response::text("").with_cookie(("a", value));
            let cookie = sent(&response).expect("a cookie");
            assert_eq!(cookie, format!("a={expected}"));
            with_fields(&[("Cookie", cookie)], |request| {
                assert_eq!(request.cookie("a").as_deref(), Some(value));
            });
        }
        with_fields(&[("Cookie", "a=%FF%20; b=5%; c=%4")], |request| {
            assert_eq!(request.cookie("a").as_deref(), Some("%FF%20"));
            assert_eq!(request.cookie("b").as_deref(), Some("5%"));
            assert_eq!(request.cookie("c").as_deref(), Some("%4"));
        });
    }

    #[test]
    fn a_removed_cookie_has_expired() {
        let gone = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        let response = Response::text("").with_removed_cookie("a");
        assert_eq!(sent(&response), Some(&*format!("a=; Path=/; {gone}")));
        let cookie = Cookie::build(("a", "1")).path("/b").domain("example.org");
        let response = Response::text("").with_removed_cookie(cookie);
        let expected = format!("a=; Path=/b; Domain=example.org; {gone}");
        assert_eq!(sent(&response), Some(&*expected));
    }
}

#[cfg(feature = "signed-cookies")]
mod signed_cookies {
    use super::*;
    use bytegate::cookie::Key;

    fn key() -> Key {
        Key::from(&[7; 64])
    }

    /// `name=value` as a browser sends it back.
    fn signed(name: &str, value: &str) -> String {
        let response = Response::text("").with_signed_cookie(&key(), (name, value));
        assert_eq!(response.error(), None);
        let field = response.headers().view().get("Set-Cookie");
        field.expect("a cookie").to_string()
    }

    fn read(cookies: &str, key: &Key) -> Option<String> {
        with_fields(&[("Cookie", cookies)], |request| {
            request.signed_cookie(key, "user")
        })
    }

    #[test]
    fn a_signed_cookie_is_read_with_its_key() {
        for value in [
            "ada",
            "",
            "a=b",
            "Jos\u{e9}; 100%",
            "0123456789012345678901234567890123456789012345",
        ] {
            let cookie = signed("user", value);
            assert_eq!(read(&cookie, &key()).as_deref(), Some(value));
            assert_eq!(read(&cookie, &Key::from(&[8; 64])), None);
        }
    }

    #[test]
    fn a_changed_or_moved_cookie_does_not_count() {
        let cookie = signed("user", "ada");
        for at in "user=".len()..cookie.len() {
            let mut changed = cookie.clone().into_bytes();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(changed).expect("text");
            assert_eq!(read(&changed, &key()), None, "{changed}");
        }
        let moved = signed("theme", "ada").replacen("theme", "user", 1);
        assert_eq!(read(&moved, &key()), None);
        for cookie in [
            "user=",
            "user=ada",
            "other=ada",
            "user=\u{e4}\u{e4}\u{e4}",
            "",
        ] {
            assert_eq!(read(cookie, &key()), None, "{cookie}");
        }
    }

    #[test]
    fn a_forged_cookie_does_not_hide_the_real_one() {
        let cookies = format!("user=forged; {}", signed("user", "ada"));
        assert_eq!(read(&cookies, &key()).as_deref(), Some("ada"));
    }

    #[test]
    fn a_name_that_a_cookie_cannot_have_makes_the_response_fail() {
        let response = Response::text("").with_signed_cookie(&key(), ("us;er", "a"));
        assert!(response.error().is_some());
    }
}

mod multipart {
    use super::*;
    use bytegate::request::{MultipartLimits, Part};
    use bytegate::upload::{AbortReason, Admission, PartReceiver};

    fn shown(request: &Request<'_>) -> Result<String, Rejection> {
        let form = request.multipart()?;
        let lines = form.iter().map(|part| {
            let file = (part.file_name(), part.content_type());
            format!(
                "{:?} {file:?} {:?}\n",
                part.name(),
                part.bytes().escape_ascii().to_string()
            )
        });
        Ok(lines.collect())
    }

    fn form(content: impl AsRef<[u8]>) -> Vec<u8> {
        post("multipart/form-data; boundary=b", content)
    }

    /// A form with one part that has this head.
    fn of_head(head: &str) -> Vec<u8> {
        form(format!("--b\r\n{head}\r\n\r\nx\r\n--b--\r\n"))
    }

    const FIELD: &str = "Content-Disposition: form-data; name=\"a\"";

    #[test]
    fn values_and_files_are_read() {
        // As Firefox and Chromium write it.
        let content = b"------geckoformboundary8\r\n\
            Content-Disposition: form-data; name=\"title\"\r\n\r\nThe sea\r\n\
            ------geckoformboundary8\r\n\
            Content-Disposition: form-data; name=\"photo\"; filename=\"s\xc3\xa9a \\a %22.png\"\r\n\
            Content-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\0--\r\n------gecko\r\n\
            ------geckoformboundary8\r\n\
            Content-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n\r\n\
            ------geckoformboundary8--\r\n";
        let media_type = "multipart/form-data; boundary=----geckoformboundary8";
        let (status, page) = told(shown, post(media_type, content));
        assert_eq!(status, 200, "{page}");
        assert_eq!(
            page,
            "\"title\" (None, None) \"The sea\"\n\
            \"photo\" (Some(\"s\u{e9}a \\\\a %22.png\"), Some(\"image/png\")) \
            \"\\\\x89PNG\\\\r\\\\n\\\\x1a\\\\n\\\\x00--\\\\r\\\\n------gecko\"\n\
            \"none\" (Some(\"\"), Some(\"application/octet-stream\")) \"\"\n"
        );
    }

    #[test]
    fn quotes_in_names_may_be_escaped() {
        let head = r#"content-disposition: Form-Data; name=a; filename="\"C:\new\\\".txt""#;
        let page = "\"a\" (Some(\"\\\"C:\\\\new\\\\\\\".txt\"), None) \"x\"\n";
        assert_eq!(told(shown, of_head(head)), (200, page.to_string()));
    }

    #[test]
    fn an_extended_parameter_alone_names_the_file() {
        for (parameters, name) in [
            ("filename*=UTF-8''na%C3%AFve.txt", "na\u{ef}ve.txt"),
            (
                "filename*=utf-8'fr'na%C3%AFve.txt; filename=\"naive.txt\"",
                "naive.txt",
            ),
            ("filename=naive.txt; filename*=broken", "naive.txt"),
        ] {
            let head = format!("{FIELD}; {parameters}");
            let page = format!("\"a\" (Some({name:?}), None) \"x\"\n");
            assert_eq!(told(shown, of_head(&head)), (200, page), "{parameters}");
        }
    }

    #[test]
    fn the_first_part_of_a_name_is_found() {
        let content = format!("--b\r\n{FIELD}\r\n\r\n1\r\n--b\r\n{FIELD}\r\n\r\n2\r\n--b--");
        let request = Request::builder("POST", "/")
            .header("Content-Type", "multipart/form-data; boundary=b")
            .body(content)
            .build()
            .expect("a request");
        {
            let request = &request.view();
            let form = request.multipart().expect("a form");
            assert_eq!(form.get("a").expect("a part").text(), Ok("1"));
            assert!(form.get("b").is_none());
            assert_eq!(form.iter().count(), 2);
            let part = form.get("a").expect("a part");
            assert_eq!(
                part.headers().get("content-disposition"),
                Some("form-data; name=\"a\"")
            );
            let shown = "Part { name: \"a\", file_name: None, content: 1 bytes, .. }";
            assert_eq!(format!("{part:?}"), shown);
        }
    }

    #[test]
    fn text_must_be_utf_8() {
        let text = |request: &Request<'_>| -> Result<String, Rejection> {
            let form = request.multipart()?;
            let part = form
                .get("a")
                .ok_or_else(|| Rejection::bad_request("no part"))?;
            part.text().map(str::to_string)
        };
        let content = |value: &[u8]| {
            let head = format!("--b\r\n{FIELD}\r\n\r\n");
            form([head.as_bytes(), value, b"\r\n--b--"].concat())
        };
        assert_eq!(
            told(text, content("\u{e4}".as_bytes())),
            (200, "\u{e4}".to_string())
        );
        let page = "400 Bad Request: \"a\" in the form is not UTF-8\n";
        assert_eq!(told(text, content(b"\xff")), (400, page.to_string()));
    }

    #[test]
    fn another_type_or_boundary_is_refused() {
        assert_eq!(
            told(shown, post("multipart/mixed; boundary=b", "--b--")).0,
            415
        );
        assert_eq!(told(shown, post(FORM, "a=b")).0, 415);
        assert_eq!(told(shown, post("", "--b--")).0, 415);
        let page = "400 Bad Request: the Content-Type has no boundary of 1 to 70 characters\n";
        for parameters in [
            "",
            "; boundary=",
            "; boundary=\"\"",
            "; boundary=\"a\\\"b\"",
            "; boundary=b x",
            "; boundary=\"b",
        ] {
            let media_type = format!("multipart/form-data{parameters}");
            assert_eq!(
                told(shown, post(&media_type, "--b--")),
                (400, page.to_string()),
                "{media_type}"
            );
        }
        let media_type = |length| {
            format!(
                "Multipart/Form-Data;x=y; Boundary=\"{}\"",
                "b".repeat(length)
            )
        };
        let content = |length| format!("--{}--", "b".repeat(length));
        assert_eq!(told(shown, post(&media_type(70), content(70))).0, 200);
        assert_eq!(told(shown, post(&media_type(71), content(71))).0, 400);
    }

    #[test]
    fn malformed_parts_are_refused_with_their_number() {
        for (content, sentence) in [
            (
                "".to_string(),
                "the form does not contain the boundary of its Content-Type",
            ),
            (
                "hello".to_string(),
                "the form does not contain the boundary of its Content-Type",
            ),
            (
                format!("--b\r\n{FIELD}\r\n\r\nx"),
                "part 1 of the form does not end with a boundary",
            ),
            (
                format!("--b\r\n{FIELD}\r\n\r\nx\r\n--b\r\n{FIELD}\r\n\r\n"),
                "part 2 of the form does not end with a boundary",
            ),
            (
                format!("--b\r\n{FIELD}\r\n\r\nx\r\n--bc\r\n"),
                "the boundary before part 2 of the form is not alone on its line",
            ),
            (
                format!("--b\r\n{FIELD}\r\nx\r\n--b--"),
                "part 1 of the form has a malformed head",
            ),
        ] {
            let page = (400, format!("400 Bad Request: {sentence}\n"));
            assert_eq!(told(shown, form(&content)), page, "{content:?}");
        }
        for (head, reason) in [
            (
                "Content-Type: text/plain",
                "must have one Content-Disposition",
            ),
            (
                "Content-Disposition: form-data; name=a\r\ncontent-disposition: form-data; name=b",
                "must have one Content-Disposition",
            ),
            (
                "Content-Disposition: form-data",
                "has no name: its Content-Disposition must be form-data with a name",
            ),
            (
                "Content-Disposition: attachment; name=a",
                "has no name: its Content-Disposition must be form-data with a name",
            ),
            (
                "Content-Disposition: form-data; name=\"a",
                "has a malformed Content-Disposition",
            ),
            (
                "Content-Disposition: form-data; name=a b",
                "has a malformed Content-Disposition",
            ),
            (
                "Content-Disposition: form-data; name=a; filename*=ISO-8859-1''%A3",
                "has a filename* that is not UTF-8 in the form of RFC 8187",
            ),
            (
                "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64",
                "is encoded as base64, which RFC 7578 does not allow",
            ),
        ] {
            let page = (
                400,
                format!("400 Bad Request: part 1 of the form {reason}\n"),
            );
            assert_eq!(told(shown, of_head(head)), page, "{head:?}");
        }
        let latin = b"--b\r\nContent-Disposition: form-data; name=\"\xe4\"\r\n\r\nx\r\n--b--";
        let page = "400 Bad Request: part 1 of the form has a name that is not UTF-8\n";
        assert_eq!(told(shown, form(latin)), (400, page.to_string()));
        let head = format!("{FIELD}\r\nContent-Transfer-Encoding: 8BIT");
        assert_eq!(told(shown, of_head(&head)).0, 200);
    }

    #[test]
    fn parts_and_their_heads_are_limited() {
        let parts =
            |count: usize| form(format!("--b\r\n{FIELD}\r\n\r\n\r\n").repeat(count) + "--b--");
        assert_eq!(told(shown, parts(1000)).0, 200);
        let page = "413 Content Too Large: the form has more than 1000 parts\n";
        assert_eq!(told(shown, parts(1001)), (413, page.to_string()));

        let long = |length: usize| of_head(&format!("{FIELD}\r\nX: {}", "x".repeat(length)));
        let fitting = 4096 - format!("{FIELD}\r\nX: \r\n").len();
        assert_eq!(told(shown, long(fitting)).0, 200);
        let page = "413 Content Too Large: part 1 of the form has a head that is too long\n";
        assert_eq!(told(shown, long(fitting + 1)), (413, page.to_string()));

        let within = |request: &Request<'_>| {
            let limits = MultipartLimits {
                parts: 1,
                ..MultipartLimits::default()
            };
            request
                .multipart_with(limits)
                .map(|form| form.into_iter().count().to_string())
        };
        assert_eq!(told(within, parts(1)), (200, "1".to_string()));
        assert_eq!(told(within, parts(2)).0, 413);
    }

    /// Limits that short forms reach.
    const LOW: MultipartLimits = MultipartLimits {
        parts: 3,
        part_head_bytes: 60,
        part_bytes: 5,
    };

    /// Shows the parts of a form, as they arrive or after they have arrived.
    struct Shows {
        limits: MultipartLimits,
        streams: bool,
        calls: Arc<Mutex<Vec<String>>>,
    }

    #[derive(Default)]
    struct Shown {
        parts: Vec<(String, Vec<u8>)>,
        calls: Arc<Mutex<Vec<String>>>,
    }

    impl Application for Shows {
        fn call(&self, request: &Request<'_>) -> Response {
            let form = match request.multipart_with(self.limits) {
                Ok(form) => form,
                Err(rejection) => return rejection.into(),
            };
            let parts = form
                .iter()
                .map(|part| (part.name().to_string(), part.bytes().to_vec()));
            Box::new(Shown {
                parts: parts.collect(),
                ..Shown::default()
            })
            .finish()
        }

        fn admit(&self, request: &Request<'_>) -> Admission {
            let receiver = Shown {
                calls: self.calls.clone(),
                ..Shown::default()
            };
            match self.streams {
                true => Admission::multipart_with(request, self.limits, receiver).up_to(1 << 20),
                false => Admission::buffer(),
            }
        }
    }

    impl PartReceiver for Shown {
        fn part(&mut self, part: &Part<'_>) -> Result<(), Response> {
            self.note(format!("part {}", part.name()));
            if part.name() == "refused" {
                return Err(Status::FORBIDDEN.into());
            }
            assert_eq!(part.bytes(), b"");
            self.parts.push((part.name().to_string(), Vec::new()));
            Ok(())
        }

        fn data(&mut self, block: &[u8]) -> Result<(), Response> {
            assert!(!block.is_empty());
            self.note(format!("content of {} bytes", block.len()));
            let (_, content) = self.parts.last_mut().expect("a part");
            content.extend_from_slice(block);
            match block {
                b"refused" => Err(Status::UNPROCESSABLE_CONTENT.into()),
                _ => Ok(()),
            }
        }

        fn finish(self: Box<Self>) -> Response {
            self.note("finish".to_string());
            let parts = self.parts.iter();
            let show =
                |(name, content): &(String, Vec<u8>)| format!("{name}={};", content.escape_ascii());
            Response::text(parts.map(show).collect::<String>())
        }

        fn abort(self: Box<Self>, reason: AbortReason) {
            self.note(format!("abort: {reason}"));
        }
    }

    impl Shown {
        fn note(&self, call: String) {
            self.calls.lock().expect("calls").push(call);
        }
    }

    fn shows(limits: MultipartLimits, streams: bool) -> Shows {
        let calls = Arc::default();
        Shows {
            limits,
            streams,
            calls,
        }
    }

    /// The response to a form that arrives in pieces of this size.
    fn in_pieces(gateway: &Gateway, content: &[u8], size: usize) -> (u16, String) {
        let input = form(content);
        let head = input.len() - content.len();
        let (mut session, mut buffer) = (gateway.session(ConnectionInfo::default()), Vec::new());
        session.turn(&mut &b""[..], Now::default());
        for piece in [&input[..head]]
            .into_iter()
            .chain(input[head..].chunks(size))
        {
            buffer.extend_from_slice(piece);
            session.turn(&mut buffer, Now::default());
        }
        let response = reader::read_one(&session.take_output());
        let page = response.text().to_string();
        (response.status().code(), page)
    }

    /// Checks that all ways to read a form have the same outcome, which is returned.
    fn same_in_all_ways(content: &[u8], limits: MultipartLimits) -> (u16, String) {
        let whole = told(shows(limits, false), form(content));
        let gateway = Gateway::new(shows(limits, true));
        for size in 1..=content.len() {
            let outcome = in_pieces(&gateway, content, size);
            assert_eq!(
                outcome,
                whole,
                "{size}: {:?}",
                content.escape_ascii().to_string()
            );
        }
        whole
    }

    #[test]
    fn a_form_is_read_the_same_in_memory_and_while_it_arrives() {
        let part = |name: &str, content: &str| {
            let field = "Content-Disposition: form-data; name=";
            format!("\r\n--b \r\n{field}{name}\r\n\r\n{content}")
        };
        let all = |contents: &[&str]| {
            contents
                .iter()
                .fold(String::from("before"), |form, content| {
                    form + &part("a", content)
                })
        };
        for (content, expected) in [
            (all(&[]) + "\r\n--b--", "200 "),
            (
                all(&["", "1", "12345"]) + "\r\n--b--after\r\n--b",
                "200 a=;a=1;a=12345;",
            ),
            (
                all(&["\r\n--\r", "\r\n\r\n"]) + "\r\n--b--",
                "200 a=\\r\\n--\\r;a=\\r\\n\\r\\n;",
            ),
            (
                all(&["1", "123456"]) + "\r\n--b--",
                "part 2 of the form has more than 5 bytes",
            ),
            (all(&["1", "2", "3", "4"]), "more than 3 parts"),
            (all(&["1"]), "part 1 of the form does not end"),
            (
                all(&["1"]) + "\r\n--b\r\n",
                "part 2 of the form does not end",
            ),
            (
                all(&["1"]) + "\r\n--b\r\nno field",
                "part 2 of the form does not end",
            ),
            (
                all(&["1"]) + "\r\n--b\r\nno field\r\n\r\n",
                "part 2 of the form has a malformed",
            ),
            (all(&["1"]) + "\r\n--bc", "boundary before part 2"),
            (
                all(&["1"]) + &part(&"a".repeat(21), "x"),
                "part 2 of the form does not end",
            ),
            (
                all(&["1"]) + &part(&"a".repeat(22), "x"),
                "part 2 of the form has a head that is too",
            ),
            (
                all(&["1"]) + "\r\n--b\r\n" + &"x".repeat(100),
                "part 2 of the form has a head that",
            ),
            ("x".repeat(100), "does not contain the boundary"),
            (
                "x".repeat(5000) + "\r\n" + &all(&["1"]) + "\r\n--b--",
                "413 Content Too Large: the form has more than 4096 bytes outside of its parts",
            ),
            (
                all(&["1"]) + "\r\n--b--" + &"x".repeat(5000),
                "outside of its parts",
            ),
        ] {
            let (status, page) = same_in_all_ways(content.as_bytes(), LOW);
            let outcome = format!("{status} {page}");
            assert!(outcome.contains(expected), "{content:?}: {outcome}");
        }
    }

    /// A receiver with the limits that the crate chooses.
    struct Plain;

    impl PartReceiver for Plain {
        fn part(&mut self, _: &Part<'_>) -> Result<(), Response> {
            Ok(())
        }

        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            Ok(())
        }

        fn finish(self: Box<Self>) -> Response {
            Status::OK.into()
        }
    }

    impl Application for Plain {
        fn call(&self, _: &Request<'_>) -> Response {
            Status::OK.into()
        }

        fn admit(&self, request: &Request<'_>) -> Admission {
            Admission::multipart(request, Plain)
        }
    }

    #[test]
    fn a_form_received_part_by_part_has_at_most_64_mib_by_default() {
        let gateway = Gateway::new(Plain);
        let starts = |length: u64, start: &str| {
            let head = format!(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n\
                 Content-Length: {length}\r\n\r\n"
            );
            String::from_utf8(gateway.handle((head + start).as_bytes()).to_vec()).expect("text")
        };
        assert!(starts((64 << 20) + 1, "--b").starts_with("HTTP/1.1 413 "));
        // A form that is not refused at once is incomplete.
        assert!(starts(64 << 20, "--b").starts_with("HTTP/1.1 400 "));
    }

    #[test]
    fn a_form_is_refused_at_its_first_error() {
        let head = |length| {
            format!(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n\
                 Content-Length: {length}\r\n\r\n"
            )
        };
        let begins = format!("--b\r\n{FIELD}\r\n\r\n");
        for (content, calls, status) in [
            ("--b\r\nno field\r\n\r\nx".to_string(), &[][..], 400),
            ("--bc".to_string(), &[], 400),
            ("--b\r\n".to_string() + &"x".repeat(100), &[], 413),
            (begins.clone() + "123456", &["part a"], 413),
            (begins.clone() + "\r\n--bc", &["part a"], 400),
            ("--b--".to_string() + &"x".repeat(4097), &[], 413),
            ("x".repeat(4097), &[], 413),
            (
                begins.replace("\"a\"", "refused") + "x",
                &["part refused"],
                403,
            ),
        ] {
            let application = shows(LOW, true);
            let noted = application.calls.clone();
            let gateway = Gateway::new(application);
            let mut session = gateway.session(ConnectionInfo::default());
            // Most of the form is still missing.
            let mut buffer = (head(1 << 20) + &content).into_bytes();
            session.turn(&mut buffer, Now::default());
            let response = reader::read_one(&session.take_output());
            assert_eq!(
                (response.status().code(), response.closes()),
                (status, true),
                "{content:?}"
            );
            assert_eq!(*noted.lock().expect("calls"), calls, "{content:?}");
        }
        let application = shows(MultipartLimits::default(), true);
        let noted = application.calls.clone();
        let gateway = Gateway::new(application);
        assert_eq!(
            in_pieces(&gateway, (begins.clone() + "refused").as_bytes(), 999).0,
            422
        );
        assert_eq!(
            *noted.lock().expect("calls"),
            ["part a", "content of 7 bytes"]
        );
        let length = 1 << 20;
        for (length, status) in [(length, 0), (length + 1, 413)] {
            let output = gateway.session(ConnectionInfo::default());
            let mut session = output;
            session.turn(&mut head(length).into_bytes(), Now::default());
            let output = session.take_output();
            let is_refused = output.starts_with(b"HTTP/1.1 413 ");
            assert_eq!(is_refused, status == 413, "{length}");
        }
    }

    #[test]
    fn a_truncated_form_is_aborted() {
        let application = shows(LOW, true);
        let calls = application.calls.clone();
        let gateway = Gateway::new(application);
        let input = form(format!("--b\r\n{FIELD}\r\n\r\nx\r\n--b--"));
        let mut session = gateway.session(ConnectionInfo::default());
        session.turn(&mut &input[..input.len() - 1], Now::default());
        drop(session);
        let calls = calls.lock().expect("calls");
        assert_eq!(
            *calls,
            [
                "part a",
                "content of 1 bytes",
                "abort: the client disconnected"
            ]
        );
    }

    #[test]
    fn a_form_without_an_end_is_refused_at_the_limit() {
        let limits = MultipartLimits::default();
        for (begins, streams) in [
            ("before", true),
            ("before", false),
            (
                "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n",
                true,
            ),
            (
                "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n",
                false,
            ),
            ("--b--", true),
            ("--b--", false),
        ] {
            let gateway = Gateway::new(shows(limits, streams));
            let mut session = gateway.session(ConnectionInfo::default());
            let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
            let first = format!("{:x}\r\n{begins}\r\n", begins.len());
            let mut input = (head.to_string() + &first).into_bytes();
            let block = [b"380\r\n", &b"x\r\n\r\n--".repeat(128)[..], b"\r\n"].concat();
            let mut blocks = 0;
            while session.output().is_empty() {
                session.turn(&mut input, Now::default());
                // Nothing but a chunk is left, and the limit is 1 MiB.
                assert!(input.len() <= block.len() && blocks <= (1 << 20) / 896 + 1);
                input.extend_from_slice(&block);
                blocks += 1;
            }
            let response = reader::read_one(&session.take_output());
            assert_eq!(response.status(), 413, "{begins:?} {streams}");
        }
    }

    #[test]
    fn another_type_is_refused_before_the_form_is_sent() {
        let input = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\
            Expect: 100-continue\r\nContent-Length: 9\r\n\r\n";
        assert_eq!(told(shows(LOW, true), input).0, 415);
    }

    proptest! {
        #[test]
        fn multipart_forms_round_trip(contents in prop::collection::vec("[-b\r\n x]{0,30}", 0..5)) {
            prop_assume!(contents.iter().all(|content| !format!("\r\n{content}").contains("\r\n--b")));
            let parts = contents.iter().map(|content| format!("--b\r\n{FIELD}\r\n\r\n{content}\r\n"));
            let content = parts.collect::<String>() + "--b--\r\n";
            let request = Request::builder("POST", "/")
                .header("Content-Type", "multipart/form-data; boundary=b")
                .body(content)
                .build()
                .expect("a request");
            let form = request.multipart().expect("a form");
            let read: Vec<&str> = form.iter().map(|part| part.text().expect("text")).collect();
            prop_assert_eq!(read, contents.iter().map(|content| &**content).collect::<Vec<_>>());
        }

        #[test]
        fn no_form_is_read_in_two_ways(
            content in "(\r\n--b|--b|--|\r\n|-|:|a|\r\n--b\r\n|\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n|Content-Disposition: form-data; name=a){0,12}"
        ) {
            same_in_all_ways(content.as_bytes(), LOW);
        }

        #[test]
        fn no_body_causes_a_panic(content in "(--b|\r\n|-|:|a|\"|;|Content-Disposition: form-data; name=a){0,30}") {
            let (status, _) = told(shown, form(&content));
            prop_assert!(matches!(status, 200 | 400), "{}: {}", status, content);
        }
    }
}

#[test]
fn requests_from_a_gateway_are_read_at_every_cut() {
    let application = |request: &Request<'_>| -> Result<String, Rejection> {
        let form = request.form()?;
        let cookie = request.cookie("c").unwrap_or("none".into());
        Ok(format!("{} {cookie}\n", form.get("a").unwrap_or_default()))
    };
    let input = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nCookie: c=d\r\nContent-Type: {FORM}\r\nContent-Length: 3\r\n\r\na=b"
    );
    let gateway = Gateway::new(application);
    for cut in 0..input.len() {
        let (mut session, mut buffer) = (gateway.session(ConnectionInfo::default()), Vec::new());
        for piece in [&input[..cut], &input[cut..]] {
            buffer.extend_from_slice(piece.as_bytes());
            session.turn(&mut buffer, Now::default());
        }
        let output = session.take_output();
        assert_eq!(reader::read_one(&output).body(), b"b d\n", "{cut}");
    }
}
