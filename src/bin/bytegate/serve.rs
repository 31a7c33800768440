//! `bytegate serve`

use crate::access::AccessOutput;
use crate::admin::Admin;
use crate::greeting::Greeting;
use crate::heritage::Heritage;
use crate::index::Listing;
use crate::listen::{Listening, Place};
use crate::log::Log;
use crate::more_metrics::{ContentMetrics, MoreMetrics};
use crate::options::Options;
use crate::redirect::{Plain, RedirectToHttps};
use crate::signals::{Control, Signals};
use crate::tls::Certificates;
use crate::values::Hosts;
use crate::{Failure, addresses, browser, content, listen, signals};
use bytegate::middleware::AllowedHosts;
use bytegate::{Gateway, Rejection, Status, net};
use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;
#[cfg(unix)]
use std::sync::{Arc, Mutex};

/// The gateway, the name of the site for messages, and a note about it.
pub(crate) struct Content {
    pub(crate) gateway: Gateway,
    pub(crate) served: String,
    pub(crate) note: Option<String>,
    pub(crate) metrics: Option<ContentMetrics>,
}

pub(crate) fn run(options: Options) -> Result<ExitCode, Failure> {
    let signals = prepare()?;
    let content = site(&options)?;
    let has_folder = options.folder.is_some();
    let build = move |now: &Options| match now.folder {
        // The demo site must not take its place.
        None if has_folder => Err("no folder is named any more".into()),
        _ => site(now),
    };
    serve(options, content, build, || {}, signals, &Log::of_errors())
}

/// The least number of files that must be allowed to be open: for sockets, signals, standard streams and a few requests.
const OPEN_FILES: usize = 64;

/// Prepares the process for serving, before anything is opened.
///
/// # Errors
/// Returns an error if the process may not have enough open files, or if signals cannot be caught.
pub(crate) fn prepare() -> Result<Signals, Failure> {
    let limit = net::raise_open_files_limit();
    if let Some(limit) = limit.filter(|limit| *limit < OPEN_FILES) {
        return Err(format!(
            "a process may have only {limit} open files here, and the server needs {OPEN_FILES}: raise the limit (ulimit -n)"
        )
        .into());
    }
    Ok(Signals::catch()?)
}

fn site(options: &Options) -> Result<Content, Failure> {
    let listing = Listing::of(options);
    let mut options = options.clone();
    options.site = options.site.listing(listing.is_shown);
    let (note, page) = listing.explain(&options)?;
    let served = match &options.folder {
        None => "the demo site".to_string(),
        Some(folder) => folder.display().to_string(),
    };
    Ok(Content {
        gateway: content::gateway(&options, page)?,
        served,
        note,
        metrics: None,
    })
}

/// Serves until a signal stops it. At each SIGHUP, `build` creates the content again, and `reloaded` is called if that succeeds.
pub(crate) fn serve(
    options: Options,
    content: Content,
    build: impl Fn(&Options) -> Result<Content, Failure> + Send + 'static,
    reloaded: impl Fn() + Send + 'static,
    signals: Signals,
    errors: &Log,
) -> Result<ExitCode, Failure> {
    let complain = {
        let errors = errors.clone();
        move |message: &str| errors.complain(message)
    };
    let output = AccessOutput::open(&options, signals.log, errors)?;
    let Content {
        gateway,
        served,
        note,
        metrics,
    } = content;
    let mut heritage = Heritage::from_environment()?;
    let Listening {
        listener,
        places,
        taken,
    } = listen::listen(&options, &mut heritage)?;
    let certificates = Certificates::of(&options)?;
    let plain = Plain::listen(&options, &places, &mut heritage)?;
    let admin = options.admin.as_ref();
    let admin = admin.map(|address| Admin::listen(address, &mut heritage));
    let admin = admin.transpose()?;
    let finish = Finish {
        // No page can make a browser send a PROXY header.
        has_local_only: has_local_only(&places) && options.proxies.protocol().is_none(),
        output: output.clone(),
        redirect: plain.as_ref().map(|plain| plain.redirect),
    };
    let gateways = Gateways::new(finish, &options, gateway);
    let stop = net::stop_signal()?;
    let mut net_options = net_options(&options).log_to(complain);
    net_options.metrics = admin.as_ref().map(Admin::metrics);
    let notes = note.into_iter().chain(certificates.notes.clone());
    let notes = notes.chain(admin.as_ref().map(Admin::note)).collect();
    let reload = {
        let (gateways, certificates) = (gateways.clone(), certificates.clone());
        let (options, errors) = (options.clone(), errors.clone());
        move || {
            let now = signals::options(&options)?;
            let content = build(&now).map_err(|error| error.to_string())?;
            for line in certificates.reload(&now)? {
                errors.complain(&line);
            }
            gateways.replace(&now, content.gateway);
            reloaded();
            Ok(match signals::unapplied(&options, &now)[..] {
                [] => format!("reloaded {}", content.served),
                ref names => {
                    let names = names.join(", ");
                    format!(
                        "reloaded {}, but a restart is needed for {names}",
                        content.served
                    )
                }
            })
        }
    };
    let (goes_on, handed_over) = smol::channel::bounded::<()>(1);
    #[cfg(unix)]
    let (takeover, is_starting) = (heritage.takeover(), Arc::new(Mutex::new(())));
    let control = Control {
        reload,
        #[cfg(unix)]
        takeover: takeover.clone(),
        #[cfg(unix)]
        is_starting: is_starting.clone(),
        readiness: net_options.readiness.clone(),
        errors: errors.clone(),
        _goes_on: goes_on,
    };
    // Health checks must not reach this process once another one serves.
    let more = MoreMetrics {
        certificates: certificates.clone(),
        content: metrics,
    };
    let admin = admin.map(|admin| admin.start(&net_options.readiness, handed_over, more));
    let admin = admin.transpose()?;
    let greeting = Greeting {
        served: &served,
        places: &places,
        taken,
        redirected: plain.as_ref().map_or(&[], |plain| &plain.places),
        notes,
    };
    let url = greeting.print(&options);
    // The folder may be large, so this does not delay the start.
    let surveyed = options.clone();
    std::thread::spawn(move || content::survey(&surveyed));
    if let Some(url) = url.filter(|_| options.open) {
        browser::open(&url);
    }
    let stop = smol::future::or(stop, control.start(signals.control)?);
    heritage.release();
    let stop = {
        let (errors, delay) = (errors.clone(), net_options.drain_delay);
        #[cfg(unix)]
        let takeover = takeover.clone();
        async move {
            stop.await;
            #[cfg(unix)]
            takeover.cancel();
            if !delay.is_zero() {
                errors.complain(&format!(
                    "stopping: new clients are served for {delay:?} more"
                ));
            }
        }
    };
    smol::block_on(gateways.serve(listener, plain, &certificates, net_options, stop))?;
    if let Some(admin) = admin {
        admin.stop();
    }
    // A new process that is not ready ends first.
    #[cfg(unix)]
    drop(is_starting.lock());
    output.finish();
    errors.complain("stopped");
    errors.finish();
    Ok(ExitCode::SUCCESS)
}

/// Returns whether the server listens only on loopback addresses, where requests for other names come from pages of other sites
/// (DNS rebinding). Browsers cannot connect to Unix sockets.
fn has_local_only(places: &[Place]) -> bool {
    let mut ips = places.iter().filter_map(Place::ip).peekable();
    ips.peek().is_some() && !ips.any(addresses::is_open_to_others)
}

/// Adds the outermost middleware.
#[derive(Clone)]
struct Finish {
    has_local_only: bool,
    output: AccessOutput,
    /// The middleware for plain HTTP, if it is redirected.
    redirect: Option<RedirectToHttps>,
}

impl Finish {
    fn secure(&self, options: &Options, mut gateway: Gateway) -> Gateway {
        if let Some(hosts) = allowed_hosts(&options.hosts, self.has_local_only) {
            gateway = gateway.with(hosts);
        }
        if !options.no_access_log {
            gateway = gateway.with(self.output.middleware(options));
        }
        match options.proxies.forwarded_headers() {
            Some(forwarded) => gateway.with(forwarded),
            None => gateway,
        }
    }

    fn plain(&self, options: &Options, gateway: Gateway) -> Option<Gateway> {
        let redirect = self.redirect?;
        Some(self.secure(options, gateway.with(redirect)))
    }
}

/// The gateway, and the one for plain HTTP, if it is redirected.
#[derive(Clone)]
struct Gateways {
    finish: Finish,
    gateway: net::Reloadable,
    plain: Option<net::Reloadable>,
}

impl Gateways {
    fn new(finish: Finish, options: &Options, gateway: Gateway) -> Gateways {
        let plain = finish.plain(options, gateway.clone());
        Gateways {
            plain: plain.map(net::Reloadable::new),
            gateway: net::Reloadable::new(finish.secure(options, gateway)),
            finish,
        }
    }

    fn replace(&self, options: &Options, gateway: Gateway) {
        let plain = self.finish.plain(options, gateway.clone());
        if let Some((before, now)) = self.plain.as_ref().zip(plain) {
            before.replace(now);
        }
        self.gateway.replace(self.finish.secure(options, gateway));
    }

    async fn serve(
        self,
        listener: net::Listener,
        plain: Option<Plain>,
        certificates: &Certificates,
        options: net::Options,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let (stopping, stopped) = smol::channel::bounded::<()>(1);
        let redirecting = async {
            let Some((plain, gateway)) = plain.zip(self.plain) else {
                return Ok(());
            };
            let mut options = options.clone();
            // Redirects are short, so few connections are enough.
            options.max_connections = options.max_connections.div_ceil(8);
            options.readiness = net::Readiness::default();
            let stop = async {
                // It is closed.
                let _ = stopped.recv().await;
            };
            net::serve(plain.listener, gateway, options, stop).await
        };
        let serving = async {
            let stop = async {
                stop.await;
                drop(stopping);
            };
            let options = certificates.of_server(options.clone());
            net::serve(listener, self.gateway, options, stop).await
        };
        smol::future::try_zip(redirecting, serving).await.map(drop)
    }
}

fn net_options(options: &Options) -> net::Options {
    let mut net = net::Options::default();
    // These applications wait only for the disk, and a single thread costs least.
    net.threads = NonZeroUsize::MIN;
    let or = |given: Option<usize>, default| given.unwrap_or(default);
    net.max_connections = or(options.connections, net.max_connections);
    net.connections_per_address = or(options.connections_per_address, net.connections_per_address);
    net.buffered_bytes = or(options.buffered_bytes, net.buffered_bytes);
    net.drain_delay = options.drain_delay.unwrap_or(net.drain_delay);
    net.proxy_protocol = options.proxies.protocol();
    net.stop_timeout = options.stop_timeout.unwrap_or(net.stop_timeout);
    net.readiness = net::Readiness::for_systemd();
    net
}

/// Returns the hosts that are served, unless all are.
fn allowed_hosts(hosts: &Hosts, has_local_only: bool) -> Option<AllowedHosts> {
    let names = match hosts {
        Hosts::Any => return None,
        Hosts::Named(names) if names.is_empty() && !has_local_only => return None,
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
