//! Setups with a completion queue.

use super::{DISCARD, DRAIN, Task, setup};
use crate::explore::Grain::{self, Coarse, Fine};
use crate::machine::{Body, Op, Setup};

pub const fn into(job: u8) -> Op {
    Op::Into { job, blocks: true }
}

const TAKES: (&str, &[Op]) = ("consumer", &[Op::Take]);
const DRAINS: (&str, &[Op]) = ("closer", &[DRAIN]);
const DISCARDS: (&str, &[Op]) = ("closer", &[DISCARD]);
const GIVES: (&str, &[Op]) = ("submitter", &[into(0)]);
const GIVES_TOO: (&str, &[Op]) = ("submitter", &[into(1)]);
/// A submitter that also takes.
pub const BOTH: (&str, &[Op]) = ("submitter", &[into(0), Op::Take]);
pub const BOTH_TOO: (&str, &[Op]) = ("submitter", &[into(1), Op::Take]);
/// An event loop that receives two jobs.
pub const LOOPS: (&str, &[Op]) = ("loop", &[into(0), into(1), Op::Hear, Op::Hear]);

/// With a queue, whose limit is as large as the pool.
pub fn queue(name: &'static str, slots: u8, workers: u8, others: &[(&'static str, &[Op])]) -> Setup {
    Setup { limit: slots, ..setup(name, slots, workers, others) }
}

pub fn refused() -> Setup {
    let first: (&str, &[Op]) = ("submitter", &[Op::Submit { job: 0, blocks: false, detached: true }]);
    let refused: (&str, &[Op]) = ("submitter", &[Op::Into { job: 1, blocks: false }]);
    queue("queue: a submit is refused", 1, 1, &[first, refused, TAKES])
}

/// One thread may stop.
pub fn stops(setup: Setup) -> Setup {
    Setup { freeze: true, clock: true, sentries: true, ..setup }
}

/// Three jobs and a limit of two: one submitter waits until the other takes.
pub fn stopped_taker() -> Setup {
    let gives: (&str, &[Op]) = ("submitter", &[into(0), into(1), Op::Take]);
    let takes: (&str, &[Op]) = ("submitter", &[into(2), Op::Take, Op::Take]);
    stops(Setup { limit: 2, ..setup("stops: queue: a limit", 4, 1, &[gives, takes]) })
}

pub fn stopped_loop() -> Setup {
    stops(queue("stops: queue: an event loop", 2, 2, &[LOOPS]))
}

pub fn tasks() -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    let mut add = |grain: Grain, deep: bool, setup| tasks.push(Task { setup, grain, deep });
    let cancels: (&str, &[Op]) = ("canceller", &[Op::Cancel(0)]);
    let fails = [Body::Fails, Body::Plain, Body::Plain, Body::Plain];
    add(Fine, false, queue("queue: submit and take", 1, 1, &[BOTH]));
    add(Fine, false, queue("queue: two consumers", 1, 1, &[BOTH, TAKES]));
    add(Coarse, false, queue("queue: three consumers", 2, 1, &[BOTH, TAKES, TAKES]));
    add(Coarse, false, queue("queue: two jobs, two consumers", 2, 1, &[BOTH, BOTH_TOO]));
    add(Coarse, true, queue("queue: two jobs, two consumers, two workers", 2, 2, &[BOTH, BOTH_TOO]));
    add(Coarse, false, queue("queue: two submitters, one slot", 1, 1, &[BOTH, BOTH_TOO]));
    add(Coarse, false, queue("queue: cancel", 1, 1, &[BOTH, cancels]));
    add(Coarse, false, Setup { bodies: fails, ..queue("queue: a failure", 1, 1, &[BOTH, TAKES]) });
    add(Coarse, false, refused());
    add(Coarse, false, Setup { limit: 1, ..queue("queue: a limit", 2, 1, &[BOTH, BOTH_TOO]) });
    add(
        Coarse,
        false,
        Setup { limit: 1, ..queue("queue: a limit at the drain", 2, 1, &[GIVES, GIVES_TOO, DRAINS]) },
    );
    add(
        Coarse,
        false,
        Setup { limit: 1, ..queue("queue: a limit at the discard", 2, 1, &[GIVES, GIVES_TOO, DISCARDS]) },
    );
    add(Coarse, false, queue("queue: drain", 1, 1, &[BOTH, DRAINS]));
    add(Coarse, false, queue("queue: discard", 1, 1, &[BOTH, DISCARDS]));
    add(Coarse, false, Setup { clock: true, ..queue("queue: patience", 1, 1, &[BOTH, TAKES]) });
    add(Coarse, false, Setup { spurious: 1, ..queue("spurious: queue", 1, 1, &[BOTH, TAKES]) });
    add(Fine, false, queue("queue: an event loop", 1, 1, &[("loop", &[into(0), Op::Hear])]));
    add(Coarse, false, queue("queue: an event loop hears of two jobs", 2, 2, &[LOOPS]));
    add(Coarse, false, queue("queue: an event loop and a consumer", 2, 1, &[LOOPS, TAKES]));
    add(Coarse, false, stops(queue("stops: queue: two consumers", 2, 1, &[BOTH, BOTH_TOO])));
    add(Coarse, false, stopped_taker());
    add(Coarse, true, stopped_loop());
    tasks
}
