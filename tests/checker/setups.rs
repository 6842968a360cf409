//! What is explored: who does what, and how finely.

use crate::explore::Grain::{self, Coarse, Fine};
use crate::machine::{Body, Mistake, Op, Setup};

/// A setup and how it is run. `deep`: only on request.
pub struct Task {
    pub setup: Setup,
    pub grain: Grain,
    pub deep: bool,
}

const WORKER: (&str, &[Op]) = ("worker", &[Op::Work]);

fn submit(job: u8) -> Op {
    Op::Submit { job, blocks: true, detached: false }
}

fn detached(job: u8) -> Op {
    Op::Submit { job, blocks: true, detached: true }
}

fn attempt(job: u8) -> Op {
    Op::Submit { job, blocks: false, detached: false }
}

const DRAIN: Op = Op::Shutdown { discards: false };
const DISCARD: Op = Op::Shutdown { discards: true };

fn setup(name: &'static str, slots: u8, workers: u8, others: &[(&'static str, &[Op])]) -> Setup {
    let workers_in = std::iter::repeat_n(&WORKER, workers as usize);
    let scripts = workers_in.chain(others).map(|(name, ops)| (*name, ops.to_vec())).collect();
    Setup { name, slots, live: workers, scripts, ..Setup::default() }
}

pub fn tasks() -> Vec<Task> {
    let mut tasks = Vec::new();
    let mut add = |grain, deep, setup| tasks.push(Task { setup, grain, deep });
    let submitter: &[Op] = &[submit(0), Op::Wait(0)];
    let second: &[Op] = &[submit(1), Op::Wait(1)];
    let giver: &[Op] = &[detached(0)];
    let other: &[Op] = &[detached(1)];

    add(Fine, false, setup("submit and wait", 2, 1, &[("submitter", submitter)]));
    add(Fine, false, setup("submit, drain", 1, 1, &[("submitter", giver), ("closer", &[DRAIN])]));
    add(Coarse, false, setup("two submitters", 2, 2, &[("submitter", submitter), ("submitter", second)]));
    tasks
}

/// Each mistake, and a setup in which it must show.
pub fn mistakes() -> Vec<(Mistake, Task)> {
    let _ = (Body::Plain, attempt, DISCARD);
    Vec::new()
}
