//! Applications that are silent, and those that are only slow.

use super::*;

#[test]
fn time_that_passes_for_the_front_end_makes_a_response_late() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, log) = python("processes");
    let folder = Folder::new(&[]);
    let begun = folder.0.join("begun");
    let options = options
        .env("BEGUN", &begun)
        .kill_after(Duration::from_millis(50));
    let client = Client::new(start(options));
    let before = pid(&client);
    let mut wire = client.connect();
    wire.request(&client.get("/sleep?30"));
    wait_until("the application runs", || begun.exists());
    client.advance(29 * SECOND);
    wire.poll();
    assert!(wire.is_pending());
    client.advance(SECOND);
    let response = wire.response();
    assert_eq!(response.status(), Status::GATEWAY_TIMEOUT);
    log.wait_for(&format!(
        "worker {before} is replaced, because its application has been silent for 30s"
    ));
    log.wait_for(&format!("worker {before} is killed"));
    assert_ne!(pid(&client), before);
    wait_until("the process ends", || !is_running(before));
}

#[test]
fn a_silent_application_is_replaced_and_the_others_go_on() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, _) = python("processes");
    let options = options
        .workers(2)
        .timeout(3 * SECOND)
        .kill_after(Duration::from_millis(100));
    let gateway = Gateway::new(start(options));
    let slow = gateway.clone();
    let slow = thread::spawn(move || Client::new(slow).get("/sleep?20").status());
    let client = Client::new(gateway);
    while !slow.is_finished() {
        assert_eq!(client.get("/pid").status(), 200);
    }
    assert_eq!(slow.join().unwrap(), Status::GATEWAY_TIMEOUT);
}

#[test]
fn a_worker_that_has_closed_its_response_is_not_taken_for_silent() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, log) = python("processes");
    let options = options
        .timeout(2 * SECOND)
        .kill_after(Duration::from_millis(100));
    let client = Client::new(start(options));
    let before = pid(&client);
    assert_eq!(client.get("/slow_close").text(), "closes slowly");
    thread::sleep(4 * SECOND);
    assert_eq!(pid(&client), before, "{}", log.text());
}

#[test]
fn a_request_can_be_sent_ahead_of_a_slow_close() {
    let Some(_turn) = turn() else {
        return;
    };
    let folder = Folder::new(&[]);
    let closes_after = |name: &str| {
        let file = folder.0.join(name);
        (format!("/slow_close?{}", file.display()), file)
    };
    let (options, _) = python("processes");
    let client = Client::new(start(options));
    for name in ["first", "second"] {
        let (target, file) = closes_after(name);
        // The worker has not closed its response yet: the file is not there.
        assert_eq!(client.get(&target).text(), "closes slowly");
        let mut next = client.connect();
        next.request(&client.get("/pid"));
        next.poll();
        assert!(next.is_pending());
        fs::write(file, "").unwrap();
        wait_until("the next request is answered", || {
            next.poll();
            !next.is_pending()
        });
        assert_eq!(next.response().status(), 200);
    }
    // With a second worker, nobody waits for the first.
    let (options, _) = python("processes");
    let client = Client::new(start(options.workers(2)));
    let (target, file) = closes_after("third");
    assert_eq!(client.get(&target).text(), "closes slowly");
    assert_eq!(client.get("/pid").status(), 200);
    fs::write(file, "").unwrap();
}
