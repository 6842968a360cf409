//! Unit tests of the core, on one thread.

extern crate std;

use super::record::Phase;
use super::word::{SlotWord, Status};
use super::*;
use crate::job::context::CallContext;
use crate::platform::port::{Origin, Port};
use crate::sync::{AtomicUsize, Relaxed, array_of};
use std::cell::Cell;
use std::vec::Vec;

const SLOTS: usize = 4;

/// Counts wake-ups, and sleeps never.
#[derive(Default)]
struct Counting {
    wakes: Cell<usize>,
    waits: Cell<usize>,
}

impl Port for Counting {
    fn wait(&self, _: &AtomicUsize, _: usize, _: Option<u64>) {
        self.waits.set(self.waits.get() + 1);
    }
    fn wake(&self, _: *const AtomicUsize, _: bool, _: Origin) {
        self.wakes.set(self.wakes.get() + 1);
    }
    fn now(&self) -> Option<u64> {
        None
    }
    fn current(&self) -> *const CallContext {
        core::ptr::null()
    }
    fn set_current(&self, _: *const CallContext) {}
}

struct Memory {
    header: Header,
    entries: [AtomicUsize; SLOTS],
    slots: [Slot; SLOTS],
    reports: [AtomicUsize; 1],
    workers: [WorkerWords; 2],
    port: Counting,
}

impl Memory {
    fn new() -> Self {
        Self {
            header: Header::new(),
            entries: array_of![AtomicUsize::new(0); SLOTS],
            slots: array_of![Slot::new(); SLOTS],
            reports: [AtomicUsize::new(0)],
            workers: array_of![WorkerWords::new(); 2],
            port: Counting::default(),
        }
    }

    fn mapping(&self) -> Mapping<'_> {
        Mapping::new(&self.header, &self.entries, &self.slots, &self.reports, &self.workers)
    }

    fn worker(&self, number: usize) -> Worker<'_> {
        Worker::new(self.mapping(), number)
    }
}

fn submit(parent: &mut Parent, size: usize) -> Option<usize> {
    parent.submit(|_, body| *body = Body { function: 7, size, code: 0 }).expect("the mapping is whole")
}

fn run(worker: &Worker, job: Claimed, port: &Counting) {
    worker.begin(&job);
    worker.with_body(&job, |body| body.code = body.size + 1);
    assert!(worker.leave(&job));
    worker.resolve(job, port);
}

/// Takes all that has ended: the sizes of the jobs, and how they ended.
fn take_all(parent: &mut Parent) -> Vec<(usize, End)> {
    parent.collect().expect("the mapping is whole");
    let mut all = Vec::new();
    while let Some((slot, end)) = parent.take() {
        let body = parent.body(slot);
        if end == End::Returned {
            assert_eq!(body.code, body.size + 1);
        }
        all.push((body.size, end));
        parent.free(slot);
    }
    all
}

#[test]
fn jobs_run_in_their_order_and_slots_come_back() {
    let memory = Memory::new();
    let mut parent = Parent::new(memory.mapping());
    let worker = memory.worker(0);
    for round in 0..5 {
        for job in 0..SLOTS {
            assert!(submit(&mut parent, 10 * round + job).is_some());
        }
        assert_eq!(submit(&mut parent, 0), None, "all slots are in use");
        for _ in 0..SLOTS {
            let job = worker.claim(&memory.port).expect("there is one");
            run(&worker, job, &memory.port);
        }
        assert_eq!(worker.claim(&memory.port), None);
        let expected: Vec<_> = (0..SLOTS).map(|job| (10 * round + job, End::Returned)).collect();
        let mut taken = take_all(&mut parent);
        taken.sort_by_key(|(size, _)| *size);
        assert_eq!(taken, expected);
    }
    assert_eq!(memory.port.wakes.get(), 0, "nobody slept");
}

#[test]
fn a_cancelled_job_does_not_run_and_its_slot_comes_back_when_its_entry_was_passed() {
    let memory = Memory::new();
    let mut parent = Parent::new(memory.mapping());
    let worker = memory.worker(0);
    let slots: Vec<_> = (0..SLOTS).map(|job| submit(&mut parent, job).expect("a slot")).collect();
    assert_eq!(
        (parent.cancel(slots[0]), parent.cancel(slots[0])),
        (Ok(true), Ok(false)),
        "at head: it is passed at once"
    );
    assert_eq!(parent.cancel(slots[2]), Ok(true));
    assert_eq!(take_all(&mut parent), [(0, End::Cancelled), (2, End::Cancelled)]);
    assert_eq!((submit(&mut parent, 4), submit(&mut parent, 5)), (Some(slots[0]), None));
    let job = worker.claim(&memory.port).expect("the second");
    assert_eq!(parent.cancel(slots[1]), Ok(false), "it was claimed");
    run(&worker, job, &memory.port);
    assert_eq!(take_all(&mut parent), [(1, End::Returned)]);
    let job = worker.claim(&memory.port).expect("the fourth, past the cancelled one");
    assert_eq!(job.slot(), slots[3]);
    assert_eq!(take_all(&mut parent), []);
    assert!(
        submit(&mut parent, 6).is_some()
            && submit(&mut parent, 7).is_some()
            && submit(&mut parent, 8).is_none()
    );
    run(&worker, job, &memory.port);
    assert_eq!(take_all(&mut parent), [(3, End::Returned)]);
}

#[test]
fn a_dead_worker_costs_the_job_that_it_ran() {
    for steps in 0..4 {
        let memory = Memory::new();
        let mut parent = Parent::new(memory.mapping());
        let (dead, other) = (memory.worker(1), memory.worker(0));
        assert!(submit(&mut parent, 0).is_some() && submit(&mut parent, 1).is_some());
        let job = dead.claim(&memory.port).expect("there is one");
        if steps > 0 {
            dead.begin(&job);
        }
        if steps > 1 {
            dead.with_body(&job, |body| body.code = body.size + 1);
            assert!(dead.leave(&job));
        }
        if steps > 2 {
            dead.resolve(job, &memory.port);
            // The report was lost: it died before.
            memory.reports[0].store(0, Relaxed);
        }
        parent.sweep(1, 9).expect("the mapping is whole");
        let expected = match steps {
            0 => None,
            3 => Some((0, End::Returned)),
            _ => Some((0, End::Died(9))),
        };
        assert_eq!(take_all(&mut parent), expected.into_iter().collect::<Vec<_>>(), "{steps}");
        while let Some(job) = other.claim(&memory.port) {
            run(&other, job, &memory.port);
        }
        let mut left = take_all(&mut parent);
        left.sort_by_key(|(size, _)| *size);
        let both = [(0, End::Returned), (1, End::Returned)];
        assert_eq!(left, if steps == 0 { &both[..] } else { &both[1..] }, "{steps}");
        assert!((0..SLOTS).all(|_| submit(&mut parent, 3).is_some()), "every slot came back");
    }
}

#[test]
fn a_dead_worker_s_entry_that_is_still_at_head_is_passed() {
    let memory = Memory::new();
    let mut parent = Parent::new(memory.mapping());
    let slot = submit(&mut parent, 0).expect("a slot");
    // It died between its claim and its move of head.
    memory.slots[slot].word.store(SlotWord::new(0, 1, Status::Claimed).bits(), Relaxed);
    parent.sweep(1, 9).expect("the mapping is whole");
    assert_eq!(memory.header.head.load(Relaxed), 1);
    assert!(memory.mapping().has_entry());
    let job = memory.worker(0).claim(&memory.port).expect("queued again");
    assert_eq!(job, Claimed { slot, position: 1 });
    assert_eq!(memory.worker(0).claim(&memory.port), None, "once");
}

#[test]
fn a_kill_dooms_the_job_that_runs_and_no_other() {
    let memory = Memory::new();
    let mut parent = Parent::new(memory.mapping());
    let worker = memory.worker(1);
    let slot = submit(&mut parent, 0).expect("a slot");
    assert_eq!(parent.kill(slot, |_| unreachable!("it is queued")), Ok(false));
    let job = worker.claim(&memory.port).expect("there is one");
    assert_eq!(parent.kill(slot, |_| unreachable!("it has not begun")), Ok(false));
    worker.begin(&job);
    let mut killed = None;
    assert_eq!(parent.kill(slot, |number| killed = Some(number)), Ok(true));
    assert_eq!(killed, Some(1));
    assert!(!worker.leave(&job), "it exits");
    parent.sweep(1, 9).expect("the mapping is whole");
    assert_eq!(take_all(&mut parent), [(0, End::Died(9))]);
    // The next worker of that number.
    let slot = submit(&mut parent, 1).expect("a slot");
    let job = memory.worker(1).claim(&memory.port).expect("there is one");
    memory.worker(1).begin(&job);
    assert!(memory.worker(1).leave(&job));
    assert_eq!(parent.kill(slot, |_| unreachable!("the function has returned")), Ok(false));
}

#[test]
fn one_job_of_several_that_have_ended_can_be_taken() {
    let memory = Memory::new();
    let mut parent = Parent::new(memory.mapping());
    let worker = memory.worker(0);
    let slots: Vec<_> = (0..3).map(|job| submit(&mut parent, job).expect("a slot")).collect();
    assert_eq!((parent.in_flight(), parent.take_this(slots[1])), (3, None), "none has ended");
    while let Some(job) = worker.claim(&memory.port) {
        run(&worker, job, &memory.port);
    }
    parent.collect().expect("the mapping is whole");
    assert_eq!((parent.in_flight(), parent.has_ended()), (0, true));
    assert_eq!(parent.take_this(slots[1]), Some(End::Returned));
    assert!(parent.is_taken(slots[1]));
    assert_eq!(parent.take_this(slots[1]), None, "once");
    parent.free(slots[1]);
    assert_eq!(take_all(&mut parent), [(0, End::Returned), (2, End::Returned)]);
    assert!(!parent.has_ended() && !parent.is_taken(slots[1]));
}

#[test]
fn the_parent_knows_which_worker_has_a_job_and_which_is_doomed() {
    let memory = Memory::new();
    let mut parent = Parent::new(memory.mapping());
    let (slot, worker) = (submit(&mut parent, 0).expect("a slot"), memory.worker(1));
    assert_eq!((parent.position(slot), parent.position_with(slot, 1)), (Some(0), Ok(None)));
    let job = worker.claim(&memory.port).expect("there is one");
    assert_eq!((parent.position_with(slot, 1), parent.position_with(slot, 0)), (Ok(Some(0)), Ok(None)));
    worker.begin(&job);
    assert_eq!(parent.position_with(slot, 1), Ok(Some(0)));
    assert!(!parent.is_doomed(1));
    assert_eq!(parent.kill(slot, |_| ()), Ok(true));
    assert!(parent.is_doomed(1) && !parent.is_doomed(0));
    parent.sweep(1, -9).expect("the mapping is whole");
    assert!(!parent.is_doomed(1), "the next worker of that number is not");
    assert_eq!((parent.position(slot), parent.position_with(slot, 1)), (None, Ok(None)));
}

#[test]
fn who_sleeps_is_woken_once() {
    let memory = Memory::new();
    let mut parent = Parent::new(memory.mapping());
    let worker = memory.worker(1);
    assert!(worker.rest(&memory.port), "a sleep that returns at once");
    assert_eq!((memory.port.waits.get(), memory.header.sleepers.load(Relaxed)), (1, 0));
    // A worker that sleeps.
    memory.header.sleepers.store(2, Relaxed);
    memory.workers[1].parked.store(1, Relaxed);
    assert!(submit(&mut parent, 0).is_some());
    memory.mapping().notify(&memory.port);
    memory.mapping().notify(&memory.port);
    assert_eq!((memory.port.wakes.get(), memory.workers[1].parked.load(Relaxed)), (1, 0));
    assert!(
        worker.rest(&memory.port) && memory.port.waits.get() == 1,
        "there is an entry: it does not sleep"
    );
    // A thread of the parent that waits, and two ends: one ring.
    let bell = parent.arm();
    assert!(submit(&mut parent, 1).is_some());
    while let Some(job) = worker.claim(&memory.port) {
        run(&worker, job, &memory.port);
    }
    assert_eq!((memory.port.wakes.get(), memory.header.bell.load(Relaxed)), (2, bell + 1));
    memory.mapping().wait(&memory.port, bell, None);
    assert_eq!(memory.port.waits.get(), 2);
    memory.header.sleepers.store(3, Relaxed);
    memory.mapping().close(&memory.port);
    assert_eq!((memory.port.wakes.get(), memory.header.sleepers.load(Relaxed)), (4, 0));
    assert!(!worker.rest(&memory.port), "closed, and empty");
}

#[test]
fn wild_writes_are_found_and_change_nothing() {
    type Wild = fn(&Memory);
    let wild: [(&str, Wild); 7] = [
        ("a slot's word", |memory| memory.slots[0].word.store(7, Relaxed)),
        ("a slot's word", |memory| memory.slots[0].word.store(usize::MAX, Relaxed)),
        ("a slot's word", |memory| {
            memory.slots[0].word.store(SlotWord::new(3, 0, Status::Ended).bits(), Relaxed)
        }),
        ("a slot's word", |memory| {
            memory.slots[0].word.store(SlotWord::new(0, 9, Status::Claimed).bits(), Relaxed)
        }),
        ("a job has ended that was not claimed", |memory| {
            memory.slots[0].word.store(SlotWord::new(0, 0, Status::Ended).bits(), Relaxed);
        }),
        ("the head of the ready ring", |memory| {
            memory.header.head.store(5, Relaxed);
            memory.slots[0].word.store(SlotWord::new(0, 0, Status::Ended).bits(), Relaxed);
        }),
        ("a report of a slot that does not exist", |memory| memory.reports[0].store(1 << 63, Relaxed)),
    ];
    for (what, write) in wild {
        let memory = Memory::new();
        let mut parent = Parent::new(memory.mapping());
        assert!(submit(&mut parent, 0).is_some());
        memory.reports[0].store(1, Relaxed);
        write(&memory);
        assert_eq!(parent.collect(), Err(Corrupt(what)));
        assert_eq!(parent.take(), None);
        assert_eq!(parent.records[0].phase, Phase::InFlight);
    }
    // A word that is spoilt while its job is queued, which nobody reports.
    let memory = Memory::new();
    let mut parent = Parent::new(memory.mapping());
    assert!(submit(&mut parent, 0).is_some());
    memory.slots[0].word.store(SlotWord::new(3, 0, Status::Queued).bits(), Relaxed);
    assert_eq!((parent.collect(), parent.check_head()), (Ok(()), Ok(())));
    assert_eq!(parent.settle_all(), Err(Corrupt("a slot's word")));
    // A head that no worker gets past is found without an end.
    let memory = Memory::new();
    memory.header.head.store(usize::MAX, Relaxed);
    let mut parent = Parent::new(memory.mapping());
    assert_eq!(parent.check_head(), Err(Corrupt("the head of the ready ring")));
    assert_eq!(parent.sweep(0, -9), Err(Corrupt("the head of the ready ring")));
    assert!(memory.mapping().has_entry(), "it looks so; to read it does no harm");
    // A bit of a worker that does not exist wakes nobody.
    let memory = Memory::new();
    memory.header.sleepers.store(1 << 40, Relaxed);
    memory.mapping().notify(&memory.port);
    assert_eq!(memory.port.wakes.get(), 0);
}
