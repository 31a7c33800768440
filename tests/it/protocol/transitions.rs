//! The machine follows the transition table in the documentation of `Connection`: each row is played, from each state
//! that it names to each state that it names.

use bytegate::body::BodyError;
use bytegate::config::{Config, Limits};
use bytegate::connection::{BodyMode, Connection, Step};
use bytegate::request::Scheme;
use bytegate::{Body, Bytes, Now, Response};
use std::collections::BTreeSet;
use std::time::Duration;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const GET_AND_CLOSE: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n";

/// A row of the table: states, events, next states, steps.
struct Row {
    states: BTreeSet<String>,
    event: String,
    next: BTreeSet<String>,
    steps: BTreeSet<String>,
}

/// The words in backquotes.
fn names(cell: &str) -> BTreeSet<String> {
    let words = cell.split('`').skip(1).step_by(2);
    words.map(str::to_string).collect()
}

fn table() -> Vec<Row> {
    let source = include_str!("../../../src/connection/connection.rs");
    let lines = source
        .lines()
        .skip_while(|line| !line.contains("| state | event | next state | step |"));
    lines
        .skip(2)
        .take_while(|line| line.starts_with("/// |"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            Row {
                states: names(cells[1]),
                event: cells[2].replace('`', ""),
                next: names(cells[3]),
                steps: names(cells[4]),
            }
        })
        .collect()
}

fn state(connection: &Connection) -> String {
    let shown = format!("{connection:?}");
    let (_, rest) = shown.split_once("state: ").expect("a state");
    let end = rest.find(|character: char| !character.is_alphanumeric());
    rest[..end.unwrap_or(rest.len())].to_string()
}

/// A connection, its unconsumed input, and the time.
struct Machine {
    connection: Connection,
    input: Vec<u8>,
    second: u64,
}

impl Machine {
    fn new() -> Machine {
        Machine {
            connection: Connection::new(Config::default(), Scheme::Http),
            input: Vec::new(),
            second: 0,
        }
    }

    /// A machine in a state reached by a request.
    fn in_state(name: &str, get: &[u8]) -> Machine {
        let mut machine = Machine::new();
        match name {
            "Head" => drop(machine.step()),
            "Call" => drop(machine.send(get)),
            "Admit" => drop(machine.send(POST)),
            "Body" => {
                machine.send(POST);
                machine.admit(BodyMode::Stream(4));
            }
            "Deferred" => {
                machine.send(get);
                machine.connection.defer().expect("its turn");
            }
            "Refuse" => drop(machine.send(b"nonsense\r\n")),
            "Stream" => {
                machine.send(get);
                machine.respond_with_stream();
            }
            other => panic!("no way to {other}"),
        }
        assert_eq!(state(&machine.connection), name);
        machine
    }

    /// Steps; the name of the step.
    fn step(&mut self) -> String {
        let now = Now::default().after(Duration::from_secs(self.second));
        let mut rest = &self.input[..];
        let shown = match self.connection.step(&mut rest, now) {
            Step::Admit(_) => "Admit",
            Step::Data(_) => "Data",
            Step::Request(_) => "Request",
            Step::Refuse(_) => "Refuse",
            Step::Pending { .. } => "Pending",
            Step::SendBody => "SendBody",
            Step::Read { .. } => "Read",
            Step::Write { .. } => "Write",
            Step::Close(_) => "Close",
        };
        let used = self.input.len() - rest.len();
        self.input.drain(..used);
        shown.to_string()
    }

    fn send(&mut self, input: &[u8]) -> String {
        self.input.extend_from_slice(input);
        self.step()
    }

    fn at(&mut self, second: u64) -> String {
        self.second = second;
        self.step()
    }

    fn end(&mut self) -> String {
        self.connection.end_input();
        self.step()
    }

    fn admit(&mut self, plan: BodyMode) {
        self.connection.admit(plan).expect("its turn");
    }

    fn respond(&mut self) {
        let answered = self.connection.respond(&mut Response::text("x"));
        answered.expect("its turn");
    }

    fn respond_with_stream(&mut self) {
        let body = Body::from_iterator(["x"].into_iter());
        let answered = self.connection.respond(&mut Response::text(body));
        answered.expect("its turn");
    }
}

/// Every way to play a row from a state: the machine afterwards, and the step that was asked for, if any.
fn play(event: &str, from: &str) -> Vec<(Machine, Option<String>)> {
    let mut played = Vec::new();
    let mut with = |mut machine: Machine, run: &dyn Fn(&mut Machine) -> Option<String>| {
        let step = run(&mut machine);
        played.push((machine, step));
    };
    let start = |get: &[u8]| Machine::in_state(from, get);
    match event {
        "a whole head without a body" => with(start(GET), &|it| Some(it.send(GET))),
        "a whole head with a body to come" => with(start(GET), &|it| Some(it.send(POST))),
        "the end of the input, the idle deadline, or stop, before a head began" => {
            with(start(GET), &|it| Some(it.end()));
            with(start(GET), &|it| Some(it.at(10)));
            with(start(GET), &|it| {
                it.connection.stop();
                Some(it.step())
            });
        }
        "a fault, the end of the input, or the head or stop deadline, inside a head" => {
            with(start(GET), &|it| Some(it.send(b"GET\r\n")));
            with(start(GET), &|it| {
                it.send(b"GET");
                Some(it.end())
            });
            with(start(GET), &|it| {
                it.send(b"GET");
                Some(it.at(10))
            });
            with(start(GET), &|it| {
                it.send(b"GET");
                it.connection.stop();
                it.step();
                Some(it.at(5))
            });
        }
        "admit" => with(start(GET), &|it| {
            it.admit(BodyMode::Buffer);
            None
        }),
        "admit, and the body is known to be too large" => with(start(GET), &|it| {
            it.admit(BodyMode::BufferUpTo(3));
            Some(it.step())
        }),
        "the last of the body" => with(start(GET), &|it| {
            it.send(b"1234");
            Some(it.step())
        }),
        "a part of a body that is streamed" => with(start(GET), &|it| Some(it.send(b"12"))),
        "a fault, the end of the input, or the body or stop deadline" => {
            with(start(GET), &|it| Some(it.end()));
            with(start(GET), &|it| {
                it.connection.stop();
                it.step();
                Some(it.at(5))
            });
            with(start(GET), &|it| {
                it.step();
                Some(it.at(30))
            });
        }
        "defer" => with(start(GET), &|it| {
            it.connection.defer().expect("its turn");
            Some(it.step())
        }),
        "the response deadline" => with(start(GET), &|it| {
            it.step();
            Some(it.at(30))
        }),
        // An error is reported in the step that finds it.
        "" => with(Machine::in_state("Head", GET), &|it| {
            Some(it.send(b"GET\r\n"))
        }),
        "a step without a response" => with(start(GET), &|it| Some(it.step())),
        "respond, and the connection stays open" => {
            for streams in [false, true] {
                with(start(GET), &|it| {
                    if streams {
                        it.respond_with_stream()
                    } else {
                        it.respond()
                    }
                    None
                });
            }
        }
        "respond, and it does not" => {
            for streams in [false, true] {
                with(start(GET_AND_CLOSE), &|it| {
                    if streams {
                        it.respond_with_stream()
                    } else {
                        it.respond()
                    }
                    None
                });
            }
        }
        "send" => with(start(GET), &|it| {
            let block = Bytes::from_static(b"block");
            it.connection.send(block).expect("its turn");
            assert_eq!(it.step(), "Write");
            Some(it.step())
        }),
        "end_body" => {
            for end in [Ok(()), Err(BodyError)] {
                with(start(GET), &|it| {
                    it.connection.end_body(end).expect("its turn");
                    None
                });
            }
        }
        "the write deadline" => {
            // From two of the states in which output may be pending.
            let mut limits = Limits::default();
            limits.output_bytes = 1;
            let mut config = Config::default();
            config.limits = limits;
            let mut machine = Machine::new();
            machine.connection = Connection::new(config, Scheme::Http);
            machine.send(GET);
            machine.respond();
            with(machine, &|it| {
                assert_eq!(it.step(), "Write");
                Some(it.at(60))
            });
            with(Machine::in_state("Stream", GET), &|it| {
                let block = Bytes::from_static(b"block");
                it.connection.send(block).expect("its turn");
                assert_eq!(it.step(), "Write");
                it.connection.flush().expect("its turn");
                Some(it.at(60))
            });
        }
        other => panic!("a row that is not played: {other:?}"),
    }
    played
}

#[test]
fn the_machine_follows_every_row_of_the_transition_table() {
    let rows = table();
    assert!(rows.len() >= 19, "only {} rows found", rows.len());
    for row in rows {
        let states = if row.states.is_empty() {
            BTreeSet::from(["any".to_string()])
        } else {
            row.states.clone()
        };
        let (mut reached, mut asked) = (BTreeSet::new(), BTreeSet::new());
        for from in &states {
            for (machine, step) in play(&row.event, from) {
                reached.insert(state(&machine.connection));
                asked.extend(step);
            }
        }
        // An error is reported at once, so the state that holds it is never visible from outside. Refused input without
        // a response gets its page, which is still to be written.
        let (next, steps) = match (row.next.iter().next().map(String::as_str), &*row.event) {
            (Some("Fault"), _) => (names("`Refuse`"), names("`Refuse`")),
            (Some("Close"), "a step without a response") => (names("`Close`"), names("`Write`")),
            _ => (row.next, row.steps),
        };
        assert_eq!((reached, asked), (next, steps), "{}", row.event);
    }
}
