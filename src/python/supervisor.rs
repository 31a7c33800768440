//! The thread that keeps workers running: it starts, replaces and ends them.

use super::command::{About, Command};
use super::error::StartError;
use super::frame::{Kind, text};
use super::member::{Member, Stage};
use super::plan::{FIRST_PAUSE, Limits, Plan, SHORT_LIFE};
use super::service::Service;
use super::wire::Phase;
use crate::values::sync::Arc;
use core::time::Duration;
use std::prelude::rust_2024::*;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Instant;

/// How often the memory of workers is looked at.
const MEMORY_INTERVAL: Duration = Duration::from_secs(1);
/// Sources that change together are loaded together.
const SETTLING: Duration = Duration::from_millis(100);

/// The state of the supervisor.
pub(super) struct Supervisor {
    pub(super) service: Arc<Service>,
    pub(super) plan: Plan,
    pub(super) limits: Limits,
    pub(super) commands: Receiver<Command>,
    pub(super) sender: Sender<Command>,
    /// Told about the first generation, once.
    pub(super) started: Option<Sender<Result<About, StartError>>>,
    pub(super) members: Vec<Member>,
    pub(super) generation: u64,
    pub(super) numbers: u64,
    pub(super) pause: Duration,
    /// When the next worker may be started.
    pub(super) resume: Option<Instant>,
    /// When the sources are loaded again.
    pub(super) reload: Option<Instant>,
    pub(super) stopping: Option<(Instant, Sender<()>)>,
    pub(super) memory_due: Option<Instant>,
}

impl Supervisor {
    /// Creates a supervisor that sends to `started` whether the workers could be started.
    pub(super) fn new(
        service: Arc<Service>,
        plan: Plan,
        limits: Limits,
        commands: Receiver<Command>,
        sender: Sender<Command>,
        started: Sender<Result<About, StartError>>,
    ) -> Supervisor {
        Supervisor {
            service,
            plan,
            limits,
            commands,
            sender,
            started: Some(started),
            members: Vec::new(),
            generation: 0,
            numbers: 0,
            pause: FIRST_PAUSE,
            resume: None,
            reload: None,
            stopping: None,
            memory_due: None,
        }
    }

    /// Runs until all workers have been stopped.
    pub(super) fn run(mut self) {
        loop {
            let now = Instant::now();
            let next = self.tend(now);
            if self.stopping.is_some() && self.members.is_empty() {
                return;
            }
            let wait = next.saturating_duration_since(Instant::now());
            match self.commands.recv_timeout(wait) {
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Does all work that is due. Returns when more is due.
    fn tend(&mut self, now: Instant) -> Instant {
        // A request that comes meanwhile is not late before that.
        let mut next = now + self.service.timeout.min(Duration::from_secs(3600));
        let mut soonest = |at: Option<Instant>| {
            if let Some(at) = at {
                next = next.min(at);
            }
        };
        for member in &mut self.members {
            for wire in member.worker.wires() {
                let (due, at) = wire.check(now, self.service.kill_after);
                soonest(at);
                let pid = member.worker.pid();
                match due {
                    // Its client is told, if it still waits for a response.
                    Some(Phase::Response) => self.service.pool.tidy(),
                    Some(Phase::Kill) => {
                        self.service.log(&format!("worker {pid} is killed"));
                        member.worker.kill();
                    }
                    None => {}
                }
            }
            match &member.stage {
                Stage::Starting(_) => {
                    let until = member.worker.started + self.limits.start_timeout;
                    if now >= until {
                        member.worker.kill();
                    }
                    soonest((now < until).then_some(until));
                }
                Stage::Ending(Some(until)) => {
                    if now >= *until {
                        member.worker.kill();
                        member.stage = Stage::Ending(None);
                    } else {
                        soonest(Some(*until));
                    }
                }
                Stage::Ready(_) | Stage::Serving | Stage::Leaving | Stage::Ending(None) => {}
            }
        }
        if self.stopping.is_none() {
            if self.reload.is_some_and(|at| now >= at) {
                self.reload = None;
                self.load_again();
            }
            soonest(self.reload);
            if self.limits.max_memory.is_some() || self.limits.max_age.is_some() {
                if self.memory_due.is_none_or(|at| now >= at) {
                    self.memory_due = Some(now + MEMORY_INTERVAL);
                    self.retire_large_and_old(now);
                }
                soonest(self.memory_due);
            }
            if self.resume.is_none_or(|at| now >= at) {
                self.resume = None;
                self.fill();
                soonest(Some(now + self.limits.start_timeout));
            }
            soonest(self.resume);
        }
        next
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Said(number, kind, payload) => self.hear(number, kind, &payload),
            Command::Babbles(number, reason) => {
                if let Some(place) = self.place_of(number) {
                    let worker = self.members[place].worker.clone();
                    self.service.log(&format!(
                        "worker {} is killed, because it sends what is no frame: {reason}",
                        worker.pid()
                    ));
                    worker.kill();
                    if matches!(self.members[place].stage, Stage::Starting(_)) {
                        self.members[place].stage = Stage::Ending(None);
                        self.failed(StartError::no_python(&self.plan, &reason));
                    }
                }
            }
            Command::Ended(number, status) => self.bury(number, status),
            Command::Succeed(number) => {
                if let Some(place) = self.place_of(number) {
                    if let Stage::Serving = self.members[place].stage {
                        self.members[place].stage = Stage::Leaving;
                    }
                }
            }
            Command::Replace(number) => {
                if let Some(place) = self.place_of(number) {
                    if !matches!(self.members[place].stage, Stage::Ending(_)) {
                        let until = Instant::now() + self.limits.stop_timeout;
                        self.end(place, Some(until));
                    }
                }
            }
            Command::Reload => self.reload = Some(Instant::now()),
            Command::Stop(sender) => {
                let until = Instant::now() + self.limits.stop_timeout;
                self.stopping = Some((until, sender));
                self.service.pool.set_down();
                for place in 0..self.members.len() {
                    self.end(place, Some(until));
                }
            }
        }
    }

    pub(super) fn place_of(&self, number: u64) -> Option<usize> {
        self.members
            .iter()
            .position(|it| it.worker.number == number)
    }

    fn hear(&mut self, number: u64, kind: Kind, payload: &[u8]) {
        let Some(place) = self.place_of(number) else {
            return;
        };
        let member = &mut self.members[place];
        let is_starting = matches!(member.stage, Stage::Starting(_));
        match kind {
            Kind::Ready if is_starting => {
                if let Stage::Starting(lines) =
                    core::mem::replace(&mut member.stage, Stage::Ending(None))
                {
                    member.stage = Stage::Ready(lines);
                }
                let said = text(payload);
                let mut said = said.split('\0').map(String::from);
                let mut next = || said.next().unwrap_or_default();
                self.switch(About {
                    kind: next(),
                    version: next(),
                    interpreter: next(),
                });
            }
            Kind::Failed if is_starting => {
                member.stage = Stage::Ending(Some(Instant::now() + SHORT_LIFE));
                let error = StartError::import(&self.plan, &text(payload));
                self.failed(error);
            }
            Kind::Changed if member.worker.generation == self.generation => {
                let at = Instant::now() + SETTLING;
                if self.reload.is_none() {
                    self.service.log(&format!("{} has changed", text(payload)));
                }
                self.reload = Some(at);
            }
            _ => {}
        }
    }

    fn retire_large_and_old(&mut self, now: Instant) {
        for place in 0..self.members.len() {
            let Member { worker, stage } = &self.members[place];
            if !matches!(stage, Stage::Serving) {
                continue;
            }
            let memory = worker.memory();
            let is_large = memory
                .zip(self.limits.max_memory)
                .is_some_and(|(memory, most)| memory > most);
            let age = now.saturating_duration_since(worker.started);
            let is_old = self.limits.max_age.is_some_and(|most| age >= most);
            if is_large || is_old {
                let pid = worker.pid();
                let why = if is_large {
                    format!("uses {} bytes", memory.unwrap_or_default())
                } else {
                    format!("has run for {} s", age.as_secs())
                };
                self.service
                    .log(&format!("worker {pid} is replaced, because it {why}"));
                self.members[place].stage = Stage::Leaving;
            }
        }
    }
}
