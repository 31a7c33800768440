//! bytegate's own front end with default options: a site in memory, the same page from an application, and a folder.

use crate::{BIG, Outcome, PAGE};
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
    listen(address, Gateway::new(router), threads)
}

/// Serves a folder with one thread.
pub(crate) fn serve_folder(address: SocketAddr, folder: &str) -> Outcome {
    listen(address, Gateway::new(Site::open(folder)?), Some(1))
}

fn listen(address: SocketAddr, gateway: Gateway, threads: Option<usize>) -> Outcome {
    let mut options = net::Options::default();
    // More than a scenario opens, so that none has to make room.
    options.max_connections = 20_000;
    if let Some(threads) = threads.and_then(NonZeroUsize::new) {
        options.threads = threads;
    }
    smol::block_on(async {
        let listener = net::listen(address)?;
        net::serve(listener, gateway, options, net::stop_signal()?).await?;
        Ok(())
    })
}
