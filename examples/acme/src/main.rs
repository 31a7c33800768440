//! An HTTPS server that orders and renews its certificates itself, with the challenge TLS-ALPN-01 (RFC 8737):
//!
//! `cargo run --release -- '[::]:443' certificates example.com www.example.com`
//!
//! The authority must reach this server on port 443 of each host. The certificates and the account are kept in the folder
//! `certificates`. By default, they are test certificates from the staging environment of Let's Encrypt. `ACME_DIRECTORY` names
//! another authority, such as `https://acme-v02.api.letsencrypt.org/directory`, and `ACME_ROOT` the file with the root
//! certificate of a private one.

use bytegate::tls::TlsOptions;
use bytegate::tls::rustls::pki_types::{CertificateDer, pem::PemObject};
use bytegate::tls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use bytegate::{Request, net};
use rustls_acme::{AcmeConfig, caches::DirCache};
use smol::stream::block_on;
use std::os::unix::fs::DirBuilderExt;
use std::{env, error::Error, fs, thread};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, folder, domains @ ..] = &arguments[..] else {
        return Err("usage: bytegate-acme ADDRESS FOLDER DOMAIN...".into());
    };
    // The folder contains private keys.
    fs::DirBuilder::new()
        .mode(0o700)
        .recursive(true)
        .create(folder)?;
    let mut config = AcmeConfig::new(domains).cache(DirCache::new(folder.clone()));
    if let Ok(directory) = env::var("ACME_DIRECTORY") {
        config = config.directory(directory);
    }
    if let Ok(file) = env::var("ACME_ROOT") {
        config = config.client_tls_config(trusting(&file)?.into());
    }
    let orders = config.state();

    let mut options = net::Options::default();
    options.tls = Some(TlsOptions::new().acme_resolver(orders.resolver()).build()?);
    // The orders run while the server serves, because the authority validates each host on it.
    thread::spawn(move || {
        for event in block_on(orders) {
            eprintln!("{event:?}");
        }
    });
    net::run_with(address, |_: &Request| "hello\n", options)?;
    Ok(())
}

/// Returns the configuration of a client that trusts only this authority.
fn trusting(file: &str) -> Result<ClientConfig, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file)?)?;
    let builder = ClientConfig::builder_with_provider(ring::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
