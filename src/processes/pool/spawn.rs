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
use std::boxed::Box;
use std::format;
use std::io;
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
        // - 1: there are this thread and the caller of `create`, who waits for it.
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
    let value = format!("{memory},{channel},{wake},{bell},{}", Child::number());
    let command = Command::new(VARIABLE, &value);
    let pointers = command.pointers();
    // SAFETY:
    // - 1: the child allocates nothing and takes no lock until it is another program.
    match unsafe { Process::clone_quiet() }? {
        Cloned::Parent(process) => Ok(process),
        Cloned::Child => {
            mask.set();
            // SAFETY:
            // - 1: of the command above.
            unsafe { Command::replace_child(&pointers, &descriptors) }
        }
    }
}

/// Is this process the zygote of a pool, and has not taken over yet?
pub(super) fn is_zygote() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Becomes the zygote if a pool has started this process as that; otherwise returns.
///
/// # Panics
///
/// If this is to be a zygote, and has more than one thread.
pub(crate) fn take_over(functions: impl FnOnce() -> Box<[Function]>) {
    if !is_zygote() {
        return;
    }
    assert!(threads().is_none_or(|threads| threads == 1), "it was to take over before there are threads");
    // SAFETY:
    // - 1: it is the only one.
    let Some(value) = (unsafe { unset_variable(VARIABLE) }) else { return };
    let numbers: Vec<i32> = value.split(',').filter_map(|number| number.parse().ok()).collect();
    let &[memory, channel, wake, bell, parent] = numbers.as_slice() else { return };
    // SAFETY:
    // - 1: the variable names what the pool has passed, and this is the first that the program does.
    let open = |fd: RawFd| unsafe { inherited(fd) };
    let (Some(memory), Some(channel), Some(wake)) = (open(memory), open(channel), open(wake)) else {
        return;
    };
    let bell_file = open(bell);
    // `call` in a worker depends on it.
    if !watch() {
        Child::exit(UNFIT);
    }
    let Ok(memory) = SharedMemory::of(memory) else { return };
    // SAFETY:
    // - 1: `serve` ends this process, and until then the memory is not dropped.
    let Some(view) = (unsafe { View::of(&memory) }) else { return };
    let port = SharedPort { bell: bell_file.as_ref().map(AsRawFd::as_raw_fd), is_worker: true };
    let duty = Duty { view, functions: functions(), port, wake: wake.as_raw_fd(), parent };
    serve(&duty, Channel::of(channel))
}
