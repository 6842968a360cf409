//! Setups in which a thread waits for a job in a scope of an interrupt.

use super::{Task, detached, setup, submit};
use crate::explore::Grain::{self, Coarse, Fine};
use crate::machine::{Body, Op, Setup};

/// The job ends when job 1 has run, which is submitted behind the wait.
const WAITS: (&str, &[Op]) =
    ("submitter", &[submit(0), Op::WaitInterruptible(0), Op::Reset, detached(1), Op::RunOne]);
const RAISES: (&str, &[Op]) = ("raiser", &[Op::Raise]);

fn long(setup: Setup) -> Setup {
    Setup { bodies: [Body::Until(1), Body::Plain, Body::Plain, Body::Plain], ..setup }
}

pub fn raised() -> Setup {
    long(setup("interrupt: a long job", 2, 1, &[WAITS, RAISES]))
}

pub fn ends() -> Setup {
    let waits: (&str, &[Op]) = ("submitter", &[submit(0), Op::WaitInterruptible(0)]);
    setup("interrupt: the job ends", 1, 1, &[waits])
}

pub fn tasks() -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    let mut add = |grain: Grain, setup| tasks.push(Task { setup, grain, deep: false });
    let twice: (&str, &[Op]) = ("submitter", &[submit(0), Op::WaitInterruptible(0), Op::Wait(0)]);
    let joins: (&str, &[Op]) = ("waiter", &[Op::WaitInterruptible(0)]);
    let asks: (&str, &[Op]) = ("waiter", &[Op::Wait(0)]);
    add(Fine, ends());
    add(Coarse, raised());
    add(Coarse, setup("interrupt: raise against the end", 1, 1, &[twice, RAISES]));
    add(Coarse, setup("interrupt: two in scopes", 1, 1, &[twice, joins, RAISES]));
    add(Coarse, setup("interrupt: another waits", 1, 1, &[twice, asks, RAISES]));
    add(Coarse, long(setup("interrupt: detach", 2, 1, &[WAITS, ("detacher", &[Op::Detach(0)])])));
    add(Coarse, setup("interrupt: no workers", 1, 0, &[twice, RAISES]));
    tasks
}
