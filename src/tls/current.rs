//! The certificates that new connections use.

use super::certificates::Certificates;
use rustls::ServerConfig;
use std::sync::Arc;

/// The certificates that new connections use. After a reload, open connections keep the old ones.
pub(super) struct Current {
    pub(super) config: Arc<ServerConfig>,
    /// `None` if a resolver chooses.
    pub(super) certificates: Option<Arc<Certificates>>,
}
