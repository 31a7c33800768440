//! Generations of workers: each loads the sources anew, and takes over when all of its workers are ready.

use super::command::About;
use super::error::StartError;
use super::member::{Member, Stage};
use super::plan::{FIRST_PAUSE, LONGEST_PAUSE, PATIENCE, SHORT_LIFE};
use super::process;
use super::supervisor::Supervisor;
use super::worker::Worker;
use std::prelude::rust_2024::*;
use std::process::ExitStatus;
use std::sync::mpsc::Sender;
use std::time::Instant;

impl Supervisor {
    /// Starts the workers that are missing.
    pub(super) fn fill(&mut self) {
        let count = |wanted: fn(&Stage) -> bool| {
            let members = self.members.iter();
            let of_generation = members.filter(|it| it.worker.generation == self.generation);
            of_generation.filter(|it| wanted(&it.stage)).count()
        };
        let have =
            count(|stage| matches!(stage, Stage::Starting(_) | Stage::Ready(_) | Stage::Serving));
        for _ in have..self.plan.workers {
            self.numbers += 1;
            let most = self.most_requests();
            let started = process::start(
                &self.plan,
                self.numbers,
                self.generation,
                most,
                &self.sender,
            );
            match started {
                Ok((worker, lines)) => {
                    self.service.pool.counters.count_started();
                    self.members.push(Member {
                        worker,
                        stage: Stage::Starting(lines),
                    });
                }
                Err(error) => {
                    let error = StartError::interpreter(&self.plan, &error);
                    return self.failed(error);
                }
            }
        }
    }

    /// Returns a limit on requests that differs by up to a tenth from worker to worker, so that they are not replaced at
    /// once.
    fn most_requests(&self) -> u64 {
        match self.limits.max_requests {
            Some(most) => {
                let spread = (most / 10).max(1);
                most.saturating_sub(self.numbers.wrapping_mul(0x9e37_79b9) % spread)
                    .max(1)
            }
            None => u64::MAX,
        }
    }

    /// Lets a worker end when it has responded to its requests.
    pub(super) fn end(&mut self, place: usize, until: Option<Instant>) {
        let member = &mut self.members[place];
        self.service.pool.retire(&member.worker);
        match &member.stage {
            // Nothing is lost with it.
            Stage::Starting(_) => member.worker.kill(),
            Stage::Ending(_) | Stage::Ready(_) | Stage::Serving | Stage::Leaving => {}
        }
        // The lines of one that has none yet are dropped here, and its threads end.
        member.stage = Stage::Ending(until);
    }

    /// Lets ready workers serve: at once where one is missing, and otherwise in place of the generation before, when all of
    /// theirs are ready.
    pub(super) fn switch(&mut self, about: About) {
        let generation = self.generation;
        let is_first = self.started.is_some();
        let is_new = |member: &Member| member.worker.generation == generation;
        let serves = |member: &Member| {
            is_new(member) && matches!(member.stage, Stage::Serving | Stage::Leaving)
        };
        let ready = self
            .members
            .iter()
            .filter(|it| is_new(it) && matches!(it.stage, Stage::Ready(_)));
        let has_switched = self.members.iter().any(serves);
        if !has_switched && ready.count() < self.plan.workers {
            return;
        }
        for member in &mut self.members {
            if !is_new(member) {
                continue;
            }
            match core::mem::replace(&mut member.stage, Stage::Serving) {
                Stage::Ready(lines) => self.service.pool.add(&member.worker, lines),
                stage => member.stage = stage,
            }
        }
        self.pause = FIRST_PAUSE;
        let until = Some(Instant::now() + self.limits.stop_timeout);
        // Those of earlier generations, and as many of this one as there are too many.
        let mut excess = self
            .members
            .iter()
            .filter(|it| serves(it))
            .count()
            .saturating_sub(self.plan.workers);
        for place in 0..self.members.len() {
            let member = &self.members[place];
            match member.stage {
                Stage::Ending(_) => {}
                _ if !is_new(member) => self.end(place, until),
                Stage::Leaving if excess > 0 => {
                    excess -= 1;
                    self.end(place, until);
                }
                _ => {}
            }
        }
        if let Some(started) = self.started.take() {
            let _ = started.send(Ok(about));
        } else if !has_switched && !is_first {
            self.service.log("the application is loaded again");
        }
    }

    /// Handles a worker that cannot be started.
    pub(super) fn failed(&mut self, error: StartError) {
        let generation = self.generation;
        if let Some(started) = self.started.take() {
            let _ = started.send(Err(error));
            let until = Instant::now();
            self.stopping = Some((until, self.never()));
            for place in 0..self.members.len() {
                self.end(place, Some(until));
            }
            return;
        }
        let is_old = |member: &Member| member.worker.generation != generation;
        let serves = |member: &Member| matches!(member.stage, Stage::Serving | Stage::Leaving);
        if self.members.iter().any(|it| is_old(it) && serves(it)) {
            self.service.log(&format!(
                "the application is not loaded again, and goes on as it was: {error}"
            ));
            for place in 0..self.members.len() {
                if !is_old(&self.members[place]) {
                    self.end(place, Some(Instant::now()));
                }
            }
            self.back_to_old();
            return;
        }
        self.service
            .log(&format!("{error} (the next try is in {:?})", self.pause));
        // Requests wait for a moment, in case it was an accident.
        if self.pause >= PATIENCE && !self.members.iter().any(serves) {
            self.service.pool.set_down();
        }
        self.hold_off();
    }

    /// Makes the generation that still serves the current one.
    fn back_to_old(&mut self) {
        let serving = self
            .members
            .iter()
            .filter(|it| matches!(it.stage, Stage::Serving | Stage::Leaving));
        if let Some(generation) = serving.map(|it| it.worker.generation).max() {
            self.generation = generation;
        }
    }

    fn never(&self) -> Sender<()> {
        std::sync::mpsc::channel().0
    }

    fn hold_off(&mut self) {
        self.resume = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Handles the end of a process.
    pub(super) fn bury(&mut self, number: u64, status: Option<ExitStatus>) {
        let Some(place) = self.place_of(number) else {
            return;
        };
        let Member { worker, stage } = self.members.remove(place);
        let how = status.map_or_else(|| "in an unknown way".into(), describe);
        match stage {
            Stage::Ending(_) => {}
            Stage::Starting(_)
                if self.started.is_none() && is_killed_by_others(&worker, status) =>
            {
                let pid = worker.pid();
                self.service.log(&format!(
                    "worker {pid} ended {how} while it started: another one is started"
                ));
                self.resume = Some(Instant::now() + FIRST_PAUSE);
            }
            Stage::Starting(_) => {
                let late = worker.started.elapsed() >= self.limits.start_timeout;
                let error = if late {
                    StartError::slow(&self.plan, self.limits.start_timeout)
                } else {
                    StartError::ended(&self.plan, &how)
                };
                self.failed(error);
            }
            Stage::Ready(_) | Stage::Serving | Stage::Leaving => {
                let pid = worker.pid();
                self.service
                    .log(&format!("worker {pid} ended {how}: another one is started"));
                self.service.pool.retire(&worker);
                // Its successor waits only if it did not get as far as a request.
                if !worker.has_served() && worker.started.elapsed() < SHORT_LIFE {
                    self.hold_off();
                }
            }
        }
    }

    pub(super) fn load_again(&mut self) {
        if self.members.iter().any(|it| {
            it.worker.generation == self.generation
                && matches!(it.stage, Stage::Starting(_) | Stage::Ready(_))
        }) && self
            .members
            .iter()
            .any(|it| matches!(it.stage, Stage::Serving | Stage::Leaving))
        {
            // The sources have changed while they are loaded.
            for place in 0..self.members.len() {
                let member = &self.members[place];
                if matches!(member.stage, Stage::Starting(_) | Stage::Ready(_)) {
                    self.end(place, Some(Instant::now()));
                }
            }
        }
        self.numbers += 1;
        self.generation = self.numbers;
        self.resume = None;
    }
}

/// Returns whether somebody else has killed a process: nothing is wrong with the application.
fn is_killed_by_others(worker: &Worker, status: Option<ExitStatus>) -> bool {
    use std::os::unix::process::ExitStatusExt;
    const KILL: i32 = 9;
    const TERM: i32 = 15;
    let signal = status.and_then(|status| status.signal());
    matches!(signal, Some(KILL | TERM)) && !worker.is_killed()
}

/// Says how a process ended.
fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("with exit code {code}"),
        (None, Some(signal)) => format!("by signal {signal}"),
        (None, None) => status.to_string(),
    }
}
