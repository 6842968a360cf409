//! Setups with jobs that wait, submit and shut the pool down.

use super::{DRAIN, Task, detached, setup, submit};
use crate::explore::Grain::Coarse;
use crate::machine::{Body, Op, Setup};

pub const fn bodies<const N: usize>(some: [Body; N]) -> [Body; crate::machine::JOBS] {
    let mut all = [Body::Plain; crate::machine::JOBS];
    let mut n = 0;
    while n < N {
        all[n] = some[n];
        n += 1;
    }
    all
}

/// A job that shuts down on a thread that is no worker; of the workers one waits for it, the other leaves.
pub fn a_worker_leaves_late() -> Setup {
    let driver: &[Op] = &[submit(0), Op::RunOne];
    let setup = setup(
        "a driver's job shuts down, a worker leaves late",
        3,
        2,
        &[("submitter", driver), ("submitter", &[submit(1), detached(2)])],
    );
    Setup { bodies: bodies([Body::Shuts, Body::Waits(0)]), rested: true, ..setup }
}

/// The same; one worker waits for that job, the other has no stack left to run the job that it waits for.
pub fn no_stack_in_a_waiter() -> Setup {
    let driver: &[Op] = &[submit(0), submit(1), submit(2), submit(3), Op::RunOne];
    let setup = setup("no stack: a driver's job shuts down", 4, 2, &[("submitter", driver)]);
    Setup { bodies: bodies([Body::Shuts, Body::Waits(0), Body::Waits(3)]), short: true, ..setup }
}

pub fn tasks() -> Vec<Task> {
    let mut tasks = Vec::new();
    let mut add = |deep, setup| tasks.push(Task { setup, grain: Coarse, deep });
    let gives: (&str, &[Op]) = ("submitter", &[detached(0)]);
    let gives_too: (&str, &[Op]) = ("submitter", &[detached(1)]);
    let gives_two: (&str, &[Op]) = ("submitter", &[detached(0), detached(1)]);
    let gives_three: (&str, &[Op]) = ("submitter", &[detached(0), detached(1), detached(2)]);
    let asks_two: (&str, &[Op]) = ("submitter", &[submit(0), submit(1)]);
    let asks_and_drives: (&str, &[Op]) = ("submitter", &[submit(0), submit(1), Op::RunOne, Op::RunOne]);
    let asks_three: (&str, &[Op]) = ("submitter", &[submit(0), submit(1), submit(2)]);
    let takes_two: (&str, &[Op]) = ("submitter", &[submit(0), submit(1), Op::Wait(0), Op::Wait(1)]);
    let drain: (&str, &[Op]) = ("closer", &[DRAIN]);
    let drives: (&str, &[Op]) = ("driver", &[Op::RunOne]);

    // Fewer slots than workers.
    let submits = |bodies, setup| Setup { bodies, ..setup };
    let one = bodies([Body::Submits(1)]);
    let two = bodies([Body::Submits(2), Body::Submits(3)]);
    add(false, submits(one, setup("few slots: 1 and 2 workers", 1, 2, &[gives])));
    add(false, submits(two, setup("few slots: 2 and 2 workers", 2, 2, &[gives_two])));
    add(false, submits(two, setup("few slots: 2 and 3 workers", 2, 3, &[gives_two])));
    add(true, submits(two, setup("few slots: 2 and 4 workers", 2, 4, &[gives_two])));
    add(
        true,
        submits(bodies([Body::Submits(3); 3]), setup("few slots: 3 and 4 workers", 3, 4, &[gives_three])),
    );
    add(false, submits(one, setup("few slots: at the close", 1, 2, &[gives, drain])));
    add(
        false,
        submits(
            bodies([Body::Submits(2)]),
            setup("few slots: a result that nobody takes", 2, 2, &[gives, ("submitter", &[submit(1)])]),
        ),
    );
    add(
        false,
        submits(
            bodies([Body::Submits(2), Body::Waits(0)]),
            setup("few slots: one submits, one waits for it", 2, 2, &[asks_two]),
        ),
    );

    add(
        false,
        submits(
            bodies([Body::Plain, Body::Submits(3), Body::Waits(0)]),
            setup("few slots: one takes a result meanwhile", 3, 2, &[asks_three]),
        ),
    );
    add(
        false,
        Setup {
            clock: true,
            ..submits(two, setup("few slots: 2 and 2 workers, a clock", 2, 2, &[gives_two]))
        },
    );

    // Jobs that wait for each other.
    let ring = bodies([Body::Waits(1), Body::Waits(0)]);
    add(false, Setup { bodies: ring, ..setup("two jobs wait for each other", 2, 2, &[takes_two]) });
    add(
        false,
        Setup { bodies: ring, ..setup("two jobs wait for each other, drain", 2, 2, &[asks_two, drain]) },
    );
    add(
        false,
        Setup {
            bodies: ring,
            ..setup("two jobs wait for each other, no workers", 2, 0, &[asks_and_drives, drives])
        },
    );
    add(
        false,
        Setup {
            bodies: bodies([Body::Waits(1), Body::Waits(2), Body::Waits(0)]),
            ..setup("three jobs wait in a ring", 4, 3, &[asks_three])
        },
    );
    add(
        false,
        Setup {
            bodies: ring,
            spurious: 2,
            ..setup("spurious: two jobs wait for each other", 2, 2, &[asks_two])
        },
    );
    add(
        false,
        Setup {
            bodies: bodies([Body::Waits(1)]),
            short: true,
            ..setup("no stack: a job waits for a job", 2, 2, &[asks_two])
        },
    );
    add(
        false,
        Setup {
            bodies: bodies([Body::Waits(2), Body::Waits(3)]),
            short: true,
            ..setup(
                "no stack: two jobs wait for jobs",
                4,
                2,
                &[("submitter", &[submit(2), submit(3), submit(0), submit(1)])],
            )
        },
    );

    // Shutdowns inside of jobs.
    let shuts = bodies([Body::Shuts, Body::Waits(0)]);
    add(false, Setup { bodies: shuts, ..setup("a job shuts down", 1, 1, &[gives]) });
    add(false, Setup { bodies: shuts, ..setup("a job shuts down, drain outside", 1, 1, &[gives, drain]) });
    add(false, Setup { bodies: bodies([Body::Shuts; 2]), ..setup("two jobs shut down", 2, 2, &[gives_two]) });
    add(false, Setup { bodies: shuts, ..setup("a job waits for one that shuts down", 2, 2, &[asks_two]) });
    add(
        true,
        Setup {
            bodies: shuts,
            ..setup("a job waits for one that shuts down, drain outside", 2, 2, &[asks_two, drain])
        },
    );
    add(
        false,
        Setup {
            bodies: bodies([Body::Shuts, Body::Plain]),
            ..setup("a job shuts down, submit", 2, 1, &[gives, gives_too])
        },
    );
    add(false, Setup { bodies: shuts, ..setup("a driver's job shuts down", 2, 1, &[asks_and_drives]) });
    add(true, a_worker_leaves_late());
    add(
        true,
        Setup {
            bodies: shuts,
            ..setup(
                "a driver's job shuts down, submit",
                4,
                2,
                &[asks_and_drives, ("submitter", &[detached(2)])],
            )
        },
    );
    add(true, no_stack_in_a_waiter());
    tasks
}
