//! The clients of a server behind proxies.

use super::*;
use bytegate::config::TrustedProxies;
use bytegate::middleware::ForwardedHeaders;
use bytegate::wsgi::Environ;
use proptest::prelude::*;

/// What the middleware reads.
#[derive(Clone, Copy, PartialEq)]
enum Reads {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`.
    Default,
    /// Also `X-Forwarded-Host` and `X-Forwarded-Prefix`.
    All,
    /// `Forwarded`.
    Rfc7239,
}
use Reads::{All, Default as Two, Rfc7239};

/// A proxy that is trusted.
const PROXY: &str = "10.0.0.1:50000";

/// The rules, each with a request and what the application sees of it.
const CASES: &str = include_str!("../../../fixtures/forwarded/clients.txt");

struct Case<'c> {
    rule: &'c str,
    reads: Reads,
    peer: &'c str,
    headers: String,
    /// The client, scheme, host and path.
    expected: &'c str,
}

fn cases() -> Vec<Case<'static>> {
    let parts = CASES.split("\n\n").filter(|part| !part.starts_with('#'));
    let cases = parts.map(|part| {
        let mut lines = part.lines();
        let rule = lines.next().unwrap();
        let (reads, peer) = lines.next().unwrap().split_once(" from ").unwrap();
        let reads = match reads {
            "x-forwarded" => Two,
            "all" => All,
            "forwarded" => Rfc7239,
            other => panic!("{rule}: {other}"),
        };
        let (mut headers, mut expected) = (String::new(), None);
        for line in lines {
            match line.split_once(' ').unwrap() {
                (">", header) => headers.push_str(&format!("{header}\r\n")),
                ("<", seen) => assert!(expected.replace(seen).is_none()),
                _ => panic!("{rule}: {line}"),
            }
        }
        Case {
            rule,
            reads,
            peer,
            headers,
            expected: expected.unwrap(),
        }
    });
    cases.collect()
}

fn trusted() -> TrustedProxies {
    let ranges = ["10.0.0.0/24", "2001:db8::/64"];
    ranges.map(|range| range.parse().unwrap()).into()
}

fn reading(reads: Reads, proxies: TrustedProxies) -> ForwardedHeaders {
    let forwarded = ForwardedHeaders::trusting(proxies);
    match reads {
        Two => forwarded,
        All => forwarded.host().prefix(),
        Rfc7239 => forwarded.rfc7239(),
    }
}

fn connection(peer: &str) -> ConnectionInfo {
    match (peer, peer.parse::<SocketAddr>()) {
        ("-", _) => Peer::Unknown.into(),
        (_, Ok(address)) => address.into(),
        (name, Err(_)) => Peer::named(name).into(),
    }
}

/// Describes a request: the client, the scheme, the host and the path, after the prefix.
fn describe(request: &Request) -> String {
    let path = match request.script_name() {
        "" => String::from(request.path()),
        prefix => format!("{prefix}|{}", request.path_info().unwrap()),
    };
    let authority = request.authority().unwrap();
    let port = authority
        .port
        .map_or(String::new(), |port| format!(":{port}"));
    let (peer, scheme) = (request.peer(), request.scheme());
    format!("{peer} {scheme} {}{port} {path}", authority.host)
}

#[test]
fn the_client_is_the_one_that_trusted_proxies_name() {
    let cases = cases();
    assert!(cases.len() >= 40);
    for Case {
        rule,
        reads,
        peer,
        headers,
        expected,
    } in cases
    {
        let log = Arc::new(Mutex::new(String::new()));
        let lines = log.clone();
        let gateway = Gateway::new(describe)
            .with(AccessLog::to(move |line| {
                lines.lock().unwrap().push_str(line)
            }))
            .with(reading(reads, trusted()));
        for target in ["/a", "http://x/a"] {
            let input = format!("GET {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
            let response = ask_as(&gateway, connection(peer), Now::default(), &input);
            assert_eq!(response.text(), expected, "{rule}");
        }
        // A body is admitted before it is received.
        let input = format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n{headers}\r\nhi");
        let response = ask_as(&gateway, connection(peer), Now::default(), &input);
        assert_eq!(response.text(), expected, "{rule}, with a body");
        let log = log.lock().unwrap();
        for line in log.lines() {
            let logged = line.split(' ').next().unwrap();
            let client = expected.split(' ').next().unwrap();
            let address = client.parse::<SocketAddr>().map(|it| it.ip().to_string());
            assert_eq!(logged, address.as_deref().unwrap_or(client), "{rule}");
            // The log has the request line as it was sent.
            assert!(
                line.contains("\"GET /a ")
                    || line.contains("\"GET http://x/a ")
                    || line.contains("\"POST /a ")
            );
        }
        assert_eq!(log.lines().count(), 3);
    }
}

#[test]
fn a_named_peer_can_be_trusted() {
    let gateway = Gateway::new(describe).with(reading(Two, TrustedProxies::new().named_peers()));
    let input = "GET /a HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.0.0.1, 192.0.2.7\r\n\r\n";
    let ask = |peer: &str| {
        ask_as(&gateway, connection(peer), Now::default(), input)
            .text()
            .to_string()
    };
    assert_eq!(ask("unix"), "192.0.2.7 http x /a");
    assert_eq!(ask(PROXY), "10.0.0.1:50000 http x /a");
    // A name that a proxy gives to a client is not a peer.
    let gateway =
        Gateway::new(describe).with(reading(Rfc7239, TrustedProxies::new().named_peers()));
    let input = "GET /a HTTP/1.1\r\nHost: x\r\nForwarded: for=192.0.2.7, for=_a\r\n\r\n";
    let response = ask_as(&gateway, connection("unix"), Now::default(), input);
    assert_eq!(response.text(), "_a http x /a");
}

#[test]
fn the_application_sees_only_the_headers_that_were_believed() {
    const SENT: &str = "Accept: */*\r\nForwarded: for=a\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Host: h\r\n\
        X-Forwarded-Prefix: /p\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Client-Cert: c\r\nX-Real-IP: 192.0.2.7\r\nX-Last: 1\r\n";
    const OWN: [&str; 3] = ["host", "accept", "x-last"];
    let names = |request: &Request| {
        let names = request
            .headers()
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase());
        names.collect::<Vec<_>>().join(" ")
    };
    let seen = |forwarded: ForwardedHeaders, peer: &str| {
        let gateway = Gateway::new(names).with(forwarded);
        let input = format!("GET / HTTP/1.1\r\nHost: x\r\n{SENT}\r\n");
        let response = ask_as(&gateway, connection(peer), Now::default(), &input);
        let names = response
            .text()
            .split(' ')
            .map(String::from)
            .collect::<Vec<_>>();
        let others = names.into_iter().filter(|name| !OWN.contains(&&name[..]));
        others.collect::<Vec<_>>().join(" ")
    };
    for reads in [Two, All, Rfc7239] {
        assert_eq!(seen(reading(reads, trusted()), "192.0.2.9:1"), "");
        let all = "forwarded x-forwarded-for x-forwarded-host x-forwarded-prefix x-forwarded-proto x-forwarded-client-cert x-real-ip";
        assert_eq!(
            seen(reading(reads, trusted()).keep_others(), "192.0.2.9:1"),
            all
        );
    }
    assert_eq!(
        seen(reading(Two, trusted()), PROXY),
        "x-forwarded-for x-forwarded-proto x-forwarded-client-cert x-real-ip"
    );
    assert_eq!(
        seen(reading(All, trusted()), PROXY),
        "x-forwarded-for x-forwarded-host x-forwarded-prefix x-forwarded-proto x-forwarded-client-cert x-real-ip"
    );
    assert_eq!(
        seen(reading(Rfc7239, trusted()), PROXY),
        "forwarded x-forwarded-client-cert x-real-ip"
    );
}

#[test]
fn the_rest_of_the_head_is_kept() {
    let echo = |request: &Request| {
        let mut lines = String::from_utf8_lossy(request.head().line()).into_owned();
        for (name, value) in request.headers() {
            lines.push_str(&format!("|{name}: {}", String::from_utf8_lossy(value)));
        }
        lines
    };
    let gateway = Gateway::new(echo).with(reading(All, trusted()));
    for (request, expected) in [
        (
            "GET http://x/a%20b?c=\"d\"&e HTTP/1.1\r\nHost: x\r\nX-A:  1 \r\nx-a: \r\nX-Forwarded-Host: y:1\r\nForwarded: a\r\n\r\n",
            "GET /a%20b?c=\"d\"&e HTTP/1.1|Host: y:1|X-A: 1|x-a: |X-Forwarded-Host: y:1",
        ),
        (
            "GET /a? HTTP/1.1\r\nHost: x\r\nForwarded: a\r\nX-Forwarded-Prefix: /p\r\n\r\n",
            "GET /p/a? HTTP/1.1|Host: x|X-Forwarded-Prefix: /p",
        ),
        (
            "GET /a HTTP/1.0\r\nX-Forwarded-Host: y\r\n\r\n",
            "GET /a HTTP/1.0|Host: y|X-Forwarded-Host: y",
        ),
    ] {
        let response = ask_as(&gateway, connection(PROXY), Now::default(), request);
        assert_eq!(response.text(), expected);
    }
    let all =
        "OPTIONS * HTTP/1.1\r\nHost: x\r\nX-Forwarded-Host: y\r\nX-Forwarded-Prefix: /p\r\n\r\n";
    let response = ask_as(&gateway, connection(PROXY), Now::default(), all);
    assert_eq!(response.status(), 204);
}

#[test]
fn everything_inside_sees_the_client() {
    let show = |request: &Request| {
        let environ = Environ::new(request);
        let keys = [
            "REMOTE_ADDR",
            "REMOTE_PORT",
            "wsgi.url_scheme",
            "SERVER_NAME",
            "SERVER_PORT",
            "SCRIPT_NAME",
            "PATH_INFO",
        ];
        let values = keys.map(|key| environ.get(key).unwrap_or("none".into()).into_owned());
        let owned = request.into_owned();
        let again = describe(&owned.view());
        assert_eq!(again, describe(request));
        values.join(" ")
    };
    let shop = Router::new()
        .get("/cart", show)
        .trailing_slash(bytegate::routing::TrailingSlash::Redirect);
    let inner = Router::new().mount("/new", shop);
    let router = Router::new().host("shop.example", inner);
    let routes = Arc::new(Mutex::new(Vec::new()));
    struct Routes(Arc<Mutex<Vec<Option<String>>>>);
    impl Middleware for Routes {
        fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
            self.0.lock().unwrap().push(request.route());
            response
        }
    }
    let gateway = Gateway::new(router)
        .with(RateLimit::new(2, Duration::from_secs(60)))
        .with(AllowedHosts::new().host("shop.example"))
        .with(SetHeaders::security())
        .with(Routes(routes.clone()))
        .with(reading(All, trusted()));
    let get = |path: &str, client: &str| {
        let input = format!(
            "GET {path} HTTP/1.1\r\nHost: backend\r\nX-Forwarded-For: {client}\r\nX-Forwarded-Proto: https\r\n\
             X-Forwarded-Host: shop.example\r\nX-Forwarded-Prefix: /de\r\n\r\n"
        );
        ask_as(&gateway, connection(PROXY), Now::default(), &input)
    };
    let response = get("/new/cart", "192.0.2.7");
    assert_eq!(
        response.text(),
        "192.0.2.7 none https shop.example 443 /de/new /cart"
    );
    assert!(response.header("Strict-Transport-Security").is_some());
    // The redirect is relative, so it keeps the prefix.
    let response = get("/new/cart/", "192.0.2.7");
    assert_eq!(
        (response.status().code(), response.header("Location")),
        (308, Some("../cart"))
    );
    // Each client has a limit.
    assert_eq!(get("/new/cart", "192.0.2.7").status(), 429);
    assert_eq!(get("/new/cart", "192.0.2.8").status(), 200);
    let route = Some(String::from("/new/cart"));
    assert_eq!(
        routes.lock().unwrap()[..],
        [route.clone(), None, route.clone(), route]
    );
}

#[test]
fn pages_of_the_host_that_the_client_asked_for_may_send_forms() {
    let gateway = Gateway::new(|_: &Request| "done")
        .with(CrossOriginProtection::new())
        .with(reading(All, trusted()));
    let post = |origin: &str| {
        let input = format!(
            "POST / HTTP/1.1\r\nHost: backend:8080\r\nOrigin: {origin}\r\nX-Forwarded-Host: shop.example\r\n\
             X-Forwarded-Proto: https\r\nContent-Length: 0\r\n\r\n"
        );
        ask_as(&gateway, connection(PROXY), Now::default(), &input).status()
    };
    assert_eq!(post("https://shop.example"), 200);
    assert_eq!(post("https://evil.example"), 403);
    assert_eq!(post("http://backend:8080"), 403);
}

#[test]
fn deferred_responses_are_logged_with_the_client() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = log.clone();
    let gateway = Gateway::new(EveryWay)
        .with(AccessLog::to(move |line| {
            lines.lock().unwrap().push(line.to_string())
        }))
        .with(reading(Two, trusted()));
    for path in ["/now", "/panic", "/invalid", "/body"] {
        let input = format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n");
        ask_as(&gateway, connection(PROXY), Now::default(), &input);
    }
    // A body that is too large is refused after its head has passed the middleware.
    let gateway = gateway.configure(|config| config.limits.body_bytes = 1);
    let input = "POST /now HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    assert_eq!(
        ask_as(&gateway, connection(PROXY), Now::default(), input).status(),
        413
    );
    let log = log.lock().unwrap();
    assert_eq!(log.len(), 5);
    assert!(
        log.iter().all(|line| line.starts_with("192.0.2.7 - - ")),
        "{log:?}"
    );
}

#[test]
fn around_a_mount_only_the_application_inside_sees_the_client() {
    let inside = with_middleware(
        reading(All, trusted()),
        Router::new().get("/a", describe).post("/a", describe),
    );
    let gateway = Gateway::new(Router::new().mount("/in", inside).get("/out", describe));
    let ask = |line: &str, body: &str| {
        let length = body.len();
        let input = format!(
            "{line} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Prefix: /p\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        ask_as(&gateway, connection(PROXY), Now::default(), &input)
            .text()
            .to_string()
    };
    assert_eq!(ask("GET /in/a", ""), "192.0.2.7 http x /p/in|/a");
    assert_eq!(ask("POST /in/a", "hi"), "192.0.2.7 http x /p/in|/a");
    assert_eq!(ask("GET /out", ""), "10.0.0.1:50000 http x /out");
}

/// What a client may send as the value of a header. Each quote and comma could change how the rest is read.
fn value() -> impl Strategy<Value = String> {
    "([ -~\t]|[,\";=\\\\\\[\\]:._]){0,40}"
}

proptest! {
    #[test]
    fn whatever_a_client_sends_it_stays_the_client(sent in prop::collection::vec(value(), 1..4), joins: bool) {
        for (reads, name, own) in [
            (All, "X-Forwarded-For", "192.0.2.7"),
            (Rfc7239, "Forwarded", "for=192.0.2.7"),
            (Rfc7239, "Forwarded", "for=\"192.0.2.7\";proto=http"),
        ] {
            let gateway = Gateway::new(describe).with(reading(reads, trusted()));
            let lines: Vec<String> = sent.iter().map(|value| format!("{name}: {value}")).collect();
            let lines = lines.join("\r\n");
            // A proxy adds to the last line, or another line.
            let added = if joins { format!(", {own}") } else { format!("\r\n{name}: {own}") };
            let input = format!("GET /a HTTP/1.1\r\nHost: x\r\n{lines}{added}\r\n\r\n");
            let response = ask_as(&gateway, connection(PROXY), Now::default(), &input);
            prop_assert_eq!(response.text(), "192.0.2.7 http x /a");
        }
    }

    #[test]
    fn whatever_a_proxy_sends_the_request_stays_valid(sent in prop::collection::vec(value(), 4)) {
        let show = |request: &Request<'_>| {
            let again = describe(&request.into_owned().view());
            assert_eq!(again, describe(request));
            assert_eq!(request.path_info(), Some("/a"));
            "seen"
        };
        for reads in [All, Rfc7239] {
            let gateway = Gateway::new(show).with(reading(reads, trusted()));
            let names = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Prefix", "Forwarded"];
            let lines = names.iter().zip(&sent).map(|(name, value)| format!("{name}: {value}\r\n"));
            let lines: String = lines.collect();
            let input = format!("GET /a HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
            let response = ask_as(&gateway, connection(PROXY), Now::default(), &input);
            prop_assert_eq!(response.text(), "seen");
        }
    }
}
