//! Requests as applications see them.

use super::*;

#[test]
fn an_application_sees_everything_about_a_request() {
    with_request(GET, |request| {
        assert_eq!(
            (request.method(), request.method().as_str()),
            (Method::GET, "GET")
        );
        assert!(matches!(request.target(), Target::Origin(path) if path.path == "/a"));
        assert_eq!((request.path(), request.query()), ("/a", Some("b=c%20d&e")));
        let pairs: Vec<_> = request.query_pairs().collect();
        assert_eq!(pairs, [("b".into(), "c d".into()), ("e".into(), "".into())]);
        assert_eq!(
            (request.version(), request.version().as_str()),
            (Version::Http11, "HTTP/1.1")
        );
        let authority = request.authority().expect("Host is there");
        assert_eq!((authority.host, authority.port), ("x", Some(80)));
        assert_eq!(request.headers().get("x"), Some("y"));
        assert!(request.trailers().is_empty() && request.body().is_empty());
        assert_eq!(request.peer().address().map(|peer| peer.port()), Some(5));
        assert_eq!(
            (request.scheme(), request.scheme().default_port()),
            (Scheme::Https, 443)
        );
        assert_eq!(request.now(), Now::at_unix(7));
    });
    with_request(b"GET https://h/ HTTP/1.1\r\nHost: h:1\r\n\r\n", |request| {
        // The target wins over Host.
        assert_eq!(
            request.authority().map(|authority| authority.port),
            Some(None)
        );
        assert_eq!(request.query(), None);
    });
    with_request(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", |request| {
        assert_eq!(
            (request.target(), request.path(), request.query()),
            (Target::Asterisk, "*", None)
        );
    });
    with_request(b"GET / HTTP/1.0\r\n\r\n", |request| {
        assert_eq!(
            (request.version().as_str(), request.authority()),
            ("HTTP/1.0", None)
        );
    });
}
