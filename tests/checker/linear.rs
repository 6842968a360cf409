//! Linearizability of a ring: does each operation behave as if it happened at one moment between its call and
//! its return? Tries every schedule of a few threads on the machine's ring, whose steps are the library's
//! (`conform.rs`), against a sequential queue.
//!
//! A monitor keeps every order in which the operations so far can have happened: the contents of the queue,
//! and which pending operations have taken effect with which result. A result that no such order allows is a
//! failure.

#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod machine;

use machine::{Mistake, NOTHING, Op, Pc, Setup, World};
use std::collections::{BTreeSet, HashSet, VecDeque};

/// One way in which things can have happened.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Order {
    queue: VecDeque<u8>,
    /// For each thread the answer of its pending operation, if that has taken effect.
    took: Vec<Option<u8>>,
}

/// The sequential queue: what the operation answers, and what it leaves.
fn takes_effect(queue: &mut VecDeque<u8>, op: Op, held: u8) -> u8 {
    match op {
        Op::RingPush(index) => queue.push_back(index),
        Op::RingPushBack if held != NOTHING => queue.push_back(held),
        Op::RingPop => return queue.pop_front().unwrap_or(NOTHING),
        // Any index says that it is not empty.
        Op::RingLook => return if queue.is_empty() { NOTHING } else { 0 },
        _ => {}
    }
    NOTHING
}

struct Monitor<'a> {
    setup: &'a Setup,
    orders: BTreeSet<Order>,
    /// Operations that were called and have not returned, with what their thread held.
    pending: Vec<Option<(Op, u8)>>,
}

impl Monitor<'_> {
    /// All orders in which pending operations may have taken effect besides.
    fn close(&mut self) {
        let mut new: Vec<Order> = self.orders.iter().cloned().collect();
        while let Some(order) = new.pop() {
            for (me, pending) in self.pending.iter().enumerate() {
                let Some((op, held)) = *pending else { continue };
                if order.took[me].is_some() {
                    continue;
                }
                let mut next = order.clone();
                next.took[me] = Some(takes_effect(&mut next.queue, op, held));
                if self.orders.insert(next.clone()) {
                    new.push(next);
                }
            }
        }
    }

    /// Follows one step. False if no order explains what was answered.
    fn follow(&mut self, before: &World, after: &World, me: usize) -> bool {
        let (old, new) = (&before.threads[me], &after.threads[me]);
        if old.pc == Pc::Begin {
            let op = self.setup.scripts[me].1[old.op as usize];
            self.pending[me] = Some((op, old.answer));
            self.close();
        }
        if old.op != new.op
            && let Some((op, _)) = self.pending[me].take()
        {
            let looks = op == Op::RingLook;
            let answer = if looks && new.answer != NOTHING { 0 } else { new.answer };
            self.orders.retain(|order| order.took[me] == Some(answer));
            self.orders = std::mem::take(&mut self.orders)
                .into_iter()
                .map(|mut order| {
                    order.took[me] = None;
                    order
                })
                .collect();
        }
        !self.orders.is_empty()
    }
}

/// Explores all schedules. How many states, or the steps to an answer that cannot be.
fn explore(setup: &Setup) -> Result<usize, Vec<String>> {
    fn go(
        world: &World,
        monitor: &Monitor<'_>,
        seen: &mut HashSet<(World, BTreeSet<Order>)>,
        path: &mut Vec<String>,
    ) -> Result<(), Vec<String>> {
        if !seen.insert((*world, monitor.orders.clone())) {
            return Ok(());
        }
        for me in (0..monitor.setup.scripts.len()).filter(|me| world.can_step(monitor.setup, *me)) {
            let mut next = *world;
            next.step(monitor.setup, me, 0);
            let mut looks = Monitor {
                setup: monitor.setup,
                orders: monitor.orders.clone(),
                pending: monitor.pending.clone(),
            };
            path.push(format!("{me} {:?}", world.threads[me].pc));
            if next.broken.is_some() || !looks.follow(world, &next, me) {
                return Err(path.clone());
            }
            go(&next, &looks, seen, path)?;
            path.pop();
        }
        Ok(())
    }
    let world = World::new(setup);
    let threads = setup.scripts.len();
    let first = Order { queue: VecDeque::new(), took: vec![None; threads] };
    let monitor = Monitor { setup, orders: BTreeSet::from([first]), pending: vec![None; threads] };
    let mut seen = HashSet::new();
    go(&world, &monitor, &mut seen, &mut Vec::new()).map(|()| seen.len())
}

fn ring(name: &'static str, len: u8, scripts: &[&[Op]]) -> Setup {
    let scripts = scripts.iter().map(|ops| ("thread", ops.to_vec())).collect();
    Setup { name, slots: len, scripts, ..Setup::default() }
}

use Op::{RingLook as Look, RingPop as Pop, RingPush as Push, RingPushBack as Back};

/// Indices are in the ring at most once: a thread that pushes one back has popped it.
fn histories() -> Vec<Setup> {
    vec![
        ring("2 push, 2 pop, length 2", 2, &[&[Push(0)], &[Push(1)], &[Pop], &[Pop]]),
        ring("1 pushes twice, 3 pop, length 2", 2, &[&[Push(0), Push(1)], &[Pop], &[Pop], &[Pop]]),
        ring("1 pushes, 3 pop, length 1", 1, &[&[Push(0)], &[Pop], &[Pop], &[Pop]]),
        ring("3 push, 1 pops, length 4", 4, &[&[Push(0)], &[Push(1)], &[Push(2)], &[Pop, Pop]]),
        ring("round and round, length 1", 1, &[&[Push(0), Pop, Back], &[Pop, Back, Pop, Back]]),
        ring("round and round, length 2", 2, &[&[Push(0), Push(1), Pop, Back], &[Pop, Back, Pop, Back]]),
        ring("three go round, length 2", 2, &[&[Push(0), Pop, Back], &[Pop, Back], &[Push(1), Pop]]),
        ring("is it empty, length 1", 1, &[&[Push(0), Pop, Back], &[Pop, Back], &[Look, Look]]),
        ring("is it empty, length 2", 2, &[&[Push(0), Pop, Back], &[Push(1), Pop], &[Look, Look]]),
    ]
}

#[test]
fn a_ring_is_a_queue_in_every_schedule() {
    for setup in histories() {
        let states = explore(&setup).unwrap_or_else(|path| panic!("{}: {path:#?}", setup.name));
        println!("{}: {states} states", setup.name);
    }
}

#[test]
fn planted_mistakes_are_seen() {
    for mistake in
        [Mistake::PushOverwritesTheEntry, Mistake::PopIgnoresLostRace, Mistake::TakesAnyLapForEmpty]
    {
        let broken = |mut setup: Setup| {
            setup.mistake = Some(mistake);
            explore(&setup).is_err()
        };
        assert!(histories().into_iter().any(broken), "{mistake:?} is not seen");
    }
}
