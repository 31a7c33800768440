//! Bodies that are admitted, limited and received.

use super::*;
use bytegate::connection::ProtocolError;
use bytegate::headers::Headers;
use bytegate::upload::{AbortReason, Admission, Receiver};
use bytegate::{Application, Method, with_body_limit};
use std::sync::Mutex;

/// Counts the polls of a body that never arrives.
struct Unread(Arc<AtomicU32>);

impl http_body::Body for Unread {
    type Data = Bytes;
    type Error = bytegate::body::BodyError;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, bytegate::body::BodyError>>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Poll::Pending
    }
}

type Log = Arc<Mutex<Vec<String>>>;

struct Recorder(Log);

impl Recorder {
    fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }
}

impl Receiver for Recorder {
    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        self.note(String::from_utf8_lossy(part));
        match part {
            b"stop" => Err(Status::UNPROCESSABLE_CONTENT.into()),
            b"panic" => panic!("in the middle"),
            _ => Ok(()),
        }
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        self.note("finished");
        Response::text("received")
    }

    fn abort(self: Box<Self>, reason: AbortReason) {
        self.note(format!("aborted: {reason}"));
    }
}

#[derive(Default)]
struct Uploads(Log);

#[derive(Clone)]
struct Quota(u64);

impl Application for Uploads {
    fn call(&self, request: &Request<'_>) -> Response {
        let quota = request
            .extensions()
            .get::<Quota>()
            .map_or(0, |quota| quota.0);
        Response::text(format!("{} bytes, quota {quota}", request.body().len()))
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        match request.path() {
            "/stream" => Admission::stream(Recorder(self.0.clone())).up_to(10),
            "/refuse" => Admission::refuse(Status::UNAUTHORIZED),
            "/large" => Admission::buffer().up_to(6),
            "/with" => Admission::buffer().with_extension(Quota(7)),
            _ => Admission::buffer(),
        }
    }
}

/// A gateway that buffers up to three bytes.
fn gateway(application: impl Application + 'static) -> Gateway {
    let mut config = bytegate::config::Config::default();
    config.limits.body_bytes = 3;
    Gateway::new(application).config(config)
}

fn put(path: &str, body: impl Into<Body>) -> http::Request<Body> {
    http::Request::put(path).body(body.into()).unwrap()
}

fn text(response: http::Response<Body>) -> String {
    String::from_utf8_lossy(response.body().as_bytes().unwrap()).into_owned()
}

/// Responds through the service and through [`Gateway::respond`], which have to agree.
fn status(gateway: &Gateway, path: &str, body: &'static str) -> u16 {
    let request = Request::builder("PUT", path).body(body).build().unwrap();
    let response = ready(gateway.respond(request));
    let served = ask(&mut GatewayService::new(gateway.clone()), put(path, body));
    assert_eq!(served.status().as_u16(), response.status().code());
    let blocks = Body::from_iterator([body].into_iter());
    let served = ask(&mut GatewayService::new(gateway.clone()), put(path, blocks));
    assert_eq!(served.status().as_u16(), response.status().code());
    response.status().code()
}

#[test]
fn application_limits_apply() {
    let count = |request: &Request<'_>| format!("{}", request.body().len());
    let router = Router::new()
        .route(Method::PUT, "/small", with_body_limit(2, count))
        .route(Method::PUT, "/large", with_body_limit(5, count))
        .route(Method::PUT, "/", count);
    let gateway = gateway(router);
    assert_eq!(status(&gateway, "/small", "12"), 200);
    assert_eq!(status(&gateway, "/small", "123"), 413);
    assert_eq!(status(&gateway, "/large", "12345"), 200);
    assert_eq!(status(&gateway, "/large", "123456"), 413);
    assert_eq!(status(&gateway, "/", "123"), 200);
    assert_eq!(status(&gateway, "/", "1234"), 413);
}

#[test]
fn admissions_are_respected() {
    let gateway = gateway(Uploads::default());
    assert_eq!(status(&gateway, "/large", "123456"), 200);
    assert_eq!(status(&gateway, "/large", "1234567"), 413);
    assert_eq!(status(&gateway, "/refuse", "1"), 401);
    assert_eq!(status(&gateway, "/stream", "1234567890"), 200);
    assert_eq!(status(&gateway, "/stream", "12345678901"), 413);
    let mut service = GatewayService::new(gateway);
    // A request without a body is not admitted.
    assert_eq!(ask(&mut service, put("/refuse", "")).status(), 200);
    assert_eq!(
        text(ask(&mut service, put("/with", "123"))),
        "3 bytes, quota 7"
    );
}

#[test]
fn a_refused_body_is_not_read() {
    let polls = Arc::new(AtomicU32::new(0));
    let request = http::Request::put("/refuse")
        .body(Unread(polls.clone()))
        .unwrap();
    let mut service = GatewayService::new(gateway(Uploads::default()));
    assert_eq!(ready(service.call(request)).unwrap().status(), 401);
    assert_eq!(polls.load(Ordering::SeqCst), 0);
}

#[test]
fn a_receiver_gets_each_frame() {
    let uploads = Uploads::default();
    let log = uploads.0.clone();
    let lines = || std::mem::take(&mut *log.lock().unwrap());
    let mut service =
        GatewayService::new(gateway(uploads).with(SetHeaders::new().header("X-By", "b")));
    let mut send = |blocks: Vec<&'static str>| {
        let response = ask(
            &mut service,
            put("/stream", Body::from_iterator(blocks.into_iter())),
        );
        assert_eq!(response.headers()["x-by"], "b");
        response.status().as_u16()
    };
    assert_eq!(send(vec!["one", "", "two"]), 200);
    assert_eq!(lines(), ["one", "two", "finished"]);
    assert_eq!(send(vec!["stop", "two"]), 422);
    assert_eq!(lines(), ["stop"]);
    assert_eq!(send(vec!["panic", "two"]), 500);
    assert_eq!(lines(), ["panic"]);
    assert_eq!(send(vec!["123456", "12345"]), 413);
    assert_eq!(
        lines()[1],
        format!("aborted: {}", ProtocolError::BodyTooLarge)
    );
    let broken = [Ok(Bytes::from("one")), Err(bytegate::body::BodyError)];
    let broken = Body::try_from_iterator(None, broken.into_iter());
    assert_eq!(ask(&mut service, put("/stream", broken)).status(), 400);
    assert_eq!(
        lines()[1],
        format!("aborted: {}", ProtocolError::BodyIncomplete)
    );
}

#[test]
fn a_receiver_learns_that_its_client_disconnected() {
    let uploads = Uploads::default();
    let log = uploads.0.clone();
    let polls = Arc::new(AtomicU32::new(0));
    let request = http::Request::put("/stream")
        .body(Unread(polls.clone()))
        .unwrap();
    let mut response = GatewayService::new(gateway(uploads)).call(request);
    let polled = response
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    assert_eq!(polls.load(Ordering::SeqCst), 1);
    drop(response);
    assert_eq!(
        *log.lock().unwrap(),
        [format!("aborted: {}", AbortReason::Disconnected)]
    );
}

#[test]
fn blocks_are_buffered_in_order() {
    let echo = |request: &Request<'_>| String::from_utf8_lossy(request.body()).into_owned();
    let mut service = GatewayService::new(Gateway::new(echo));
    let blocks = Body::from_iterator(["one ", "two ", "three"].into_iter());
    assert_eq!(text(ask(&mut service, put("/", blocks))), "one two three");
}

#[test]
fn forms_are_received_part_by_part() {
    struct Names(Vec<String>);

    impl bytegate::upload::PartReceiver for Names {
        fn part(&mut self, part: &bytegate::request::Part<'_>) -> Result<(), Response> {
            self.0.push(part.name().to_string());
            Ok(())
        }

        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            Ok(())
        }

        fn finish(self: Box<Self>) -> Response {
            Response::text(self.0.join(" "))
        }
    }

    struct Form;

    impl Application for Form {
        fn call(&self, _: &Request<'_>) -> Response {
            Status::BAD_REQUEST.into()
        }

        fn admit(&self, request: &Request<'_>) -> Admission {
            Admission::multipart(request, Names(Vec::new()))
        }
    }

    let body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
                   --x\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--x--\r\n";
    let (first, second) = body.split_at(70);
    let request = http::Request::post("/")
        .header("Content-Type", "multipart/form-data; boundary=x")
        .body(Body::from_iterator([first, second].into_iter()))
        .unwrap();
    let mut service = GatewayService::new(Gateway::new(Form));
    assert_eq!(text(ask(&mut service, request)), "a b");
}
