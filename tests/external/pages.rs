//! The pages that the program shows for a folder without an index page, in a real browser. Skipped where there is none.

use crate::chromium::Browser;
use crate::temporary::Folder;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The program, which serves a folder. It is ended with the test.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    fn start(folder: &Folder, options: &[&str]) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bytegate"))
            .arg(&folder.0)
            .args(["--port", "0", "--no-access-log"])
            .args(options)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let errors = child.stderr.take().expect("a pipe");
        let mut lines = BufReader::new(errors).lines().map_while(Result::ok);
        let url = lines.find_map(|line| line.split_once(" on ").map(|(_, url)| url.to_string()));
        // It never waits for a reader.
        std::thread::spawn(move || lines.count());
        Program {
            child,
            url: url.expect("a URL"),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the background, the least contrast of a text with it, and whether the page is wider than the window.
const LOOK: &str = "
    const channels = color => color.match(/[\\d.]+/g).map(Number);
    const light = color => {
        const [r, g, b] = channels(color).slice(0, 3).map(value => value / 255)
            .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const page = getComputedStyle(document.body).backgroundColor;
    const contrasts = [...document.body.querySelectorAll('*')]
        .filter(element => [...element.childNodes].some(node => node.nodeType == 3 && node.data.trim()))
        .map(element => {
            const style = getComputedStyle(element);
            const own = channels(style.backgroundColor)[3] === 0 ? page : style.backgroundColor;
            const [more, less] = [light(style.color), light(own)].sort((a, b) => b - a);
            return (more + 0.05) / (less + 0.05);
        });
    const wide = document.documentElement.scrollWidth > innerWidth;
    return [page, Math.min(...contrasts) >= 4.5, wide].join(' ');";

#[test]
fn the_pages_of_a_folder_can_be_read_in_light_and_dark_and_on_phones() {
    let Some(browser) = Browser::start() else {
        println!("skipped: Chromium or chromedriver is not here (apt-get install chromium-driver)");
        return;
    };
    let long = format!("{}.txt", "long-name".repeat(20));
    let files: [(&str, &[u8]); 3] = [("photos/a.jpg", b""), ("notes.txt", b"a"), (&long, b"a")];
    let folder = Folder::new(&files);
    let listed = Program::start(&folder, &[]);
    let hidden = Program::start(&folder, &["--host", "any"]);
    for (program, heading) in [
        (&listed, "Index of /"),
        (&hidden, "This folder has no index page"),
    ] {
        for width in [320, 1200] {
            for (scheme, page) in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(21, 23, 26)")] {
                browser.show_as(width, scheme);
                browser.open(&program.url);
                let shown = browser.run("return document.querySelector('h1').innerText;");
                assert_eq!(shown, heading);
                let look = browser.run(LOOK);
                assert_eq!(
                    look,
                    format!("{page} true false"),
                    "{heading} {width} {scheme}"
                );
            }
        }
    }
    // Without entries, there are no columns.
    let nothing = Folder::new(&[]);
    let empty = Program::start(&nothing, &[]);
    for (program, tables) in [(&listed, "1"), (&empty, "0")] {
        browser.open(&program.url);
        let count = browser.run("return document.querySelectorAll('table').length;");
        assert_eq!(count, tables);
    }
}
