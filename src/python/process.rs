//! Starting a process of the interpreter, and listening to it.

use super::command::Command;
use super::frame::{Decoder, Frame, Kind, encode};
use super::line::Line;
use super::plan::Plan;
use super::wire::Wire;
use super::worker::Worker;
use crate::values::sync::Arc;
use core::mem::MaybeUninit;
use rustix::cmsg_space;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::prelude::rust_2024::*;
use std::process::Stdio;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};

const BOOTSTRAP: &str = include_str!("bootstrap.py");
const WORKER: &str = include_str!("worker.py");

/// Starts a worker. Its messages and its end become commands.
pub(super) fn start(
    plan: &Plan,
    number: u64,
    generation: u64,
    most_requests: u64,
    commands: &Sender<Command>,
) -> io::Result<(Arc<Worker>, Vec<Line>)> {
    let (control, theirs) = UnixStream::pair()?;
    let (mut wires, mut streams) = (Vec::new(), Vec::new());
    for _ in 0..plan.threads * plan.lines {
        let (own, stream) = UnixStream::pair()?;
        wires.push(Arc::new(Wire::new(own)?));
        streams.push(stream);
    }
    #[cfg(feature = "systemd")]
    crate::net::inherited::keep_from_children();
    // An application may print, but not into its responses.
    let output = io::stderr().as_fd().try_clone_to_owned()?;
    let child = std::process::Command::new(&plan.interpreter)
        .args(["-u", "-c", BOOTSTRAP])
        .current_dir(&plan.folder)
        .envs(&plan.environment)
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .stdout(Stdio::from(output))
        // Ctrl-C is for this program, which lets its workers end their requests.
        .process_group(0)
        .spawn()?;
    let worker = Worker::new(number, generation, child, wires.clone(), most_requests)?;
    let worker = Arc::new(worker);
    let talks = (setup(plan), commands.clone(), control.try_clone()?);
    let talking = spawn(move || {
        let (setup, commands, control) = talks;
        // An error means that it has ended, which the other thread notices.
        let _ = talk(&control, &setup, streams, number, &commands);
    })?;
    let waits = (worker.clone(), commands.clone());
    spawn(move || {
        let (worker, commands) = waits;
        let ended = worker.wait();
        // A child of the process can keep its end open.
        let _ = control.shutdown(std::net::Shutdown::Both);
        // Its last messages come before its end.
        let _ = talking.join();
        let _ = commands.send(Command::Ended(worker.number, ended.ok()));
    })?;
    let lines = wires
        .into_iter()
        .map(|wire| Line::new(wire, worker.clone()));
    Ok((worker.clone(), lines.collect()))
}

fn spawn(run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let thread = thread::Builder::new().name("bytegate-worker".into());
    thread.stack_size(64 * 1024).spawn(run)
}

fn setup(plan: &Plan) -> Vec<u8> {
    let flag = |is_on: bool| if is_on { "1" } else { "0" };
    let (workers, threads) = (plan.workers.to_string(), plan.threads.to_string());
    let (lines, grace) = (plan.lines.to_string(), plan.grace.to_string());
    let fields: [(&str, &[u8]); 9] = [
        ("application", plan.application.as_bytes()),
        ("folder", plan.folder.as_os_str().as_bytes()),
        ("workers", workers.as_bytes()),
        ("threads", threads.as_bytes()),
        ("lines", lines.as_bytes()),
        ("lenient", flag(plan.is_lenient).as_bytes()),
        ("reload", flag(plan.reloads).as_bytes()),
        ("grace", grace.as_bytes()),
        (
            "software",
            concat!("bytegate/", env!("CARGO_PKG_VERSION")).as_bytes(),
        ),
    ];
    let pairs = fields.map(|(name, value)| [name.as_bytes(), value].join(&0));
    pairs.join(&0)
}

/// Sends a worker its program, its settings and its lines, and passes on its messages.
fn talk(
    mut control: &UnixStream,
    setup: &[u8],
    streams: Vec<UnixStream>,
    number: u64,
    commands: &Sender<Command>,
) -> io::Result<()> {
    let mut output = (WORKER.len() as u32).to_le_bytes().to_vec();
    output.extend_from_slice(WORKER.as_bytes());
    encode(Kind::Setup, 0, &[setup], &mut output);
    control.write_all(&output)?;
    for stream in &streams {
        let mut frame = Vec::new();
        encode(Kind::Thread, 0, &[], &mut frame);
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let files = [stream.as_fd()];
        ancillary.push(SendAncillaryMessage::ScmRights(&files));
        let slices = [IoSlice::new(&frame)];
        let flags = SendFlags::NOSIGNAL;
        let sent = rustix::net::sendmsg(control, &slices, &mut ancillary, flags)?;
        control.write_all(&frame[sent..])?;
    }
    // Otherwise, a line would not end with the worker.
    drop(streams);
    let (mut decoder, mut block) = (Decoder::default(), [0; 4096]);
    loop {
        match decoder.next() {
            Ok(Some(Frame { kind, payload, .. })) => {
                let said = Command::Said(number, kind, payload);
                if commands.send(said).is_err() {
                    return Ok(());
                }
            }
            Ok(None) => match control.read(&mut block)? {
                0 => return Ok(()),
                count => decoder.push(&block[..count]),
            },
            Err(error) => {
                let _ = commands.send(Command::Babbles(number, error.to_string()));
                return Ok(());
            }
        }
    }
}
