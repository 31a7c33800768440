//! The parser of forms with files, which enforces their limits.

use super::part::{MultipartLimits, Part};
use super::request::Request;
use crate::response::rejection::Rejection;
use crate::syntax::multipart::{OUTSIDE_LIMIT, PartError, PartParser, PartStep, is_boundary};
use alloc::format;

/// A parser for the parts of a form, within limits, whether the body is complete or still arriving.
#[derive(Clone, Debug)]
pub(crate) struct FormParser {
    parser: PartParser,
    limits: MultipartLimits,
    /// The number of parts so far.
    parts: usize,
    /// The body length of the last part so far.
    part_bytes: u64,
}

/// A piece of a form.
pub(crate) enum FormStep<'a> {
    /// The next part, without its body.
    Part(Part<'a>),
    /// The next bytes of its body. They are never empty.
    Data(&'a [u8]),
}

impl FormParser {
    /// Creates a parser for a request body.
    pub(crate) fn new(
        request: &Request<'_>,
        limits: MultipartLimits,
    ) -> Result<FormParser, Rejection> {
        let parameters = request.check_content_type("multipart/form-data", |media_type| {
            media_type == b"multipart/form-data"
        })?;
        match parameters.get_loosely("boundary") {
            Ok(Some(boundary)) if is_boundary(boundary) => Ok(FormParser {
                parser: PartParser::new(boundary, limits.part_head_bytes),
                limits,
                parts: 0,
                part_bytes: 0,
            }),
            _ => {
                let reason = "the Content-Type has no boundary of 1 to 70 characters";
                Err(Rejection::bad_request(reason))
            }
        }
    }

    /// Returns the next piece, or `None` if more input is needed. `input` begins with the rest left by the last step.
    /// If it `is_whole`, `None` means that the form is complete.
    pub(crate) fn step<'a>(
        &mut self,
        input: &mut &'a [u8],
        is_whole: bool,
    ) -> Result<Option<FormStep<'a>>, Rejection> {
        let number = self.parts + 1;
        let step = self.parser.step(input, is_whole);
        Ok(match step.map_err(|error| self.reject(error))? {
            None => None,
            Some(PartStep::Head(_)) if self.parts == self.limits.parts => {
                let reason = format!("the form has more than {} parts", self.limits.parts);
                return Err(Rejection::body_too_large(reason));
            }
            Some(PartStep::Head(head)) => {
                self.parts = number;
                self.part_bytes = 0;
                Some(FormStep::Part(Part::parse(head).map_err(|reason| {
                    Rejection::bad_request(format!("part {number} of the form {reason}"))
                })?))
            }
            Some(PartStep::Data(bytes)) => {
                self.part_bytes = self.part_bytes.saturating_add(bytes.len() as u64);
                let limit = self.limits.part_bytes;
                if self.part_bytes > limit {
                    let part = self.parts;
                    let reason = format!("part {part} of the form has more than {limit} bytes");
                    return Err(Rejection::body_too_large(reason));
                }
                Some(FormStep::Data(bytes))
            }
        })
    }

    fn reject(&self, error: PartError) -> Rejection {
        let part = self.parts + usize::from(!self.parser.is_in_data());
        Rejection::bad_request(match error {
            PartError::NoStart => {
                "the form does not contain the boundary of its Content-Type".into()
            }
            PartError::NoEnd => format!("part {part} of the form does not end with a boundary"),
            PartError::BoundaryLine => {
                format!("the boundary before part {part} of the form is not alone on its line")
            }
            PartError::Head => format!("part {part} of the form has a malformed head"),
            PartError::HeadTooLong => {
                let reason = format!("part {part} of the form has a head that is too long");
                return Rejection::body_too_large(reason);
            }
            PartError::OutsideTooLong => {
                let reason =
                    format!("the form has more than {OUTSIDE_LIMIT} bytes outside of its parts");
                return Rejection::body_too_large(reason);
            }
        })
    }
}
