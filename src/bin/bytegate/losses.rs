//! Lost lines of a log, and the messages about them.

use std::time::{Duration, Instant};

/// The number of lost lines, and the reason. A message about them is due at most once a minute.
pub(crate) struct Losses {
    /// The name of the output.
    name: String,
    /// The number of lines that no message has counted yet.
    unsaid: u64,
    state: State,
    said: Option<Instant>,
}

enum State {
    /// Lines are written, as the last message says.
    Writes,
    /// Lines are lost, for this reason.
    Fails(String),
    /// Lines are written again, but no message has said so.
    WritesAgain,
}

/// The time between messages.
const INTERVAL: Duration = Duration::from_secs(60);

impl Losses {
    pub(crate) fn of(name: &str) -> Losses {
        Losses {
            name: name.to_string(),
            unsaid: 0,
            state: State::Writes,
            said: None,
        }
    }

    /// Counts lines that cannot be written.
    pub(crate) fn add_unwritten(&mut self, lines: u64, reason: &str) {
        self.add(lines, format!("cannot write {}: {reason}", self.name));
    }

    /// Counts lines that were dropped, because too many waited.
    pub(crate) fn add_dropped(&mut self, lines: u64) {
        self.add(lines, format!("{} takes lines too slowly", self.name));
    }

    fn add(&mut self, lines: u64, reason: String) {
        self.unsaid = self.unsaid.saturating_add(lines);
        self.state = State::Fails(reason);
    }

    /// Records that lines are written.
    pub(crate) fn end(&mut self) {
        if let State::Fails(_) = self.state {
            self.state = State::WritesAgain;
        }
    }

    /// Returns when there will be a message, if nothing else happens.
    pub(crate) fn due(&self) -> Option<Instant> {
        let is_said = self.unsaid == 0 && !matches!(self.state, State::WritesAgain);
        self.said.filter(|_| !is_said).map(|said| said + INTERVAL)
    }

    /// Returns the message that is due, if there is one.
    pub(crate) fn message(&mut self, now: Instant) -> Option<String> {
        if self.due().is_some_and(|due| now < due) {
            return None;
        }
        let message = self.rest()?;
        self.said = Some(now);
        Some(message)
    }

    /// Returns the next message.
    pub(crate) fn rest(&mut self) -> Option<String> {
        let lines = std::mem::take(&mut self.unsaid);
        match &self.state {
            State::Fails(reason) if lines > 0 => Some(format!("{reason}: lines lost: {lines}")),
            State::WritesAgain => {
                self.state = State::Writes;
                let name = &self.name;
                Some(match lines {
                    0 => format!("{name} is written again"),
                    lines => format!("{name} is written again: lines lost: {lines}"),
                })
            }
            State::Fails(_) | State::Writes => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_said_at_once_and_then_once_a_minute() {
        let mut losses = Losses::of("F");
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!((losses.message(at(0)), losses.due()), (None, None));
        losses.add_unwritten(1, "full");
        let message = |text: &str| Some(text.to_string());
        assert_eq!(
            losses.message(at(1)),
            message("cannot write F: full: lines lost: 1")
        );
        assert_eq!(losses.due(), None);
        losses.add_unwritten(2, "full");
        losses.end();
        losses.add_unwritten(3, "broken");
        assert_eq!(losses.due(), Some(at(61)));
        assert_eq!(losses.message(at(60)), None);
        assert_eq!(
            losses.message(at(61)),
            message("cannot write F: broken: lines lost: 5")
        );
        losses.add_dropped(4);
        assert_eq!(losses.message(at(62)), None);
        assert_eq!(
            losses.rest(),
            message("F takes lines too slowly: lines lost: 4")
        );
        assert_eq!(losses.rest(), None);
    }

    #[test]
    fn the_end_of_the_losses_is_said_once() {
        let mut losses = Losses::of("F");
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        losses.end();
        assert_eq!(losses.message(at(0)), None);
        losses.add_unwritten(1, "full");
        assert!(losses.message(at(0)).is_some());
        losses.add_unwritten(2, "full");
        losses.end();
        assert_eq!(losses.message(at(59)), None);
        let expected = "F is written again: lines lost: 2";
        assert_eq!(losses.message(at(60)).as_deref(), Some(expected));
        losses.end();
        assert_eq!((losses.due(), losses.message(at(200))), (None, None));
        losses.add_unwritten(1, "full");
        assert!(losses.message(at(201)).is_some());
        losses.end();
        assert_eq!(
            losses.message(at(261)).as_deref(),
            Some("F is written again")
        );
    }
}
