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
    let asks: &[Op] = &[submit(0), Op::Wait(0)];
    let asks_too: &[Op] = &[submit(1), Op::Wait(1)];
    let gives: &[Op] = &[detached(0)];
    let gives_too: &[Op] = &[detached(1)];
    let drain: (&'static str, &[Op]) = ("closer", &[DRAIN]);
    let discard: (&'static str, &[Op]) = ("closer", &[DISCARD]);
    let waits_for_1 = [Body::Waits(1), Body::Plain, Body::Plain, Body::Plain];
    let first_fails = [Body::Fails, Body::Plain, Body::Plain, Body::Plain];

    // Every atomic operation a step.
    add(Fine, false, setup("submit and wait", 2, 1, &[("submitter", asks)]));
    add(Fine, false, setup("give, drain", 1, 1, &[("submitter", gives), drain]));
    add(Fine, false, setup("submit and wait, discard", 1, 1, &[("submitter", asks), discard]));
    add(
        Fine,
        false,
        setup("two submitters, one slot", 1, 1, &[("submitter", gives), ("submitter", gives_too)]),
    );
    add(Fine, false, setup("cancel", 1, 1, &[("submitter", asks), ("canceller", &[Op::Cancel(0)])]));

    // Calls with a handle, and copies of it.
    add(
        Coarse,
        false,
        setup("cancel and wait", 2, 1, &[("submitter", asks), ("canceller", &[Op::Cancel(0), Op::Wait(0)])]),
    );
    add(
        Coarse,
        false,
        setup("detach and wait", 2, 1, &[("submitter", asks), ("detacher", &[Op::Detach(0)])]),
    );
    add(
        Coarse,
        false,
        setup(
            "two cancel, one more submits",
            1,
            1,
            &[
                ("submitter", &[submit(0), Op::Cancel(0), submit(1), Op::Wait(1)]),
                ("canceller", &[Op::Cancel(0), Op::Detach(0)]),
            ],
        ),
    );
    add(
        Coarse,
        false,
        Setup {
            bodies: first_fails,
            ..setup(
                "a failure is read and kept",
                1,
                1,
                &[
                    ("submitter", &[submit(0), Op::Wait(0), Op::Read(0), attempt(1)]),
                    ("reader", &[Op::Read(0), Op::Wait(0)]),
                ],
            )
        },
    );
    add(
        Coarse,
        false,
        Setup {
            bodies: first_fails,
            ..setup(
                "a failure is read while the pool closes",
                1,
                1,
                &[
                    ("submitter", &[submit(0), Op::Poll(0), Op::Wait(0), attempt(1)]),
                    ("reader", &[Op::Read(0), Op::Detach(0)]),
                    drain,
                ],
            )
        },
    );
    add(
        Coarse,
        false,
        Setup {
            bodies: first_fails,
            ..setup(
                "a cancelled failure's entry is a tombstone",
                2,
                1,
                &[
                    ("submitter", &[submit(0), Op::Cancel(0), Op::Wait(0)]),
                    ("submitter", &[attempt(1), Op::Detach(1)]),
                    ("reader", &[Op::Poll(0), Op::Read(0)]),
                ],
            )
        },
    );
    add(
        Coarse,
        false,
        setup("a taker at the close", 1, 1, &[("submitter", asks), ("submitter", &[attempt(1)]), drain]),
    );

    // Jobs that wait for jobs.
    add(
        Coarse,
        false,
        Setup {
            bodies: waits_for_1,
            clock: true,
            ..setup("a job waits for a job", 2, 1, &[("submitter", &[submit(1), submit(0), Op::Wait(0)])])
        },
    );
    add(
        Coarse,
        false,
        Setup {
            bodies: waits_for_1,
            clock: true,
            ..setup("jobs wait for a job", 4, 2, &[("submitter", &[submit(1), submit(0), Op::Wait(0)])])
        },
    );
    add(
        Coarse,
        false,
        Setup {
            bodies: [Body::Submits(1), Body::Plain, Body::Plain, Body::Plain],
            clock: true,
            ..setup("a job submits into a full pool", 1, 1, &[("submitter", &[submit(0), Op::Wait(0)])])
        },
    );
    add(
        Coarse,
        false,
        Setup {
            bodies: [Body::Submits(1), Body::Plain, Body::Submits(3), Body::Plain],
            clock: true,
            ..setup(
                "jobs submit into a full pool",
                2,
                2,
                &[("submitter", &[submit(0), Op::Wait(0)]), ("submitter", &[submit(2), Op::Wait(2)])],
            )
        },
    );
    add(
        Coarse,
        false,
        Setup {
            bodies: first_fails,
            ..setup(
                "a kept failure at the close",
                2,
                1,
                &[("submitter", &[submit(0), Op::Wait(0)]), ("reader", &[Op::Read(0)]), drain],
            )
        },
    );
    add(
        Coarse,
        false,
        setup("blocked at the close", 1, 1, &[("submitter", &[submit(0)]), ("submitter", gives_too), drain]),
    );
    add(
        Coarse,
        false,
        setup("the end of the pool", 1, 1, &[("submitter", asks), ("destroyer", &[DRAIN, Op::Destroy])]),
    );
    let nobody: &[Op] = &[submit(0), submit(1), Op::Wait(1), Op::Wait(0)];
    add(Coarse, false, setup("no workers", 1, 0, &[("submitter", nobody), ("driver", &[Op::RunOne]), drain]));
    add(
        Coarse,
        false,
        setup("a worker comes late", 1, 0, &[("submitter", gives), ("worker", &[Op::Enter]), drain]),
    );

    // Many at once.
    add(
        Coarse,
        false,
        setup("two workers, two submitters", 2, 2, &[("submitter", asks), ("submitter", asks_too)]),
    );
    add(
        Coarse,
        false,
        setup("two workers, drain", 2, 2, &[("submitter", gives), ("submitter", gives_too), drain]),
    );
    add(
        Coarse,
        false,
        setup("one slot, discard", 1, 1, &[("submitter", asks), ("submitter", gives_too), discard]),
    );
    add(Coarse, false, setup("two closers", 1, 1, &[("submitter", gives), drain, discard]));
    tasks
}

/// Too large to be explored in a test; the library is compared with the machine in them too.
pub fn walks() -> Vec<Setup> {
    let four: &[Op] = &[detached(0), detached(1), detached(2), detached(3)];
    vec![setup("overtaken by rounds", 2, 2, &[("submitter", four)])]
}

/// Each mistake, and a setup in which it must show.
pub fn mistakes() -> Vec<(Mistake, Task)> {
    let _ = (Body::Plain, attempt, DISCARD);
    Vec::new()
}
