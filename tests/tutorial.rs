//! The six stages of a well-known Python tutorial, from a small web server to a small WSGI framework: our
//! counterpart of each stage, and tests for the faults in its code.

#[path = "../src/bin/bytegate/demo/mod.rs"]
mod demo;
mod laws;

use bytegate::testing::ClientResponse;
use bytegate::{Gateway, Now, Router};
#[cfg(feature = "server")]
use bytegate::{
    Method,
    testing::{Server, StreamClient},
};
use laws::reader;
#[cfg(feature = "server")]
use std::net::TcpStream;

/// The response to one request, parsed strictly.
fn answer(gateway: &Gateway, request: impl AsRef<[u8]>) -> ClientResponse {
    answer_at(gateway, request, Now::default())
}

fn answer_at(gateway: &Gateway, request: impl AsRef<[u8]>, now: Now) -> ClientResponse {
    let request = request.as_ref();
    let output = gateway.handle_at(request, now);
    reader::read_answer(request, &output)
}

fn get(gateway: &Gateway, target: &str) -> ClientResponse {
    answer(
        gateway,
        format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    )
}

fn post(gateway: &Gateway, target: &str, form: impl AsRef<[u8]>) -> ClientResponse {
    let form = form.as_ref();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n",
        form.len()
    );
    answer(gateway, [head.as_bytes(), form].concat())
}

fn field<'a>(answer: &'a ClientResponse, name: &str) -> &'a str {
    answer.header(name).unwrap_or_default()
}

/// The response to the last request of a connection.
#[cfg(feature = "server")]
fn last_response(mut client: StreamClient<TcpStream>) -> ClientResponse {
    let responses = client.last_responses(&[Method::GET]);
    reader::checked(responses.expect("one response").remove(0))
}

#[cfg(feature = "server")]
fn get_over_tcp(mut client: StreamClient<TcpStream>, target: &str) -> ClientResponse {
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    client.send(request).expect("it is sent");
    last_response(client)
}

const HTML: &str = "text/html; charset=utf-8";

/// A socket, a one-line request, a file.
#[cfg(feature = "server")]
mod stage_1_static_pages {
    use super::*;

    #[test]
    fn a_file_is_served_over_tcp() {
        let server = Server::start(demo::site());
        let page = get_over_tcp(server.connect(), "/about.html");
        assert_eq!(page.status(), 200);
        assert_eq!(page.body(), include_bytes!("../fixtures/site/about.html"));
    }

    #[test]
    fn the_root_serves_the_index() {
        let server = Server::start(demo::site());
        let page = get_over_tcp(server.connect(), "/");
        assert_eq!(page.status(), 200);
        assert_eq!(page.body(), include_bytes!("../fixtures/site/index.html"));
    }

    #[test]
    fn a_missing_file_is_a_404() {
        let server = Server::start(demo::site());
        assert_eq!(
            get_over_tcp(server.connect(), "/nope.html").status().code(),
            404
        );
    }

    #[test]
    fn one_connection_carries_many_requests() {
        let server = Server::start(demo::site());
        let again = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let last = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let mut client = server.connect();
        client.send([again, again, last].concat()).expect("sent");
        let pages = client.last_responses(&[Method::GET; 3]);
        let pages = pages.expect("three responses");
        assert!(pages.iter().all(|page| page.status().code() == 200));
    }
}

/// The server becomes an object, and its port can be used again at once.
#[cfg(feature = "server")]
mod stage_2_server_object {
    use super::*;
    use bytegate::net;

    #[test]
    fn a_stopped_server_frees_its_port_at_once() {
        let first = Server::start(demo::site());
        let address = first.address();
        // The server closes first, so its side of the connection enters TIME_WAIT.
        assert_eq!(get_over_tcp(first.connect(), "/").status(), 200);
        drop(first);
        let second = net::start(address, demo::site(), net::Options::default());
        let second = second.expect("the port is free");
        let client = StreamClient::connect(second.address()).expect("a connection");
        assert_eq!(get_over_tcp(client, "/").status(), 200);
    }

    #[test]
    fn a_port_in_use_is_a_clear_error() {
        let server = Server::start(Router::new());
        let error = bytegate::net::listen(server.address()).expect_err("the port is taken");
        assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&server.address().to_string()));
    }
}

/// Paths that end in `.py` go to the application, all others to the files.
mod stage_3_static_and_dynamic {
    use super::*;

    #[test]
    fn a_file_has_its_length_and_the_type_of_its_suffix() {
        for (target, media_type, file) in [
            (
                "/index.html",
                HTML,
                &include_bytes!("../fixtures/site/index.html")[..],
            ),
            (
                "/style.css",
                "text/css; charset=utf-8",
                include_bytes!("../fixtures/site/style.css"),
            ),
            (
                "/script.js",
                "text/javascript; charset=utf-8",
                include_bytes!("../fixtures/site/script.js"),
            ),
            (
                "/logo.png",
                "image/png",
                include_bytes!("../fixtures/site/logo.png"),
            ),
        ] {
            let page = get(&demo::gateway(), target);
            assert_eq!(page.status(), 200, "{target}");
            assert_eq!(field(&page, "content-type"), media_type);
            assert_eq!(field(&page, "content-length"), file.len().to_string());
            assert_eq!(page.body(), file, "{target}");
        }
    }

    #[test]
    fn the_root_and_folders_serve_their_index() {
        let gateway = demo::gateway();
        assert_eq!(get(&gateway, "/").raw(), get(&gateway, "/index.html").raw());
        assert_eq!(
            get(&gateway, "/docs/").raw(),
            get(&gateway, "/docs/index.html").raw()
        );
        let docs = get(&gateway, "/docs");
        assert_eq!(
            (docs.status().code(), field(&docs, "location")),
            (301, "/docs/")
        );
    }

    #[test]
    fn a_missing_file_shows_the_404_page_of_the_site() {
        let page = get(&demo::gateway(), "/nope.html");
        assert_eq!(
            (page.status().code(), field(&page, "content-type")),
            (404, HTML)
        );
        assert_eq!(page.body(), include_bytes!("../fixtures/site/404.html"));
    }

    #[test]
    fn the_suffix_decides_between_application_and_site() {
        let gateway = demo::gateway();
        assert!(get(&gateway, "/time.py").text().contains("<h1>Time</h1>"));
        assert!(
            get(&gateway, "/%74ime%2epy")
                .text()
                .contains("<h1>Time</h1>")
        );
        for target in ["/time.pyc", "/time.py/", "/time?.py", "/py"] {
            let page = get(&gateway, target);
            assert_eq!(page.body(), include_bytes!("../fixtures/site/404.html"));
        }
    }

    #[test]
    fn every_link_on_the_site_works() {
        let gateway = demo::gateway();
        for page in ["/", "/about.html", "/docs/", "/login.py", "/nope.html"] {
            let page = get(&gateway, page);
            let links = page.text().split(['"', '\'']).filter(|link| {
                link.starts_with('/') && !link.starts_with("//") && !link.contains('<')
            });
            for link in links {
                // One link exists to show the 404 page.
                let status = if link == "/nope.html" { 404 } else { 200 };
                assert_eq!(get(&gateway, link).status().code(), status, "{link}");
            }
        }
    }
}

/// A page that shows the time, which is passed in.
mod stage_4_dynamic_page {
    use super::*;
    use bytegate::headers::http_date;
    use bytegate::{Request, Response};

    const GET_TIME: &str = "GET /time.py HTTP/1.1\r\nHost: localhost\r\n\r\n";

    #[test]
    fn a_page_shows_the_time_it_was_given() {
        let page = answer_at(&demo::gateway(), GET_TIME, Now::at_unix(784_111_777));
        assert!(
            page.text()
                .contains("It is <time>Sun, 06 Nov 1994 08:49:37 GMT</time>.")
        );
        assert_eq!(field(&page, "date"), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn a_page_without_a_clock_shows_no_time() {
        let page = answer(&demo::gateway(), GET_TIME);
        assert!(page.text().contains("an unknown time"));
        assert_eq!(page.header("date"), None);
    }

    #[test]
    fn the_same_request_at_the_same_time_gets_the_same_response() {
        let now = Now::at_unix(951_782_400);
        let pages = [(); 2].map(|()| demo::gateway().handle_at(GET_TIME.as_bytes(), now));
        assert_eq!(pages[0], pages[1]);
    }

    #[test]
    fn any_function_of_a_request_can_be_a_page() {
        fn clock(request: &Request<'_>) -> Option<Response> {
            let date = request.now().wall.and_then(http_date)?;
            Some(Response::html(format!("<h1>{date}</h1>")))
        }
        let gateway = Gateway::new(Router::new().suffix(".py", clock));
        let page = answer_at(&gateway, GET_TIME, Now::at_unix(0));
        assert_eq!(page.text(), "<h1>Thu, 01 Jan 1970 00:00:00 GMT</h1>");
        assert_eq!(answer(&gateway, GET_TIME).status(), 404);
    }
}

/// The pages move out of the server into a framework.
mod stage_5_mini_frame {
    use super::*;

    const PAGES: [(&str, &str); 2] = [("/login.py", "Log in"), ("/register.py", "Register")];

    /// Whether the form is shown again with this message.
    fn is_shown_again(page: &ClientResponse, message: &str) -> bool {
        let html = page.text();
        let alert = format!("<p class=\"message error\" role=\"alert\">{message}</p>");
        page.status().code() == 200
            && html.contains("<form method=\"post\"")
            && html.contains(&alert)
    }

    #[test]
    fn get_shows_a_form_and_the_time() {
        for (target, title) in PAGES {
            let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let page = answer_at(&demo::gateway(), request, Now::at_unix(784_111_777));
            let html = page.text();
            assert_eq!(
                (page.status().code(), field(&page, "content-type")),
                (200, HTML)
            );
            assert!(html.contains(&format!("<h1>{title}</h1>")));
            assert!(html.contains("<form method=\"post\">"));
            assert!(html.contains("Answered at Sun, 06 Nov 1994 08:49:37 GMT."));
            assert!(!html.contains("role=\"alert\""));
        }
    }

    /// The page that a browser shows after accepting a form: it follows the redirect.
    fn after_redirect(gateway: &Gateway, redirect: &ClientResponse) -> ClientResponse {
        assert_eq!((redirect.status().code(), redirect.text()), (303, ""));
        get(gateway, field(redirect, "location"))
    }

    #[test]
    fn the_right_password_logs_in() {
        let gateway = demo::gateway();
        let redirect = post(&gateway, "/login.py", "name=%61da&password=lovelace");
        assert_eq!(field(&redirect, "location"), "/login.py?welcome=ada");
        let page = after_redirect(&gateway, &redirect);
        assert_eq!(page.status(), 200);
        assert!(page.text().contains("<h1>Welcome, ada</h1>"));
        assert!(!page.text().contains("<form"));
    }

    #[test]
    fn the_name_in_the_query_is_escaped() {
        for target in ["/login.py", "/register.py"] {
            let page = get(&demo::gateway(), &format!("{target}?welcome=%3Cb%3E%22"));
            assert!(page.text().contains(", &lt;b&gt;&quot;</h1>"));
        }
    }

    #[test]
    fn a_form_that_is_not_utf_8_is_rejected() {
        let gateway = demo::gateway();
        for password in ["%ff%fe%fd%fc%fb%fa%f9%f8", "%ff%ff%ff%ff%ff%ff%ff%ff"] {
            let form = format!("name=grace&password={password}&again=%ff%fe%fd%fc%fb%fa%f9%f8");
            for target in ["/login.py", "/register.py"] {
                let page = post(&gateway, target, &form);
                assert_eq!(
                    (page.status().code(), field(&page, "content-type")),
                    (400, HTML)
                );
                assert!(
                    page.text()
                        .contains("Invalid request: the form is not UTF-8.")
                );
            }
        }
    }

    #[test]
    fn a_complete_form_registers_the_user() {
        let form = "name=Gr%C3%A9ce.H&password=debugging+it&again=debugging%20it";
        let gateway = demo::gateway();
        let page = after_redirect(&gateway, &post(&gateway, "/register.py", form));
        assert_eq!(page.status(), 200);
        assert!(page.text().contains("<h1>Thank you, Gréce.H</h1>"));
    }

    #[test]
    fn a_bad_login_shows_the_form_again_with_a_reason() {
        const MISSING: &str = "Please give both a name and a password.";
        const WRONG: &str = "Incorrect name or password.";
        for (form, message) in [
            ("", MISSING),
            ("name=ada", MISSING),
            ("password=lovelace", MISSING),
            ("name=&password=", MISSING),
            ("name=+++&password=lovelace", MISSING),
            ("Name=ada&Password=lovelace", MISSING),
            ("name=ada&password=byron", WRONG),
            ("name=eve&password=lovelace", WRONG),
            ("name=ada&password=Lovelace", WRONG),
            ("name=eve&name=ada&password=lovelace", WRONG),
        ] {
            let page = post(&demo::gateway(), "/login.py", form);
            assert!(is_shown_again(&page, message), "{form}: {}", page.text());
        }
    }

    #[test]
    fn a_bad_registration_shows_the_form_again_with_a_reason() {
        const NAME: &str = "A name has 3 to 32 letters, digits, points or dashes.";
        const SHORT: &str = "A password has at least 8 characters.";
        const OTHER: &str = "The two passwords are not the same.";
        let too_long = format!("name={}&password=12345678&again=12345678", "n".repeat(33));
        for (form, message) in [
            ("", NAME),
            ("name=ab&password=12345678&again=12345678", NAME),
            ("name=a+b+c&password=12345678&again=12345678", NAME),
            (&*too_long, NAME),
            ("name=grace", SHORT),
            ("name=grace&password=1234567&again=1234567", SHORT),
            ("name=grace&password=12345678", OTHER),
            ("name=grace&password=12345678&again=12345679", OTHER),
        ] {
            let page = post(&demo::gateway(), "/register.py", form);
            assert!(is_shown_again(&page, message), "{form}: {}", page.text());
        }
    }

    #[test]
    fn an_odd_form_gets_a_page_that_explains_the_problem() {
        let huge = "x".repeat(900_000);
        let many = "name=&".repeat(1000);
        let mut forms: Vec<Vec<u8>> = [
            "name",
            "=",
            "&&&",
            "====&=&=",
            "%",
            "%zz=%4&name=%",
            "name=%00%0d%0aSet-Cookie:%20a=b",
            "{\"name\": \"ada\"}",
            &format!("name={huge}"),
            &format!("{huge}=name"),
            &many,
        ]
        .map(Vec::from)
        .into();
        forms.push(b"name=\xff\xfe&password=%ff%c0%ae".to_vec());
        forms.push((0..=255).collect());
        forms.push(vec![0; 10_000]);
        let mut state: u64 = 1;
        for length in 0..300 {
            let mut octet = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            };
            forms.push((0..length).map(|_| octet()).collect());
        }
        let gateway = demo::gateway();
        for form in forms {
            for (target, title) in PAGES {
                let page = post(&gateway, target, &form);
                let start = form[..form.len().min(40)].escape_ascii();
                let is_utf_8 = percent_encoding::percent_decode(&form)
                    .decode_utf8()
                    .is_ok();
                assert_eq!(page.status().code() == 200, is_utf_8, "{target}: {start}");
                if is_utf_8 {
                    assert!(page.text().contains(&format!("<h1>{title}</h1>")));
                    assert!(page.text().contains("role=\"alert\""), "{target}: {start}");
                } else {
                    assert_eq!(page.status(), 400, "{target}: {start}");
                }
            }
        }
    }

    #[test]
    fn a_form_with_too_many_fields_is_refused() {
        let page = post(&demo::gateway(), "/login.py", "name=&".repeat(100_000));
        assert_eq!(page.status(), 413);
        assert!(
            page.text()
                .contains("Invalid request: the form has more than 1000 fields.")
        );
    }

    #[test]
    fn a_body_of_another_type_is_not_read_as_a_form() {
        for (media_type, status) in [
            ("application/json", 415),
            ("multipart/form-data; boundary=x", 415),
            ("<script>", 415),
            ("Application/X-WWW-Form-Urlencoded;charset=UTF-8", 303),
        ] {
            let form = "name=ada&password=lovelace";
            let request = format!(
                "POST /login.py HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\n\
                 Content-Length: {}\r\n\r\n{form}",
                form.len()
            );
            let page = answer(&demo::gateway(), request);
            assert_eq!(page.status().code(), status, "{media_type}");
            assert!(!page.text().contains("<script>"), "{media_type}");
        }
    }

    #[test]
    fn typed_values_are_escaped() {
        let gateway = demo::gateway();
        let form = "name=%3Cscript%3Ealert(%22x%22)%3C/script%3E%27%26&password=x";
        let shown = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;";
        for page in [
            post(&gateway, "/login.py", form),
            post(&gateway, "/register.py", form),
            get(&gateway, "/%3Cscript%3Ealert(%22x%22)%3C'script%3E.py"),
        ] {
            let html = page.text();
            assert!(!html.contains("<script>alert"), "{html}");
            assert!(!html.contains("\"x\""), "{html}");
        }
        let page = post(&gateway, "/login.py", form);
        assert!(
            page.text()
                .contains(&format!("<input name=\"name\" value=\"{shown}\""))
        );
    }

    #[test]
    fn a_password_is_never_shown_again() {
        for (target, _) in PAGES {
            let page = post(
                &demo::gateway(),
                target,
                "name=x&password=hunter2&again=hunter3",
            );
            assert!(!page.text().contains("hunter"), "{target}");
        }
    }

    #[test]
    fn an_unknown_page_gets_the_404_page_of_the_framework() {
        let page = get(&demo::gateway(), "/nope.py");
        assert_eq!(
            (page.status().code(), field(&page, "content-type")),
            (404, HTML)
        );
        assert!(
            page.text()
                .contains("The application has no page <code>/nope.py</code>.")
        );
    }

    #[test]
    fn other_methods_get_the_list_of_allowed_ones() {
        let gateway = demo::gateway();
        for (method, status) in [("PUT", 405), ("DELETE", 405), ("OPTIONS", 204)] {
            let request = format!("{method} /login.py HTTP/1.1\r\nHost: x\r\n\r\n");
            let page = answer(&gateway, request);
            assert_eq!(page.status().code(), status, "{method}");
            assert_eq!(field(&page, "allow"), "GET, HEAD, POST, OPTIONS");
        }
    }

    #[test]
    fn head_is_get_without_the_body() {
        for target in ["/", "/login.py", "/nope.py"] {
            let head = answer(
                &demo::gateway(),
                format!("HEAD {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            );
            let get = get(&demo::gateway(), target);
            assert_eq!(head.status(), get.status());
            assert_eq!(head.headers(), get.headers(), "{head:?} {get:?}");
            assert_eq!(head.body(), b"");
        }
    }
}

/// The server and the framework talk through `application(environ, start_response)`.
mod stage_6_wsgi {
    use super::*;
    use bytegate::connection::CloseReason;
    use bytegate::gateway::Wait;
    use bytegate::request::ConnectionInfo;
    use bytegate::response::ResponseError;
    use bytegate::wsgi;
    use bytegate::wsgi::{Environ, StartResponse};
    use bytes::Bytes;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    const GET: &[u8] = b"GET /a.py HTTP/1.1\r\nHost: x\r\n\r\n";

    /// An application that shows its environ.
    fn show(environ: &Environ<'_>, start_response: &mut StartResponse) -> Vec<String> {
        start_response.call("200 OK", &[("Content-Type", "text/plain")]);
        environ
            .iter()
            .map(|(key, value)| format!("{key}={value}\n"))
            .collect()
    }

    fn environ_of(request: impl AsRef<[u8]>) -> String {
        let shown = answer(&Gateway::new(wsgi::adapt(show)), request);
        assert_eq!(shown.status(), 200);
        shown.text().to_string()
    }

    /// The error message for an application that breaks a rule; checks that the status is 500.
    fn broken<I>(
        application: impl Fn(&Environ<'_>, &mut StartResponse) -> I + Send + Sync + 'static,
    ) -> String
    where
        I: IntoIterator<Item: Into<Bytes> + 'static, IntoIter: Send + 'static> + 'static,
    {
        let errors = Arc::new(Mutex::new(Vec::new()));
        let told = errors.clone();
        let gateway =
            Gateway::new(wsgi::adapt(application)).on_error(move |error: &ResponseError, _| {
                told.lock().expect("a list").push(error.to_string());
            });
        assert_eq!(answer(&gateway, GET).status(), 500);
        let mut errors = errors.lock().expect("a list");
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors.remove(0)
    }

    fn page<I>(
        application: impl Fn(&Environ<'_>, &mut StartResponse) -> I + Send + Sync + 'static,
    ) -> ClientResponse
    where
        I: IntoIterator<Item: Into<Bytes> + 'static, IntoIter: Send + 'static> + 'static,
    {
        answer(
            &Gateway::new(Router::new().suffix(".py", wsgi::adapt(application))),
            GET,
        )
    }

    #[test]
    fn environ_describes_the_request_with_cgi_names() {
        let request = "POST /a%20b.py?q=%20&r HTTP/1.1\r\n\
                       Host: example.org:8080\r\n\
                       Content-Type: application/x-www-form-urlencoded\r\n\
                       User-Agent: test\r\n\
                       Content-Length: 8\r\n\
                       \r\n\
                       name=ada";
        insta::assert_snapshot!(environ_of(request), @r"
        REQUEST_METHOD=POST
        SCRIPT_NAME=
        PATH_INFO=/a b.py
        QUERY_STRING=q=%20&r
        CONTENT_TYPE=application/x-www-form-urlencoded
        CONTENT_LENGTH=8
        SERVER_NAME=example.org
        SERVER_PORT=8080
        SERVER_PROTOCOL=HTTP/1.1
        wsgi.version=1.0
        wsgi.url_scheme=http
        wsgi.multithread=true
        wsgi.multiprocess=false
        wsgi.run_once=false
        HTTP_HOST=example.org:8080
        HTTP_USER_AGENT=test
        ");
    }

    #[test]
    fn the_path_is_split_where_the_application_is_mounted() {
        let gateway = Gateway::new(Router::new().mount("/a b", wsgi::adapt(show)));
        let shown = answer(&gateway, "GET /a%20b/c%20d HTTP/1.1\r\nHost: x\r\n\r\n");
        let shown = shown.text();
        assert!(
            shown.contains("\nSCRIPT_NAME=/a b\nPATH_INFO=/c d\n"),
            "{shown}"
        );
    }

    #[test]
    fn a_path_without_a_decoded_form_is_not_taken_for_the_root_page() {
        let root = |environ: &Environ<'_>, start_response: &mut StartResponse| {
            start_response.call("200 OK", &[("Content-Type", "text/plain")]);
            let path = environ.get("PATH_INFO").unwrap_or_default();
            [format!("page {path:?}")]
        };
        let router = Router::new()
            .mount("/in", wsgi::adapt(root))
            .fallback(wsgi::adapt(root));
        let strict = Gateway::new(router);
        let asked = Gateway::new(wsgi::adapt(root).undecoded_paths());
        for path in [
            "/x%2fy",
            "/..%2fx.css",
            "/x/../y",
            "/./",
            "/%2e",
            "/%ff",
            "/a%5cb",
            "/%0a",
            "/in/x%2fy",
            "/in/%ff",
        ] {
            for fields in ["", "Content-Length: 5\r\nExpect: 100-continue\r\n"] {
                let request = format!("POST {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
                let reply = strict.handle(request.as_bytes());
                assert!(reply.starts_with(b"HTTP/1.1 404 "), "{path}");
            }
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            assert_eq!(answer(&asked, &request).text(), "page \"\"", "{path}");
        }
        for (path, page) in [
            ("/", "/"),
            ("/in", ""),
            ("/in/", "/"),
            ("/%C3%A9", "/\u{e9}"),
        ] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            assert_eq!(answer(&strict, &request).text(), format!("page {page:?}"));
        }
    }

    #[test]
    fn environ_of_a_minimal_request() {
        insta::assert_snapshot!(environ_of("GET / HTTP/1.0\r\n\r\n"), @r"
        REQUEST_METHOD=GET
        SCRIPT_NAME=
        PATH_INFO=/
        QUERY_STRING=
        SERVER_NAME=localhost
        SERVER_PORT=80
        SERVER_PROTOCOL=HTTP/1.0
        wsgi.version=1.0
        wsgi.url_scheme=http
        wsgi.multithread=true
        wsgi.multiprocess=false
        wsgi.run_once=false
        ");
    }

    #[test]
    fn the_server_name_in_the_target_takes_precedence_over_host() {
        let environ = environ_of("GET http://[::1]/a HTTP/1.1\r\nHost: [::1]\r\n\r\n");
        assert!(environ.contains("SERVER_NAME=[::1]\nSERVER_PORT=80\n"));
        assert!(environ.contains("PATH_INFO=/a\n"));
    }

    #[test]
    fn repeated_headers_are_joined() {
        let environ = environ_of(
            "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nCookie: a=b\r\nx-a: 2\r\ncookie: c=d\r\nX-A:\r\n\r\n",
        );
        assert!(environ.contains("HTTP_X_A=1, 2, \n"), "{environ}");
        assert!(environ.contains("HTTP_COOKIE=a=b; c=d\n"), "{environ}");
        assert_eq!(environ.matches("HTTP_X_A").count(), 1);
    }

    #[test]
    fn a_header_that_could_be_mistaken_for_another_is_left_out() {
        let environ = environ_of(
            "GET / HTTP/1.1\r\nHost: x\r\nX_User: root\r\nX-User: ada\r\nProxy: http://evil/\r\n\
             Content_Length: 1\r\nHTTP-HOST: y\r\n\r\n",
        );
        assert!(environ.contains("HTTP_X_USER=ada\n"), "{environ}");
        assert!(environ.contains("HTTP_HOST=x\n"), "{environ}");
        for absent in ["root", "HTTP_PROXY", "evil", "CONTENT_LENGTH"] {
            assert!(!environ.contains(absent), "{environ}");
        }
    }

    #[test]
    fn header_values_that_are_not_utf_8_are_read_as_latin_1() {
        let environ = environ_of(b"GET / HTTP/1.1\r\nHost: x\r\nA: \xe4\r\nB: \xc3\xa4\r\n\r\n");
        assert!(environ.contains("HTTP_A=ä\nHTTP_B=ä\n"), "{environ}");
    }

    #[test]
    fn input_is_the_complete_decoded_body() {
        let echo = |environ: &Environ<'_>, start_response: &mut StartResponse| {
            start_response.call("200 OK", &[]);
            let length = environ.get("CONTENT_LENGTH").unwrap_or_default();
            [length.as_bytes().to_vec(), environ.input().to_vec()]
        };
        let gateway = Gateway::new(Router::new().suffix(".py", wsgi::adapt(echo)));
        let chunked = b"POST /a.py HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
                        3\r\n\x00\xff\n\r\n2\r\nxy\r\n0\r\n\r\n";
        assert_eq!(answer(&gateway, chunked).body(), b"5\x00\xff\nxy");
        assert_eq!(post(&gateway, "/a.py", b"\xff").body(), b"1\xff");
        assert_eq!(get(&gateway, "/a.py").body(), b"");
    }

    #[test]
    fn the_peer_is_present_if_the_connection_knows_it() {
        let peer: std::net::SocketAddr = ([192, 0, 2, 1], 4711).into();
        let request = bytegate::Request::builder("GET", "/a.py")
            .peer(peer)
            .build();
        {
            let request = request.expect("a request");
            let request = &request.view();
            let environ = Environ::new(request);
            assert_eq!(environ.get("REMOTE_ADDR").as_deref(), Some("192.0.2.1"));
            assert_eq!(environ.get("REMOTE_PORT").as_deref(), Some("4711"));
            assert_eq!(environ.get("HTTP_NONE"), None);
            assert_eq!(environ.get("http_host"), None);
        }
    }

    #[test]
    fn status_and_headers_are_sent_as_given() {
        let page = page(|_, start_response| {
            let headers = [("X-A", "1"), ("Set-Cookie", "a"), ("Set-Cookie", "b")];
            start_response.call("404 Whatever", &headers);
            ["one ", "two"]
        });
        assert_eq!((page.status().code(), page.text()), (404, "one two"));
        assert_eq!(page.headers().get_all("set-cookie").count(), 2);
        assert_eq!(field(&page, "x-a"), "1");
        assert_eq!(field(&page, "content-length"), "7");
    }

    #[test]
    fn a_second_call_before_the_first_block_replaces_the_first() {
        let page = page(|_, start_response| {
            start_response.call("200 OK", &[("X-First", "1")]);
            start_response.call("503 Service Unavailable", &[("X-Second", "2")]);
            ["sorry"]
        });
        assert_eq!((page.status().code(), page.text()), (503, "sorry"));
        assert_eq!(page.header("x-first"), None);
        assert_eq!(field(&page, "x-second"), "2");
    }

    #[test]
    fn a_call_after_a_written_block_is_a_500() {
        let error = broken(|_, start_response| {
            start_response.call("200 OK", &[]).write("x");
            start_response.call("503 Service Unavailable", &[]);
            ["x"]
        });
        insta::assert_snapshot!(error, @"start_response was called after the first block");
    }

    #[test]
    fn a_missing_call_is_a_500() {
        insta::assert_snapshot!(broken(|_, _| ["x"]), @"start_response was not called");
    }

    #[test]
    fn a_write_without_a_call_is_a_500() {
        let error = broken(|_, start_response| {
            start_response.write("x").call("200 OK", &[]);
            ["x"]
        });
        insta::assert_snapshot!(error, @"a block was written before start_response was called");
    }

    #[test]
    fn an_invalid_status_is_a_500() {
        for status in [
            "",
            "OK",
            "20 OK",
            "2000 OK",
            "200OK",
            "200-OK",
            " 200 OK",
            "+20 OK",
            "099 Low",
            "\u{662}00 OK",
            "200 OK\r\nSet-Cookie: a=b",
            "200 \u{1b}[2J",
        ] {
            let error = broken(move |_, start_response| {
                start_response.call(status, &[]);
                ["x"]
            });
            assert_eq!(
                error, "the status must be three digits, a space and a reason",
                "{status:?}"
            );
        }
    }

    #[test]
    fn a_status_without_a_space_and_a_reason_is_a_500() {
        let error = broken(|_, start_response| {
            start_response.call("200", &[]);
            ["x"]
        });
        insta::assert_snapshot!(error, @"the status must be three digits, a space and a reason");
    }

    #[test]
    fn an_interim_status_is_a_500() {
        let error = broken(|_, start_response| {
            start_response.call("100 Continue", &[]);
            ["x"]
        });
        insta::assert_snapshot!(error, @"100 Continue is not a final status");
    }

    #[test]
    fn a_content_length_must_be_the_length_of_the_body() {
        for length in [
            "2",
            "0",
            "",
            "-1",
            "+1",
            "1 ",
            "01x",
            "18446744073709551616",
        ] {
            let error = broken(move |_, start_response| {
                start_response.call("200 OK", &[("content-length", length)]);
                ["x"]
            });
            assert!(error.starts_with("Content-Length is not "), "{error}");
        }
        let page = page(|_, start_response| {
            start_response.call("200 OK", &[("Content-Length", "3")]);
            ["a", "bc"]
        });
        assert_eq!((page.status().code(), page.text()), (200, "abc"));
    }

    #[test]
    fn a_response_to_head_may_declare_the_length_for_get() {
        let application = |_: &Environ<'_>, start_response: &mut StartResponse| {
            start_response.call("200 OK", &[("Content-Length", "1000")]);
            Vec::<Bytes>::new()
        };
        let gateway = Gateway::new(Router::new().suffix(".py", wsgi::adapt(application)));
        let head = answer(&gateway, "HEAD /a.py HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(
            (head.status().code(), field(&head, "content-length")),
            (200, "1000")
        );
    }

    #[test]
    fn a_connection_header_is_a_500() {
        for name in [
            "Connection",
            "KEEP-ALIVE",
            "Proxy-Connection",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
        ] {
            let error = broken(move |_, start_response| {
                start_response.call("200 OK", &[(name, "x")]);
                ["x"]
            });
            let expected =
                format!("field {name:?} is set by the connection, not by an application");
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_a_500() {
        for (name, value) in [
            ("", "x"),
            ("A B", "x"),
            ("A:", "x"),
            ("X\r\nY", "x"),
            ("X", "a\r\nSet-Cookie: b"),
            ("X", "a\nb"),
            ("X", "a\0"),
        ] {
            let error = broken(move |_, start_response| {
                start_response.call("200 OK", &[(name, value)]);
                ["x"]
            });
            assert!(error.starts_with(&format!("field {name:?}: ")), "{error}");
        }
    }

    #[test]
    fn a_500_reveals_nothing_about_the_application() {
        let page = page(|_, start_response| {
            start_response.call("200 OK", &[("X-Secret", "\n")]);
            ["secret"]
        });
        assert_eq!(
            (page.status().code(), page.text()),
            (500, "500 Internal Server Error\n")
        );
        assert_eq!(page.header("x-secret"), None);
    }

    #[test]
    fn written_blocks_come_before_the_returned_ones() {
        let page = page(|_, start_response| {
            start_response
                .call("200 OK", &[])
                .write("one ")
                .write(vec![])
                .write(String::from("two "));
            ["three ", "four"]
        });
        assert_eq!(page.text(), "one two three four");
        assert_eq!(field(&page, "content-length"), "18");
    }

    #[test]
    fn a_result_without_blocks_is_an_empty_body() {
        let page = page(|_, start_response| {
            start_response.call("200 OK", &[]);
            Vec::<Bytes>::new()
        });
        assert_eq!(
            (page.status().code(), field(&page, "content-length")),
            (200, "0")
        );
    }

    #[test]
    fn an_iterator_of_unknown_length_is_sent_chunked() {
        let page = page(|_, start_response| {
            start_response.call("200 OK", &[]).write("0");
            let mut count = 0;
            std::iter::from_fn(move || {
                count += 1;
                (count < 4).then(|| count.to_string())
            })
        });
        assert_eq!(field(&page, "transfer-encoding"), "chunked");
        assert_eq!(page.text(), "0123");
    }

    #[test]
    fn a_long_body_is_sent_as_a_stream() {
        let page = page(|_, start_response| {
            start_response.call("200 OK", &[]);
            (0..100_000_u32).map(|number| format!("{number}\n"))
        });
        assert_eq!(field(&page, "transfer-encoding"), "chunked");
        let lines = page.text().lines().map(str::parse::<u32>);
        assert!(lines.eq((0..100_000).map(Ok)));
    }

    #[test]
    fn a_long_body_of_known_length_is_not_chunked() {
        let page = page(|_, start_response| {
            start_response.call("200 OK", &[("Content-Length", "1000000")]);
            std::iter::repeat_n("0123456789", 100_000)
        });
        assert_eq!(page.header("transfer-encoding"), None);
        assert_eq!(field(&page, "content-length"), "1000000");
        assert_eq!(page.body(), b"0123456789".repeat(100_000));
    }

    /// Runs until the connection closes; returns the output and the reason.
    fn drain(gateway: &Gateway, mut input: &[u8]) -> (Vec<u8>, CloseReason) {
        let mut session = gateway.session(ConnectionInfo::default());
        let mut output = Vec::new();
        loop {
            match session.turn(&mut input, Now::default()) {
                Wait::Write { .. } => session.output().move_to(&mut output),
                Wait::Read { .. } => session.end_input(),
                Wait::Close(reason) => return (output, reason),
                Wait::Pending { .. } => panic!("no answer here comes later"),
                Wait::Yield => {}
            }
        }
    }

    #[test]
    fn a_stream_of_the_wrong_length_closes_the_connection() {
        for length in ["999999", "1000001"] {
            let application = move |_: &Environ<'_>, start_response: &mut StartResponse| {
                start_response.call("200 OK", &[("Content-Length", length)]);
                std::iter::repeat_n("0123456789", 100_000)
            };
            let gateway = Gateway::new(Router::new().suffix(".py", wsgi::adapt(application)));
            let (output, reason) = drain(&gateway, &[GET, GET].concat());
            assert_eq!(reason, CloseReason::ResponseBroken);
            let heads = output.windows(9).filter(|part| *part == b"HTTP/1.1 ");
            assert_eq!(heads.count(), 1, "nothing follows a broken answer");
        }
    }

    /// An application with an endless body, and a counter of the blocks pulled from it.
    fn endless() -> (Gateway, Arc<AtomicUsize>) {
        let pulled = Arc::new(AtomicUsize::new(0));
        let counter = pulled.clone();
        let application = move |_: &Environ<'_>, start_response: &mut StartResponse| {
            start_response.call("200 OK", &[]);
            let counter = counter.clone();
            std::iter::repeat_with(move || {
                counter.fetch_add(1, Ordering::Relaxed);
                [b'x'; 1024].to_vec()
            })
        };
        let gateway = Gateway::new(Router::new().suffix(".py", wsgi::adapt(application)));
        (gateway, pulled)
    }

    #[test]
    fn an_endless_body_is_pulled_only_as_fast_as_it_is_written() {
        let (gateway, pulled) = endless();
        let mut session = gateway.session(ConnectionInfo::default());
        let mut input = GET;
        let mut written = 0;
        while written < 1 << 20 {
            let wait = session.turn(&mut input, Now::default());
            assert!(matches!(wait, Wait::Write { .. }), "{wait:?}");
            let waiting = session.output().len();
            assert!(waiting < 80 * 1024, "{waiting} bytes are buffered");
            session.sent(waiting);
            written += waiting;
        }
        assert!(pulled.load(Ordering::Relaxed) <= written / 1024 + 1);
    }

    #[test]
    fn an_endless_body_is_not_pulled_for_a_head_request() {
        let (gateway, pulled) = endless();
        let head = answer(&gateway, "HEAD /a.py HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(
            (head.status().code(), pulled.load(Ordering::Relaxed)),
            (200, 0)
        );
    }

    #[test]
    fn an_http_1_0_client_gets_a_stream_that_ends_with_the_connection() {
        let application = |_: &Environ<'_>, start_response: &mut StartResponse| {
            start_response.call("200 OK", &[]);
            std::iter::repeat_n("0123456789", 100_000)
        };
        let gateway = Gateway::new(Router::new().suffix(".py", wsgi::adapt(application)));
        let page = answer(&gateway, "GET /a.py HTTP/1.0\r\n\r\n");
        assert!(page.closes() && page.header("transfer-encoding").is_none());
        assert_eq!(page.body().len(), 1_000_000);
    }
}

/// Faults in the tutorial's own code.
mod faults {
    use super::*;
    use bytegate::Request;

    /// An application that reports how much it received.
    #[cfg(feature = "server")]
    fn count(request: &Request<'_>) -> String {
        let fields: usize = request.headers().iter().map(|(_, value)| value.len()).sum();
        let sum: u64 = request.body().iter().map(|&octet| u64::from(octet)).sum();
        format!(
            "{fields} bytes of fields, {} of content, sum {sum}\n",
            request.body().len()
        )
    }

    /// The server treated the result of one `recv(1024)` as the whole request.
    #[cfg(feature = "server")]
    #[test]
    fn a_request_may_be_longer_than_one_read_and_arrive_in_pieces() {
        let server = Server::start(Router::new().suffix(".py", count));
        let content: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
        let head = format!(
            "POST /a.py HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            "x".repeat(5000),
            content.len()
        );
        let mut client = server.connect();
        for piece in [head.as_bytes(), &content].concat().chunks(777) {
            client.send(piece).expect("a piece is sent");
        }
        let page = last_response(client);
        let sum: u64 = content.iter().map(|&octet| u64::from(octet)).sum();
        let expected = format!("5012 bytes of fields, 100000 of content, sum {sum}\n");
        assert_eq!(page.text(), expected);
    }

    /// The client may even hold the body back until the server asks for it.
    #[cfg(feature = "server")]
    #[test]
    fn a_body_may_arrive_long_after_its_head() {
        use std::io::Read;
        let server = Server::start(demo::gateway());
        let mut client = server.connect();
        client
            .send(
                b"POST /login.py HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                  Content-Type: application/x-www-form-urlencoded\r\n\
                  Expect: 100-continue\r\nContent-Length: 26\r\n\r\n",
            )
            .expect("the head is sent");
        let mut interim = [0; 25];
        client.read_exact(&mut interim).expect("the server answers");
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        client
            .send(b"name=ada&password=lovelace")
            .expect("the content is sent");
        let page = last_response(client);
        assert_eq!(field(&page, "location"), "/login.py?welcome=ada");
    }

    /// Targets that led out of the site's folder.
    const WAYS_OUT: [&str; 12] = [
        "/../../../../../../etc/passwd",
        "/docs/../../../../../../etc/passwd",
        "/./../../../../../etc/passwd",
        "//etc/passwd",
        "/etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/%2fetc%2fpasswd",
        "/%252e%252e/%252e%252e/etc/passwd",
        "/..%5c..%5cetc%5cpasswd",
        "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
        "http://x/../../../../etc/passwd",
    ];

    fn assert_no_way_out(gateway: &Gateway) {
        for target in WAYS_OUT {
            let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
            let page = answer(gateway, request);
            assert_eq!(page.status(), 404, "{target}");
            assert!(!page.text().contains("root:"), "{target}");
        }
    }

    /// `"./html" + file_name` opened any file that the path led to.
    #[test]
    fn no_path_leads_out_of_a_site() {
        assert_no_way_out(&demo::gateway());
    }

    #[test]
    fn a_backslash_is_not_a_slash() {
        let page = get(&demo::gateway(), "/..\\..\\etc\\passwd");
        assert_eq!(page.status(), 400);
    }

    #[cfg(all(unix, feature = "folder"))]
    #[test]
    fn no_path_and_no_link_leads_out_of_a_folder() {
        use std::fs;
        use std::os::unix::fs::symlink;
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("tutorial-ways-out-{}", std::process::id()));
        let site = folder.join("site");
        fs::create_dir_all(site.join("docs")).expect("a folder");
        fs::write(folder.join("secret.txt"), "root: secret").expect("a file");
        fs::write(site.join("index.html"), "<h1>hi</h1>").expect("a file");
        fs::write(site.join("docs/a.txt"), "a").expect("a file");
        for (place, name) in [
            ("../secret.txt", "file.txt"),
            ("..", "folder"),
            ("/etc", "etc"),
            ("docs/a.txt", "inside.txt"),
        ] {
            symlink(place, site.join(name)).expect("a link");
        }

        let site = bytegate::Site::load(&site).expect("a site");
        fs::remove_dir_all(&folder).expect("the folder can be removed");
        let mut skipped: Vec<String> = site
            .skipped()
            .iter()
            .map(|skipped| {
                let name = skipped.path.file_name().unwrap_or_default();
                format!("{}: {}", name.to_string_lossy(), skipped.reason)
            })
            .collect();
        skipped.sort();
        insta::assert_snapshot!(skipped.join("\n"), @r"
        etc: the symbolic link points outside the folder
        file.txt: the symbolic link points outside the folder
        folder: the symbolic link points outside the folder
        ");
        let paths: Vec<&str> = site.paths().collect();
        assert_eq!(paths, ["/docs/a.txt", "/index.html", "/inside.txt"]);

        let gateway = Gateway::new(site);
        assert_no_way_out(&gateway);
        for target in ["/file.txt", "/folder/secret.txt", "/../secret.txt"] {
            assert_eq!(get(&gateway, target).status(), 404, "{target}");
        }
        assert_eq!(get(&gateway, "/inside.txt").body(), b"a");
    }

    /// Responses had a status line and one made-up header.
    #[test]
    fn every_response_has_a_length_and_a_type() {
        let broken = |_: &Request<'_>| bytegate::Response::text("").with_header("Date", "");
        let router = Router::new()
            .suffix(".py", bytegate::wsgi::adapt(demo::mini_frame::application))
            .suffix("/broken.py", broken)
            .fallback(demo::site());
        let gateway = Gateway::new(router);
        for (request, status) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("HEAD /login.py HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("GET /docs HTTP/1.1\r\nHost: x\r\n\r\n", 301),
            ("GET /nope HTTP/1.1\r\nHost: x\r\n\r\n", 404),
            ("GET /nope.py HTTP/1.1\r\nHost: x\r\n\r\n", 404),
            ("POST / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
            ("GET /broken.py HTTP/1.1\r\nHost: x\r\n\r\n", 500),
            ("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
            ("nonsense\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\n\r\n", 505),
        ] {
            let page = answer(&gateway, request);
            assert_eq!(page.status().code(), status, "{request:?}");
            assert_ne!(field(&page, "content-type"), "", "{request:?}");
            assert_ne!(field(&page, "content-length"), "", "{request:?}");
        }
    }

    /// `re.match(r"[^/]+(/[^ ]*)")` took the query as part of the file name.
    #[test]
    fn the_query_is_not_part_of_the_file_name() {
        let gateway = demo::gateway();
        for target in ["/style.css?v=1", "/style.css?", "/style.css?a=/../b.html"] {
            let page = get(&gateway, target);
            assert_eq!(page.raw(), get(&gateway, "/style.css").raw(), "{target}");
        }
        assert_eq!(get(&gateway, "/?page=1").raw(), get(&gateway, "/").raw());
        assert!(
            get(&gateway, "/login.py?next=/a.html")
                .text()
                .contains("<h1>Log in</h1>")
        );
        let docs = get(&gateway, "/docs?a=b");
        assert_eq!(
            (docs.status().code(), field(&docs, "location")),
            (301, "/docs/?a=b")
        );
    }

    /// `request.splitlines()[0]` failed for an empty request, which ended the handler and with it the server.
    #[cfg(feature = "server")]
    #[test]
    fn a_connection_without_a_request_does_not_affect_others() {
        use std::io::Read;
        let server = Server::start(demo::gateway());
        let open = server.connect();
        for garbage in [
            &b""[..],
            b"\r\n",
            b"\r\n\r\n\r\n",
            b"\n",
            b"GET",
            b"GET\r\n\r\n",
            b"GET /",
            b"GET / HTTP/1.1\r\nHost",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"\xff\xfe\x00\x00",
            &[0; 100_000],
        ] {
            let mut client = server.connect();
            // The server may have refused it and closed before all of it was sent.
            let _ = client.send(garbage);
            let _ = client.end_input();
            let mut output = Vec::new();
            client.read_to_end(&mut output).expect("a clean close");
            assert!(
                output.is_empty() || output.starts_with(b"HTTP/1.1 400 "),
                "{}",
                output.escape_ascii()
            );
        }
        let page = get_over_tcp(server.connect(), "/");
        assert_eq!(page.status(), 200);
        drop(open);
    }

    /// The branch for `/register.py` could never be reached.
    #[test]
    fn every_page_of_the_framework_can_be_reached() {
        for (target, title) in [
            ("/login.py", "Log in"),
            ("/register.py", "Register"),
            ("/time.py", "Time"),
        ] {
            let page = get(&demo::gateway(), target);
            assert!(
                page.text().contains(&format!("<h1>{title}</h1>")),
                "{target}"
            );
        }
    }

    /// `send` sent as much as fit into the buffer, and the rest was lost.
    #[cfg(feature = "server")]
    #[test]
    fn a_large_file_arrives_whole_at_any_reading_speed() {
        use std::io::Read;
        let file: Vec<u8> = (0..4_u32 << 20)
            .map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect();
        let site = demo::site().file("/large.bin", file.clone());
        let server = Server::start(site);
        let mut slow = server.connect();
        let request = "GET /large.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        slow.send(request).expect("it is sent");
        let mut output = vec![0; 1024];
        slow.read_exact(&mut output).expect("the answer begins");

        // While it does not read, others are still served.
        let page = get_over_tcp(server.connect(), "/");
        assert_eq!(page.status(), 200);

        let mut block = [0; 5000];
        loop {
            match slow.read(&mut block).expect("the answer continues") {
                0 => break,
                count => output.extend_from_slice(&block[..count]),
            }
        }
        let answer = reader::read_one(&output);
        assert_eq!(answer.status(), 200);
        assert!(answer.body() == file);
    }

    /// `decode("utf-8")` of a request that was not UTF-8 ended the handler.
    #[test]
    fn a_body_that_is_not_utf_8_reaches_the_application() {
        let gateway = Gateway::new(|request: &Request<'_>| {
            let form = match request.form() {
                Ok(form) => form
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect(),
                Err(error) => vec![error.to_string()],
            };
            let length = request.body().len();
            format!("{length} bytes: {}", form.join(" "))
        });
        let page = post(&gateway, "/a.py", b"a=%41&\xc3\xa4=%c3%b6");
        assert_eq!(page.text(), "15 bytes: a=A ä=ö");
        let page = post(&gateway, "/a.py", b"a=\xff&b=%fe&\xc3\xa4=%c3%b6");
        assert_eq!(page.text(), "19 bytes: the form is not UTF-8");
        let page = post(&demo::gateway(), "/login.py", b"\x89PNG\r\n\x1a\n\x00\xff");
        assert_eq!(page.status(), 400);
    }

    /// Files were read as text.
    #[test]
    fn a_file_that_is_not_utf_8_is_served_unchanged() {
        let octets: Vec<u8> = (0..=255).collect();
        let site = demo::site().file("/octets.bin", octets.clone());
        let gateway = Gateway::new(site);
        assert_eq!(get(&gateway, "/octets.bin").body(), octets);
        assert_eq!(
            get(&gateway, "/logo.png").body(),
            include_bytes!("../fixtures/site/logo.png")
        );
    }
}
