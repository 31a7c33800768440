//! The certificates that new connections use.

use super::certificates::Certificates;
use rustls::ServerConfig;
use std::sync::Arc;

/// The certificates that new connections use. A connection keeps them when others take their place.
pub(super) struct Current {
    pub(super) config: Arc<ServerConfig>,
    /// Without them, a resolver chooses.
    pub(super) certificates: Option<Arc<Certificates>>,
}
