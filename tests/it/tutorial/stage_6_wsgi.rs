//! Applications in the form of WSGI.

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
    let shown = response(&Gateway::new(wsgi::adapt(show)), request);
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
    assert_eq!(response(&gateway, GET).status(), 500);
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
    response(
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
fn a_query_in_utf_8_is_text() {
    let shown = environ_of("GET /?q=\"<é>\" HTTP/1.0\r\n\r\n");
    assert!(shown.contains("\nQUERY_STRING=q=\"<é>\"\n"), "{shown}");
}

#[test]
fn the_path_is_split_where_the_application_is_mounted() {
    let gateway = Gateway::new(Router::new().mount("/a b", wsgi::adapt(show)));
    let shown = response(&gateway, "GET /a%20b/c%20d HTTP/1.1\r\nHost: x\r\n\r\n");
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
        for headers in ["", "Content-Length: 5\r\nExpect: 100-continue\r\n"] {
            let request = format!("POST {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
            let response = strict.handle(request.as_bytes());
            assert!(response.starts_with(b"HTTP/1.1 404 "), "{path}");
        }
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(response(&asked, &request).text(), "page \"\"", "{path}");
    }
    for (path, page) in [
        ("/", "/"),
        ("/in", ""),
        ("/in/", "/"),
        ("/%C3%A9", "/\u{e9}"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(response(&strict, &request).text(), format!("page {page:?}"));
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
    assert_eq!(response(&gateway, chunked).body(), b"5\x00\xff\nxy");
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
    assert_eq!(header(&page, "x-a"), "1");
    assert_eq!(header(&page, "content-length"), "7");
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
    assert_eq!(header(&page, "x-second"), "2");
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
    let head = response(&gateway, "HEAD /a.py HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(
        (head.status().code(), header(&head, "content-length")),
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
        let expected = format!("header {name:?} is set by the connection, not by an application");
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
        assert!(error.starts_with(&format!("header {name:?}: ")), "{error}");
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
    assert_eq!(header(&page, "content-length"), "18");
}

#[test]
fn a_result_without_blocks_is_an_empty_body() {
    let page = page(|_, start_response| {
        start_response.call("200 OK", &[]);
        Vec::<Bytes>::new()
    });
    assert_eq!(
        (page.status().code(), header(&page, "content-length")),
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
    assert_eq!(header(&page, "transfer-encoding"), "chunked");
    assert_eq!(page.text(), "0123");
}

#[test]
fn a_long_body_is_sent_as_a_stream() {
    let page = page(|_, start_response| {
        start_response.call("200 OK", &[]);
        (0..100_000_u32).map(|number| format!("{number}\n"))
    });
    assert_eq!(header(&page, "transfer-encoding"), "chunked");
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
    assert_eq!(header(&page, "content-length"), "1000000");
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
    let head = response(&gateway, "HEAD /a.py HTTP/1.1\r\nHost: x\r\n\r\n");
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
    let page = response(&gateway, "GET /a.py HTTP/1.0\r\n\r\n");
    assert!(page.closes() && page.header("transfer-encoding").is_none());
    assert_eq!(page.body().len(), 1_000_000);
}
