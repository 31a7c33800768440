//! Forms with files, received part by part.

use super::admission::{AbortReason, Admission, Receiver};
use crate::headers::headers::Headers;
use crate::request::form_parser::{FormParser, FormStep};
use crate::request::part::{MultipartLimits, Part};
use crate::request::request::Request;
use crate::response::response::Response;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::task::{Context, Poll};

/// The default limit on a whole form that is received part by part.
const FORM_BYTES: u64 = 64 * 1024 * 1024;

/// A receiver of a form with files (feature `multipart`). It receives the parts as they arrive, without buffering them,
/// and responds at the end. See [`Admission::multipart`].
///
/// The last call is one of [`finish`](PartReceiver::finish), [`abort`](PartReceiver::abort) and a refusal by
/// [`part`](PartReceiver::part) or [`data`](PartReceiver::data). If the form is malformed or exceeds its limits, it is
/// refused midway with 400 or 413, and the receiver is dropped without a further call.
///
/// ```
/// use bytegate::testing::{Client, FormPart};
/// use bytegate::{Application, Rejection, Request, Response, Status};
/// use bytegate::request::Part;
/// use bytegate::upload::{Admission, PartReceiver};
///
/// /// The names and the lengths of the files.
/// #[derive(Default)]
/// struct Album(Vec<(String, usize)>);
///
/// impl PartReceiver for Album {
///     fn part(&mut self, part: &Part) -> Result<(), Response> {
///         let name = part.file_name().ok_or(Status::UNPROCESSABLE_CONTENT)?;
///         self.0.push((name.to_string(), 0));
///         Ok(())
///     }
///
///     fn data(&mut self, block: &[u8]) -> Result<(), Response> {
///         // A real album would write the block to a file.
///         self.0.last_mut().expect("a part").1 += block.len();
///         Ok(())
///     }
///
///     fn finish(self: Box<Self>) -> Response {
///         Response::text(format!("{:?}", self.0))
///     }
/// }
///
/// struct Uploads;
///
/// impl Application for Uploads {
///     fn call(&self, _: &Request) -> Response {
///         Rejection::bad_request("there is no form").into()
///     }
///
///     fn admit(&self, request: &Request) -> Admission {
///         Admission::multipart(request, Album::default())
///     }
/// }
///
/// let client = Client::new(Uploads);
/// let response = client.post("/").multipart(&[FormPart::file("photo", "sea.png", "image/png", "\x7fPNG")]).send();
/// assert_eq!(response.text(), "[(\"sea.png\", 4)]");
/// ```
pub trait PartReceiver: Send {
    /// Polls whether a block can be accepted now, like [`Receiver::poll_ready`].
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let _ = context;
        Poll::Ready(())
    }

    /// Begins the next part, whose head has arrived. Its body is still empty.
    ///
    /// # Errors
    /// Returns a response to refuse the rest of the form.
    fn part(&mut self, part: &Part<'_>) -> Result<(), Response>;

    /// Processes the next bytes of the body of the current part. They are never empty.
    ///
    /// # Errors
    /// Returns a response to refuse the rest of the form.
    fn data(&mut self, block: &[u8]) -> Result<(), Response>;

    /// Responds when the form is complete.
    fn finish(self: Box<Self>) -> Response;

    /// Called when the form will never be complete.
    fn abort(self: Box<Self>, reason: AbortReason) {
        let _ = reason;
    }
}

impl Admission {
    /// Passes a form with files to a receiver, part by part as it arrives (feature `multipart`).
    ///
    /// Forms that [`Request::multipart`](crate::Request::multipart) would reject are refused with the same response,
    /// but as early as possible: a body of another type before it is sent, and a malformed part in the middle of the
    /// form. At most the head of one part is kept in memory. A form of more than 64 MiB gets a 413;
    /// [`up_to`](Admission::up_to) changes that. A request without a body is not admitted but passed to
    /// [`Application::call`](crate::Application::call).
    pub fn multipart(request: &Request<'_>, receiver: impl PartReceiver + 'static) -> Admission {
        Admission::multipart_with(request, MultipartLimits::default(), receiver)
    }

    /// Like [`multipart`](Admission::multipart), but with other limits on the parts.
    pub fn multipart_with(
        request: &Request<'_>,
        limits: MultipartLimits,
        receiver: impl PartReceiver + 'static,
    ) -> Admission {
        match FormParser::new(request, limits) {
            Ok(parser) => Admission::stream(FormReceiver {
                parser,
                kept: Vec::new(),
                receiver: Box::new(receiver),
            })
            .up_to(FORM_BYTES),
            Err(rejection) => Admission::discard(&request.head(), rejection.into()),
        }
    }
}

struct FormReceiver {
    parser: FormParser,
    /// The bytes so far of a head or a possible boundary.
    kept: Vec<u8>,
    receiver: Box<dyn PartReceiver>,
}

impl FormReceiver {
    /// Parses as much of the input as possible, passes it to the receiver, and removes it.
    fn parse(&mut self, input: &mut &[u8], is_whole: bool) -> Result<(), Response> {
        while let Some(step) = self.parser.step(input, is_whole)? {
            match step {
                FormStep::Part(part) => self.receiver.part(&part)?,
                FormStep::Data(block) => self.receiver.data(block)?,
            }
        }
        Ok(())
    }
}

impl Receiver for FormReceiver {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.receiver.poll_ready(context)
    }

    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        if self.kept.is_empty() {
            let mut input = part;
            self.parse(&mut input, false)?;
            self.kept.extend_from_slice(input);
            return Ok(());
        }
        let mut kept = core::mem::take(&mut self.kept);
        kept.extend_from_slice(part);
        let mut input = &kept[..];
        self.parse(&mut input, false)?;
        let used = kept.len() - input.len();
        kept.drain(..used);
        self.kept = kept;
        Ok(())
    }

    fn finish(mut self: Box<Self>, _: Headers<'_>) -> Response {
        let kept = core::mem::take(&mut self.kept);
        match self.parse(&mut &kept[..], true) {
            Ok(()) => self.receiver.finish(),
            Err(refusal) => refusal,
        }
    }

    fn abort(self: Box<Self>, reason: AbortReason) {
        self.receiver.abort(reason);
    }
}
