//! Notifications to systemd (sd_notify). Unix only.

use core::time::Duration;
use rustix::time::{ClockId, clock_gettime};
use std::env;
use std::ffi::OsStr;
use std::format;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::prelude::rust_2024::*;
use std::process;

/// The time that a message may take. The manager reads its queue continuously.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// The socket of the service manager.
#[derive(Debug)]
pub(super) struct Notifier {
    socket: UnixDatagram,
    /// The interval at which the manager expects a sign of life.
    pub(super) watchdog: Option<Duration>,
}

impl Notifier {
    /// Returns the service manager that is named in the environment.
    pub(super) fn from_environment() -> Option<Notifier> {
        let name = env::var_os("NOTIFY_SOCKET")?;
        let watchdog = || {
            let pid = env::var("WATCHDOG_PID").ok();
            let is_mine = pid.is_none_or(|pid| pid.parse() == Ok(process::id()));
            let micros = env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
            (is_mine && micros > 0).then(|| Duration::from_micros(micros))
        };
        // Without its manager, the service still runs.
        let socket = connect(&name).ok()?;
        Some(Notifier {
            socket,
            watchdog: watchdog(),
        })
    }

    /// Sends a message. If it is lost, the manager reports that.
    pub(super) fn send(&self, message: &str) {
        let _ = self.socket.send(message.as_bytes());
    }

    pub(super) fn send_reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec / 1000);
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }
}

/// Connects to a path, or to an abstract name, which begins with `@`.
fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::net::SocketAddr;
        if let Some(name) = name.as_bytes().strip_prefix(b"@") {
            socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?;
            return Ok(socket);
        }
    }
    socket.connect(name)?;
    Ok(socket)
}
