//! Options for connections.

use super::spec::{Completes, Spec, number, switch, text, texts};

/// Addresses.
pub(super) const ADDRESSES: &[Spec] = &[
    text(
        "bind",
        "ADDR",
        "Listen on this IP address; 0.0.0.0 or :: for all addresses of this machine, so that \
         others can connect",
    )
    .at_start()
    .default("127.0.0.1")
    .completes(Completes::Words(&["127.0.0.1", "0.0.0.0", "localhost"])),
    number("port", "N", "Listen on this port; 0 for any free port")
        .at_start()
        .short('p')
        .default("the first free port from 7890 to 7899"),
    texts(
        "listen",
        "ADDRESS",
        "Listen on this address, instead of --bind and --port or in addition to them: \
         0.0.0.0:80, [::]:80, unix:/run/web.sock, unix:/run/web.sock,mode=660, systemd, or \
         systemd:NAME for the sockets that a unit calls NAME; may be given several times",
    )
    .at_start()
    .completes(Completes::Words(&["0.0.0.0:80", "[::]:80", "systemd"])),
    texts(
        "host",
        "NAME",
        "Also serve requests for this host: dev.test or *.dev.test; may be given several times. \
         Use 'any' behind a local proxy that forwards the Host header",
    )
    .default("localhost, *.localhost and IP addresses; any if --bind lets others connect"),
    switch("open", "Open the page in the browser"),
    switch(
        "qr",
        "Print the address as a QR code, for phones on the same network",
    )
    .default("with --bind, if standard error is a terminal"),
    switch("no-qr", "Do not print a QR code"),
];

/// Logs and monitoring.
pub(super) const LOGS: &[Spec] = &[
    text(
        "color",
        "WHEN",
        "Color the access log: auto, always or never",
    )
    .default("auto, which colors it on a terminal, unless NO_COLOR is set")
    .completes(Completes::Words(&["auto", "always", "never"])),
    switch(
        "no-access-log",
        "Do not write a line for each request to standard output",
    ),
    text(
        "log-format",
        "FORMAT",
        "The format of the access log: common, combined, which adds Referer and User-Agent, or \
         json",
    )
    .default("common")
    .completes(Completes::Words(&["common", "combined", "json"])),
    text(
        "log-file",
        "FILE",
        "Append the access log to FILE instead; SIGUSR1 opens it again, after it was moved",
    )
    .at_start()
    .completes(Completes::Files),
    text(
        "admin",
        "ADDRESS",
        "Serve /metrics for Prometheus, /healthz and /readyz on this address: 127.0.0.1:9100 or \
         unix:/run/web-admin.sock,mode=660",
    )
    .at_start()
    .completes(Completes::Words(&["127.0.0.1:9100"])),
];

/// Times and limits.
pub(super) const LIMITS: &[Spec] = &[
    number(
        "head-timeout",
        "TIME",
        "Close connections whose request head takes longer",
    )
    .default("10s"),
    number(
        "idle-timeout",
        "TIME",
        "Close connections that are idle for this long",
    )
    .default("75s"),
    number(
        "drain-delay",
        "TIME",
        "After a signal to stop, still accept connections for this long, so that a load balancer \
         notices the stop",
    )
    .at_start()
    .default("0s"),
    number(
        "stop-timeout",
        "TIME",
        "After a signal to stop, give requests in progress this much time",
    )
    .at_start()
    .default("8s"),
    number(
        "connections",
        "N",
        "Accept this many connections at once; when all are in use, close idle and slow ones to \
         make room",
    )
    .at_start()
    .default("10000, or half of the limit on open files"),
    number(
        "connections-per-address",
        "N",
        "Accept this many connections from one address; raise it for a proxy on another machine",
    )
    .at_start()
    .default("2500, or a quarter of the default above"),
    number(
        "buffered-bytes",
        "SIZE",
        "Hold at most this many bytes of incomplete requests and unsent responses; beyond it, \
         send 503",
    )
    .at_start()
    .default("256M"),
];

/// Proxies in front.
pub(super) const PROXIES: &[Spec] = &[
    texts(
        "trust-proxy",
        "RANGE",
        "Trust proxies in this range, such as 10.0.0.0/24 or 127.0.0.1, to name the address and \
         the scheme of their clients; 'unix' for peers on Unix sockets; may be given several times",
    )
    .default("no proxy is trusted"),
    text(
        "forwarded",
        "HEADER",
        "The header in which trusted proxies name clients: x-forwarded, for X-Forwarded-For and \
         X-Forwarded-Proto, or forwarded (RFC 7239)",
    )
    .default("x-forwarded")
    .completes(Completes::Words(&["x-forwarded", "forwarded"])),
    switch(
        "forwarded-host",
        "Also believe X-Forwarded-Host from trusted proxies, which must always set it",
    ),
    switch(
        "forwarded-prefix",
        "Also believe X-Forwarded-Prefix from trusted proxies, which must always set it: the \
         prefix that they remove from the path",
    ),
    texts(
        "proxy-protocol",
        "RANGE",
        "Accept connections only from proxies in this range, and only with a PROXY header \
         (version 1 or 2); 'unix' for peers on Unix sockets; may be given several times",
    )
    .at_start(),
];

pub(super) const TLS: &[Spec] = &[
    switch(
        "tls",
        "Serve HTTPS. Without --tls-cert, create a self-signed certificate for localhost, the \
         names and addresses of this machine, and --host; print its fingerprint, and keep it for \
         the next start",
    )
    .at_start()
    .feature("self-signed", cfg!(feature = "self-signed")),
    texts(
        "tls-cert",
        "FILE",
        "Serve HTTPS with the certificate in FILE (PEM), followed by its intermediate \
         certificates; may be given several times: the client's host name selects one, or else \
         the first is used",
    )
    .at_start()
    .feature("tls", cfg!(feature = "rustls"))
    .completes(Completes::Files),
    texts(
        "tls-key",
        "FILE",
        "The private key of the certificate (PEM); the first --tls-key is for the first \
         --tls-cert",
    )
    .at_start()
    .feature("tls", cfg!(feature = "rustls"))
    .completes(Completes::Files),
    text(
        "client-ca",
        "FILE",
        "Accept only clients with a certificate that an authority in FILE (PEM) has signed",
    )
    .at_start()
    .feature("tls", cfg!(feature = "rustls"))
    .completes(Completes::Files),
    texts(
        "client-crl",
        "FILE",
        "Refuse clients whose certificate is revoked by a list in FILE (CRL, PEM), or whose \
         authority has no current list there; may be given several times",
    )
    .at_start()
    .feature("tls", cfg!(feature = "rustls"))
    .completes(Completes::Files),
    number(
        "redirect-http",
        "PORT",
        "Also listen on PORT, or on an address as in --listen, and redirect HTTP to HTTPS, except \
         below /.well-known/acme-challenge/, which certificate authorities read over HTTP",
    )
    .at_start()
    .feature("tls", cfg!(feature = "rustls")),
];
