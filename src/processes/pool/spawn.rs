//! How a zygote begins: as a copy of the pool's process, or as this program started once more.

use super::config::Origin;
use super::function::Function;
use super::layout::View;
use super::shared::Shared;
use super::worker_process::Duty;
use super::zygote::serve;
use crate::platform::fork::watch;
use crate::platform::process::{
    Channel, Child, Cloned, Command, Process, SharedMemory, SharedPort, SignalMask, UNFIT, inherited,
    threads, unset_variable,
};
use core::convert::Infallible;
use std::boxed::Box;
use std::format;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::vec::Vec;

/// Names the descriptors that a zygote inherits.
const VARIABLE: &str = "JOBRING_ZYGOTE";

/// A zygote, as the supervisor has it.
pub(super) struct Zygote {
    pub(super) process: Process,
    pub(super) channel: Channel,
}

impl Zygote {
    /// Makes one. `mask`: the signals that it and its workers block.
    pub(super) fn start(shared: &Shared, origin: &Origin, mask: &SignalMask) -> io::Result<Self> {
        let (channel, remote) = Channel::pair()?;
        let process = match origin {
            Origin::Fork(functions) => fork(shared, functions.clone(), mask, &channel, remote)?,
            Origin::Spawn => spawn(shared, mask, &remote)?,
        };
        Ok(Self { process, channel })
    }
}

fn fork(
    shared: &Shared,
    functions: Box<[Function]>,
    mask: &SignalMask,
    local: &Channel,
    remote: Channel,
) -> io::Result<Process> {
    let (wake, parent) = (shared.wake.fd(), Child::number());
    let port = SharedPort { is_worker: true, ..shared.port };
    let duty = Duty { view: shared.view, functions, port, wake, parent };
    let cloned = if threads().is_some_and(|threads| threads <= 2) {
        // SAFETY:
        // - 1: there are this thread and the caller of `create`. From the creation of this thread on that one allocates nothing and takes
        //   no lock but those of the pool, until `started` is set.
        unsafe { Process::clone_quiet() }
    } else {
        // SAFETY:
        // - 1: what the user's functions use is the user's to say (the faces' documents). The library uses its own memory alone.
        unsafe { Process::fork() }
    };
    match cloned? {
        Cloned::Parent(process) => Ok(process),
        Cloned::Child => {
            mask.set();
            // SAFETY:
            // - 1: the owner is a variable of a function that does not go on in this process.
            unsafe { Child::close(local.fd()) };
            serve(&duty, remote)
        }
    }
}

fn spawn(shared: &Shared, mask: &SignalMask, remote: &Channel) -> io::Result<Process> {
    let bell = shared.bell.as_ref().map_or(-1, |bell| bell.fd());
    let descriptors = [shared.memory.file(), remote.fd(), shared.wake.fd(), bell];
    let [memory, channel, wake, _] = descriptors;
    let parent = Child::number();
    let value = format!("{memory},{channel},{wake},{bell},{parent}");
    let command = Command::new(VARIABLE, &value);
    let pointers = command.pointers();
    // SAFETY:
    // - 1: the child allocates nothing and takes no lock until it is another program.
    match unsafe { Process::clone_quiet() }? {
        Cloned::Parent(process) => Ok(process),
        Cloned::Child => {
            mask.set();
            // Kept by execve: the copy ends with this process also if it never takes over.
            if !Child::die_with(parent) {
                Child::exit(UNFIT);
            }
            // SAFETY:
            // - 1: of the command above.
            unsafe { Command::replace_child(&pointers, &descriptors) }
        }
    }
}

/// What a pool says to a zygote that is this program, started once more.
struct Call {
    memory: RawFd,
    channel: RawFd,
    wake: RawFd,
    bell: RawFd,
    parent: i32,
}

impl Call {
    /// Reads it from the environment. None: no pool has written that.
    fn find() -> Option<Self> {
        let value = std::env::var(VARIABLE).ok()?;
        let numbers: Vec<i32> = value.split(',').map(|number| number.parse().ok()).collect::<Option<_>>()?;
        let &[memory, channel, wake, bell, parent] = numbers.as_slice() else { return None };
        Some(Self { memory, channel, wake, bell, parent })
    }
}

/// Is this process the zygote of a pool, and has not taken over yet?
pub(super) fn is_zygote() -> bool {
    Call::find().is_some()
}

/// Becomes the zygote if a pool has started this process as that; otherwise returns. A zygote that can't begin ends, because its `main`
/// is not to run.
pub(crate) fn take_over(functions: impl FnOnce() -> Box<[Function]>) {
    let Some(call) = Call::find() else { return };
    let Err(why) = become_zygote(&call, functions);
    // If the error output is closed, nobody reads it.
    let _ = writeln!(io::stderr(), "jobring: this process was started to make workers, and {why}");
    Child::exit(UNFIT)
}

/// Returns only why that failed.
fn become_zygote(
    call: &Call,
    functions: impl FnOnce() -> Box<[Function]>,
) -> Result<Infallible, &'static str> {
    if threads().is_none_or(|threads| threads != 1) {
        return Err("takes over too late: it has threads already, or there is no /proc to count them");
    }
    // SAFETY:
    // - 1: it is the only one.
    unsafe { unset_variable(VARIABLE) };
    // SAFETY:
    // - 1: the variable names what the pool has passed, and this is the first that the program does.
    let open = |fd: RawFd| unsafe { inherited(fd) };
    let (Some(memory), Some(channel), Some(wake)) = (open(call.memory), open(call.channel), open(call.wake))
    else {
        return Err("its descriptors are closed");
    };
    let bell = open(call.bell);
    let memory = SharedMemory::of(memory).map_err(|_| "can't map the pool's memory")?;
    // SAFETY:
    // - 1: `serve` ends this process, and until then the memory is not dropped.
    let view = unsafe { View::of(&memory) }.ok_or("the memory is not a pool's")?;
    // `call` in a worker depends on it.
    if !watch() {
        return Err("has no memory");
    }
    let port = SharedPort { bell: bell.as_ref().map(AsRawFd::as_raw_fd), is_worker: true };
    let duty = Duty { view, functions: functions(), port, wake: wake.as_raw_fd(), parent: call.parent };
    serve(&duty, Channel::of(channel))
}
