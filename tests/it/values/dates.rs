//! Pages, suffixes and dates.

use super::*;

#[test]
fn the_longest_suffix_wins() {
    let router = Router::new()
        .suffix(".py", |_: &Request<'_>| "short")
        .suffix("b.py", |_: &Request<'_>| "long");
    let gateway = Gateway::new(router);
    let get = |path: &str| {
        let output = gateway.handle(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
        support::read_one(&output).text().to_string()
    };
    assert_eq!(
        (get("/a.py"), get("/b.py")),
        ("short".to_string(), "long".to_string())
    );
    assert_eq!(get("/c"), "404 Not Found\n");
}

#[test]
fn every_response_carries_the_date_at_which_it_was_made() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut dates = Vec::new();
    let days = [
        Some(0),
        Some(0),
        Some(1),
        Some(59),
        None,
        Some(59),
        Some(253_402_300_800),
        Some(60),
    ];
    for wall in days.map(|wall| wall.map(Duration::from_secs)) {
        let now = Now {
            monotonic: Duration::ZERO,
            wall,
        };
        let mut input = GET_X;
        assert!(matches!(connection.step(&mut input, now), Step::Request(_)));
        assert!(connection.respond(&mut Response::text("")).is_ok());
        assert!(matches!(
            connection.step(&mut input, now),
            Step::Write { .. }
        ));
        let mut output = Vec::new();
        connection.output().move_to(&mut output);
        let response = support::read_one(&output);
        dates.push(response.header("date").map(|date| date[17..25].to_string()));
    }
    let expected = [
        Some("00:00:00"),
        Some("00:00:00"),
        Some("00:00:01"),
        Some("00:00:59"),
        None,
        Some("00:00:59"),
        None,
        Some("00:01:00"),
    ];
    assert_eq!(
        dates.iter().map(|date| date.as_deref()).collect::<Vec<_>>(),
        expected
    );
}
