//! bytegate's own front end with default options: a site in memory, the same page from an application, and a folder.

use crate::{BIG, Outcome, PAGE};
use bytegate::tls::Tls;
use bytegate::{Gateway, Request, Response, Router, Site, net};
use rustix::net::sockopt::set_socket_reuseport;
use rustix::net::{AddressFamily, SocketType, bind, socket};
use std::hint::black_box;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;

/// Without a number of threads, it uses the default: one for each processor.
pub(crate) fn serve(address: SocketAddr, threads: Option<usize>) -> Outcome {
    let site = Site::new()
        .file("/index.html", PAGE)
        .file("/big.bin", &BIG[..]);
    let gateway = Gateway::new(router(site));
    listen(net::listen(address)?, gateway, options(threads))
}

/// Serves with one thread, on a port that other processes can share.
pub(crate) fn serve_shared(address: SocketAddr) -> Outcome {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    set_socket_reuseport(&socket, true)?;
    bind(&socket, &address)?;
    rustix::net::listen(&socket, 1024)?;
    let gateway = Gateway::new(router(Site::new().file("/index.html", PAGE)));
    listen(socket.into(), gateway, options(Some(1)))
}

fn router(site: Site) -> Router {
    Router::new()
        .suffix(".py", |_: &Request<'_>| Response::html(PAGE))
        .suffix(".work", |_: &Request<'_>| {
            // About a tenth of a millisecond.
            let sum = (0..100_000_u64).fold(1, |sum, number| black_box(sum ^ number));
            black_box(sum);
            Response::html(PAGE)
        })
        .fallback(site)
}

/// Serves a folder over TLS with one thread. The certificate and its key are beside it.
pub(crate) fn serve_tls(address: SocketAddr, folder: &str) -> Outcome {
    let file = |name| format!("{folder}/../{name}");
    let mut options = options(Some(1));
    options.tls = Some(Tls::from_files(file("cert.pem"), file("key.pem"))?);
    let gateway = Gateway::new(Site::open(folder)?);
    listen(net::listen(address)?, gateway, options)
}

/// Serves a folder with one thread.
pub(crate) fn serve_folder(address: SocketAddr, folder: &str) -> Outcome {
    let gateway = Gateway::new(Site::open(folder)?);
    listen(net::listen(address)?, gateway, options(Some(1)))
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

fn listen(listener: TcpListener, gateway: Gateway, options: net::Options) -> Outcome {
    smol::block_on(async {
        net::serve(listener, gateway, options, net::stop_signal()?).await?;
        Ok(())
    })
}
