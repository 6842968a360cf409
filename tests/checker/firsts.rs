//! Setups in which a thread waits for the first of two jobs that finishes.

use super::{Task, detached, setup, submit};
use crate::explore::Grain::{self, Coarse, Fine};
use crate::machine::{Body, Op, Setup};

const WAITS: (&str, &[Op]) = ("submitter", &[submit(0), submit(1), Op::First]);

pub fn one_worker() -> Setup {
    setup("first: one worker", 2, 1, &[WAITS])
}

/// Neither job ends before a third has run, which is submitted behind the wait.
pub fn given_up() -> Setup {
    let waits: (&str, &[Op]) = ("submitter", &[submit(0), submit(1), Op::First, detached(2), Op::RunOne]);
    let bodies = [Body::Until(2), Body::Until(2), Body::Plain, Body::Plain];
    Setup { bodies, ..setup("first: detach", 4, 2, &[waits, ("detacher", &[Op::Detach(0)])]) }
}

pub fn tasks() -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    let mut add = |grain: Grain, setup| tasks.push(Task { setup, grain, deep: false });
    let takes: (&str, &[Op]) = ("submitter", &[submit(0), submit(1), Op::First, Op::Wait(0)]);
    add(Fine, one_worker());
    add(Coarse, setup("first: two workers", 2, 2, &[WAITS]));
    add(Coarse, setup("first: cancel", 2, 1, &[WAITS, ("canceller", &[Op::Cancel(1)])]));
    add(Coarse, given_up());
    add(Coarse, setup("first: another takes", 2, 1, &[WAITS, ("waiter", &[Op::Wait(0)])]));
    let peeks: (&str, &[Op]) = ("peeker", &[Op::See { job: 0, leaves: true }]);
    add(Coarse, setup("first: another looks", 2, 1, &[takes, peeks]));
    let takes_both: (&str, &[Op]) =
        ("submitter", &[submit(0), submit(1), Op::First, Op::Wait(1), Op::Wait(0)]);
    add(Coarse, setup("first: no workers", 2, 0, &[takes_both, ("driver", &[Op::RunOne])]));
    tasks
}
