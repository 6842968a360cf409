//! The zygote: a process with one thread, whose copies the workers are. It runs no job.

use super::worker_process::Duty;
use crate::platform::process::{Channel, Child, Message};

/// What it sends first: the number of functions.
pub(super) const HELLO: i32 = 1;
/// What it sends for each worker: the number of the worker, and of its process or 0.
pub(super) const MADE: i32 = 2;

/// What the supervisor sends: make this worker.
pub(super) fn request(worker: usize) -> Message {
    [worker as i32, 0, 0]
}

/// Makes workers until the channel ends. A panic would abort the process: it can't unwind into what this is a copy of.
#[allow(improper_ctypes_definitions, reason = "no C code calls it")]
pub(super) extern "C" fn serve(duty: &Duty, channel: Channel) -> ! {
    if !Child::die_with(duty.parent) || !channel.send(&[HELLO, duty.functions.len() as i32, 0]) {
        Child::exit(0);
    }
    while let Some([worker, ..]) = channel.receive(true) {
        let Some(place) = duty.view.processes.get(worker as usize) else { break };
        // SAFETY:
        // - 1: no function of a user's has run in this process, and the library makes no threads here.
        let made = unsafe { Child::clone_sibling(place) };
        if let Ok(None) = made {
            drop(channel);
            if !Child::die_with(duty.parent) {
                Child::exit(0);
            }
            duty.work(worker as usize);
        }
        let number = made.ok().flatten().unwrap_or(0);
        if !channel.send(&[MADE, worker, number]) {
            break;
        }
    }
    Child::exit(0)
}
