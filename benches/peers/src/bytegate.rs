//! bytegate's own front end with default options: a site in memory, the same page from an application, and a folder.

use crate::{BIG, Outcome, PAGE};
use bytegate::tls::Tls;
use bytegate::{Gateway, Request, Response, Router, Site, net};
use std::net::SocketAddr;
use std::num::NonZeroUsize;

/// Without a number of threads, it uses the default: one for each processor.
pub(crate) fn serve(address: SocketAddr, threads: Option<usize>) -> Outcome {
    let site = Site::new()
        .file("/index.html", PAGE)
        .file("/big.bin", &BIG[..]);
    let router = Router::new()
        .suffix(".py", |_: &Request<'_>| Response::html(PAGE))
        .fallback(site);
    listen(address, Gateway::new(router), options(threads))
}

/// Serves a folder over TLS with one thread. The certificate and its key are beside it.
pub(crate) fn serve_tls(address: SocketAddr, folder: &str) -> Outcome {
    let file = |name| format!("{folder}/../{name}");
    let mut options = options(Some(1));
    options.tls = Some(Tls::from_files(file("cert.pem"), file("key.pem"))?);
    listen(address, Gateway::new(Site::open(folder)?), options)
}

/// Serves a folder with one thread.
pub(crate) fn serve_folder(address: SocketAddr, folder: &str) -> Outcome {
    listen(address, Gateway::new(Site::open(folder)?), options(Some(1)))
}

fn options(threads: Option<usize>) -> net::Options {
    let mut options = net::Options::default();
    // More than a scenario opens, so that none has to make room.
    options.max_connections = 20_000;
    if let Some(threads) = threads.and_then(NonZeroUsize::new) {
        options.threads = threads;
    }
    options
}

fn listen(address: SocketAddr, gateway: Gateway, options: net::Options) -> Outcome {
    smol::block_on(async {
        let listener = net::listen(address)?;
        net::serve(listener, gateway, options, net::stop_signal()?).await?;
        Ok(())
    })
}
