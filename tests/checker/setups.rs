//! What is explored: which threads do what, and how finely. `large.rs` has the largest setups, `mistakes.rs`
//! those in which planted mistakes show.

use crate::explore::Grain::{self, Coarse, Fine, Whole};
use crate::machine::{Body, Op, Setup};

#[path = "firsts.rs"]
pub mod firsts;
#[path = "idle_waits.rs"]
pub mod idle_waits;
#[path = "interrupts.rs"]
pub mod interrupts;
#[path = "large.rs"]
mod large;
#[path = "nested.rs"]
pub mod nested;
#[path = "queues.rs"]
pub mod queues;

/// A setup and how it is run. `deep`: only on request.
pub struct Task {
    pub setup: Setup,
    pub grain: Grain,
    pub deep: bool,
}

const WORKER: (&str, &[Op]) = ("worker", &[Op::Work]);

pub const fn submit(job: u8) -> Op {
    Op::Submit { job, blocks: true, detached: false }
}

pub const fn detached(job: u8) -> Op {
    Op::Submit { job, blocks: true, detached: true }
}

pub const fn attempt(job: u8) -> Op {
    Op::Submit { job, blocks: false, detached: false }
}

pub const DRAIN: Op = Op::Shutdown { discards: false };
pub const DISCARD: Op = Op::Shutdown { discards: true };

pub fn setup(name: &'static str, slots: u8, workers: u8, others: &[(&'static str, &[Op])]) -> Setup {
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
    let asker = ("submitter", asks);
    let giver = ("submitter", gives);
    let waits_for_1 = [Body::Waits(1), Body::Plain, Body::Plain, Body::Plain];
    let first_fails = [Body::Fails, Body::Plain, Body::Plain, Body::Plain];

    // Every atomic operation a step.
    add(Fine, false, setup("submit and wait", 2, 1, &[("submitter", asks)]));
    add(Fine, false, setup("give, drain", 1, 1, &[("submitter", gives), drain]));
    add(Fine, false, setup("submit and wait, discard", 1, 1, &[("submitter", asks), discard]));
    add(Fine, false, setup("two submitters, one slot", 1, 1, &[("submitter", gives), ("submitter", gives)]));
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
                "a failure is peeked at and taken",
                1,
                1,
                &[
                    ("submitter", &[submit(0), Op::Wait(0), Op::Peek(0), attempt(1)]),
                    ("peeker", &[Op::Peek(0), Op::Wait(0)]),
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
                "a failure is peeked at while the pool closes",
                1,
                1,
                &[
                    ("submitter", &[submit(0), Op::Poll(0), Op::Wait(0), attempt(1)]),
                    ("peeker", &[Op::Peek(0), Op::Detach(0)]),
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
                "a tombstone's job is peeked at",
                2,
                1,
                &[
                    ("submitter", &[submit(0), Op::Cancel(0), Op::Wait(0)]),
                    ("submitter", &[attempt(1), Op::Detach(1)]),
                    ("peeker", &[Op::Poll(0), Op::Peek(0)]),
                ],
            )
        },
    );
    add(
        Coarse,
        false,
        setup("a taker at the close", 1, 1, &[("submitter", asks), ("submitter", &[attempt(1)]), drain]),
    );
    add(
        Coarse,
        false,
        setup(
            "a tombstone is given up at the close",
            1,
            1,
            &[("submitter", &[submit(0), Op::Cancel(0), Op::Detach(0)]), drain],
        ),
    );

    let sees = |leaves| [submit(0), Op::See { job: 0, leaves }];
    add(
        Fine,
        false,
        setup("see and take, detach", 1, 1, &[("submitter", &sees(false)), ("detacher", &[Op::Detach(0)])]),
    );
    add(
        Coarse,
        false,
        setup(
            "see and leave, detach, wait",
            1,
            1,
            &[("submitter", &sees(true)), ("detacher", &[Op::Detach(0)]), ("waiter", &[Op::Wait(0)])],
        ),
    );
    add(
        Coarse,
        false,
        Setup {
            bodies: first_fails,
            ..setup(
                "a failure is seen, peeked at, detached",
                1,
                1,
                &[
                    ("submitter", &sees(false)),
                    ("detacher", &[Op::Detach(0), Op::Peek(0)]),
                    ("submitter", &[attempt(1), Op::Detach(1)]),
                ],
            )
        },
    );
    add(
        Coarse,
        false,
        setup(
            "see and take at the close",
            1,
            1,
            &[("submitter", &sees(false)), ("detacher", &[Op::Detach(0)]), drain],
        ),
    );

    add(
        Coarse,
        false,
        setup("see and take, wait", 2, 1, &[("submitter", &sees(false)), ("waiter", &[Op::Wait(0)])]),
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
                "a peek at the close",
                2,
                1,
                &[("submitter", &[submit(0), Op::Wait(0)]), ("peeker", &[Op::Peek(0)]), drain],
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
    add(
        Coarse,
        false,
        Setup {
            bodies: [Body::Until(1), Body::Plain, Body::Plain, Body::Plain],
            rested: true,
            ..setup("a long job keeps nobody", 2, 2, &[("submitter", asks), ("submitter", gives_too)])
        },
    );
    // Both are accepted while the pool is open, so both find a worker.
    add(
        Coarse,
        false,
        Setup {
            bodies: [Body::Until(1), Body::Plain, Body::Plain, Body::Plain],
            ..setup(
                "a job needs another at the close",
                2,
                2,
                &[("submitter", &[detached(0), detached(1), DRAIN])],
            )
        },
    );
    let nobody: &[Op] = &[submit(0), submit(1), Op::Wait(1), Op::Wait(0)];
    add(Coarse, false, setup("no workers", 1, 0, &[("submitter", nobody), ("driver", &[Op::RunOne]), drain]));
    add(
        Coarse,
        false,
        setup("a worker comes late", 1, 0, &[("submitter", gives), ("worker", &[Op::Enter]), drain]),
    );

    add(
        Coarse,
        true,
        setup(
            "two blocked at the close",
            1,
            1,
            &[("submitter", &[submit(0)]), ("submitter", gives_too), ("submitter", gives_too), drain],
        ),
    );
    // The end of the pool's memory.
    let end: (&'static str, &[Op]) = ("destroyer", &[DRAIN, Op::Destroy]);
    add(Coarse, false, setup("the end, own workers", 1, 2, &[asker, end]));
    add(
        Coarse,
        false,
        Setup { c_face: true, ..setup("the end, C API", 1, 0, &[asker, ("worker", &[Op::Enter]), end]) },
    );

    // One thread stops for ever, anywhere.
    let stops = |setup: Setup| Setup { freeze: true, clock: true, sentries: true, ..setup };
    add(Fine, false, stops(setup("stops: one worker", 1, 1, &[asker])));
    add(Coarse, false, stops(setup("stops: two workers", 2, 2, &[asker])));
    add(
        Coarse,
        false,
        stops(setup("stops: two submitters, one worker", 2, 1, &[asker, ("submitter", asks_too)])),
    );
    add(
        Coarse,
        false,
        stops(setup("stops: cancel", 2, 1, &[asker, ("canceller", &[Op::Cancel(0), Op::Wait(0)])])),
    );
    add(Coarse, false, stops(setup("stops: at the close", 2, 1, &[asker, drain])));
    add(
        Coarse,
        true,
        Setup { rested: true, ..stops(setup("stops: two and two", 2, 2, &[asker, ("submitter", asks_too)])) },
    );
    add(Coarse, true, stops(setup("stops: two workers at the close", 2, 2, &[asker, discard])));

    // The same where nobody waits for the jobs, and what they do may take for ever: the others run them.
    let three: &[Op] = &[detached(0), detached(1), detached(2)];
    let two: &[Op] = &[detached(0), detached(1)];
    let rested = |setup: Setup| Setup { rested: true, ..stops(setup) };
    let timeless = |setup: Setup| Setup { clock: false, sentries: false, ..rested(setup) };
    let long =
        |setup: Setup| Setup { bodies: [Body::Until(1), Body::Plain, Body::Plain, Body::Plain], ..setup };
    let given = |name, workers| setup(name, 4, workers, &[("submitter", three)]);
    add(Coarse, false, rested(given("stops: 3 given, 2 workers rested", 2)));
    add(Coarse, false, timeless(given("stops: 3 given, 2 workers, no clock", 2)));
    add(Coarse, false, rested(long(given("stops: long, 3 given, 3 workers", 3))));
    add(Coarse, false, timeless(long(given("stops: long, 3 given, 3 workers, no clock", 3))));
    // Workers that are on their way to sleep, and lose a token that they never saw.
    add(
        Coarse,
        false,
        Setup {
            rested: false,
            ..timeless(long(given("stops: long, 3 given, 3 workers awake, no clock", 3)))
        },
    );
    // Two sentries, and one that is none.
    add(
        Coarse,
        true,
        Setup { rested: false, ..rested(long(given("stops: long, 3 given, 3 workers awake", 3))) },
    );
    add(Coarse, false, stops(setup("stops: 2 given, 2 workers", 2, 2, &[("submitter", two)])));
    add(
        Coarse,
        false,
        rested(setup(
            "stops: 2 and 1 given, 2 workers",
            4,
            2,
            &[("submitter", two), ("submitter", &[detached(2)])],
        )),
    );

    // Sleeps end for no reason.
    let spurious = |setup: Setup| Setup { spurious: 2, ..setup };
    add(Coarse, false, spurious(setup("spurious: one worker", 1, 1, &[asker, giver])));
    add(Coarse, false, spurious(setup("spurious: two workers", 1, 2, &[asker])));
    add(Coarse, false, spurious(setup("spurious: at the close", 1, 1, &[giver, drain])));
    // And sentries look again, at any time. A late wake rouses one too, so no order of wakes is left out.
    let sentries = |setup: Setup| Setup { spurious: 2, clock: true, sentries: true, ..setup };
    add(Fine, false, sentries(setup("sentries: one worker", 2, 1, &[("submitter", two)])));
    add(Whole, false, sentries(setup("sentries: two workers", 2, 2, &[("submitter", two)])));
    add(Whole, false, sentries(setup("sentries: at the close", 1, 1, &[giver, drain])));

    // Many at once.
    add(
        Coarse,
        false,
        setup("two workers, two submitters", 2, 2, &[("submitter", asks), ("submitter", asks_too)]),
    );
    add(
        Coarse,
        false,
        setup("one slot, discard", 1, 1, &[("submitter", asks), ("submitter", gives_too), discard]),
    );
    add(Coarse, false, setup("two closers", 1, 1, &[("submitter", gives), drain, discard]));
    add(
        Coarse,
        true,
        Setup {
            rested: true,
            ..setup("rested: two workers, drain", 2, 2, &[("submitter", gives), ("submitter", gives), drain])
        },
    );
    tasks.extend(nested::tasks());
    tasks.extend(queues::tasks());
    tasks.extend(idle_waits::tasks());
    tasks.extend(firsts::tasks());
    tasks.extend(interrupts::tasks());
    tasks.extend(large::tasks());
    tasks
}

/// Too large to be explored in a test; the library is compared with the machine in them too.
pub fn walks() -> Vec<Setup> {
    let four: &[Op] = &[detached(0), detached(1), detached(2), detached(3)];
    vec![setup("overtaken by rounds", 2, 2, &[("submitter", four)])]
}
