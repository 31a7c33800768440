//! `bytegate serve`

use crate::Failure;
use crate::arguments::Serve;
use bytegate::{AccessLog, net};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::num::NonZeroUsize;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

pub(crate) fn run(serve: Serve) -> Result<ExitCode, Failure> {
    let mut gateway = crate::gateway(&serve.content)?;
    if serve.access_log {
        gateway = gateway.with(AccessLog::to(log_access));
    }
    let listener = net::listen(serve.address)?;
    let stop = stop_or_exit()?;
    net::raise_open_files_limit();
    let defaults = net::Options::default();
    let options = net::Options {
        // Nothing served here ever waits, and a single thread costs least.
        threads: NonZeroUsize::MIN,
        error_log: Some(Arc::new(crate::complain)),
        stop_timeout: serve.stop_timeout.unwrap_or(defaults.stop_timeout),
        connections: serve.connections.unwrap_or(defaults.connections),
        ..defaults
    };
    let what = match &serve.content.folder {
        None => "the demo site".to_string(),
        Some(folder) => folder.display().to_string(),
    };
    greet(&what, listener.local_addr()?);
    if serve.opens_browser {
        open_browser(&url(listener.local_addr()?));
    }
    smol::block_on(net::serve(listener, gateway, options, stop))?;
    crate::tell("bytegate: stopped");
    Ok(ExitCode::SUCCESS)
}

/// Says what is served and where.
fn greet(what: &str, address: SocketAddr) {
    if !address.ip().is_unspecified() {
        let url = url(address);
        return crate::tell(&format!(
            "bytegate serves {what} on {url} (Ctrl-C stops it)"
        ));
    }
    let url = url(address);
    crate::tell(&format!(
        "bytegate serves {what} on {url} (Ctrl-C stops it)"
    ));
    for ip in own_addresses(address) {
        let address = SocketAddr::new(ip, address.port());
        crate::tell(&format!(
            "  and on http://{address}/ for others in the network"
        ));
    }
    crate::tell("  everyone who can reach this machine over the network can read it");
}

/// Returns the address of the site for this machine.
fn url(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}/")
}

/// Returns the addresses from which this machine would send to other networks. Nothing is sent to find out.
fn own_addresses(bound: SocketAddr) -> Vec<IpAddr> {
    // Reserved for documentation (RFC 5737, RFC 3849): the system only chooses a route.
    let v4 = ("0.0.0.0:0", "192.0.2.1:9");
    let v6 = ("[::]:0", "[2001:db8::1]:9");
    let routes = match bound.is_ipv4() {
        true => vec![v4],
        false => vec![v4, v6],
    };
    let source = |(from, to): (&str, &str)| {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        let ip = socket.local_addr().ok()?.ip();
        (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
    };
    routes.into_iter().filter_map(source).collect()
}

/// Opens a page in the browser of the desktop.
fn open_browser(url: &str) {
    let (program, arguments): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[url]),
        "windows" => ("cmd", &["/c", "start", "", url]),
        _ => ("xdg-open", &[url]),
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if let Err(error) = command.spawn() {
        crate::complain(&format!("cannot open a browser with {program}: {error}"));
    }
}

/// Returns a future that completes at the first signal. A second signal exits at once.
fn stop_or_exit() -> Result<impl Future<Output = ()>, Failure> {
    let first = net::stop_signal()?;
    Ok(async move {
        first.await;
        std::thread::spawn(|| {
            if let Ok(second) = net::stop_signal() {
                smol::block_on(second);
                std::process::exit(130);
            }
        });
    })
}

/// Writes to the access log. A failure to write must not stop the server.
fn log_access(lines: &str) {
    let _ = std::io::stdout().lock().write_all(lines.as_bytes());
}
