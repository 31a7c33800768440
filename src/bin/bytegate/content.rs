//! The served site: a live folder, a folder in memory, or the demo.

use crate::index::NoIndex;
use crate::options::{Options, Origin};
use crate::single_file::SingleFile;
use crate::{Failure, complain, demo, users};
use bytegate::middleware::{Cors, SetHeaders};
use bytegate::site::{SiteOptions, Skipped};
use bytegate::{Application, Gateway, Rejection, Request, Response, Router, Site, Status, wsgi};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// If reading a folder takes longer than this, the program prints a message.
const PATIENCE: Duration = Duration::from_secs(1);

/// Creates the gateway for a folder or for the demo, with a page for a folder without an index page. Paths that end in a dynamic suffix go to the demo application.
pub(crate) fn gateway(options: &Options, page: Option<NoIndex>) -> Result<Gateway, Failure> {
    let (router, count) = match &options.folder {
        Some(file) if file.is_file() => {
            let file = SingleFile::open(file, options)?;
            (Router::new().fallback(file), 1)
        }
        _ => {
            let site = folder_site(options)?.unwrap_or_else(demo::site);
            let count = site.paths().count();
            (Router::new().fallback(site), count)
        }
    };
    if options.verbose {
        describe(options, count);
    }
    let router = options.suffixes.iter().fold(router, |router, suffix| {
        router.suffix(suffix, wsgi::adapt(demo::mini_frame::application))
    });
    let gateway = Gateway::new(below_base(&options.base, router)).config(options.config);
    let gateway = match page {
        Some(page) => gateway.with(page),
        None => gateway,
    };
    with_middleware(options, gateway)
}

/// Moves everything below a path. The root and the path without its slash redirect to it, and all other paths are
/// unknown.
pub(crate) fn below_base(base: &str, router: Router) -> Router {
    if base.is_empty() {
        return router;
    }
    let hint = format!("this site is at {base}/");
    Router::new()
        .mount(base, router)
        .get("/", redirect(base.trim_start_matches('/')))
        .get(base, redirect(base.rsplit('/').next().unwrap_or_default()))
        .fallback(move |_: &Request<'_>| Rejection::new(Status::NOT_FOUND, hint.clone()))
}

/// Returns an application that redirects to a directory, given relative to the request without its last slash. Clients
/// do not keep the redirect, since another site may be served at the same address tomorrow.
fn redirect(directory: &str) -> impl Application + use<> {
    let target = format!("{directory}/");
    move |request: &Request<'_>| {
        let query = request
            .query()
            .map_or(String::new(), |query| format!("?{query}"));
        Response::from(Status::FOUND).with_header("Location", format!("{target}{query}"))
    }
}

/// Adds the middleware that the options ask for. The last is the outermost.
pub(crate) fn with_middleware(options: &Options, gateway: Gateway) -> Result<Gateway, Failure> {
    let gateway = match users::authentication(options)? {
        Some(authentication) => gateway.with(authentication),
        None => gateway,
    };
    // It is around the authentication, because browsers send preflight requests without credentials.
    let gateway = if options.cors {
        gateway.with(cors())
    } else {
        gateway
    };
    let gateway = if options.isolated {
        gateway.with(isolation(options.cors))
    } else {
        gateway
    };
    Ok(if options.security {
        gateway.with(SetHeaders::security())
    } else {
        gateway
    })
}

/// Isolates pages from other origins, so that they may use shared memory and precise clocks.
fn isolation(is_shared: bool) -> SetHeaders {
    SetHeaders::new()
        .header("Cross-Origin-Opener-Policy", "same-origin")
        .header("Cross-Origin-Embedder-Policy", "require-corp")
        .header(
            "Cross-Origin-Resource-Policy",
            if is_shared {
                "cross-origin"
            } else {
                "same-origin"
            },
        )
}

/// Creates the site of the folder, if there is one, and names the files that are not served.
pub(crate) fn folder_site(options: &Options) -> Result<Option<Site>, Failure> {
    let site = match &options.folder {
        None => return Ok(None),
        Some(folder) if options.memory => load(options.site.clone(), folder)?,
        Some(folder) => options.site.clone().open(folder)?,
    };
    let mut passed_over = PassedOver::new(options);
    site.skipped().iter().for_each(|it| passed_over.name(it));
    passed_over.end();
    for (option, page) in options
        .pages
        .iter()
        .filter(|(_, page)| !site.contains(page))
    {
        complain(&format!("{option}: there is no file {page:?}"));
    }
    Ok(Some(site))
}

/// Lets pages of any origin read files, and ranges of files, which viewers of documents and media request.
fn cors() -> Cors {
    Cors::any().allow_any_header().expose_headers([
        "Accept-Ranges",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Range",
        "ETag",
    ])
}

/// Reads a folder into memory.
fn load(site: SiteOptions, folder: &Path) -> Result<Site, Failure> {
    let message = format!("reading {folder:?} into memory...");
    let site = patiently(PATIENCE, move || complain(&message), || site.load(folder));
    Ok(site?)
}

/// Runs `work`, and `say_so` if that takes longer than a given time.
fn patiently<T>(
    patience: Duration,
    say_so: impl FnOnce() + Send + 'static,
    work: impl FnOnce() -> T,
) -> T {
    let (working, is_working) = mpsc::channel::<()>();
    thread::spawn(move || {
        if is_working.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            say_so();
        }
    });
    let result = work();
    drop(working);
    result
}

/// Prints the kind of site, the number of its files if they are in memory, and the given options.
fn describe(options: &Options, count: usize) {
    let plural = if count == 1 { "" } else { "s" };
    match &options.folder {
        None => complain("no folder given: serving the demo"),
        Some(folder) if options.memory => complain(&format!(
            "{folder:?} is served from memory: {count} file{plural}"
        )),
        Some(folder) => complain(&format!("{folder:?} is served live: changes are picked up")),
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
    complain("all other options use their defaults (see bytegate --help)");
}

/// Prints the files of a live folder that are not served.
pub(crate) fn survey(options: &Options) {
    let Some(folder) = options.folder.as_ref().filter(|_| !options.memory) else {
        return;
    };
    // An error about the folder itself has been reported already.
    let Ok(site) = options.site.clone().open(folder) else {
        return;
    };
    let mut passed_over = PassedOver::new(options);
    site.survey(|skipped| passed_over.name(&skipped));
    passed_over.end();
}

/// Prints files that are not served: all of them with `--verbose`, otherwise only the first ones.
struct PassedOver {
    most: usize,
    count: usize,
}

impl PassedOver {
    fn new(options: &Options) -> PassedOver {
        const MOST: usize = 20;
        let most = if options.verbose { usize::MAX } else { MOST };
        PassedOver { most, count: 0 }
    }

    fn name(&mut self, skipped: &Skipped) {
        self.count += 1;
        if self.count <= self.most {
            complain(&skipped.to_string());
        }
    }

    fn end(self) {
        if let Some(more @ 1..) = self.count.checked_sub(self.most) {
            complain(&format!(
                "{more} more files and folders are not served; --verbose lists them"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_work_is_announced_and_quick_work_is_not() {
        let (said, is_said) = mpsc::channel();
        let say_so = move || said.send(()).unwrap();
        let work = || is_said.recv_timeout(Duration::from_secs(20));
        assert_eq!(patiently(Duration::from_millis(1), say_so, work), Ok(()));

        let (said, is_said) = mpsc::channel();
        let say_so = move || said.send(()).unwrap();
        assert_eq!(patiently(Duration::from_secs(20), say_so, || 7), 7);
        // The sender is gone, and nothing was sent.
        assert_eq!(is_said.recv(), Err(mpsc::RecvError));
    }
}
