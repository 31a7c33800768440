//! Links, media and the history in a browser.

use super::*;

fn start_browser() -> Option<Browser> {
    let browser = Browser::start();
    if browser.is_none() {
        println!("skipped: Chromium or chromedriver is not here (apt-get install chromium-driver)");
    }
    browser
}

/// A script can set this on a page; a reloaded page has lost it.
const MARK: &str = "window.mark";

#[test]
fn every_link_of_a_listing_can_be_clicked() {
    let Some(browser) = start_browser() else {
        return;
    };
    let folder = folder_of_names();
    let site = SiteOptions::new().listing(true).open(&folder.0);
    let server = Server::start(site.expect("a folder"));
    let click = |list: &str, text: &str, name: &str| {
        browser.open(&server.url(list));
        let codes: Vec<String> = text.chars().map(|it| u32::from(it).to_string()).collect();
        let clicked = browser.run(&format!(
            "const text = String.fromCodePoint({});
             const link = [...document.querySelectorAll('tbody a')].find(it => it.textContent === text);
             if (!link) return document.body.innerText;
             link.click();
             return 'clicked';",
            codes.join(", ")
        ));
        assert_eq!(clicked, "clicked", "{text}");
        browser.wait_until("document.querySelector('tbody') === null");
        browser.wait_until("document.readyState === 'complete'");
        let shown = browser.run("return document.documentElement.textContent;");
        assert_eq!(shown.trim(), name.trim(), "{text}");
    };
    for name in NAMES {
        click("/", &format!("{name}.txt"), name);
        // As HTML, this one is a tag.
        if !name.contains('<') {
            click("/in/", &format!("{name}/"), name);
        }
    }
    // Down and up again.
    browser.open(&server.url("/"));
    browser.run("document.querySelector('a.folder').click(); return '';");
    browser.wait_until("location.pathname === '/in/' && document.readyState === 'complete'");
    browser.run("document.querySelector('a.folder').click(); return '';");
    browser.wait_until("location.pathname === '/'");
}

/// Silence: mono, 16 bits, 44,100 times a second.
fn wave(seconds: u32) -> Vec<u8> {
    const RATE: u32 = 44_100;
    let length = seconds * RATE * 2;
    let mut wave = Vec::new();
    for (name, numbers) in [
        ("RIFF", &[length + 36][..]),
        ("WAVEfmt ", &[16, 0x0001_0001, RATE, RATE * 2, 0x0010_0002]),
        ("data", &[length]),
    ] {
        wave.extend_from_slice(name.as_bytes());
        wave.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    }
    wave.resize(wave.len() + length as usize, 0);
    wave
}

#[test]
fn chromium_seeks_in_media_before_it_is_loaded() {
    let Some(browser) = start_browser() else {
        return;
    };
    let folder = Folder::new(&[
        (
            "index.html",
            b"<audio src=silence.wav preload=metadata></audio>",
        ),
        ("silence.wav", &wave(300)),
    ]);
    let (server, watched) = serve(&folder);
    browser.open(&server.url("/"));
    browser.wait_until("document.querySelector('audio').readyState >= 1");
    let place = browser.run(
        "const audio = document.querySelector('audio');
         const seeked = new Promise(done => audio.onseeked = done);
         audio.currentTime = 280;
         await seeked;
         return [audio.duration, audio.seekable.end(0), audio.currentTime, audio.error].join(' ');",
    );
    assert_eq!(place, "300 300 280 ");
    let responses = watched.take();
    let is_far = |response: &Answer| {
        let start = response.range.as_ref()?.strip_prefix("bytes=")?.split('-');
        let start: u64 = start.clone().next()?.parse().ok()?;
        Some(response.status == 206 && start > 20_000_000)
    };
    assert!(
        responses
            .iter()
            .any(|response| is_far(response) == Some(true)),
        "{responses:?}"
    );
}

#[test]
fn chromium_goes_back_and_forward_without_loading_pages_again() {
    let Some(browser) = start_browser() else {
        return;
    };
    let folder = Folder::new(&[
        ("a.html", b"<title>a</title><a href=b.html>b</a>"),
        ("b.html", b"<title>b</title>"),
    ]);
    let (server, watched) = serve(&folder);
    let loaded = || {
        watched
            .take()
            .into_iter()
            .map(|it| it.path)
            .collect::<Vec<_>>()
    };
    browser.open(&server.url("/a.html"));
    browser.run(&format!("{MARK} = 'first'; return '';"));
    browser.run("document.querySelector('a').click(); return '';");
    browser.wait_until("document.title === 'b'");
    browser.run(&format!("{MARK} = 'second'; return '';"));
    assert_eq!(loaded(), ["/a.html", "/b.html"]);
    browser.back();
    browser.wait_until("document.title === 'a'");
    assert_eq!(browser.run(&format!("return {MARK};")), "first");
    browser.forward();
    browser.wait_until("document.title === 'b'");
    assert_eq!(browser.run(&format!("return {MARK};")), "second");
    assert_eq!(loaded(), [""; 0]);
    // An edit shows after a reload.
    folder.write("b.html", b"<title>edited</title>");
    wait_until_noticed();
    browser.run("location.reload(); return '';");
    browser.wait_until("document.title === 'edited'");
}
