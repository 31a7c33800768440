//! `bytegate wsgi`: hosts an application in Python, beside files.

use crate::log::Log;
use crate::options::Options;
use crate::serve::Content;
use crate::values::{self, Value};
use crate::{Failure, complaint, content, more_metrics, serve, tell};
use bytegate::python::{Kind, Python, StartError, Workers};
use bytegate::upload::Admission;
use bytegate::{Application, Gateway, Method, Request, Response, Router, Site, Status};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The suffix of paths that go to an application of the tutorial's kind.
const DYNAMIC_SUFFIX: &str = ".py";
/// The time that the front end waits longer than the application has, so that the application's own limit shows.
const MARGIN: Duration = Duration::from_secs(5);

/// The options of an application in Python.
#[derive(Clone, Debug, Default)]
pub(crate) struct WsgiOptions {
    pub(crate) application: Option<String>,
    workers: Option<usize>,
    threads: Option<usize>,
    python: Option<PathBuf>,
    reload: bool,
    lenient: bool,
    statics: Vec<(String, PathBuf)>,
    max_requests: Option<usize>,
    max_memory: Option<u64>,
    timeout: Option<Duration>,
}

impl WsgiOptions {
    /// Sets an option. Paths are relative to `folder`.
    pub(crate) fn apply(&mut self, name: &str, value: &Value, folder: &Path) -> Result<(), String> {
        let text = value.text()?;
        match name {
            "application" => self.application = Some(application(text)?),
            "workers" => self.workers = Some(values::count(text)?),
            "threads" => self.threads = Some(values::count(text)?),
            // A name without a slash is looked up as a command.
            "python" if text.contains('/') => self.python = Some(folder.join(text)),
            "python" => self.python = Some(not_empty(text, "a path must not be empty")?.into()),
            "reload" => self.reload = values::switch(text)?,
            "lenient" => self.lenient = values::switch(text)?,
            "static" => self.statics.push(mounted_folder(text, folder)?),
            "max-requests" => self.max_requests = Some(values::count(text)?),
            "max-memory" => self.max_memory = Some(values::size(text)?),
            "timeout" => self.timeout = Some(values::time(text)?),
            _ => return Err("no such option".to_string()),
        }
        Ok(())
    }
}

fn not_empty<'t>(text: &'t str, error: &str) -> Result<&'t str, String> {
    match text {
        "" => Err(error.to_string()),
        text => Ok(text),
    }
}

/// Reads the name of an application: a module and, after a colon, an attribute.
fn application(text: &str) -> Result<String, String> {
    let (module, attribute) = text.split_once(':').unwrap_or((text, "application"));
    let is_dotted = |text: &str| {
        text.split('.').all(|part| {
            let is_in_name = |character: char| character == '_' || character.is_alphanumeric();
            !part.is_empty() && part.chars().all(is_in_name)
        })
    };
    if is_dotted(module) && is_dotted(attribute.strip_suffix("()").unwrap_or(attribute)) {
        Ok(text.to_string())
    } else {
        Err("not MODULE:APPLICATION, such as shop.wsgi:application".to_string())
    }
}

fn mounted_folder(text: &str, base: &Path) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((prefix, folder))
            if prefix.starts_with('/') && prefix.len() > 1 && !folder.is_empty() =>
        {
            Ok((prefix.trim_end_matches('/').to_string(), base.join(folder)))
        }
        _ => Err("not PATH=DIR, such as /static=static".to_string()),
    }
}

pub(crate) fn run(application: String, options: Options) -> Result<ExitCode, Failure> {
    let signals = serve::prepare()?;
    let files = Files::open(&options)?;
    let errors = Log::of_errors();
    let log = errors.clone();
    let python = python(&options, &application).log(move |text| log.push(&lines(text)));
    let workers = match python.start() {
        Ok(workers) => workers,
        Err(error) => return Ok(report(&error, &errors)),
    };
    // Lines from the start come first.
    errors.finish();
    let (kind, version) = (workers.kind(), workers.version());
    tell(&format!(
        "bytegate: {application} is {kind}, with Python {version} ({})",
        workers.interpreter()
    ));
    let first = content(&options, &application, files, &workers)?;
    let reloaded = {
        let workers = workers.clone();
        move || workers.reload()
    };
    let build =
        move |options: &Options| content(options, &application, Files::open(options)?, &workers);
    serve::serve(options, first, build, reloaded, signals, &errors)
}

/// The files beside an application.
struct Files {
    site: Option<Site>,
    mounts: Vec<(String, Site)>,
}

impl Files {
    fn open(options: &Options) -> Result<Files, Failure> {
        let site = content::folder_site(options)?;
        let mut mounts = Vec::new();
        for (prefix, folder) in &options.wsgi.statics {
            mounts.push((prefix.clone(), options.site.clone().open(folder)?));
        }
        Ok(Files { site, mounts })
    }
}

/// Returns an application and the files beside it.
fn content(
    options: &Options,
    application: &str,
    files: Files,
    workers: &Workers,
) -> Result<Content, Failure> {
    let mut config = options.config;
    let timeout = options.wsgi.timeout.unwrap_or(Duration::from_secs(30));
    config.timeouts.response = timeout.saturating_add(MARGIN);
    let mounts = files.mounts.into_iter();
    let router = mounts.fold(Router::new(), |router, (prefix, site)| {
        router.mount(&prefix, site)
    });
    let counted = workers.clone();
    let workers = workers.clone();
    let router = match (workers.kind(), files.site) {
        (Kind::FileName, site) => {
            let mut suffixes = options.suffixes.clone();
            if suffixes.is_empty() {
                suffixes.push(DYNAMIC_SUFFIX.to_string());
            }
            let router = suffixes.iter().fold(router, |router, suffix| {
                router.suffix(suffix, workers.clone())
            });
            match site {
                Some(site) => router.fallback(NoSources(site)),
                None => router.fallback(workers),
            }
        }
        (_, Some(site)) => router.fallback(FilesFirst {
            files: NoSources(site),
            application: workers,
        }),
        (_, None) => router.fallback(workers),
    };
    let router = content::below_base(&options.base, router);
    let gateway = Gateway::new(router).config(config);
    let served = match &options.folder {
        Some(folder) => format!("{application} and the files of {}", folder.display()),
        None => application.to_string(),
    };
    Ok(Content {
        gateway: content::with_middleware(options, gateway)?,
        served,
        note: None,
        metrics: Some(Arc::new(move || more_metrics::of_workers(&counted))),
    })
}

fn python(options: &Options, application: &str) -> Python {
    let wsgi = &options.wsgi;
    let mut python = Python::new(application)
        .folder(import_folder(options.folder.as_deref(), application))
        .workers(wsgi.workers.unwrap_or(1))
        .threads(wsgi.threads.unwrap_or(1))
        .reload(wsgi.reload)
        .lenient(wsgi.lenient);
    if options.is_set("max-body") {
        python = python.body_bytes(options.config.limits.body_bytes);
    }
    if let Some(path) = &wsgi.python {
        python = python.interpreter(path);
    }
    if let Some(count) = wsgi.max_requests {
        python = python.max_requests(count as u64);
    }
    if let Some(bytes) = wsgi.max_memory {
        python = python.max_memory(bytes);
    }
    match wsgi.timeout {
        Some(timeout) => python.timeout(timeout),
        None => python,
    }
}

/// Returns the folder in which Python looks for the module: the current one, unless only the served one has it.
fn import_folder(served: Option<&Path>, application: &str) -> PathBuf {
    let module = application.split([':', '.']).next().unwrap_or_default();
    let has_it = |folder: &Path| {
        folder.join(module).is_dir() || folder.join(format!("{module}.py")).is_file()
    };
    match served {
        Some(folder) if !has_it(Path::new(".")) && has_it(folder) => folder.into(),
        _ => ".".into(),
    }
}

/// Prints why the application is not started. A traceback has several lines.
fn report(error: &StartError, errors: &Log) -> ExitCode {
    errors.push(&lines(&error.to_string()));
    errors.finish();
    ExitCode::FAILURE
}

/// Returns a message as lines of the log. The first one begins with the name of the program.
fn lines(text: &str) -> String {
    let mut lines = text.lines();
    let first = complaint(lines.next().unwrap_or_default());
    let others = lines.map(|line| ["\n", line].concat());
    [first, others.collect(), "\n".to_string()].concat()
}

/// The files of a folder, without Python's sources and what it compiles them to.
#[derive(Debug)]
struct NoSources(Site);

/// Suffixes of files that are never sent.
const SOURCES: [&str; 5] = [".py", ".pyc", ".pyi", ".pyo", ".pyw"];

fn is_source(request: &Request<'_>) -> bool {
    let Some(path) = request.decoded_path() else {
        return true;
    };
    let path = path.to_lowercase();
    path.split('/').any(|name| {
        let name = name.trim_end_matches(['.', ' ']);
        name == "__pycache__" || SOURCES.iter().any(|suffix| name.ends_with(suffix))
    })
}

impl Application for NoSources {
    fn call(&self, request: &Request<'_>) -> Response {
        if is_source(request) {
            Status::NOT_FOUND.into()
        } else {
            self.0.reply(request).into_response()
        }
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        self.0.admit(request)
    }
}

/// Files that exist, and an application for everything else.
#[derive(Debug)]
struct FilesFirst {
    files: NoSources,
    application: Workers,
}

impl Application for FilesFirst {
    fn call(&self, request: &Request<'_>) -> Response {
        if matches!(request.method(), Method::GET | Method::HEAD) && request.body().is_empty() {
            let response = self.files.call(request);
            if response.status() != Status::NOT_FOUND {
                return response;
            }
        }
        self.application.call(request)
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        self.application.admit(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_has_the_name_of_a_module_and_of_an_attribute() {
        for good in ["a", "a:b", "a.b_1:c.d", "a:make()"] {
            assert_eq!(application(good).as_deref(), Ok(good));
        }
        for wrong in ["", ":a", "a:", "a/b.py", "a..b:c", "a:b:c", "a:b(1)", "a b"] {
            assert!(application(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_static_folder_has_a_path() {
        assert_eq!(
            mounted_folder("/static/=a=b", Path::new("")),
            Ok(("/static".into(), "a=b".into()))
        );
        for wrong in ["", "/static", "static=a", "/=a", "/static="] {
            assert!(mounted_folder(wrong, Path::new("")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sources_are_recognized_however_they_are_spelled() {
        let asks_for_source = |path: &str| {
            let request = Request::builder("GET", path).build().unwrap();
            is_source(&request.view())
        };
        for path in [
            "/a.py",
            "/A.PY",
            "/a.p%79",
            "/a.py/",
            "/a.py/b",
            "/a.py.",
            "/a.pyc",
            "/__pycache__/a.cpython-311.x",
            "/a%2fb",
        ] {
            assert!(asks_for_source(path), "{path}");
        }
        for path in ["/", "/a.html", "/apy", "/a.pyx", "/python/a.png"] {
            assert!(!asks_for_source(path), "{path}");
        }
    }
}
