//! `bytegate serve`

use crate::greeting::Greeting;
use crate::index::Listing;
use crate::log::Log;
use crate::options::Options;
use crate::terminal::{self, Color};
use crate::values::Hosts;
use crate::{Failure, addresses, browser, content, listen};
use bytegate::middleware::{AccessLog, AllowedHosts};
use bytegate::{Gateway, Rejection, Status, net};
use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::process::ExitCode;

pub(crate) fn run(mut options: Options) -> Result<ExitCode, Failure> {
    let listing = Listing::of(&options);
    options.site = options.site.listing(listing.is_shown);
    let (note, page) = listing.explain(&options)?;
    let gateway = content::gateway(&options, page)?;
    let served = match &options.folder {
        None => "the demo site".to_string(),
        Some(folder) => folder.display().to_string(),
    };
    serve(&options, gateway, &served, note, &Log::of_errors())
}

/// Serves a gateway until a signal stops it. `served` is what people are told, with a note about it.
pub(crate) fn serve(
    options: &Options,
    mut gateway: Gateway,
    served: &str,
    note: Option<String>,
    errors: &Log,
) -> Result<ExitCode, Failure> {
    let bind = options.bind.unwrap_or(Ipv4Addr::LOCALHOST.into());
    let complain = {
        let errors = errors.clone();
        move |message: &str| errors.complain(message)
    };
    let output = Log::start(io::stdout(), complain.clone());
    if let Some(hosts) = allowed_hosts(&options.hosts, bind) {
        gateway = gateway.with(hosts);
    }
    if !options.no_access_log {
        gateway = gateway.with(access_log(options.color, output.clone()));
    }
    let (listener, taken) = listen::listen(bind, options.port)?;
    let stop = net::stop_signal()?;
    net::raise_open_files_limit();
    let net_options = net_options(options).log_to(complain);
    let greeting = Greeting {
        served,
        address: listener.local_addr()?,
        has_ipv4_too: !socket2::SockRef::from(&listener).only_v6().unwrap_or(true),
        taken,
        note,
    };
    let url = greeting.print(options);
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

/// Returns the log of requests. A terminal also shows the time that each took.
fn access_log(color: Color, output: Log) -> AccessLog {
    let is_terminal = io::stdout().is_terminal();
    let has_colors = color.applies(is_terminal);
    let log = AccessLog::to(move |line| {
        if has_colors {
            output.push(&terminal::colored(line))
        } else {
            output.push(line)
        }
    });
    if is_terminal { log.timed() } else { log }
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
fn allowed_hosts(hosts: &Hosts, bind: IpAddr) -> Option<AllowedHosts> {
    let names = match hosts {
        Hosts::Any => return None,
        Hosts::Named(names) if names.is_empty() && addresses::is_open_to_others(bind) => {
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
