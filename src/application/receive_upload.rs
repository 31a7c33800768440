//! Uploads that are received as they arrive.

use super::Application;
use crate::headers::headers::Headers;
use crate::request::request::Request;
use crate::response::response::Response;
use crate::upload::admission::{Admission, Receiver};
use alloc::boxed::Box;

/// Creates a [`Receiver`] for each request, which gets the body block by block as it arrives. `receiver` is called when only
/// the head has arrived.
///
/// The body may have any length, unless a [`with_body_limit`](crate::with_body_limit) is around the application. A request
/// without a body is an empty upload: its receiver [finishes](Receiver::finish) at once. To refuse some uploads, or to
/// buffer others, implement [`Application::admit`].
///
/// ```
/// use bytegate::application::receive_upload;
/// use bytegate::headers::Headers;
/// use bytegate::upload::Receiver;
/// use bytegate::{Request, Response, Router, testing::Client, with_body_limit};
///
/// struct Sum(u64);
///
/// impl Receiver for Sum {
///     fn data(&mut self, part: &[u8]) -> Result<(), Response> {
///         self.0 += part.iter().map(|&byte| u64::from(byte)).sum::<u64>();
///         Ok(())
///     }
///
///     fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
///         Response::text(format!("{}\n", self.0))
///     }
/// }
///
/// let router = Router::new().put("/sum", with_body_limit(1 << 30, receive_upload(|_: &Request| Sum(0))));
/// let client = Client::new(router);
/// assert_eq!(client.put("/sum").body(vec![1, 2, 3]).text(), "6\n");
/// ```
pub fn receive_upload<R: Receiver + 'static>(
    receiver: impl Fn(&Request<'_>) -> R + Send + Sync,
) -> impl Application {
    Upload(receiver)
}

struct Upload<F>(F);

impl<R: Receiver + 'static, F: Fn(&Request<'_>) -> R + Send + Sync> Application for Upload<F> {
    fn call(&self, request: &Request<'_>) -> Response {
        Box::new((self.0)(request)).finish(Headers::default())
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        Admission::stream((self.0)(request))
    }
}
