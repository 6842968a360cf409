//! The largest setups: three workers, two submitters and a closer.

use super::{DISCARD, DRAIN, Task, detached, setup, submit};
use crate::explore::Grain::Coarse;
use crate::machine::{Op, Setup};

const GIVER: (&str, &[Op]) = ("submitter", &[detached(0)]);
const ASKER: (&str, &[Op]) = ("submitter", &[submit(0), Op::Wait(0)]);
const ASKER_TOO: (&str, &[Op]) = ("submitter", &[submit(1), Op::Wait(1)]);
const DRAINS: (&str, &[Op]) = ("closer", &[DRAIN]);
const DISCARDS: (&str, &[Op]) = ("closer", &[DISCARD]);

pub fn tasks() -> Vec<Task> {
    let given = |name, slots, workers, closer| setup(name, slots, workers, &[GIVER, GIVER, closer]);
    let asked = |name, slots, workers, closer| setup(name, slots, workers, &[ASKER, ASKER_TOO, closer]);
    let loose = |setup| Setup { loose: true, ..setup };
    let spurious = |setup| Setup { spurious: 2, ..loose(setup) };
    let stops = |setup| Setup { freeze: true, clock: true, sentries: true, ..setup };
    let list = [
        (false, loose(given("3 workers, 2 given, drain", 2, 3, DRAINS))),
        (false, loose(given("3 workers, 2 given, discard", 2, 3, DISCARDS))),
        (false, loose(asked("2 workers, 2 asked, drain", 1, 2, DRAINS))),
        (false, spurious(given("spurious: 3 workers, 2 given, drain", 1, 3, DRAINS))),
        (true, given("3 workers, 2 given, drain, all counts", 1, 3, DRAINS)),
        (true, given("3 workers, 2 given, drain, all counts, 2 slots", 2, 3, DRAINS)),
        (true, given("3 workers, 2 given, discard, all counts, 2 slots", 2, 3, DISCARDS)),
        (true, loose(asked("3 workers, 2 asked, drain, 1 slot", 1, 3, DRAINS))),
        (true, loose(asked("3 workers, 2 asked, discard, 1 slot", 1, 3, DISCARDS))),
        (true, loose(asked("3 workers, 2 asked, drain", 2, 3, DRAINS))),
        (true, loose(asked("3 workers, 2 asked, discard", 2, 3, DISCARDS))),
        (true, spurious(given("spurious: 3 workers, 2 given, drain, 2 slots", 2, 3, DRAINS))),
        (true, spurious(given("spurious: 3 workers, 2 given, discard, 2 slots", 2, 3, DISCARDS))),
        (true, spurious(asked("spurious: 3 workers, 2 asked, drain, 1 slot", 1, 3, DRAINS))),
        (true, stops(given("stops: 2 workers, 2 given, drain", 1, 2, DRAINS))),
        (true, stops(given("stops: 2 workers, 2 given, discard", 1, 2, DISCARDS))),
    ];
    list.into_iter().map(|(deep, setup)| Task { setup, grain: Coarse, deep }).collect()
}
