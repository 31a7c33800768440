//! What is served: a folder as it is, a folder in memory, or the demo.

use crate::options::{Options, Origin};
use crate::{Failure, complain, demo};
use bytegate::{Cors, Gateway, Router, Site, SiteOptions, wsgi};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// After this time, whoever waits for a folder to be read is told so.
const PATIENCE: Duration = Duration::from_secs(1);

/// Creates the gateway for a folder or for the demo. Paths that end in a dynamic suffix go to the demo application.
pub(crate) fn gateway(options: &Options) -> Result<Gateway, Failure> {
    let site = match &options.folder {
        None => demo::site(),
        Some(folder) if options.memory => load(options.site.clone(), folder)?,
        Some(folder) => options.site.clone().open(folder)?,
    };
    for skipped in site.skipped() {
        complain(&skipped.to_string());
    }
    for (option, page) in options.pages.iter().filter(|(_, page)| !site.has(page)) {
        complain(&format!("{option}: there is no file {page:?}"));
    }
    if options.verbose {
        describe(options, &site);
    }
    let router = Router::new().fallback(site);
    let router = options.suffixes.iter().fold(router, |router, suffix| {
        router.suffix(suffix, wsgi(demo::mini_frame::application))
    });
    let gateway = Gateway::new(router).config(options.config);
    Ok(match options.cors {
        true => gateway.with(cors()),
        false => gateway,
    })
}

/// Lets pages of any origin read files, and parts of files as viewers of documents and media do.
fn cors() -> Cors {
    Cors::any().any_request_field().exposed_fields([
        "Accept-Ranges",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Range",
        "ETag",
    ])
}

/// Reads a folder into memory.
fn load(site: SiteOptions, folder: &Path) -> Result<Site, Failure> {
    let (done, is_done) = mpsc::channel::<()>();
    let name = folder.to_path_buf();
    thread::spawn(move || {
        if is_done.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            complain(&format!("reading {name:?} into memory..."));
        }
    });
    let site = site.load(folder)?;
    drop(done);
    Ok(site)
}

/// Says what is served, which options say so, and what is passed over.
fn describe(options: &Options, site: &Site) {
    match &options.folder {
        None => complain("the demo is served, because no folder is given"),
        Some(folder) if options.memory => {
            let count = site.paths().count();
            complain(&format!("{folder:?} is served from memory: {count} files"));
        }
        Some(folder) => complain(&format!("{folder:?} is served as it is at each request")),
    }
    for suffix in &options.suffixes {
        complain(&format!(
            "paths ending in {suffix:?} go to the demo application"
        ));
    }
    for setting in &options.settings {
        match setting.origin {
            Origin::CommandLine => complain(&format!("command line: {setting}")),
            Origin::File { .. } => complain(&setting.to_string()),
        }
    }
    complain("all other options have their defaults (see bytegate --help)");
    if options.folder.is_some() && !options.memory {
        // The folder may be large, and the server should not wait.
        let site = site.clone();
        thread::spawn(move || {
            site.survey(|skipped| complain(&skipped.to_string()));
        });
    }
}
