//! The body of a response that is sent block by block.

use super::chain::Chain;
use super::driver::{Driver, Stepped};
use super::front_end::FrontEnd;
use super::gateway::Shared;
use super::wait::Wait;
use crate::body::block::Block;
use crate::body::body_error::BodyError;
use crate::config::config::Config;
use crate::connection::Connection;
use crate::values::now::Now;
use core::borrow::Borrow;
use core::task::{Context, Poll};
use core::time::Duration;

impl<C: Borrow<Config>> Driver<C> {
    /// Sends the next block, or waits for it.
    pub(super) fn send_body(
        &mut self,
        gateway: &Shared,
        now: &Now,
        front_end: &mut impl FrontEnd,
    ) -> Stepped {
        let chain = Chain::new(gateway, &self.caller);
        let blocks = self.exchange.as_mut().and_then(|it| it.blocks.as_mut());
        let mut context = Context::from_waker(front_end.waker());
        let next = match blocks {
            #[cfg(feature = "server")]
            Some(blocks) if self.takes_files => {
                chain.caller.guard(|| blocks.poll_block(&mut context))
            }
            Some(blocks) => chain
                .caller
                .guard(|| blocks.poll_bytes(&mut context).map_ok(Block::Bytes)),
            None => Ok(Poll::Ready(None)),
        };
        match next {
            // Blocks that are already there are sent first.
            Ok(Poll::Pending) if self.ends_at_stop() && front_end.is_stopping() => {
                self.end_body(Ok(()));
            }
            Ok(Poll::Pending) => {
                let exchange = self.exchange.as_ref();
                match exchange.map_or(Err(Duration::MAX), |it| it.filler(*now)) {
                    Ok(filler) => self.send(Block::Bytes(filler)),
                    Err(until) => {
                        self.asked(Connection::flush);
                        if self.connection.output().is_empty() {
                            return Stepped::Waits(Wait::Pending { until });
                        }
                    }
                }
            }
            // Nothing comes to be written, so a stream of empty blocks would never let go.
            Ok(Poll::Ready(Some(Ok(block)))) if block.is_empty() => {
                self.send(block);
                return Stepped::Waits(Wait::Yield);
            }
            Ok(Poll::Ready(Some(Ok(block)))) => self.send(block),
            Ok(Poll::Ready(None)) => self.end_body(Ok(())),
            Ok(Poll::Ready(Some(Err(broken)))) => self.end_body(Err(broken)),
            Err(response) => {
                if let Some(error) = response.error() {
                    self.report(gateway, error, self.exchange.as_deref(), front_end);
                }
                self.end_body(Err(BodyError));
            }
        }
        Stepped::Ran
    }

    fn ends_at_stop(&self) -> bool {
        let exchange = self.exchange.as_ref();
        exchange.is_some_and(|exchange| exchange.kind.ends_at_stop())
    }

    fn send(&mut self, block: Block) {
        self.count(block.len());
        #[cfg(feature = "server")]
        if let (Some(exchange), Block::Bytes(bytes)) = (&mut self.exchange, &block) {
            exchange.kind.sent(bytes);
        }
        self.asked(|connection| connection.send_block(block));
    }

    /// Sends an empty comment in a stream of events that waits for its next event. A client ignores it, and one that is
    /// gone shows that it is. Returns `false` if no such stream waits.
    #[cfg(feature = "server")]
    pub(super) fn send_comment(&mut self) -> bool {
        let exchange = self.exchange.as_ref();
        let takes_comments = exchange.is_some_and(|exchange| exchange.kind.takes_comments());
        takes_comments && self.connection.send(b":\n"[..].into()).is_ok()
    }

    /// Counts bytes that the stream of a body has given.
    fn count(&mut self, bytes: usize) {
        if let Some(exchange) = &mut self.exchange {
            exchange.given += bytes as u64;
            exchange.put_off_filler(self.connection.last_step());
        }
    }

    pub(super) fn end_body(&mut self, end: Result<(), BodyError>) {
        self.keep_to_report(end.is_err());
        self.asked(|connection| connection.end_body(end));
    }

    /// Keeps the exchange of a body that has ended only if that is reported when the connection closes: it broke off, or
    /// had another length than declared.
    pub(super) fn keep_to_report(&mut self, has_broken_off: bool) {
        let Some(exchange) = &mut self.exchange else {
            return;
        };
        exchange.blocks = None;
        if has_broken_off {
            exchange.declared = None;
        } else if exchange.declared.unwrap_or(exchange.given) == exchange.given {
            self.exchange = None;
        }
    }
}
