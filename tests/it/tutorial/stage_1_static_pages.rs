//! A server of static pages.

use super::*;

#[test]
fn a_file_is_served_over_tcp() {
    let server = Server::start(demo::site());
    let page = get_over_tcp(server.connect(), "/about.html");
    assert_eq!(page.status(), 200);
    assert_eq!(
        page.body(),
        include_bytes!("../../../fixtures/site/about.html")
    );
}

#[test]
fn the_root_serves_the_index() {
    let server = Server::start(demo::site());
    let page = get_over_tcp(server.connect(), "/");
    assert_eq!(page.status(), 200);
    assert_eq!(
        page.body(),
        include_bytes!("../../../fixtures/site/index.html")
    );
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
