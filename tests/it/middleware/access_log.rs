//! The access log in its three forms.

use super::*;
use bytegate::gateway::FrontEnd;
use proptest::prelude::*;

/// A front end whose clock is set by the application.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicU64>);

impl Hand {
    fn advance(&self, micros: u64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl FrontEnd for Hand {
    fn now(&mut self) -> Now {
        Now::at_unix(971_186_136).after(Duration::from_micros(self.0.load(Ordering::SeqCst)))
    }
}

/// Returns the lines that `form` writes about `input`. Each call takes 1.5 ms, and each wait 2 ms more.
fn lines(input: &[u8], form: impl Fn(AccessLog) -> AccessLog) -> Vec<String> {
    let hand = Hand::default();
    let (log, time) = (Arc::new(Mutex::new(Vec::new())), hand.clone());
    let lines = log.clone();
    let hello = move |request: &Request<'_>| {
        time.advance(1500);
        let (time, length) = (time.clone(), request.body().len());
        Response::from_future(async move {
            time.advance(2000);
            format!("hello {length}\n")
        })
    };
    let router = Router::new()
        .get("/users/{name}", hello.clone())
        .put("/users/{name}", hello)
        .get("/panic", |_: &Request<'_>| -> Response {
            panic!("deliberate")
        });
    let staff = BasicAuth::new("staff", |_, password| password == "p");
    let to = AccessLog::to(move |line| lines.lock().expect("a log").push(line.to_string()));
    let gateway = Gateway::new(router)
        .with(with_users(staff))
        .with(SetRequestId::generated_by(|_| "id".to_string()))
        .with(form(to));
    let info = ConnectionInfo {
        peer: "[2001:db8::7]:50000"
            .parse::<SocketAddr>()
            .expect("an address")
            .into(),
        ..ConnectionInfo::default()
    };
    let mut session = gateway.session(info).catch_panics();
    let mut rest = input;
    session.end_input();
    loop {
        match session.turn(&mut rest, hand.clone()) {
            Wait::Write { .. } => drop(session.take_output()),
            Wait::Yield => {}
            Wait::Pending { .. } => panic!("the response is ready when it is polled"),
            Wait::Read { .. } | Wait::Close(_) => break,
        }
    }
    drop(session);
    std::mem::take(&mut *log.lock().expect("a log"))
}

/// Asks for a password only where one is sent.
fn with_users(staff: BasicAuth) -> impl Middleware {
    struct IfSent(BasicAuth);

    impl Middleware for IfSent {
        fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
            let is_sent = request.head.headers().get("Authorization").is_some();
            is_sent.then(|| self.0.before(request)).flatten()
        }
    }

    IfSent(staff)
}

const REQUESTS: &[u8] = b"GET /users/ada?token=1 HTTP/1.1\r\nHost: Example.com:81\r\nReferer: https://a.example/\"x\"\r\n\
    User-Agent: b\xe4d \\agent\r\nAuthorization: Basic YSAiYjpw\r\n\r\n\
    PUT /users/ada HTTP/1.1\r\nHost: x\r\nUser-Agent: one\r\nUser-Agent: two\r\nContent-Length: 3\r\n\r\nabc\
    HEAD /none HTTP/1.0\r\nConnection: keep-alive\r\n\r\n\
    PUT /users/ada HTTP/1.1\r\nHost: x\r\nReferer: r\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n";

#[test]
fn the_common_form_has_the_request_id_and_the_time() {
    let start = "2001:db8::7 - - [10/Oct/2000:13:55:36 +0000]";
    assert_eq!(
        lines(REQUESTS, AccessLog::timed),
        [
            "2001:db8::7 - a\\x20\\\"b [10/Oct/2000:13:55:36 +0000] \"GET /users/ada?token=1 HTTP/1.1\" 200 8 id 3.500ms\n"
                .to_string(),
            format!("{start} \"PUT /users/ada HTTP/1.1\" 200 8 id 3.500ms\n"),
            format!("{start} \"HEAD /none HTTP/1.0\" 404 0 id 0.000ms\n"),
            format!("{start} \"PUT /users/ada HTTP/1.1\" 400 108 id 0.000ms\n"),
        ]
    );
}

#[test]
fn the_combined_form_has_the_referer_and_the_user_agent() {
    let lines = lines(REQUESTS, |log| log.combined().timed());
    let ends = [
        "200 8 \"https://a.example/\\\"x\\\"\" \"b\\xe4d \\\\agent\" id 3.500ms\n",
        "200 8 \"-\" \"one\" id 3.500ms\n",
        "404 0 \"-\" \"-\" id 0.000ms\n",
        "400 108 \"r\" \"-\" id 0.000ms\n",
    ];
    assert_eq!(lines.len(), ends.len());
    for (line, end) in lines.iter().zip(ends) {
        assert!(line.ends_with(end), "{line}");
    }
}

#[test]
fn a_json_line_has_every_member() {
    let lines = lines(REQUESTS, AccessLog::json);
    let start = r#"{"time":"2000-10-10T13:55:36.00"#;
    let expected = [
        r#"0000Z","peer":"2001:db8::7","user":"a \"b","method":"GET","target":"/users/ada?token=1","version":"HTTP/1.1","host":"Example.com","scheme":"http","status":200,"bytes":8,"duration_us":3500,"referer":"https://a.example/\"x\"","user_agent":"b\ufffdd \\agent","request_id":"id","route":"/users/{name}","error":null}"#,
        r#"3500Z","peer":"2001:db8::7","user":null,"method":"PUT","target":"/users/ada","version":"HTTP/1.1","host":"x","scheme":"http","status":200,"bytes":8,"duration_us":3500,"referer":null,"user_agent":"one","request_id":"id","route":"/users/{name}","error":null}"#,
        r#"7000Z","peer":"2001:db8::7","user":null,"method":"HEAD","target":"/none","version":"HTTP/1.0","host":null,"scheme":"http","status":404,"bytes":0,"duration_us":0,"referer":null,"user_agent":null,"request_id":"id","route":null,"error":null}"#,
        r#"7000Z","peer":"2001:db8::7","user":null,"method":"PUT","target":"/users/ada","version":"HTTP/1.1","host":"x","scheme":"http","status":400,"bytes":108,"duration_us":0,"referer":"r","user_agent":null,"request_id":"id","route":null,"error":"ChunkSize"}"#,
    ];
    assert_eq!(lines, expected.map(|rest| format!("{start}{rest}\n")));
}

#[test]
fn refused_input_is_logged_without_a_time() {
    let [line] = &lines(b"\x16\x03\x01 GET\xff\"\r\n\r\n", AccessLog::json)[..] else {
        panic!("one line");
    };
    assert!(
        line.contains(r#""method":null,"target":null,"version":null,"host":null,"#),
        "{line}"
    );
    assert!(
        line.contains(r#""status":400,"bytes":"#) && line.contains(r#""duration_us":null,"#),
        "{line}"
    );
    assert!(
        line.ends_with("\"error\":\"MethodByte\",\"input\":\"\\u0016\"}\n"),
        "{line}"
    );
    let [line] = &lines(b"GET / HTTP/1.1\r\n\r\n", |log| log.combined().timed())[..] else {
        panic!("one line");
    };
    assert!(
        line.contains("\"GET / HTTP/1.1\" 400 ") && line.ends_with(" \"-\" \"-\" -\n"),
        "{line}"
    );
}

#[test]
fn a_panic_is_logged_in_each_form() {
    let request = b"GET /panic HTTP/1.1\r\nHost: x\r\nReferer: r\r\n\r\n";
    let [line] = &lines(request, AccessLog::json)[..] else {
        panic!("one line");
    };
    assert!(
        line.contains(r#""status":500,"#) && line.contains(r#""referer":"r","#),
        "{line}"
    );
    assert!(
        line.ends_with("\"route\":\"/panic\",\"error\":null}\n"),
        "{line}"
    );
}

proptest! {
    #[test]
    fn no_input_breaks_a_line(
        line in proptest::collection::vec(any::<u8>(), 0..40),
        referer in proptest::collection::vec(any::<u8>(), 0..2000),
        agent in "\\PC{0,1500}",
    ) {
        let input = [
            &b"GET /"[..], &line, b" HTTP/1.1\r\nHost: x\r\nReferer: ", &referer,
            b"\r\nUser-Agent: ", agent.as_bytes(), b"\r\n\r\n",
        ].concat();
        for form in [AccessLog::timed, |log: AccessLog| log.combined().timed(), AccessLog::json] {
            let lines = lines(&input, form);
            prop_assert!(!lines.is_empty());
            for line in lines {
                let text = line.strip_suffix('\n').expect("a line ending");
                prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", line);
                prop_assert!(text.len() < 20_000, "{}", line);
            }
        }
        #[cfg(feature = "json")]
        for line in lines(&input, AccessLog::json) {
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line)?;
            let count = if object.contains_key("input") { 17 } else { 16 };
            prop_assert_eq!(object.len(), count);
            for text in object.values().filter_map(|value| value.as_str()) {
                prop_assert!(text.chars().count() <= 1027, "{}", text);
            }
            prop_assert!(object["status"].as_u64().is_some());
        }
    }
}
