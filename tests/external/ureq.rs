//! A real client, ureq, that talks to an in-process application over the kit's in-memory stream, without a socket.

use bytegate::blocking::BlockingStream;
use bytegate::testing::Pipe;
use bytegate::upload::Admission;
use bytegate::{Application, Body, Gateway, Request, Response, Router, Status};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Agent, Error};

/// Connects every host to an in-process gateway.
#[derive(Clone, Debug)]
struct InProcess {
    gateway: Gateway,
    connections: Arc<AtomicUsize>,
}

impl Connector for InProcess {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Connection>, Error> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        let config = details.config;
        Ok(Some(Connection {
            pipe: Pipe::connect(&self.gateway),
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
        }))
    }
}

impl Resolver for InProcess {
    /// No name is looked up.
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        Ok(addresses)
    }
}

#[derive(Debug)]
struct Connection {
    pipe: Pipe,
    buffers: LazyBuffers,
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.pipe
            .set_timeout(timeout.not_zero().map(|left| *left))?;
        Ok(self.pipe.write_all(&self.buffers.output()[..amount])?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.pipe
            .set_timeout(timeout.not_zero().map(|left| *left))?;
        let count = self.pipe.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    /// A reusable connection has no pending input and is still open.
    fn is_open(&mut self) -> bool {
        let waits = self.pipe.set_timeout(Some(Duration::ZERO));
        let read = waits.and_then(|()| self.pipe.read(&mut [0]));
        read.is_err_and(|error| error.kind() == ErrorKind::TimedOut)
    }
}

/// The client, and the number of connections that it has opened so far.
fn client(gateway: impl Into<Gateway>) -> (Agent, Arc<AtomicUsize>) {
    let connections = Arc::default();
    let in_process = InProcess {
        gateway: gateway.into(),
        connections: Arc::clone(&connections),
    };
    let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(20)));
    let config = config.http_status_as_error(false).build();
    let agent = Agent::with_parts(config, in_process.clone(), in_process);
    (agent, connections)
}

fn router() -> Router {
    Router::new()
        .get("/hello/{name}", |request: &Request<'_>| {
            let agent = request.headers().get("User-Agent").unwrap_or_default();
            assert!(agent.starts_with("ureq/"), "{agent}");
            let host = request.authority().map(|it| it.host.to_string());
            let name = request.param("name").unwrap_or_default();
            format!("hello {name} at {}", host.unwrap_or_default())
        })
        .post("/upper", |request: &Request<'_>| {
            String::from_utf8_lossy(request.body()).to_uppercase()
        })
        .get("/stream", |_: &Request<'_>| {
            Response::text(Body::from_iterator(["a", "b", "c"].into_iter()))
        })
        .get("/old", |_: &Request<'_>| {
            Response::redirect(Status::MOVED_PERMANENTLY, "/hello/moved?a=b")
        })
        .post("/save", |_: &Request<'_>| {
            Response::see_other("/hello/saved")
        })
        .get("/loop", |_: &Request<'_>| {
            Response::redirect(Status::FOUND, "/loop")
        })
}

#[test]
fn a_real_client_gets_pages_over_one_connection() {
    let (client, connections) = client(router());
    for name in ["ada", "grace", "edsger"] {
        let response = client
            .get(format!("http://example.com/hello/{name}"))
            .call();
        let mut response = response.expect("a response");
        assert_eq!(response.status(), 200);
        let text = response.body_mut().read_to_string().expect("text");
        assert_eq!(text, format!("hello {name} at example.com"));
    }
    let mut streamed = client
        .get("http://example.com/stream")
        .call()
        .expect("a response");
    assert_eq!(streamed.headers()["transfer-encoding"], "chunked");
    assert_eq!(streamed.body_mut().read_to_string().expect("text"), "abc");
    let missing = client
        .get("http://example.com/none")
        .call()
        .expect("a response");
    assert_eq!(missing.status(), 404);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[test]
fn a_real_client_sends_bodies_of_known_and_unknown_length() {
    let (client, connections) = client(router());
    let large = "content ".repeat(50_000);
    for body in ["a", &large] {
        let mut known = client
            .post("http://x/upper")
            .content_type("text/plain")
            .send(body)
            .expect("a response");
        let text = known
            .body_mut()
            .with_config()
            .limit(1 << 20)
            .read_to_string();
        assert_eq!(text.expect("text"), body.to_uppercase());
        let mut reader = body.as_bytes();
        let mut unknown = client
            .post("http://x/upper")
            .send(ureq::SendBody::from_reader(&mut reader))
            .expect("a response");
        let text = unknown
            .body_mut()
            .with_config()
            .limit(1 << 20)
            .read_to_string();
        assert_eq!(text.expect("text"), body.to_uppercase());
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[test]
fn a_real_client_follows_redirects() {
    let (client, _) = client(router());
    let mut moved = client.get("http://x/old").call().expect("a response");
    assert_eq!(
        moved.body_mut().read_to_string().expect("text"),
        "hello moved at x"
    );
    let mut saved = client.post("http://x/save").send("a").expect("a response");
    assert_eq!(
        saved.body_mut().read_to_string().expect("text"),
        "hello saved at x"
    );
    let error = client.get("http://x/loop").call().expect_err("no end");
    assert!(matches!(error, Error::TooManyRedirects), "{error}");
}

#[test]
fn a_real_client_reads_the_refusal_of_an_upload() {
    struct Refuses;
    impl Application for Refuses {
        fn call(&self, _: &Request<'_>) -> Response {
            unreachable!("nothing is admitted")
        }

        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::refuse(Status::FORBIDDEN)
        }
    }
    let (client, connections) = client(Refuses);
    for count in 1..4 {
        for expects in [&["100-continue"][..], &[]] {
            let request = client.put("http://x/");
            let request = expects
                .iter()
                .fold(request, |request, value| request.header("Expect", *value));
            let mut response = request.send("content".repeat(100)).expect("a response");
            assert_eq!(response.status(), 403);
            let text = response.body_mut().read_to_string().expect("text");
            assert_eq!(text, "403 Forbidden\n");
        }
        // It is not reused, because the body was not read.
        assert_eq!(connections.load(Ordering::Relaxed), 2 * count);
    }
}
