//! The grammar of request heads, field values and chunk-size lines, parsed from bytes. The only state is the position
//! of a scan.

pub(crate) mod authority;
mod block;
pub(crate) mod byte_class;
pub(crate) mod chunk;
pub(crate) mod content_disposition;
pub(crate) mod date;
pub(crate) mod entity_tag;
pub(crate) mod field_section;
pub(crate) mod forwarded;
pub(crate) mod head;
mod head_validation;
pub(crate) mod host_pattern;
pub(crate) mod layout;
pub(crate) mod length;
pub(crate) mod list;
pub(crate) mod multipart;
pub(crate) mod parameters;
pub(crate) mod path;
pub(crate) mod quality;
mod request_line;
mod scan;
pub(crate) mod span;
pub(crate) mod target;
pub(crate) mod uri_reference;
