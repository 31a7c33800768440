//! The proxies in front of the server.

use bytegate::config::{AddressRange, TrustedProxies};
use bytegate::middleware::ForwardedHeaders;
use std::mem;

/// The options about proxies.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProxyOptions {
    /// The proxies that send PROXY headers.
    protocol: TrustedProxies,
    /// The proxies whose request headers are believed.
    trusted: TrustedProxies,
    /// Whether `Forwarded` is read, if the option is given.
    pub(crate) is_rfc7239: Option<bool>,
    pub(crate) host: bool,
    pub(crate) prefix: bool,
}

impl ProxyOptions {
    pub(crate) fn add_protocol(&mut self, text: &str) -> Result<(), String> {
        add(&mut self.protocol, text)
    }

    pub(crate) fn add_trusted(&mut self, text: &str) -> Result<(), String> {
        add(&mut self.trusted, text)
    }

    /// Returns the proxies that send PROXY headers, if there are any.
    pub(crate) fn protocol(&self) -> Option<TrustedProxies> {
        Some(self.protocol.clone()).filter(|proxies| !proxies.is_empty())
    }

    /// Returns the middleware for the headers of trusted proxies, if there are any.
    pub(crate) fn forwarded_headers(&self) -> Option<ForwardedHeaders> {
        if self.trusted.is_empty() {
            return None;
        }
        let mut forwarded = ForwardedHeaders::trusting(self.trusted.clone());
        if self.is_rfc7239 == Some(true) {
            forwarded = forwarded.rfc7239();
        }
        if self.host {
            forwarded = forwarded.host();
        }
        if self.prefix {
            forwarded = forwarded.prefix();
        }
        Some(forwarded)
    }

    /// Returns whether a proxy was announced.
    pub(crate) fn is_behind_one(&self) -> bool {
        !self.protocol.is_empty() || !self.trusted.is_empty()
    }
}

/// Parses the name of the headers that are read.
pub(crate) fn is_rfc7239(text: &str) -> Result<bool, String> {
    match text {
        "forwarded" => Ok(true),
        "x-forwarded" => Ok(false),
        _ => Err("not x-forwarded or forwarded".to_string()),
    }
}

fn add(proxies: &mut TrustedProxies, text: &str) -> Result<(), String> {
    let before = mem::take(proxies);
    *proxies = match text {
        "unix" => before.named_peers(),
        text => {
            let range: AddressRange = text.parse().map_err(|error| format!("{error}"))?;
            before.range(range)
        }
    };
    Ok(())
}
