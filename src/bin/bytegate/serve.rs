//! `bytegate serve`

use crate::log::Log;
use crate::options::Options;
use crate::values::Hosts;
use crate::{Failure, addresses, browser, content};
use bytegate::middleware::{AccessLog, AllowedHosts};
use bytegate::{Gateway, Rejection, Status, net};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::process::ExitCode;

const PORT: u16 = 7890;

pub(crate) fn run(options: Options) -> Result<ExitCode, Failure> {
    let gateway = content::gateway(&options)?;
    let served = match &options.folder {
        None => "the demo site".to_string(),
        Some(folder) => folder.display().to_string(),
    };
    serve(&options, gateway, &served, &Log::of_errors())
}

/// Serves a gateway until a signal stops it. `served` is what people are told.
pub(crate) fn serve(
    options: &Options,
    mut gateway: Gateway,
    served: &str,
    errors: &Log,
) -> Result<ExitCode, Failure> {
    let bind = options.bind.unwrap_or(Ipv4Addr::LOCALHOST.into());
    let address = SocketAddr::new(bind, options.port.unwrap_or(PORT));
    let complain = {
        let errors = errors.clone();
        move |message: &str| errors.complain(message)
    };
    let output = Log::start(io::stdout(), complain.clone());
    if let Some(hosts) = allowed_hosts(&options.hosts, address) {
        gateway = gateway.with(hosts);
    }
    if !options.no_access_log {
        let access = output.clone();
        gateway = gateway.with(AccessLog::to(move |lines| access.push(lines)));
    }
    let listener = net::listen(address)?;
    let stop = net::stop_signal()?;
    net::raise_open_files_limit();
    let net_options = net_options(options).log_to(complain);
    let is_only_ipv6 = socket2::SockRef::from(&listener).only_v6().unwrap_or(true);
    let url = greet(served, listener.local_addr()?, !is_only_ipv6);
    // The folder may be large, so this does not delay the start.
    let surveyed = options.clone();
    std::thread::spawn(move || content::survey(&surveyed));
    if options.open {
        browser::open(&url);
    }
    smol::block_on(net::serve(listener, gateway, net_options, stop))?;
    errors.complain("stopped");
    output.finish();
    errors.finish();
    Ok(ExitCode::SUCCESS)
}

fn net_options(options: &Options) -> net::Options {
    let mut net = net::Options::default();
    // These applications wait only for the disk, and a single thread costs least.
    net.threads = NonZeroUsize::MIN;
    let or = |given: Option<usize>, default| given.unwrap_or(default);
    net.max_connections = or(options.connections, net.max_connections);
    net.connections_per_address = or(options.connections_per_address, net.connections_per_address);
    net.buffered_bytes = or(options.buffered_bytes, net.buffered_bytes);
    net.stop_timeout = options.stop_timeout.unwrap_or(net.stop_timeout);
    net
}

/// Returns the hosts that are served, unless all are. If only this machine can reach the server, a request for another name
/// comes from a page whose name was rebound to this machine (DNS rebinding).
fn allowed_hosts(hosts: &Hosts, address: SocketAddr) -> Option<AllowedHosts> {
    let names = match hosts {
        Hosts::Any => return None,
        Hosts::Named(names) if names.is_empty() && addresses::is_open_to_others(address) => {
            return None;
        }
        Hosts::Named(names) => names,
    };
    let local = AllowedHosts::local().refusal(|host| {
        let sentence = format!(
            "bytegate serves only localhost, IP addresses, and names that it was given with --host, but this request is \
             for {host}; --host any serves all names, for a proxy on the same machine"
        );
        Rejection::new(Status::MISDIRECTED_REQUEST, sentence).into()
    });
    Some(names.iter().fold(local, |allowed, name| allowed.host(name)))
}

/// Prints the served site, its addresses, and who can connect. Returns the URL for this machine.
fn greet(served: &str, address: SocketAddr, has_ipv4_too: bool) -> String {
    let mut urls = addresses::urls(address, has_ipv4_too).into_iter();
    let url = urls.next().unwrap_or_default();
    crate::tell(&format!(
        "bytegate serves {served} on {url} (Ctrl-C stops it)"
    ));
    for other in urls {
        crate::tell(&format!("  and on {other}"));
    }
    if addresses::is_open_to_others(address) {
        let ip = address.ip();
        crate::tell(&format!(
            "  reachable from the network, because of --bind {ip}"
        ));
    }
    url
}
