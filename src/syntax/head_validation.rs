//! The last checks of a head, once it is complete: its target and its Host.

use super::authority::AuthorityPlace;
use super::head::{HeadParser, Phase};
use super::layout::Layout;
use super::target::TargetPlace;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};
use crate::values::scheme::Scheme;

impl HeadParser {
    /// Validates the target and Host of a parsed head, which completes its layout. `bytes` begin with the head.
    #[inline(always)]
    pub(crate) fn validate(
        &mut self,
        bytes: &[u8],
        scheme: Scheme,
    ) -> Result<&Layout, InvalidRequest> {
        let layout = &mut self.layout;
        let mut authority = None;
        // Parts of nearly every head are written in place, because moving them right after a write is slow.
        let is_common =
            TargetPlace::is_common(layout.method, bytes, layout.target, layout.target_seen);
        if is_common {
            layout.target_place = TargetPlace::common(layout.target, layout.target_seen);
        } else {
            (layout.target_place, authority) =
                TargetPlace::find(layout.method, bytes, layout.target)?;
        }
        match layout
            .host
            .get()
            .and_then(|host| AuthorityPlace::find_common(bytes, host))
        {
            Some(host) => layout.authority = Some(host),
            None => layout.authority = host(bytes, layout)?,
        }
        if let Some(authority) = authority {
            validate_authority(bytes, layout, scheme, authority)?;
            layout.authority = Some(authority);
        }
        self.phase = Phase::Valid;
        Ok(&self.layout)
    }
}

/// Validates Host, in any form (RFC 9112 section 3.2). HTTP/1.1 requires exactly one valid Host, and HTTP/1.0 allows at
/// most one.
#[inline(never)]
fn host(bytes: &[u8], layout: &Layout) -> Result<Option<AuthorityPlace>, InvalidRequest> {
    match layout.host.get() {
        Some(span) => match AuthorityPlace::find(bytes, span) {
            Some(authority) => Ok(Some(authority)),
            None => Err(InvalidRequest::new(
                ProtocolError::HostMalformed,
                span.start as usize,
            )),
        },
        None if layout.minor == 0 => Ok(None),
        None => Err(InvalidRequest::new(
            ProtocolError::HostMissing,
            layout.fields.end as usize,
        )),
    }
}

/// Checks that a target with an authority refers to this connection and names the same host as Host, which is the
/// authority of the layout so far.
#[cold]
fn validate_authority(
    bytes: &[u8],
    layout: &Layout,
    scheme: Scheme,
    authority: AuthorityPlace,
) -> Result<(), InvalidRequest> {
    let fault = |error| Err(InvalidRequest::new(error, layout.target.start as usize));
    match (layout.target_place.scheme(), layout.authority) {
        (None, _) => Err(InvalidRequest::new(ProtocolError::TunnelRefused, 0)),
        (Some(named), _) if named != scheme => fault(ProtocolError::TargetScheme),
        (Some(_), Some(host)) if !authority.of(bytes).same_host(&host.of(bytes)) => {
            fault(ProtocolError::HostConflict)
        }
        (Some(_), _) => Ok(()),
    }
}
