//! The last checks of a head, once it is whole: its target and its Host.

use super::authority::AuthorityPlace;
use super::head::HeadParser;
use super::layout::Layout;
use super::target::TargetPlace;
use crate::values::error::{Error, Fault};
use crate::values::scheme::Scheme;

impl HeadParser {
    /// Validates the target and Host of a parsed head, which completes its layout. `bytes` is the head.
    pub(crate) fn validate(&mut self, bytes: &[u8], scheme: Scheme) -> Result<&Layout, Fault> {
        let layout = self.draft();
        let place = TargetPlace::find(layout.method, bytes, layout.target, layout.target_seen)?;
        let host = host(bytes, layout)?;
        if let Some(authority) = place.authority() {
            validate_authority(bytes, layout, scheme, &place, authority, host)?;
        }
        Ok(self.complete(place, place.authority().or(host)))
    }
}

/// Validates Host (RFC 9112 section 3.2). HTTP/1.1 requires exactly one valid Host, and HTTP/1.0 allows at most one.
fn host(bytes: &[u8], layout: &Layout) -> Result<Option<AuthorityPlace>, Fault> {
    match layout.host {
        Some(span) => match AuthorityPlace::find(bytes, span) {
            Some(authority) => Ok(Some(authority)),
            None => Err(Fault::new(Error::HostMalformed, span.start as usize)),
        },
        None if layout.minor == 0 => Ok(None),
        None => Err(Fault::new(Error::HostMissing, layout.fields.end as usize)),
    }
}

/// Checks that a target with an authority refers to this connection and names the same host as Host.
#[cold]
fn validate_authority(
    bytes: &[u8],
    layout: &Layout,
    scheme: Scheme,
    place: &TargetPlace,
    authority: AuthorityPlace,
    host: Option<AuthorityPlace>,
) -> Result<(), Fault> {
    let fault = |error| Err(Fault::new(error, layout.target.start as usize));
    match (place.scheme(), host) {
        (None, _) => Err(Fault::new(Error::TunnelRefused, 0)),
        (Some(named), _) if named != scheme => fault(Error::TargetScheme),
        (Some(_), Some(host)) if !authority.of(bytes).same_host(&host.of(bytes)) => {
            fault(Error::HostConflict)
        }
        (Some(_), _) => Ok(()),
    }
}
