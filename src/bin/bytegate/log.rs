//! A log that never blocks the threads that write to it, even if nothing reads its output.

use crate::log_output::{LineWriter, Output, standard_error};
use crate::losses::Losses;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A queue of lines that a dedicated thread writes to a stream. When the queue is full, new lines are dropped and counted.
#[derive(Clone)]
pub(crate) struct Log(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    has_lines: Condvar,
    is_written: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: Vec<u8>,
    dropped: u64,
    /// Whether the thread is writing lines that it took from the queue.
    is_writing: bool,
    /// Whether the output may be a new one after these lines.
    is_renewed: bool,
    /// Whether everything about lost lines is to be said now.
    is_finished: bool,
}

/// The things that the thread takes from the queue.
struct Taken {
    lines: Vec<u8>,
    /// The number of lines that were dropped after these.
    dropped: u64,
    is_finished: bool,
}

/// How long the end of a log may take.
const PATIENCE: Duration = Duration::from_millis(500);
/// The memory for lines that wait. A reader that keeps up never lets so many wait.
const MOST_BYTES: usize = 4 * 1024 * 1024;

impl Log {
    /// Starts a log that is written to an output. Calls `report` when lines are lost, at most once a minute.
    pub(crate) fn start(output: impl Output, report: impl Fn(&str) + Send + 'static) -> Log {
        let log = Log(Arc::new(Shared {
            queue: Mutex::default(),
            has_lines: Condvar::new(),
            is_written: Condvar::new(),
        }));
        let shared = log.0.clone();
        let mut losses = Losses::of(&output.name());
        let mut writer = LineWriter::new(output);
        thread::spawn(move || {
            loop {
                let taken = shared.take(losses.due());
                if !taken.lines.is_empty() {
                    writer.write(&taken.lines, &mut losses);
                }
                writer.renew();
                if taken.dropped > 0 {
                    losses.add_dropped(taken.dropped);
                }
                let message = if taken.is_finished {
                    losses.rest()
                } else {
                    losses.message(Instant::now())
                };
                if let Some(message) = message {
                    report(&message);
                }
            }
        });
        log
    }

    /// Starts a log that is written to standard error.
    pub(crate) fn of_errors() -> Log {
        Log::start(standard_error(), crate::complain)
    }

    /// Adds a message as a single line, with control characters escaped.
    pub(crate) fn complain(&self, message: &str) {
        self.push(&(crate::complaint(message) + "\n"));
    }

    /// Adds lines, or drops them if too many wait.
    pub(crate) fn push(&self, lines: &str) {
        let mut queue = self.0.lock();
        if queue.lines.len() + lines.len() > MOST_BYTES {
            let count = lines.matches('\n').count();
            queue.dropped = queue.dropped.saturating_add(count as u64);
            return;
        }
        queue.lines.extend_from_slice(lines.as_bytes());
        drop(queue);
        self.0.has_lines.notify_one();
    }

    /// Opens the output again, if that was asked for, after the lines that wait now.
    pub(crate) fn renew(&self) {
        self.0.lock().is_renewed = true;
        self.0.has_lines.notify_one();
    }

    /// Waits until all lines are written, and the lost ones are reported, but not for a reader that stalls.
    pub(crate) fn finish(&self) {
        self.finish_within(PATIENCE);
    }

    fn finish_within(&self, patience: Duration) {
        let end = Instant::now() + patience;
        let mut queue = self.0.lock();
        queue.is_finished = true;
        self.0.has_lines.notify_one();
        while queue.is_writing || queue.is_finished || !queue.lines.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.0.is_written.wait_timeout(queue, left);
            (queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    /// Waits for lines, for something else to do, or until a time. Takes all lines.
    fn take(&self, until: Option<Instant>) -> Taken {
        let mut queue = self.lock();
        queue.is_writing = false;
        while queue.lines.is_empty() && !queue.is_finished && !queue.is_renewed {
            self.is_written.notify_all();
            let Some(until) = until else {
                let waited = self.has_lines.wait(queue);
                queue = waited.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.has_lines.wait_timeout(queue, left);
            (queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        queue.is_writing = true;
        queue.is_renewed = false;
        Taken {
            lines: std::mem::take(&mut queue.lines),
            dropped: std::mem::take(&mut queue.dropped),
            is_finished: std::mem::take(&mut queue.is_finished),
        }
    }

    /// The queue is always consistent, so a poisoned lock can be used.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::mpsc::{self, Receiver, Sender};

    /// A stream whose reader takes as many writes as it allows.
    struct Slow {
        allowed: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Output for Slow {
        fn name(&self) -> String {
            "the output".to_string()
        }

        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let is_allowed = self.allowed.recv();
            is_allowed.map_err(|_| io::ErrorKind::BrokenPipe)?;
            let _ = self.written.send(bytes.to_vec());
            Ok(bytes.len())
        }
    }

    #[test]
    fn lines_are_written_in_order_and_none_is_lost_while_the_reader_keeps_up() {
        let (allow, allowed) = mpsc::channel();
        let (written, is_written) = mpsc::channel();
        let log = Log::start(Slow { allowed, written }, |_| {
            unreachable!("nothing is dropped")
        });
        let lines: Vec<String> = (0..10_000).map(|number| format!("{number}\n")).collect();
        for line in &lines {
            log.push(line);
            let _ = allow.send(());
        }
        log.finish_within(Duration::from_secs(20));
        let written: Vec<u8> = is_written.try_iter().flatten().collect();
        assert_eq!(written, lines.concat().as_bytes());
    }

    #[test]
    fn lines_that_nobody_reads_are_dropped_and_counted() {
        let (allow, allowed) = mpsc::channel();
        let (written, is_written) = mpsc::channel();
        let (reported, is_reported) = mpsc::channel();
        let report = move |text: &str| {
            let _ = reported.send(text.to_string());
        };
        let log = Log::start(Slow { allowed, written }, report);
        let line = format!("{}\n", "x".repeat(1023));
        let count = 3 * MOST_BYTES / line.len();
        for _ in 0..count {
            log.push(&line);
        }
        // It does not wait for the reader.
        log.finish_within(Duration::from_millis(1));
        for _ in 0..3 {
            let _ = allow.send(());
        }
        log.finish_within(Duration::from_secs(20));
        let written: usize = is_written.try_iter().map(|bytes| bytes.len()).sum();
        // The thread that writes may have taken lines while others were dropped: then there are two reports.
        let reports: Vec<String> = is_reported.try_iter().collect();
        let dropped = reports.iter().map(|report| {
            let number = report.rsplit(' ').next();
            number
                .and_then(|it| it.parse::<usize>().ok())
                .expect("a number")
        });
        let dropped: usize = dropped.sum();
        assert!(dropped > 0);
        assert_eq!(written / line.len() + dropped, count, "{reports:?}");
    }
}
