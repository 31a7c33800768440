//! How applications start, and why they do not.

use super::*;

#[test]
fn an_application_that_cannot_start_is_explained() {
    let Some(_turn) = turn() else {
        return;
    };
    let why = |application: &str| refusal(python(application).0);
    let error = python("broken").0.start().unwrap_err();
    let traceback = error.traceback().expect("a traceback");
    assert!(
        traceback.starts_with("Traceback (most recent call last):\n"),
        "{traceback}"
    );
    assert!(
        traceback.contains("broken.py\", line 5, in <module>"),
        "{traceback}"
    );
    assert!(
        traceback.ends_with("RuntimeError: the settings are missing"),
        "{traceback}"
    );
    assert!(
        !traceback.contains("bytegate_worker") && !traceback.contains("importlib"),
        "{traceback}"
    );
    assert!(
        error
            .to_string()
            .starts_with("cannot import \"broken\"\nTraceback")
    );

    for (application, words) in [
        ("nowhere:application", "there is no module 'nowhere' in '/"),
        (
            "nowhere.inner:application",
            "there is no module 'nowhere' in '/",
        ),
        ("processes:nothing", "has no 'nothing'; it has "),
        (
            "processes:number",
            "'processes:number' is int, which cannot be called",
        ),
        ("misspelled", "misspelled.py\", line 1\n"),
        ("misspelled", "SyntaxError: "),
        ("exits", "SystemExit: 4"),
        (
            "leaves",
            "ended with exit code 7 before it had imported \"leaves\"",
        ),
    ] {
        let error = why(application);
        assert!(error.contains(words), "{application}: {error}");
    }
    let (options, _) = python("processes");
    let error = refusal(options.clone().interpreter("/no/such/python"));
    assert!(
        error.starts_with("there is no Python /no/such/python: install"),
        "{error}"
    );
    let error = refusal(options.clone().folder("/no/such/folder"));
    assert!(
        error.starts_with("there is no folder /no/such/folder"),
        "{error}"
    );
    let old = fs::canonicalize("fixtures/python/old_python").unwrap();
    let error = refusal(options.interpreter(old));
    assert!(
        error.contains("is Python 3.8, but 3.9 or newer is needed"),
        "{error}"
    );
    let error = refusal(python("hangs").0.start_timeout(SECOND));
    assert!(error.contains("was not imported within 1s"), "{error}");
}

#[test]
fn the_kind_of_an_application_is_told_by_its_parameters() {
    let Some(_turn) = turn() else {
        return;
    };
    let workers = start(python("processes:one_parameter").0);
    assert_eq!(workers.kind(), Kind::FileName);
    assert!(workers.version().starts_with("3.") && workers.interpreter().contains("python"));
    let response = Client::new(workers).get("/caf%C3%A9.py").send();
    assert_eq!(
        response.headers().get("Content-Type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(response.text(), "<h1>/caf\u{e9}.py</h1>");

    let workers = start(python("processes:make()").0);
    assert_eq!(workers.kind(), Kind::Wsgi);
    assert_eq!(Client::new(workers).get("/prints").text(), "printed");

    let workers = start(python("processes:returns_text").0);
    let client = Client::new(workers);
    assert_eq!(client.get("/").status(), 500);
    let workers = start(python("processes:returns_text").0.lenient(true));
    assert_eq!(workers.kind(), Kind::Lenient);
    assert_eq!(Client::new(workers).get("/").text(), "text");
}

/// The application can be asked directly, without a gateway.
#[test]
fn a_response_is_deferred() {
    let Some(_turn) = turn() else {
        return;
    };
    let workers = start(python("processes").0);
    let request = bytegate::Request::builder("GET", "/a%2Fb").build().unwrap();
    assert_eq!(workers.call(&request.view()).status(), 404);
    let request = bytegate::Request::builder("GET", "/pid").build().unwrap();
    assert!(workers.call(&request.view()).is_pending());
}

#[test]
fn all_processes_end_with_the_application() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, _) = python("processes");
    let client = Client::new(start(options.workers(2).threads(2)));
    let pid = pid(&client);
    assert!(is_running(pid));
    drop(client);
    assert!(!is_running(pid));
}
