//! Comments that keep a stream of events alive.

use crate::body::body::Body;
use crate::body::body_error::BodyError;
use crate::events::event::{Event, Events};
use bytes::Bytes;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use futures_core::Stream;
use smol::Timer;

/// Sends a comment, which clients ignore, whenever there was no event for `interval`. This keeps proxies from
/// closing an idle connection and detects disconnected clients. The HTML Standard advises 15 seconds or so.
///
/// ```no_run
/// use bytegate::{Gateway, Request, net};
/// use bytegate::events::Broadcast;
/// use std::time::Duration;
///
/// let news = Broadcast::new(16);
/// let application = move |_: &Request<'_>| net::keep_alive(news.subscribe(), Duration::from_secs(15));
/// net::run("127.0.0.1:7890", Gateway::new(application))?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn keep_alive(events: Events, interval: Duration) -> Events {
    Events::of_blocks(KeptAlive {
        body: events.body,
        interval,
        timer: Timer::after(interval),
    })
}

struct KeptAlive {
    body: Body,
    interval: Duration,
    timer: Timer,
}

impl Stream for KeptAlive {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        let this = &mut *self;
        let block = match this.body.poll_block(context) {
            Poll::Ready(block) => block,
            Poll::Pending => {
                ready!(Pin::new(&mut this.timer).poll(context));
                Some(Ok(Event::keep_alive().into()))
            }
        };
        this.timer.set_after(this.interval);
        Poll::Ready(block)
    }
}
