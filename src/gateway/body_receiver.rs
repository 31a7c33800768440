//! The receiver of the body of a request, while the body arrives.

use super::chain::Chain;
use super::driver::Driver;
use super::front_end::{FrontEnd, clock_of};
use super::gateway::Shared;
use super::wait::Wait;
use crate::config::config::Config;
use crate::connection::Step;
use crate::middleware::Clock;
use crate::response::response::Response;
use crate::upload::admission::AbortReason;
use crate::values::now::Now;
use crate::values::protocol_error::ProtocolError;
use core::borrow::Borrow;
use core::task::{Context, Poll};

impl<C: Borrow<Config>> Driver<C> {
    /// Asks the receiver of the body, if there is one, whether it can take more.
    pub(super) fn poll_receiver(
        &mut self,
        gateway: &Shared,
        front_end: &impl FrontEnd,
    ) -> Result<Poll<()>, Response> {
        let Some(exchange) = &mut self.exchange else {
            return Ok(Poll::Ready(()));
        };
        let chain = Chain::new(gateway, &self.caller);
        let polled = exchange.poll_ready(chain, &mut Context::from_waker(front_end.waker()));
        if let Ok(Poll::Ready(())) = polled {
            exchange.waits_since = None;
        }
        polled
    }

    /// Reads nothing until the receiver is ready, or responds if that takes too long. Pending output is still written.
    pub(super) fn wait_for_receiver(
        &mut self,
        gateway: &Shared,
        now: Now,
        front_end: &mut impl FrontEnd,
    ) -> Option<Wait> {
        self.connection.hold();
        match self.connection.write_step(now) {
            Some(Step::Write { until }) => return Some(Wait::Write { until }),
            Some(Step::Close(reason)) => return Some(Wait::Close(reason)),
            _ => {}
        }
        let exchange = self.exchange.as_mut()?;
        let since = *exchange.waits_since.get_or_insert(now.monotonic);
        let until = since.saturating_add(gateway.config.timeouts.response);
        if now.monotonic < until {
            return Some(Wait::Pending { until });
        }
        let chain = Chain::new(gateway, &self.caller);
        exchange.abort(chain, AbortReason::Refused(ProtocolError::ResponseTimeout));
        let late = ProtocolError::ResponseTimeout;
        let response = Response::refused(late, late);
        self.interrupt(gateway, response, front_end);
        None
    }

    /// Responds in place of a receiver that refused its body, panicked or was not ready in time.
    pub(super) fn interrupt(
        &mut self,
        gateway: &Shared,
        mut response: Response,
        front_end: &mut impl FrontEnd,
    ) {
        let mut exchange = self.exchange.take().unwrap_or_default();
        let chain = Chain::new(gateway, &self.caller);
        exchange.interrupt(chain, &mut response, Clock::new(&clock_of(front_end)));
        self.respond(gateway, &mut response, Some(exchange), front_end);
    }

    /// Tells a receiver whose body will not be completed.
    pub(super) fn disconnect(&mut self, gateway: &Shared) {
        if let Some(exchange) = &mut self.exchange {
            let chain = Chain::new(gateway, &self.caller);
            exchange.abort(chain, AbortReason::Disconnected);
        }
    }
}
