//! Setups in which threads wait until the pool is idle.

use super::{DRAIN, Task, detached, setup, submit};
use crate::explore::Grain::{self, Coarse, Fine};
use crate::machine::{Op, Setup};

const WAITS: (&str, &[Op]) = ("waiter", &[Op::WaitIdle]);
/// A submitter that waits for its job and all others.
const GIVES: (&str, &[Op]) = ("submitter", &[detached(0), Op::WaitIdle]);

pub fn given() -> Setup {
    setup("idle: a detached job", 1, 1, &[GIVES])
}

pub fn cancelled() -> Setup {
    let asks: (&str, &[Op]) = ("submitter", &[submit(0), Op::WaitIdle]);
    setup("idle: cancel", 1, 1, &[asks, ("canceller", &[Op::Cancel(0)])])
}

pub fn taken() -> Setup {
    let gives: (&str, &[Op]) = ("submitter", &[detached(0), detached(1)]);
    setup("idle: two jobs", 2, 1, &[gives, WAITS])
}

pub fn two_wait() -> Setup {
    setup("idle: two wait", 1, 1, &[GIVES, WAITS])
}

pub fn tasks() -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    let mut add = |grain: Grain, setup| tasks.push(Task { setup, grain, deep: false });
    let asks: (&str, &[Op]) = ("submitter", &[submit(0), Op::Wait(0)]);
    let gives_too: (&str, &[Op]) = ("submitter", &[detached(1)]);
    add(Fine, given());
    add(Coarse, cancelled());
    add(Coarse, taken());
    add(Coarse, two_wait());
    add(Coarse, setup("idle: the result is taken", 1, 1, &[asks, WAITS]));
    add(Coarse, setup("idle: two submit", 1, 1, &[GIVES, gives_too]));
    add(Coarse, setup("idle: at the close", 1, 1, &[GIVES, ("closer", &[DRAIN])]));
    let waits_too: (&str, &[Op]) = ("submitter", &[detached(1), Op::WaitIdle]);
    add(Coarse, setup("idle: no workers", 2, 0, &[GIVES, waits_too]));
    tasks
}
