//! Tests with a real browser, headless Chromium over TCP. They print a note and are skipped where it is not installed.

#[path = "../../examples/chat.rs"]
#[expect(dead_code, reason = "nothing calls `main`")]
mod chat;
#[path = "../../src/bin/bytegate/demo/mod.rs"]
mod demo;
#[cfg(feature = "signed-cookies")]
#[path = "../../examples/login.rs"]
#[expect(dead_code, reason = "nothing calls `main`")]
mod login;

use crate::chromium::Browser;
use bytegate::testing::Server;
use bytegate::{Request, Router, Site};
use std::fs;
use std::path::Path;

fn start() -> Option<Browser> {
    let browser = Browser::start();
    if browser.is_none() {
        println!("skipped: Chromium or chromedriver is not here (apt-get install chromium-driver)");
    }
    browser
}

/// A site with a file for each printable character that a file name may contain: `a!b`, `a"b`, ...
fn site_of_all_names() -> Site {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("names-of-all-characters");
    let names = folder.join("names");
    fs::create_dir_all(&names).expect("a folder");
    fs::write(folder.join("index.html"), "<title>names</title>").expect("a file");
    for character in (' '..='~').filter(|character| !"/\\".contains(*character)) {
        let body = format!("<{character}>");
        fs::write(names.join(format!("a{character}b")), body).expect("a file");
    }
    let site = Site::load(&folder).expect("a folder that can be read");
    assert!(site.skipped().is_empty(), "{:?}", site.skipped());
    site
}

/// Responds with the query as it was sent and as it was decoded.
fn queries(request: &Request<'_>) -> String {
    let raw = request.query().unwrap_or("none").to_string();
    let decoded = request
        .query_pairs()
        .map(|(name, value)| format!("{name}={value}"));
    format!("{raw}\n{}", decoded.collect::<Vec<_>>().join("&"))
}

#[test]
fn every_printable_character_in_a_path_finds_its_file() {
    let Some(browser) = start() else { return };
    let server = Server::start(site_of_all_names());
    browser.open(&server.url("/"));
    for character in ' '..='~' {
        // As a page would write it; the browser encodes what it considers necessary.
        let code = u32::from(character);
        let fetch = |name: &str| {
            browser.run(&format!(
                "const c = String.fromCharCode({code});
                 const answer = await fetch('/names/a' + {name} + 'b');
                 return answer.status + ' ' + await answer.text();"
            ))
        };
        let raw = fetch("c");
        match character {
            // These end the path, or are a slash: browsers treat a backslash as one.
            '#' | '?' | '/' | '\\' => assert_eq!(&raw[..3], "404", "{character:?}"),
            // `%b` does not begin a valid escape.
            '%' => assert_eq!(&raw[..3], "400", "{character:?}"),
            _ => assert_eq!(raw, format!("200 <{character}>"), "{character:?}"),
        }
        let encoded = fetch("encodeURIComponent(c)");
        match character {
            '/' | '\\' => assert_eq!(&encoded[..3], "404", "{character:?}"),
            _ => assert_eq!(encoded, format!("200 <{character}>"), "{character:?}"),
        }
    }
}

#[test]
fn every_printable_character_in_a_query_arrives_unchanged() {
    let Some(browser) = start() else { return };
    let router = Router::new()
        .get("/query", queries)
        .fallback(Site::new().file("/index.html", "<title>queries</title>"));
    let server = Server::start(router);
    browser.open(&server.url("/"));
    for character in ' '..='~' {
        let code = u32::from(character);
        // The browser's URL parser shows the sent query and its meaning.
        let responses = browser.run(&format!(
            "const url = new URL('/query?a' + String.fromCharCode({code}) + 'b=50%', location);
             const pairs = [...url.searchParams].map(pair => pair.join('=')).join('&');
             const answer = await fetch(url);
             return [answer.status, await answer.text(), url.search.slice(1), pairs].join('\\n');"
        ));
        let lines: Vec<&str> = responses.split('\n').collect();
        let [status, raw, decoded, sent, meant] = lines[..] else {
            panic!("{character:?}: {responses}");
        };
        assert_eq!((status, raw), ("200", sent), "{character:?}");
        assert_eq!(decoded, meant, "{character:?}");
    }
}

#[test]
fn back_and_forward_around_a_login_show_no_error_page() {
    let Some(browser) = start() else { return };
    let server = Server::start(demo::gateway());
    let submit = |password: &str| {
        browser.run(&format!(
            "document.querySelector('[name=name]').value = 'ada';
             document.querySelector('[name=password]').value = '{password}';
             document.querySelector('button').click();
             return '';"
        ));
    };
    let shows =
        |text: &str| browser.wait_until(&format!("document.body.innerText.includes('{text}')"));
    browser.open(&server.url("/"));
    browser.open(&server.url("/login.py"));
    submit("byron");
    shows("Incorrect name or password.");
    browser.back();
    shows("The demo knows one account");
    browser.forward();
    shows("Incorrect name or password.");
    submit("lovelace");
    shows("Welcome, ada");
    browser.back();
    shows("Incorrect name or password.");
    browser.back();
    shows("The demo knows one account");
    browser.forward();
    shows("Incorrect name or password.");
    browser.forward();
    shows("You are logged in.");
    // A reload does not submit the form again.
    browser.run("location.reload(); return '';");
    shows("You are logged in.");
}

#[test]
fn the_demo_script_can_read_its_responses() {
    let Some(browser) = start() else { return };
    let server = Server::start(demo::gateway());
    browser.open(&server.url("/"));
    browser
        .wait_until("document.getElementById('answer').innerText.includes(' GMT, answered in ')");
}

#[cfg(feature = "signed-cookies")]
#[test]
fn a_browser_logs_in_and_out_with_the_example() {
    let Some(browser) = start() else { return };
    let server = Server::start(login::app());
    browser.open(&server.url("/"));
    let submit = |password: &str| {
        browser.run(&format!(
            "document.querySelector('[name=name]').value = '<b>Ada</b>';
             document.querySelector('[name=password]').value = '{password}';
             document.querySelector('button').click();
             return '';"
        ));
    };
    submit("byron");
    browser.wait_until("document.body.innerText.includes('The password is wrong.')");
    submit("lovelace");
    browser.wait_until("document.body.innerText.includes('Hello <b>Ada</b>')");
    assert_eq!(
        browser.run("return document.cookie;"),
        "",
        "scripts do not see the cookie"
    );
    browser.run("document.querySelector('button').click(); return '';");
    browser.wait_until("document.body.innerText.includes('You are logged out.')");
    browser.open(&server.url("/"));
    browser.wait_until("document.querySelector('[name=password]') != null");
}

#[test]
fn two_browsers_see_each_others_lines_in_the_chat_example() {
    let (Some(one), Some(two)) = (start(), start()) else {
        return;
    };
    // One thread serves all, so an open stream of events must not delay the rest.
    let server = Server::start(chat::app());
    for browser in [&one, &two] {
        browser.open(&server.url("/"));
    }
    let say = |browser: &Browser, line: &str| {
        browser.run(&format!(
            "document.getElementById('line').value = '{line}';
             document.querySelector('button').click();
             return '';"
        ));
    };
    // A stream may not be open yet when the first line is sent, so it is sent until both have seen one.
    let sees = |browser: &Browser, text: &str| {
        browser.run(&format!(
            "return document.body.innerText.includes('{text}');"
        )) == "true"
    };
    for attempt in 0.. {
        say(&one, "are you there");
        std::thread::sleep(std::time::Duration::from_millis(50));
        if sees(&one, "are you there") && sees(&two, "are you there") {
            break;
        }
        assert!(attempt < 200, "the lines do not arrive");
    }
    say(&two, "<i>here</i> I am");
    for browser in [&one, &two] {
        browser.wait_until("document.body.innerText.includes('<i>here</i> I am')");
    }
}
