//! The options of an application in Python.

use super::error::StartError;
use super::interpreter;
use super::plan::{Limits, Plan};
use super::pool::Pool;
use super::service::{Log, Service};
use super::supervisor::Supervisor;
use super::workers::Workers;
use crate::values::sync::Arc;
use core::fmt;
use core::num::{NonZeroU64, NonZeroUsize};
use core::time::Duration;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::prelude::rust_2024::*;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

/// The number of requests that are sent ahead to the only thread that there is.
const LINES_AHEAD: usize = 3;

/// A WSGI application (PEP 3333) in Python, before it is started.
///
/// | option | default |
/// |---|---|
/// | [`folder`](Python::folder) | the current one |
/// | [`interpreter`](Python::interpreter) | the virtual environment's, or `python3` |
/// | [`workers`](Python::workers), [`threads`](Python::threads) | 1 process with 1 thread |
/// | [`timeout`](Python::timeout), [`kill_after`](Python::kill_after) | 30 s, 5 s more |
/// | [`start_timeout`](Python::start_timeout), [`stop_timeout`](Python::stop_timeout) | 60 s, 30 s |
/// | [`body_bytes`](Python::body_bytes) | 64 MiB |
/// | [`waiting`](Python::waiting) | 256 requests |
/// | [`max_requests`](Python::max_requests), [`max_memory`](Python::max_memory), [`max_age`](Python::max_age) | no limit |
///
/// ```no_run
/// use bytegate::python::Python;
/// use bytegate::{Router, Site, net};
///
/// let shop = Python::new("shop.wsgi:application").folder("srv").workers(4).start()?;
/// let static_files = Site::open("srv/static")?;
/// net::run("127.0.0.1:7890", Router::new().mount("/static", static_files).fallback(shop))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Python {
    application: String,
    folder: PathBuf,
    interpreter: Option<PathBuf>,
    environment: BTreeMap<OsString, OsString>,
    workers: usize,
    threads: usize,
    is_lenient: bool,
    reloads: bool,
    all_paths: bool,
    body_bytes: u64,
    waiting: usize,
    timeout: Duration,
    kill_after: Duration,
    limits: Limits,
    log: Log,
}

impl Python {
    /// Creates the options of an application, named `module:attribute`. Without an attribute, it is `application`. An
    /// attribute that ends in `()` is called to make the application.
    ///
    /// An application with one parameter instead of two is of the kind that the tutorial first writes: it takes the path, and
    /// returns the text of a page.
    pub fn new(application: &str) -> Python {
        Python {
            application: application.into(),
            folder: PathBuf::from("."),
            interpreter: None,
            environment: BTreeMap::new(),
            workers: 1,
            threads: 1,
            is_lenient: false,
            reloads: false,
            all_paths: false,
            body_bytes: 64 * 1024 * 1024,
            waiting: 256,
            timeout: Duration::from_secs(30),
            kill_after: Duration::from_secs(5),
            limits: Limits {
                max_requests: None,
                max_memory: None,
                max_age: None,
                start_timeout: Duration::from_secs(60),
                stop_timeout: Duration::from_secs(30),
            },
            log: Arc::new(|line| {
                // Nobody can be told.
                let _ = writeln!(std::io::stderr(), "bytegate: {line}");
            }),
        }
    }

    /// Sets the folder in which Python runs and first looks for the module.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Python {
        self.folder = folder.as_ref().into();
        self
    }

    /// Sets the interpreter: Python 3.9 or newer. By default, it comes from the active virtual environment (`VIRTUAL_ENV`) or
    /// from `.venv` in the folder, or is `python3`.
    pub fn interpreter(mut self, path: impl AsRef<Path>) -> Python {
        self.interpreter = Some(path.as_ref().into());
        self
    }

    /// Sets the number of processes. An application that mostly computes needs one for each processor.
    ///
    /// # Panics
    /// Panics if it is 0.
    pub fn workers(mut self, count: usize) -> Python {
        self.workers = NonZeroUsize::new(count).expect("at least one worker").get();
        self
    }

    /// Sets the number of threads of each process, which is the number of requests that it processes at once. More than one
    /// thread helps an application that mostly waits. The application must be safe to call from several threads.
    ///
    /// # Panics
    /// Panics if it is 0.
    pub fn threads(mut self, count: usize) -> Python {
        self.threads = NonZeroUsize::new(count).expect("at least one thread").get();
        self
    }

    /// Sets an environment variable of the processes, in addition to the variables of this process.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Python {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Sets how long the application may be silent: until it responds, and then between two blocks. Exceeding it results in
    /// 504, or cuts the body off, and the process is replaced. The time comes from the front end, so tests can advance it.
    /// [`Timeouts::response`](crate::config::Timeouts::response) applies too, and should not be shorter.
    pub fn timeout(mut self, timeout: Duration) -> Python {
        self.timeout = timeout;
        self
    }

    /// Sets how long a process may continue after a [`timeout`](Python::timeout), to complete its other requests, before it is
    /// killed.
    pub fn kill_after(mut self, time: Duration) -> Python {
        self.kill_after = time;
        self
    }

    /// Sets how long the import of the application may take.
    pub fn start_timeout(mut self, timeout: Duration) -> Python {
        self.limits.start_timeout = timeout;
        self
    }

    /// Sets how long a process that is no longer needed may take for its last requests.
    pub fn stop_timeout(mut self, timeout: Duration) -> Python {
        self.limits.stop_timeout = timeout;
        self
    }

    /// Sets the longest body of a request. Exceeding it results in 413.
    ///
    /// A body that is longer than 16 KiB is stored in an unnamed file in the system's folder for temporary files. A worker gets
    /// a request only when its body is complete, so slow uploads do not hold workers up. The disk must have room for one such
    /// body per connection: if it does not, lower the limit on bodies or on connections.
    pub fn body_bytes(mut self, bytes: u64) -> Python {
        self.body_bytes = bytes;
        self
    }

    /// Sets how many requests may wait for a worker. Exceeding it results in 503.
    pub fn waiting(mut self, requests: usize) -> Python {
        self.waiting = requests;
        self
    }

    /// Replaces each process after this number of requests, or up to a tenth fewer. The next process is ready before this one
    /// ends.
    ///
    /// # Panics
    /// Panics if it is 0.
    pub fn max_requests(mut self, count: u64) -> Python {
        self.limits.max_requests =
            Some(NonZeroU64::new(count).expect("at least one request").get());
        self
    }

    /// Replaces a process when it uses more memory than this, in bytes (Linux only).
    pub fn max_memory(mut self, bytes: u64) -> Python {
        self.limits.max_memory = Some(bytes);
        self
    }

    /// Replaces a process when it has run for this long.
    pub fn max_age(mut self, age: Duration) -> Python {
        self.limits.max_age = Some(age);
        self
    }

    /// Sets whether the application is loaded again when the source of one of its modules changes. If that fails, the
    /// running processes continue. The default is `false`.
    pub fn reload(mut self, enabled: bool) -> Python {
        self.reloads = enabled;
        self
    }

    /// Sets whether the application may return a `str` in place of an iterable of bytes, which PEP 3333 forbids. The default
    /// is `false`.
    pub fn lenient(mut self, enabled: bool) -> Python {
        self.is_lenient = enabled;
        self
    }

    /// Calls the application also for paths that have no [decoded form](crate::Request::decoded_path), decoded once: an
    /// encoded slash, for example. By default, the response is a 404.
    pub fn undecoded_paths(mut self) -> Python {
        self.all_paths = true;
        self
    }

    /// Sets the function that receives the log lines about processes that end, are replaced or are loaded again. By default,
    /// the lines go to standard error, as the application's own output does.
    pub fn log(mut self, log: impl Fn(&str) + Send + Sync + 'static) -> Python {
        self.log = Arc::new(log);
        self
    }

    /// Starts the processes, and waits until each has imported the application.
    ///
    /// # Errors
    /// Returns an error if Python is not found or too old, or if the application cannot be imported. In the latter case, the
    /// error contains Python's traceback.
    pub fn start(self) -> Result<Workers, StartError> {
        let folder = std::path::absolute(&self.folder).map_err(|error| {
            StartError::new(format!("cannot use the folder {:?}: {error}", self.folder))
        })?;
        let lines = match self.workers * self.threads {
            1 if self.waiting >= LINES_AHEAD => 1 + LINES_AHEAD,
            _ => 1,
        };
        let (sender, commands) = mpsc::channel();
        let (started, is_started) = mpsc::channel();
        let service = Arc::new(Service {
            pool: Pool::new(self.waiting - (lines - 1)),
            body_bytes: self.body_bytes,
            all_paths: self.all_paths,
            timeout: self.timeout,
            kill_after: self.kill_after,
            log: self.log,
            commands: Mutex::new(sender.clone()),
        });
        let plan = Plan {
            application: self.application,
            interpreter: self
                .interpreter
                .unwrap_or_else(|| interpreter::find(&folder)),
            folder,
            environment: self.environment,
            workers: self.workers,
            threads: self.threads,
            lines,
            is_lenient: self.is_lenient,
            reloads: self.reloads,
            grace: self.timeout.min(Duration::from_secs(10)).as_secs_f64(),
        };
        let supervisor = Supervisor::new(
            service.clone(),
            plan,
            self.limits,
            commands,
            sender,
            started,
        );
        let thread = thread::Builder::new().name("bytegate-python".into());
        thread
            .spawn(move || supervisor.run())
            .map_err(|error| StartError::new(format!("cannot start a thread: {error}")))?;
        let about = is_started.recv().map_err(|_| {
            StartError::new("the thread that starts the workers has ended".into())
        })??;
        Ok(Workers::new(service, about))
    }
}

impl fmt::Debug for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Python")
            .field("application", &self.application)
            .field("folder", &self.folder)
            .field("interpreter", &self.interpreter)
            .field("workers", &self.workers)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
