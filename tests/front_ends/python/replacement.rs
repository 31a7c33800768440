//! Processes that are replaced, and applications that are loaded again.

use super::*;

#[test]
fn a_process_is_replaced_before_it_ends() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, log) = python("processes");
    let client = Client::new(start(options.max_requests(20)));
    let mut pids = Vec::new();
    wait_until("the third process", || {
        let pid = pid(&client);
        if pids.last() != Some(&pid) {
            pids.push(pid);
        }
        pids.len() == 3
    });
    assert_eq!(log.text(), "", "an expected end is not worth a line");
    let last = pids.pop();
    wait_until("the old ones end", || {
        !pids
            .iter()
            .any(|pid| Some(*pid) != last && is_running(*pid))
    });
}

#[test]
fn a_process_is_replaced_when_it_is_large_or_old() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, log) = python("processes");
    let client = Client::new(start(options.max_memory(1)));
    let before = pid(&client);
    log.wait_for(&format!("worker {before} is replaced, because it uses "));
    wait_until("it is replaced", || pid(&client) != before);
    let (options, log) = python("processes");
    let client = Client::new(start(options.max_age(SECOND)));
    let before = pid(&client);
    log.wait_for(&format!(
        "worker {before} is replaced, because it has run for "
    ));
    wait_until("it is replaced", || pid(&client) != before);
}

fn page(text: &str) -> String {
    format!(
        "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'{text}']\n"
    )
}

#[test]
fn a_reload_that_fails_keeps_the_old_application() {
    let Some(_turn) = turn() else {
        return;
    };
    let folder = Folder::new(&[]);
    folder.write("page.py", page("one").as_bytes());
    let (options, log) = python("page");
    // Compiled files with the time of the old source would be taken for the new one.
    let options = options
        .folder(&folder.0)
        .workers(2)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let workers = start(options);
    let client = Client::new(workers.clone());
    assert_eq!(client.get("/").text(), "one");
    folder.write("page.py", b"nonsense nonsense\n");
    workers.reload();
    log.wait_for("the application is not loaded again, and goes on as it was");
    log.wait_for("SyntaxError");
    for _ in 0..20 {
        assert_eq!(client.get("/").text(), "one");
    }
    folder.write("page.py", page("two").as_bytes());
    workers.reload();
    wait_until("the new page", || client.get("/").text() == "two");
    log.wait_for("the application is loaded again");
    for _ in 0..20 {
        assert_eq!(client.get("/").text(), "two");
    }
}

#[test]
fn sources_are_not_compiled_to_files_if_that_is_forbidden_or_they_are_watched() {
    let Some(_turn) = turn() else {
        return;
    };
    let is_compiled = |change: fn(Python) -> Python| {
        let folder = Folder::new(&[("page.py", page("one").as_bytes())]);
        let options = python("page").0.folder(&folder.0);
        drop(start(change(options.env("PYTHONDONTWRITEBYTECODE", ""))));
        folder.path("__pycache__").exists()
    };
    assert!(is_compiled(|options| options));
    assert!(!is_compiled(|options| options.reload(true)));
    assert!(!is_compiled(
        |options| options.env("PYTHONDONTWRITEBYTECODE", "1")
    ));
}

#[test]
fn a_changed_source_is_loaded() {
    let Some(_turn) = turn() else {
        return;
    };
    let folder = Folder::new(&[]);
    folder.write("page.py", page("one").as_bytes());
    let (options, log) = python("page");
    let options = options
        .folder(&folder.0)
        .reload(true)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let client = Client::new(start(options));
    assert_eq!(client.get("/").text(), "one");
    // The first look at the sources comes before.
    thread::sleep(SECOND);
    folder.write("page.py", page("two").as_bytes());
    wait_until("the new page", || client.get("/").text() == "two");
    log.wait_for("page.py has changed");
}
