//! `peers NAME PORT [FOLDER]`: one of the servers that measure.py compares. Each serves the same two paths, and each is
//! written the way its documentation does it.

mod actix;
mod axum;
mod bytegate;
mod epoll;
mod hyper;
mod may_minihttp;
mod tiny_http;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

const PAGE: &str = "<h1>Hello, world</h1>\n";
const PAGE_TYPE: &str = "text/html; charset=utf-8";
static BIG: [u8; 1024 * 1024] = [b'x'; 1024 * 1024];
const BIG_TYPE: &str = "application/octet-stream";
/// The number of threads for every server that lets us set it.
const THREADS: usize = 2;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, port, folder) = match &arguments[..] {
        [name, port] => (name, port, None),
        [name, port, folder] => (name, port, Some(folder)),
        _ => return Err("usage: peers NAME PORT [FOLDER]".into()),
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?));
    match name.as_str() {
        "bytegate-tls" => bytegate::serve_tls(address, folder.ok_or("no folder")?),
        "bytegate-live" => bytegate::serve_folder(address, folder.ok_or("no folder")?),
        "actix" => actix::serve(listen(address)?),
        "axum" => axum::serve(listen(address)?),
        "bytegate" => bytegate::serve(address, None),
        "bytegate-1" => bytegate::serve(address, Some(1)),
        "bytegate-shared" => bytegate::serve_shared(address),
        "epoll" => epoll::serve(listen(address)?),
        "hyper" => hyper::serve(listen(address)?),
        "may_minihttp" => may_minihttp::serve(address),
        "tiny_http" => tiny_http::serve(listen(address)?),
        _ => Err(format!("no server {name:?}").into()),
    }
}

/// A listener whose connections have TCP_NODELAY from the start, which Linux lets them inherit: most peers
/// leave Nagle's algorithm on, and pipelined responses then wait for acknowledgements.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    rustix::net::sockopt::set_tcp_nodelay(&listener, true)?;
    Ok(listener)
}

/// For the peers on tokio.
fn block_on(work: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_io()
        .build()?
        .block_on(work)
}
