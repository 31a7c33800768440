//! The page of metrics, as Python's `prometheus_client` reads it.

use bytegate::{Gateway, Method, Request, Router, Status, net, testing};
use std::io::Write;
use std::process::{Command, Stdio};

/// Prints each sample, and fails if a family has no type or no help, or if a histogram is not one.
const READ: &str = r#"
import sys
from prometheus_client.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.type in ("counter", "gauge", "histogram", "summary"), family
    assert family.documentation, family
    counts = [sample.value for sample in family.samples if sample.name.endswith("_bucket")]
    assert counts == sorted(counts), family
    assert len(set((sample.name, str(sample.labels)) for sample in family.samples)) == len(family.samples), family
    for sample in family.samples:
        print(sample.name, *sorted(sample.labels.items()), float(sample.value))
"#;

fn is_installed() -> bool {
    let import = Command::new("python3")
        .args(["-c", "import prometheus_client"])
        .stderr(Stdio::null())
        .status();
    import.is_ok_and(|status| status.success())
}

#[test]
fn the_page_of_metrics_is_read_by_prometheus_client() {
    if !is_installed() {
        eprintln!("skipped: Python's prometheus_client is not installed");
        return;
    }
    let metrics = net::Metrics::new();
    let mut options = net::Options::default();
    options.metrics = Some(metrics.clone());
    options.max_connections = 100;
    let router = Router::new()
        .get("/metrics", metrics.page())
        .post("/", |_: &Request<'_>| Status::CONFLICT);

    let gateway = Gateway::new(router).with(metrics.by_route());
    let server = testing::Server::start_with(gateway, options);
    let mut client = testing::StreamClient::connect(server.address()).expect("a connection");
    client
        .send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        .expect("a write");
    assert_eq!(
        client.response(Method::POST).expect("a response").status(),
        409
    );
    let mut refused = testing::StreamClient::connect(server.address()).expect("a connection");
    refused.send("GET / HTTP/1.1\r\n\r\n").expect("a write");
    assert_eq!(
        refused.response(Method::GET).expect("a response").status(),
        400
    );
    client
        .send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .expect("a write");
    let page = client.response(Method::GET).expect("a response");

    let reader = Command::new("python3")
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut reader = reader.expect("Python");
    let mut input = reader.stdin.take().expect("an input");
    input.write_all(page.text().as_bytes()).expect("a page");
    drop(input);
    let output = reader.wait_with_output().expect("an end");
    assert!(output.status.success(), "{}", page.text());
    let samples = String::from_utf8(output.stdout).expect("text");
    for sample in [
        "bytegate_connections_accepted_total 2.0",
        "bytegate_requests_total ('method', 'POST') 1.0",
        "bytegate_responses_total ('status', '4xx') 2.0",
        "bytegate_refusals_total ('error', 'HostMissing') ('status', '400') 1.0",
        "bytegate_request_duration_seconds_bucket ('le', '+Inf') 1.0",
        "bytegate_request_duration_seconds_count 1.0",
        "bytegate_connections_limit 100.0",
        "bytegate_route_responses_total ('route', '-') ('status', '4xx') 1.0",
        "bytegate_route_responses_total ('route', '/') ('status', '4xx') 1.0",
        "bytegate_route_duration_seconds_count ('route', '/') 1.0",
    ] {
        let is_listed = samples.lines().any(|line| line == sample);
        assert!(is_listed, "{sample} is missing:\n{samples}");
    }
}
