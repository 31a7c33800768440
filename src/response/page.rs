//! The kinds of pages.

use crate::values::protocol_error::ProtocolError;

/// The kind of page that the body of a response is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// A body that the application chose.
    Own,
    /// The default page of the status.
    Default,
    /// The default page that explains an error in the input, or why the server cannot respond.
    Explains(ProtocolError),
}
