//! A proxy in front of a server of this crate, started with its configuration file.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A bound that only a broken proxy reaches.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that passes on connections or requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Nginx,
    HaProxy,
}

/// A running proxy, which ends when this is dropped.
pub(crate) struct Front {
    child: Child,
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
}

impl Program {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Program::Nginx => "nginx",
            Program::HaProxy => "haproxy",
        }
    }

    /// Returns the path of the program. Prints a line if it is not installed.
    fn path(self) -> Option<PathBuf> {
        let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
        let paths = folders.map(|folder| Path::new(folder).join(self.name()));
        let path = paths.into_iter().find(|path| path.exists());
        if path.is_none() {
            println!("skipped: {} is not here", self.name());
        }
        path
    }
}

/// Returns the path of a module of nginx. Prints a line if it is not installed.
pub(crate) fn nginx_module(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules"];
    let paths = folders.map(|folder| Path::new(folder).join(name));
    let path = paths.into_iter().find(|path| path.exists());
    if path.is_none() {
        println!("skipped: the nginx module {name} is not here");
    }
    path
}

impl Front {
    /// Starts a proxy. `config` gets its port and a folder for its files. Returns `None` if the program is not installed.
    pub(crate) fn start(program: Program, config: impl Fn(u16, &Path) -> String) -> Option<Front> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let path = program.path()?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("front-{}-{count}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let (port, file) = (free_port(), folder.join("config"));
        let text = config(port, &folder);
        fs::write(&file, [text.trim_end(), "\n"].concat()).expect("a configuration");
        let errors = folder.join("errors");
        let log = fs::File::create(&errors).expect("a log");
        let mut command = Command::new(path);
        match program {
            Program::Nginx => command.arg("-e").arg(&errors).arg("-c").arg(&file),
            Program::HaProxy => command.args(["-db", "-f"]).arg(&file),
        };
        let (stdout, stderr) = (log.try_clone().expect("a log"), log);
        let child = command.stdout(stdout).stderr(stderr).spawn();
        let mut front = Front {
            child: child.expect("the proxy starts"),
            folder,
            port,
        };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let has_ended = front.child.try_wait().expect("a child").is_some();
            assert!(!has_ended && Instant::now() < until, "{}", front.errors());
            thread::sleep(Duration::from_millis(20));
        }
        Some(front)
    }

    /// Returns what the proxy wrote to its output, and what it complained about.
    pub(crate) fn errors(&self) -> String {
        fs::read_to_string(self.folder.join("errors")).unwrap_or_default()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Returns a port that is free now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The configuration of nginx, with these blocks, and with all files in the folder.
pub(crate) fn nginx(folder: &Path, blocks: &str) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors warn;
        events {{ }}
        {blocks}"
    )
}

/// The block of nginx for HTTP, with these blocks.
pub(crate) fn nginx_http(folder: &Path, blocks: &str) -> String {
    let folder = folder.display();
    let http = format!(
        "http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
            uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
            {blocks}
        }}"
    );
    nginx(folder.to_string().as_ref(), &http)
}
