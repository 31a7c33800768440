//! Processes that end, are killed, or send nonsense.

use super::*;

#[test]
fn a_process_that_ends_fails_only_its_own_request() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, log) = python("processes");
    let client = Client::new(start(options));
    let first = pid(&client);
    let response = client.get("/crash").send();
    assert_eq!(response.status(), Status::BAD_GATEWAY);
    let second = pid(&client);
    assert_ne!(first, second);
    log.wait_for(&format!(
        "worker {first} ended by signal 9: another one is started"
    ));
    assert_eq!(client.get("/leave").status(), Status::BAD_GATEWAY);
    log.wait_for(&format!("worker {second} ended with exit code 3"));
    let third = pid(&client);
    assert_eq!(client.get("/exit").status(), 500);
    let fourth = pid(&client);
    assert_ne!(third, fourth);
    assert_eq!(client.get("/fork").text(), "from the parent");
    assert_eq!(pid(&client), fourth);
    wait_until("the processes end", || {
        ![first, second, third].iter().any(|pid| is_running(*pid))
    });
}

#[test]
fn an_application_that_writes_everywhere_gets_a_new_process() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, log) = python("processes");
    let client = Client::new(start(options));
    let before = pid(&client);
    let status = client.get("/protocol").status();
    assert!(status.is_error(), "{status}");
    assert_ne!(pid(&client), before);
    log.wait_for("is killed, because it sends what is no ");
}

#[test]
fn a_child_of_the_application_holds_nothing_up() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, _) = python("processes");
    let client = Client::new(start(options));
    let child: u32 = client.get("/fork_and_stay").text().parse().unwrap();
    let parent = pid(&client);
    assert_eq!(client.get("/crash").status(), Status::BAD_GATEWAY);
    assert_ne!(pid(&client), parent);
    Command::new("kill")
        .args(["-9", &child.to_string()])
        .status()
        .unwrap();
}

#[test]
fn a_worker_that_breaks_the_protocol_harms_nobody() {
    let Some(_turn) = turn() else {
        return;
    };
    let interpreter = fs::canonicalize("fixtures/python/hostile_worker").unwrap();
    let hostile = |how: &str| {
        let (options, log) = python("x");
        (
            options
                .interpreter(&interpreter)
                .env("HOSTILE", how)
                .waiting(1),
            log,
        )
    };
    for (how, words) in [
        ("gone at start", "ended with exit code 5 before"),
        ("garbage at start", "does not behave like Python: "),
        ("silent at start", "was not imported within 500ms"),
    ] {
        let timeout = match how {
            "silent at start" => Duration::from_millis(500),
            _ => 20 * SECOND,
        };
        let error = refusal(hostile(how).0.start_timeout(timeout));
        assert!(error.contains(words), "{how}: {error}");
    }
    for (how, status) in [
        ("nothing", 200),
        ("garbage", 502),
        ("garbage before a request", 502),
        ("too long", 502),
        ("reserved", 502),
        ("two heads", 502),
        ("early end", 502),
        ("early end of a frame", 502),
        ("a file without its descriptor", 502),
        ("a file that is a pipe", 500),
        ("a file that is too short", 500),
        ("descriptors without a file", 502),
        ("a head without its end", 502),
        ("a head with a line break", 500),
        ("a head with a bad status", 500),
        ("a wrong length", 500),
        ("a request", 502),
        ("an end without a head", 502),
    ] {
        let (options, log) = hostile(how);
        let client = Client::new(start(options));
        for _ in 0..2 {
            let response = client.get("/").send();
            assert_eq!(response.status().code(), status, "{how}: {}", log.text());
        }
    }
    for how in ["two heads with content", "early end of the content"] {
        let (options, _) = hostile(how);
        let client = Client::new(start(options));
        let output = client.send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(
            !output.ends_with(b"0\r\n\r\n"),
            "{how}: the client takes it for whole"
        );
    }
    let (options, log) = hostile("content after the end");
    let client = Client::new(start(options));
    for _ in 0..3 {
        let code = client.get("/").status().code();
        assert!([200, 502].contains(&code), "{code}: {}", log.text());
    }
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The end-to-end measure runs longer: here, workers are killed for two seconds.
#[test]
fn workers_that_are_killed_under_load_fail_only_their_requests() {
    if !Path::new("/proc/self/fd").exists() {
        return;
    }
    let Some(_turn) = turn_alone() else {
        return;
    };
    let (options, _) = python("processes");
    let workers = start(options.workers(2));
    let gateway = Gateway::new(workers);
    let client = Client::new(gateway.clone());
    let before = descriptors();
    let (is_over, killed) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU32::new(0)),
    );
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (gateway, is_over) = (gateway.clone(), is_over.clone());
            thread::spawn(move || {
                let client = Client::new(gateway);
                let (mut good, mut bad) = (0, 0);
                while !is_over.load(Ordering::Relaxed) {
                    match client.get("/pid").status().code() {
                        200 => good += 1,
                        502 => bad += 1,
                        other => panic!("{other}"),
                    }
                }
                (good, bad)
            })
        })
        .collect();
    let until = Instant::now() + 2 * SECOND;
    while Instant::now() < until {
        if let Ok(pid) = client.get("/pid").text().parse::<u32>() {
            Command::new("kill")
                .args(["-9", &pid.to_string()])
                .status()
                .unwrap();
            killed.fetch_add(1, Ordering::Relaxed);
        }
        thread::sleep(Duration::from_millis(200));
    }
    is_over.store(true, Ordering::Relaxed);
    let counts: Vec<(u32, u32)> = load
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let (good, bad) = counts
        .iter()
        .fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    let killed = killed.load(Ordering::Relaxed);
    assert!(
        good > 0 && bad <= killed,
        "{good} answered, {bad} failed, {killed} killed"
    );
    // The last ones are started again, after a pause.
    wait_until("no descriptor is left", || {
        client.get("/pid").status() == 200 && descriptors() <= before + 6
    });
    drop((client, gateway));
}
