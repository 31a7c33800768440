//! Redirects from HTTP to HTTPS.

use crate::heritage::Heritage;
use crate::listen::{self, Place};
use crate::options::Options;
use crate::tls::RedirectFrom;
use bytegate::middleware::RequestParts;
use bytegate::net::Listener;
use bytegate::request::Scheme;
use bytegate::{Middleware, Rejection, Response, Status};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// The path of ACME challenges (RFC 8555 section 8.3), which authorities fetch over plain HTTP.
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// The sockets whose requests are redirected to HTTPS.
pub(crate) struct Plain {
    pub(crate) listener: Listener,
    pub(crate) places: Vec<Place>,
    pub(crate) redirect: RedirectToHttps,
}

impl Plain {
    /// Listens on the address for HTTP, or on the port of each IP address on which the server speaks TLS.
    ///
    /// # Errors
    /// Returns an error that names the address, if one of them is taken, or if no address speaks TLS.
    pub(crate) fn listen(
        options: &Options,
        secure: &[Place],
        heritage: &mut Heritage,
    ) -> io::Result<Option<Plain>> {
        let secure: Vec<SocketAddr> = secure.iter().filter_map(Place::socket_address).collect();
        let Some(from) = &options.tls.redirect_http else {
            return Ok(None);
        };
        let Some(first) = secure.first() else {
            let error = "--redirect-http needs a TCP address that serves https: Unix sockets do not speak TLS";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        };
        let addresses = match from {
            RedirectFrom::Address(address) => vec![address.clone()],
            RedirectFrom::Port(port) => {
                let mut ips: Vec<IpAddr> = secure.iter().map(SocketAddr::ip).collect();
                ips.sort_unstable();
                ips.dedup();
                let at_port = |ip| SocketAddr::new(ip, *port).into();
                ips.into_iter().map(at_port).collect()
            }
        };
        let (mut listeners, mut places) = (Vec::new(), Vec::new());
        for address in &addresses {
            let (listener, found) = listen::at(address, "--redirect-http".to_string(), heritage)?;
            listeners.push(listener);
            places.extend(found);
        }
        Ok(Some(Plain {
            listener: listeners.into_iter().collect(),
            places,
            redirect: RedirectToHttps { port: first.port() },
        }))
    }
}

/// Redirects plain HTTP requests to this port. The client keeps their method and body (308).
#[derive(Clone, Copy, Debug)]
pub(crate) struct RedirectToHttps {
    pub(crate) port: u16,
}

impl Middleware for RedirectToHttps {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let path = request.head.path();
        let is_plain = request.connection.scheme == Scheme::Http;
        // The target of OPTIONS may be a star.
        if !is_plain || path.starts_with(CHALLENGES) || !path.starts_with('/') {
            return None;
        }
        let Some(authority) = request.head.authority() else {
            let sentence = "this port redirects to https, and the request names no host";
            return Some(Rejection::new(Status::BAD_REQUEST, sentence).into());
        };
        let port = match self.port {
            443 => String::new(),
            port => format!(":{port}"),
        };
        let query = request.head.query().map(|query| format!("?{query}"));
        let location = format!(
            "https://{}{port}{path}{}",
            authority.host,
            query.unwrap_or_default()
        );
        Some(Response::redirect(Status::PERMANENT_REDIRECT, &location))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytegate::testing::Client;
    use bytegate::{Gateway, Request};

    fn client(port: u16) -> Client {
        let gateway = Gateway::new(|_: &Request| "served");
        Client::new(gateway.with(RedirectToHttps { port }))
    }

    #[test]
    fn plain_requests_are_sent_to_the_same_path_over_https() {
        for (port, host, target, location) in [
            (443, "a.test", "/", "https://a.test/"),
            (443, "a.test:80", "/b?c=d&e", "https://a.test/b?c=d&e"),
            (8443, "a.test:8080", "/%41//b", "https://a.test:8443/%41//b"),
            (
                8443,
                "[::1]:80",
                "//evil.test",
                "https://[::1]:8443//evil.test",
            ),
        ] {
            let response = client(port)
                .post(target)
                .header("Host", host)
                .body("x")
                .send();
            assert_eq!(response.status(), Status::PERMANENT_REDIRECT);
            assert_eq!(response.header("Location"), Some(location));
        }
    }

    #[test]
    fn requests_over_https_and_challenges_are_served() {
        let challenge = "/.well-known/acme-challenge/token";
        assert_eq!(client(443).get(challenge).text(), "served");
        let secure = client(443).scheme(Scheme::Https);
        assert_eq!(secure.get("/a").text(), "served");
        assert_eq!(client(443).options("*").status(), Status::NO_CONTENT);
    }

    #[test]
    fn a_request_without_a_host_is_refused() {
        let response = client(443).send_bytes(b"GET / HTTP/1.0\r\n\r\n");
        assert!(response.starts_with(b"HTTP/1.1 400 "));
    }
}
